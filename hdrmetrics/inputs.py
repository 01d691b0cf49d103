"""From whatever the caller has (path, image, array, tensor) to calibrated tensors for a metric."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hdrmetrics.color import convert_primaries
from hdrmetrics.display import DEFAULT_DISPLAY, Display, get_display
from hdrmetrics.errors import DomainError, OptionError, PixelValueError, ShapeError
from hdrmetrics.image import Calibration, CalibrationKind, Image
from hdrmetrics.metric import Domain

Source = str | Path | Image | Tensor | NDArray[Any]
"""What a caller may give as an image: see :func:`as_image`."""

DEFAULT_PERCENTILE, DEFAULT_PEAK = 99.9, 1000.0
_BRIGHT = 10000.0  # cd/m²: the end of PU21 and PQ


@dataclass(frozen=True)
class Units:
    """How the caller says pixels relate to light; all optional, ``peak`` and ``scale`` exclusive.

    Parameters
    ----------
    peak
        cd/m² of the reference's brightest luminance (the image's own without a reference).
    scale
        cd/m² of a pixel value of 1.
    display
        Name, file or model of the display: decodes display-encoded images; for linear ones it
        clips light to what the screen shows and adds the room's reflections.
    """

    peak: float | None = None
    scale: float | None = None
    display: str | Path | Display | None = None

    def __post_init__(self) -> None:
        if self.peak is not None and self.scale is not None:
            raise OptionError("give peak or scale, not both")
        for name, value in (("peak", self.peak), ("scale", self.scale)):
            if value is not None and not (np.isfinite(value) and value > 0):
                raise OptionError(f"{name} is a positive number of cd/m², not {value!r}")


@dataclass
class Inputs:
    """Tensors ready for a metric, and what was done to get them."""

    test: Tensor
    reference: Tensor | None
    conditions: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def as_image(source: Source, domain: Domain | None = None) -> Image:
    """Return any accepted source as an :class:`Image`.

    Parameters
    ----------
    source
        - a path: read by :func:`hdrmetrics.read_image`;
        - an :class:`Image`: itself;
        - an integer array (uint8, uint16), ``(H, W)`` or ``(H, W, C)``: display-encoded sRGB,
          divided by the largest value of its type;
        - a float array ``(H, W)`` or ``(H, W, C)``, or a tensor ``(H, W)``, ``(C, H, W)`` or
          ``(1, C, H, W)``: luminance in cd/m² for ``domain="hdr"``, display-encoded values in
          [0, 1] for ``"sdr"`` and ``"tonemapped"``.
    domain
        Of the metric that will see it; floats need it.

    Raises
    ------
    ImageReadError
        If a file cannot be read.
    ShapeError
        If an array has another shape or type.
    """
    if isinstance(source, Image):
        return source
    if isinstance(source, (str, Path)):
        from hdrmetrics.io import read_image

        return read_image(source)
    if isinstance(source, Tensor):
        tensor = source.detach()
        if tensor.ndim == 4 and tensor.shape[0] == 1:
            tensor = tensor[0]
        elif tensor.ndim == 4:
            raise ShapeError(
                f"score() takes one image, not a batch of {tensor.shape[0]}; "
                "call create_metric(name)(test, reference) for batches"
            )
        if tensor.ndim == 3:
            tensor = tensor.movedim(0, 2)
        if tensor.dtype in (torch.float16, torch.bfloat16):
            tensor = tensor.float()
        source = tensor.cpu().numpy()
    if not isinstance(source, np.ndarray):
        raise ShapeError(
            f"an image is a path, an Image, a tensor or an array, not {type(source).__name__}"
        )
    return _array_image(source, domain)


def _array_image(array: NDArray[Any], domain: Domain | None) -> Image:
    notes: tuple[str, ...] = ()
    if array.ndim == 3 and array.shape[2] in (2, 4):
        notes = ("alpha channel ignored",)
        array = array[..., : array.shape[2] - 1]
    if array.dtype in (np.uint8, np.uint16):
        code = array.astype(np.float32) / np.float32(np.iinfo(array.dtype).max)
        return Image(
            code,
            Calibration("display", transfer="srgb", rule=f"{array.dtype} array taken as sRGB"),
            notes=notes,
        )
    if array.dtype == np.float16:
        array = array.astype(np.float32)
    if array.dtype not in (np.float32, np.float64):
        raise ShapeError(f"an array image holds uint8, uint16 or floats, not {array.dtype}")
    if domain == "hdr":
        calibration = Calibration("absolute", rule="floats taken as cd/m²")
    else:
        calibration = Calibration(
            "display", transfer="srgb", rule="floats taken as codes in [0, 1]"
        )
    return Image(array, calibration, notes=notes)


def prepare_inputs(
    test: Image,
    reference: Image | None,
    domain: Domain,
    units: Units,
    *,
    device: torch.device | str | None = None,
    dtype: torch.dtype = torch.float32,
) -> Inputs:
    """Bring test and reference to the unit of a metric's domain, by one rule for both.

    Relative (uncalibrated) HDR images get the same factor, chosen on the reference; without
    ``peak``, ``scale`` or ``display`` its 99.9th percentile of luminance becomes 1000 cd/m².

    Raises
    ------
    DomainError
        If an image is of another domain, or the two do not relate to light in the same way.
    PixelValueError
        For NaN or infinity, or a black image where a factor has to be found.
    ShapeError
        If the sizes or channels differ.
    OptionError
        For ``peak`` or ``scale`` with display-encoded images.
    """
    pair = {"test": test} if reference is None else {"test": test, "reference": reference}
    for role, image in pair.items():
        # By rows: a mask of the whole picture would be a quarter of its size.
        bad = sum(row.size - int(np.count_nonzero(np.isfinite(row))) for row in image.pixels)
        if bad:
            raise PixelValueError(
                f"the {role} image has {bad} pixel values that are NaN or infinite; "
                "repair the file or mask them out before saving"
            )
    if reference is not None and test.pixels.shape != reference.pixels.shape:
        raise ShapeError(
            f"test and reference differ: {test.width}×{test.height} pixels with {test.channels} "
            f"channel(s), {reference.width}×{reference.height} with {reference.channels}"
        )
    inputs = Inputs(torch.empty(0), None)
    for role, image in pair.items():
        inputs.warnings += [f"{role}: {note}" for note in image.notes]
    inputs.conditions["size"] = [test.width, test.height]
    if domain == "sdr":
        tensors = _encoded(pair, units, inputs)
    elif domain == "hdr":
        tensors = _light(pair, units, inputs)
    else:
        tensors = _encoded({"test": test}, Units(), inputs)
        if reference is not None:
            tensors |= _light({"reference": reference}, units, inputs)
            if reference.calibration.transfer not in (None, "pq", "hlg"):
                inputs.warnings.append(
                    "reference: it is a display-encoded SDR image; a tone-mapped image is compared "
                    "with the HDR image that it was made from"
                )
    moved = {role: value.to(device=device, dtype=dtype) for role, value in tensors.items()}
    inputs.test, inputs.reference = moved["test"], moved.get("reference")
    return inputs


def _tensor(image: Image) -> Tensor:
    array = np.ascontiguousarray(np.moveaxis(image.pixels, 2, 0)[None])
    return torch.from_numpy(array)


# -- SDR: code values as they are ------------------------------------------------------------


def _encoded(pair: dict[str, Image], units: Units, inputs: Inputs) -> dict[str, Tensor]:
    if units.peak is not None or units.scale is not None:
        raise OptionError("peak and scale are for linear HDR images, not for SDR metrics")
    for role, image in pair.items():
        transfer = image.calibration.transfer
        if image.calibration.linear:
            raise DomainError(
                f"the {role} image is linear light; an SDR metric takes display-encoded values. "
                "Use a pu21- metric (or stack-) for HDR, or tone-map it first"
            )
        if transfer in ("pq", "hlg"):
            raise DomainError(
                f"the {role} image is {transfer.upper()}-encoded HDR; an SDR metric would misread "
                "it. Use pu21-psnr, pq-psnr, …"
            )
    if len({image.calibration.transfer for image in pair.values()}) > 1:
        raise DomainError("test and reference have different transfer functions")
    inputs.conditions["calibration"] = {"kind": "display-encoded values, compared as they are"}
    return {role: _tensor(image) for role, image in pair.items()}


# -- HDR: cd/m² -------------------------------------------------------------------------------


def _light(pair: dict[str, Image], units: Units, inputs: Inputs) -> dict[str, Tensor]:
    kinds = {role: image.calibration.kind for role, image in pair.items()}
    display = None if units.display is None else get_display(units.display)
    if units.peak is not None or units.scale is not None:
        for role, kind in kinds.items():
            if kind == "display":
                raise OptionError(
                    f"the {role} image is display-encoded: give display= instead of peak or scale"
                )
    pair, record = _calibrated(dict(pair), kinds, units, display)
    tensors = {}
    for role in list(pair):
        image = pair.pop(role)  # scaled pixels are let go as soon as they are a tensor
        light = _tensor(image)
        if image.calibration.transfer is not None:
            screen = display or get_display(DEFAULT_DISPLAY[image.calibration.transfer])
            light = screen.forward(_codes(light, role))
            record |= {"kind": "display model", "display": screen.to_dict()}
            if display is None:
                record["rule"] = f"default display for {image.calibration.transfer}"
        light = convert_primaries(light, image.primaries, "bt709")
        negative = int(torch.count_nonzero(light < 0))  # a sum would count in eight bytes each
        if negative:
            inputs.warnings.append(
                f"{role}: {negative} of {light.numel()} values are negative; taken as 0"
            )
            light = light.clamp(min=0.0)
        if display is not None and image.calibration.linear:
            light = display.show(light)
            record["display"] = display.to_dict()
        _look_odd(light, image, role, inputs)
        tensors[role] = light
    inputs.conditions["calibration"] = record
    return tensors


def _codes(codes: Tensor, role: str) -> Tensor:
    low, high = (float(v) for v in torch.aminmax(codes))
    if low < -1e-3 or high > 1 + 1e-3:
        raise DomainError(
            f"the {role} image is said to be display-encoded but spans {low:.4g} to {high:.4g}; "
            "code values lie in [0, 1]"
        )
    return codes


def _calibrated(
    pair: dict[str, Image], kinds: dict[str, CalibrationKind], units: Units, display: Display | None
) -> tuple[dict[str, Image], dict[str, Any]]:
    """Give the relative images their factor and say by which rule."""
    anchor = pair.get("reference", pair.get("test"))
    assert anchor is not None
    relative = [role for role, kind in kinds.items() if kind == "relative"]
    forced = units.peak is not None or units.scale is not None
    rescaled = [role for role, kind in kinds.items() if kind != "display"] if forced else relative
    if not rescaled:
        factors = {image.calibration.factor for image in pair.values()}
        if len(factors) > 1:
            raise DomainError(
                f"test and reference were scaled by different factors ({_listed(factors)}), so "
                "they cannot be compared: read both without peak and give peak= to the score"
            )
        return pair, anchor.calibration.to_dict()
    if len(rescaled) < len(pair):
        other = next(role for role in pair if role not in rescaled)
        raise DomainError(
            f"the {rescaled[0]} image has no absolute scale but the {other} image has "
            f"({kinds[other]}); read the {rescaled[0]} image with scale= (cd/m² per unit)"
        )
    factor, rule = _factor(anchor, units, display)
    scaled = {role: image.scaled_by(factor, rule) for role, image in pair.items()}
    return scaled, next(iter(scaled.values())).calibration.to_dict()


def _listed(factors: set[float | None]) -> str:
    return ", ".join("none" if f is None else f"{f:.4g}" for f in sorted(factors, key=str))


def _factor(anchor: Image, units: Units, display: Display | None) -> tuple[float, str]:
    if units.scale is not None:
        return units.scale, f"scale: a pixel value of 1 is {units.scale:g} cd/m²"
    luminance = anchor.luminance()
    if units.peak is not None:
        level, wanted = float(luminance.max()), units.peak
        rule = f"peak: maximum luminance of the reference set to {wanted:g} cd/m²"
    else:
        level = float(np.percentile(luminance, DEFAULT_PERCENTILE))
        level = level if level > 0 else float(luminance.max())
        wanted = DEFAULT_PEAK if display is None else display.peak
        rule = f"default: 99.9th percentile of the reference's luminance set to {wanted:g} cd/m²"
    if not level > 0:
        raise PixelValueError(
            "the reference image is black, so its scale cannot be found: give scale= (cd/m² per "
            "pixel value)"
        )
    return wanted / level, rule


def _look_odd(light: Tensor, image: Image, role: str, inputs: Inputs) -> None:
    high = float(light.max())
    if high <= 0:
        inputs.warnings.append(f"{role}: all black")
    elif image.calibration.kind == "absolute" and high <= 1.0:
        inputs.warnings.append(
            f"{role}: the brightest pixel is {high:.3g} cd/m². If these are display-encoded values "
            "in [0, 1] give display=, if they are relative give peak= or scale="
        )
    elif high > _BRIGHT:
        count = int(torch.count_nonzero(light > _BRIGHT))
        inputs.warnings.append(
            f"{role}: {count} values are above 10000 cd/m² (up to "
            f"{high:.3g}), where PU21 and PQ end; is the scale right?"
        )
