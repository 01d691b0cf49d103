"""Code values for SDR metrics: as they are, or the test brought to the coding of the reference."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hdrmetrics.errors import DomainError
from hdrmetrics.photometry import transfer
from hdrmetrics.photometry.color import convert_primaries
from hdrmetrics.picture.calibration import Pair, Ready, coding
from hdrmetrics.picture.image import Calibration, Image, pixel_tensor
from hdrmetrics.picture.units import Role, Units

_PRIMARIES = {"bt709": "BT.709", "bt2020": "BT.2020", "p3": "Display P3"}


def codes_of(pair: Pair, units: Units) -> Ready:
    """Return display-encoded values of a picture, or of two that are compared.

    Two codings (sRGB against Display P3, or against gamma 2.2) give other codes for one colour:
    the test's are then brought to the reference's coding through light, with a warning.

    Raises
    ------
    DomainError
        If a picture is HDR.
    OptionError
        If a factor is given, unless the units are lenient.
    """
    warnings: list[str] = []
    if units.first is not None:
        units.refuse(units.first, "an SDR metric takes codes as they are", warnings)
    for role, image in pair.items():
        _check(image, role)
    tensors: dict[Role, Tensor] = {role: pixel_tensor(image) for role, image in pair.items()}
    record: dict[str, Any] = {"kind": "display-encoded values, compared as they are"}
    if "reference" in pair and "test" in pair:
        test, reference = pair["test"], pair["reference"]
        if _names(test) != _names(reference):
            tensors["test"], warning = _recoded(tensors["test"], test, reference)
            warnings.append(warning)
            record = {
                "kind": "display-encoded values, the test brought to the reference's coding",
                "test": _names(test),
                "reference": _names(reference),
            }
    return Ready(tensors, record, warnings)


def in_srgb(image: Image) -> tuple[Image, str]:
    """Return a display-encoded picture with sRGB codes of BT.709, and what was done, if anything.

    Colours outside that gamut are clipped, which the sentence says.

    Raises
    ------
    DomainError
        If the picture is HDR.
    """
    _check(image, "test")
    wanted = Image(image.pixels, Calibration("display", transfer="srgb", rule="brought to sRGB"))
    if _names(image) == _names(wanted):
        return image, ""
    codes, warning = _recoded(pixel_tensor(image), image, wanted)
    pixels = codes[0].movedim(0, 2).contiguous().numpy()
    brought = image.replace(pixels=pixels, primaries="bt709", calibration=wanted.calibration)
    return brought, warning.removeprefix("test: ")


def _check(image: Image, role: Role) -> None:
    if image.calibration.linear:
        raise DomainError(
            f"the {role} image is linear light; an SDR metric takes display-encoded values. "
            "Use a pu21- metric (or stack-) for HDR, or tone-map it first"
        )
    if image.calibration.transfer in ("pq", "hlg"):
        raise DomainError(
            f"the {role} image is {coding(image)}-encoded HDR; an SDR metric would misread "
            "it. Use pu21-psnr, pq-psnr, …"
        )


def _names(image: Image) -> dict[str, str]:
    """Return what the codes of an image depend on; grey has no primaries."""
    names = {"transfer": str(image.calibration.transfer)}
    return names if image.channels == 1 else names | {"primaries": image.primaries}


def _recoded(codes: Tensor, test: Image, reference: Image) -> tuple[Tensor, str]:
    """Return the test's codes in the reference's coding, and the warning."""
    light = convert_primaries(_decode(codes, test), test.primaries, reference.primaries)
    low, high = (float(v) for v in torch.aminmax(light))
    clipped = ""
    if low < -1e-3 or high > 1 + 1e-3:  # rounding of the matrices is no colour out of gamut
        count = int(((light < -1e-3) | (light > 1 + 1e-3)).sum())
        clipped = (
            f"; {count} of {light.numel()} values are out of its gamut and clipped, so differences "
            "there count less"
        )
    return _encode(light.clamp(0.0, 1.0), reference), (
        f"test: its codes are {_words(test)}, the reference's {_words(reference)}: brought to the "
        f"reference's coding through light{clipped}"
    )


def _words(image: Image) -> str:
    words = coding(image)
    return words if image.channels == 1 else f"{words} of {_PRIMARIES[image.primaries]}"


def _decode(codes: Tensor, image: Image) -> Tensor:
    kind = image.calibration.transfer
    if kind == "srgb":
        return transfer.srgb_decode(codes)
    return codes.clamp(0.0, 1.0) ** _EXPONENTS[str(kind)]


def _encode(light: Tensor, image: Image) -> Tensor:
    kind = image.calibration.transfer
    if kind == "srgb":
        return transfer.srgb_encode(light)
    return light ** (1 / _EXPONENTS[str(kind)])


_EXPONENTS = {"gog": 2.2, "bt1886": 2.4}  # of a screen with a perfect black, as light is relative
