"""One image in, one score out: calibration, the metric and the conditions it was computed under."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hdrmetrics.catalogue import create_metric, metric_options
from hdrmetrics.color import luminance
from hdrmetrics.display import Display, get_display
from hdrmetrics.errors import HdrMetricsWarning, OptionError, ShapeError
from hdrmetrics.image import Image
from hdrmetrics.inputs import Inputs, Source, Units, as_image, prepare_inputs
from hdrmetrics.metric import MapKind, Metric
from hdrmetrics.overlay import grey_view
from hdrmetrics.result import Score

Region = tuple[int, int, int, int]
"""(x, y, width, height) in pixels from the top left corner."""


@dataclass(frozen=True)
class ScoreMap:
    """A score with the picture of where it comes from.

    Parameters
    ----------
    values
        ``(H, W)``: local similarity or error; smaller than the image where borders are left out.
    score
        The score of the same images.
    kind
        What the values are.
    context
        ``(H, W)``: grey view of the test image in [0, 1] under a map of probabilities; see
        :func:`hdrmetrics.overlay.grey_view`. ``None`` where the map is shown by itself.

    Raises
    ------
    ShapeError
        If the context has another shape than the values.
    """

    values: NDArray[np.float32]
    score: Score
    kind: MapKind
    context: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        if self.context is not None and self.context.shape != self.values.shape:
            raise ShapeError(
                f"the picture under a map has the map's shape {self.values.shape}, not "
                f"{self.context.shape}"
            )


def score(
    test: Source,
    metric: str | Metric,
    *,
    reference: Source | None = None,
    peak: float | None = None,
    scale: float | None = None,
    display: str | Path | Display | None = None,
    mask: Source | None = None,
    region: Region | None = None,
    device: torch.device | str | None = None,
    dtype: torch.dtype = torch.float32,
    **options: Any,
) -> Score:
    """Score one image.

    Parameters
    ----------
    test, reference
        A path, an :class:`Image`, a NumPy array ``(H, W)`` or ``(H, W, C)``, or a tensor
        ``(H, W)``, ``(C, H, W)`` or ``(1, C, H, W)``. Integer arrays are display-encoded; floats
        are cd/m² for HDR metrics and codes in [0, 1] for SDR ones.
    metric
        A name of :func:`hdrmetrics.list_metrics`, or a metric made by
        :func:`hdrmetrics.create_metric`.
    peak, scale
        For HDR files, which do not carry cd/m²: what the reference's brightest luminance is, or
        what a pixel value of 1 is, in cd/m². Default: the reference's 99.9th percentile of
        luminance is 1000 cd/m². Test and reference always get the same factor.
    display
        Display of display-encoded images, by name, file or model; for linear images the screen
        that shows them.
    mask
        Weights in [0, 1], one per pixel: a file, an array or a tensor.
    region
        ``(x, y, width, height)``: score only this part. Calibration still sees the whole image.
    device, dtype
        Where and in what precision to compute.
    options
        Of the metric.

    Returns
    -------
    Score
        With every condition its value depends on. What looks wrong is in ``warnings``, and issued
        as :class:`hdrmetrics.errors.HdrMetricsWarning`.

    Raises
    ------
    HdrMetricsError
        One of its kinds: a file that cannot be read, NaN, wrong shapes, wrong domain, unknown
        names and options.

    Examples
    --------
    >>> import numpy as np
    >>> reference = np.full((32, 32), 100.0)
    >>> float(score(reference * 1.1, "pu21-psnr", reference=reference)) > 30
    True
    """
    units = Units(peak, scale, display)
    model = build_metric(metric, display, options)
    result, _ = score_quietly(test, model, reference, units, mask, region, device, dtype)
    _warn(result)
    return result


def score_map(
    test: Source,
    metric: str | Metric,
    *,
    reference: Source | None = None,
    peak: float | None = None,
    scale: float | None = None,
    display: str | Path | Display | None = None,
    mask: Source | None = None,
    region: Region | None = None,
    device: torch.device | str | None = None,
    dtype: torch.dtype = torch.float32,
    **options: Any,
) -> ScoreMap:
    """Score one image and return the map of local values too; arguments as for :func:`score`.

    Raises
    ------
    OptionError
        If the metric has no map; otherwise as :func:`score`.
    """
    units = Units(peak, scale, display)
    model = build_metric(metric, display, options)
    result, inputs = score_quietly(test, model, reference, units, mask, region, device, dtype)
    _warn(result)
    return make_map(model, inputs, result)


def make_map(model: Metric, inputs: Inputs, result: Score) -> ScoreMap:
    """Return the map behind a score of prepared inputs.

    Raises
    ------
    OptionError
        If the metric has no map.
    """
    with torch.no_grad():
        local = model.map(inputs.test, inputs.reference)
    kind = model.info.map_kind
    assert kind is not None, "map() raises where there is none"
    values = local[0, 0].float().cpu().numpy()
    context = None
    # Probabilities are looked at over the picture: where it is, not only how much. A map that
    # leaves out borders does not fit on it.
    if kind == "probability" and local.shape[-2:] == inputs.test.shape[-2:]:
        picture = luminance(inputs.test)[0, 0].float().cpu().numpy()
        context = grey_view(picture, encoded=model.info.domain != "hdr")
    return ScoreMap(values, result, kind, context)


def score_quietly(
    test: Source,
    model: Metric,
    reference: Source | None,
    units: Units,
    mask: Source | None = None,
    region: Region | None = None,
    device: torch.device | str | None = None,
    dtype: torch.dtype = torch.float32,
) -> tuple[Score, Inputs]:
    """Do the work of :func:`score` without issuing its warnings; return the inputs too."""
    info = model.info
    if info.reference != (reference is not None):
        raise OptionError(f"{info.name} {'needs a' if info.reference else 'takes no'} reference")
    if model.color_space != "bt709":
        raise OptionError(
            f"this {info.name} takes {model.color_space.upper()}, and images are BT.709 here; call "
            "the metric itself with tensors, or leave the option out"
        )
    image = _read(test, info.domain, units)
    display = None if units.display is None else get_display(units.display)
    model = model.suited_to(image, display)
    info = model.info
    other = None
    if reference is not None:
        other = _read(reference, "hdr" if info.domain == "tonemapped" else info.domain, units)
    inputs = prepare_inputs(image, other, info.domain, units, device=device, dtype=dtype)
    weights = _crop(inputs, _mask(mask, image), region)
    paths = image.origin.path, None if other is None else other.origin.path
    del test, reference, image, other  # pixels that the caller keeps no longer are let go
    return evaluate(model, inputs, weights, *paths), inputs


def _warn(result: Score) -> None:
    for message in result.warnings:
        warnings.warn(message, HdrMetricsWarning, stacklevel=3)


def build_metric(
    metric: str | Metric, display: str | Path | Display | None, options: dict[str, Any]
) -> Metric:
    """Return the metric, told the display's pixels per degree where it depends on them."""
    if isinstance(metric, Metric):
        if options:
            raise OptionError("options are for metrics named by a string; this one is made already")
        return metric.eval()
    if display is not None and "ppd" in metric_options(metric) and "ppd" not in options:
        options = options | {"ppd": get_display(display).ppd}
    return create_metric(metric, **options).eval()


