"""From images to luminance in cd/m²: factors of linear ones, display models of encoded ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hdrmetrics.errors import DomainError
from hdrmetrics.numerics.pieces import row_slices
from hdrmetrics.photometry.color import convert_primaries
from hdrmetrics.photometry.display import DEFAULT_DISPLAY, Display, get_display
from hdrmetrics.picture.calibration import Factor, Pair, Ready, coding, factors_of
from hdrmetrics.picture.image import CalibrationKind, Image, pixel_tensor
from hdrmetrics.picture.units import Role, Units

_BRIGHT = 10000.0  # cd/m²: the end of PU21 and PQ
_STRIP = 1 << 20  # values of a picture worked on at a time
_HDR_CODES = ("pq", "hlg")


def light_of(pair: Pair, units: Units) -> Ready:
    """Return the light of a picture, or of two that are compared.

    Linear images get their factor (:func:`~hdrmetrics.picture.calibration.factors_of`),
    encoded ones go through a display: the one that is named if it takes their coding, else the
    default of their coding, whose light the named one then shows.

    Raises
    ------
    DomainError, OptionError, PixelValueError
        As :func:`hdrmetrics.picture.calibration.factors_of`; and for codes outside [0, 1].
    """
    display = None if units.display is None else get_display(units.display)
    tensors: dict[Role, Tensor] = {}
    records: dict[Role, dict[str, Any]] = {}
    warnings: list[str] = []
    stated = [image.calibration.transfer in _HDR_CODES for image in pair.values()]
    factors = factors_of(pair, units, display, warnings)
    for role, image in pair.items():
        if image.calibration.linear:
            recipe = _scaled(image, factors.get(role))
        else:
            recipe = _decoded(image, role, display, any(stated), warnings)
        screen = None
        if display is not None and recipe.record.get("display") != display.to_dict():
            screen = display
            recipe.record["display" if image.calibration.linear else "screen"] = display.to_dict()
        light, negative = _by_strips(image, recipe.light, screen)
        if negative:
            warnings.append(
                f"{role}: {negative} of {light.numel()} values are negative; taken as 0"
            )
        _look_odd(light, image, recipe.kind, role, warnings)
        tensors[role], records[role] = light, recipe.record
    return Ready(tensors, _together(records), warnings)


@dataclass(frozen=True)
class _Recipe:
    """How pixels become light, each by itself, and what is said of it."""

    light: Callable[[Tensor], Tensor]
    record: dict[str, Any]
    kind: CalibrationKind


def _by_strips(
    image: Image, light: Callable[[Tensor], Tensor], screen: Display | None
) -> tuple[Tensor, int]:
    """Return the light in BT.709 without negative values, and how many there were.

    A display model needs several copies of what it works on; of a strip they stay small.
    """
    pixels = pixel_tensor(image)
    # Pixels in the order of a tensor already are the caller's own, which stay as they are.
    shared = np.may_share_memory(pixels.numpy(), image.pixels)
    out = torch.empty_like(pixels) if shared else pixels
    negative = 0
    for rows in row_slices(pixels.shape[2], pixels.shape[1] * pixels.shape[3], _STRIP):
        strip = (..., rows, slice(None))
        part = convert_primaries(light(pixels[strip]), image.primaries, "bt709")
        below = int((part < 0).sum())
        if below:
            negative, part = negative + below, part.clamp(min=0.0)
        out[strip] = part if screen is None else screen.show(part)
    return out, negative


def _scaled(image: Image, factor: Factor | None) -> _Recipe:
    if factor is None:
        return _Recipe(lambda part: part, image.calibration.to_dict(), image.calibration.kind)
    calibration = image.calibration_scaled_by(factor.value, factor.rule)
    typed = float(image.pixels.dtype.type(factor.value))
    return _Recipe(lambda part: part * typed, calibration.to_dict(), calibration.kind)


def _decoded(
    image: Image, role: Role, display: Display | None, beside_hdr: bool, warnings: list[str]
) -> _Recipe:
    transfer = image.calibration.transfer
    assert transfer is not None
    _check_codes(image, role)
    record = image.calibration.to_dict() | {"kind": "display model"}
    screen = _decoder(image, display, beside_hdr)
    if screen is None:
        screen = get_display(DEFAULT_DISPLAY[transfer])
        record["rule"] = f"default display for {transfer}"
    elif transfer not in _HDR_CODES and screen.eotf in _HDR_CODES and image.origin.path:
        warnings.append(
            f"{role}: the file is taken as {coding(image)}, and read as {screen.eotf.upper()} "
            f"because the display {screen.name} takes that; for an SDR picture name an SDR "
            f"display, such as {DEFAULT_DISPLAY[transfer]}"
        )
    record["display"] = screen.to_dict()
    if transfer == "hlg" and screen.primaries != image.primaries:
        # HLG's system gamma acts on luminance, whose weights are those of the picture's primaries.
        screen = dataclasses.replace(screen, primaries=image.primaries)
    return _Recipe(screen.forward, record, "display")


def _decoder(image: Image, display: Display | None, beside_hdr: bool) -> Display | None:
    """Return the named display if it takes the image's signal, else ``None``."""
    if display is None or display.eotf == "linear":
        return None
    transfer = image.calibration.transfer
    if transfer in _HDR_CODES:
        return display if display.eotf == transfer else None
    # SDR codes that nothing tells from PQ may be PQ that the file does not name, as every array is;
    # but not a file beside one that does name it.
    other = display.eotf in _HDR_CODES and beside_hdr and image.origin.path is not None
    return None if other else display


def _check_codes(image: Image, role: Role) -> None:
    low, high = float(image.pixels.min()), float(image.pixels.max())
    if low < -1e-3 or high > 1 + 1e-3:
        raise DomainError(
            f"the {role} image is said to be display-encoded but spans {low:.4g} to {high:.4g}; "
            "code values lie in [0, 1]. If an array is light in cd/m², give as_image(array, "
            'domain="hdr")'
        )


def _together(records: dict[Role, dict[str, Any]]) -> dict[str, Any]:
    """Return one record where both pictures share a rule, else one that names both."""
    last = records.get("reference", records.get("test"))
    assert last is not None
    facts = [{k: v for k, v in one.items() if k != "rule"} for one in records.values()]
    if all(one == facts[0] for one in facts):
        return last
    rule = "; ".join(f"{role}: {_words(record)}" for role, record in records.items())
    return {"kind": "per side", "rule": rule} | {str(k): v for k, v in records.items()}


def _words(record: dict[str, Any]) -> str:
    text = str(record.get("rule") or record["kind"])
    if "display" in record and not text.startswith("default display"):
        text += f", display {record['display']['name']}"
    elif "display" in record:
        text += f" ({record['display']['name']})"
    return text + (f", shown on {record['screen']['name']}" if "screen" in record else "")


def _look_odd(
    light: Tensor, image: Image, kind: CalibrationKind, role: Role, warnings: list[str]
) -> None:
    high = float(light.max())
    if high <= 0:
        warnings.append(f"{role}: all black")
    elif kind == "absolute" and high <= 1.0:
        text = f"{role}: the brightest pixel is {high:.3g} cd/m². "
        if image.origin.path is None:
            text += (
                'If these are display-encoded values in [0, 1] give as_image(array, domain="sdr"), '
                f"if they are relative give {role}_scale="
            )
        else:
            text += "Is the unit that the file states right?"
        warnings.append(text)
    elif high > _BRIGHT:
        warnings.append(
            f"{role}: {int((light > _BRIGHT).sum())} values are above 10000 cd/m² (up to "
            f"{high:.3g}), where PU21 and PQ end; is the scale right?"
        )


def holds_light(image: Image, display: Display | None = None) -> bool:
    """Return whether an image is an HDR picture: linear, PQ or HLG, or shown on such a display.

    Parameters
    ----------
    image
        As read.
    display
        The one that was asked for, which tells what display-encoded pixels mean.
    """
    transfers = image.calibration.transfer, None if display is None else display.eotf
    return image.calibration.linear or any(kind in ("pq", "hlg") for kind in transfers)