def evaluate(
    model: Metric,
    inputs: Inputs,
    mask: Tensor | None,
    test: str | None,
    reference: str | None,
) -> Score:
    """Return the score of prepared inputs with all conditions named."""
    with torch.no_grad():
        moved = model.to(inputs.test.device)
        found = moved.assess(inputs.test, inputs.reference, mask=mask)
        chosen = moved.conditions(inputs.test if inputs.reference is None else inputs.reference)
    info = model.info
    conditions = {"version": info.version, **inputs.conditions, **chosen}
    conditions["dtype"] = str(inputs.test.dtype).removeprefix("torch.")
    if mask is not None:
        conditions["mask"] = float(mask.mean())
    return Score(
        metric=info.name,
        value=float(found.value),
        unit=info.unit,
        range=info.range,
        higher_is_better=info.higher_is_better,
        conditions=conditions,
        warnings=(*inputs.warnings, *(note for one in found.warnings for note in one)),
        low=None if found.low is None else float(found.low),
        high=None if found.high is None else float(found.high),
        test=test,
        reference=reference,
    )


def _read(source: Source, domain: Any, units: Units) -> Image:
    floats = isinstance(source, (np.ndarray, Tensor))
    if floats and domain == "hdr" and units.display is not None:
        # With a display model floats up to 1 are its signal, unless it takes luminance itself.
        encoded = get_display(units.display).eotf != "linear"
        image = as_image(source, "sdr" if encoded else "hdr")
    else:
        image = as_image(source, domain)
    return image


def _mask(mask: Source | None, image: Image) -> Tensor | None:
    if mask is None:
        return None
    if isinstance(mask, (np.ndarray, Tensor)) and mask.dtype in (np.bool_, torch.bool):
        mask = mask.astype(np.float32) if isinstance(mask, np.ndarray) else mask.float()
    weights = as_image(mask, "sdr").pixels.mean(axis=2, dtype=np.float32)
    if weights.shape != image.pixels.shape[:2]:
        raise ShapeError(
            f"the mask is {weights.shape[1]}×{weights.shape[0]}, the image "
            f"{image.width}×{image.height} (width × height)"
        )
    return torch.from_numpy(weights)[None, None]


def _crop(inputs: Inputs, mask: Tensor | None, region: Region | None) -> Tensor | None:
    if mask is not None:
        mask = mask.to(inputs.test)
    if region is None:
        return mask
    height, width = inputs.test.shape[-2:]
    x, y, w, h = (int(v) for v in region)
    if not (0 <= x < x + w <= width and 0 <= y < y + h <= height):
        raise OptionError(
            f"the region x={x}, y={y}, width={w}, height={h} does not lie in {width}×{height}"
        )
    window = (slice(y, y + h), slice(x, x + w))
    inputs.test = inputs.test[..., window[0], window[1]]
    if inputs.reference is not None:
        inputs.reference = inputs.reference[..., window[0], window[1]]
    inputs.conditions["region"] = [x, y, w, h]
    return None if mask is None else mask[..., window[0], window[1]]
