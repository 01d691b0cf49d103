"""Which picture gets which factor to cd/m², and by whose word."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from hdrmetrics.errors import DomainError, PixelValueError
from hdrmetrics.photometry.display import Display
from hdrmetrics.picture.image import Image
from hdrmetrics.picture.units import Given, Role, Units

DEFAULT_PERCENTILE, DEFAULT_PEAK = 99.9, 1000.0
_SAME = 1e-5  # relative difference up to which two factors are one

Pair = dict[Role, Image]


@dataclass(frozen=True)
class Ready:
    """Tensors by picture ``(1, C, H, W)``, how they were found, and what looks odd.

    Parameters
    ----------
    tensors
        Luminance in cd/m² (BT.709), or code values in [0, 1].
    record
        How they were found, JSON-ready.
    warnings
        Sentences.
    """

    tensors: dict[Role, Tensor]
    record: dict[str, Any]
    warnings: list[str]


@dataclass(frozen=True)
class Factor:
    """What a picture's pixels are multiplied by to reach cd/m², and who says so."""

    value: float
    rule: str


def factors_of(
    pair: Pair, units: Units, display: Display | None, warnings: list[str]
) -> dict[Role, Factor]:
    """Return the factor of each picture that lacks a unit; the others are taken as they are.

    - A display-encoded picture gets its light from its display model: no factor concerns it.
    - A picture in cd/m² (its file says so, or it was read with a scale) is taken as it is.
    - Every other one is linear without a unit: ``test_scale`` and its like give it a factor of its
      own, ``scale`` and ``peak`` one that both share. Without any, two such pictures share the
      default. Floats in memory are taken as cd/m², until a factor of their own is given, or a
      common one with no picture but such.

    Raises
    ------
    DomainError
        If only one picture lacks a unit and nothing gives it, or both were scaled by factors of
        their own making.
    OptionError
        If a factor concerns no picture; only said in ``warnings`` where the units are lenient.
    PixelValueError
        If a factor has to be found on a black picture.
    """
    found: dict[Role, Factor] = {}
    for role, image in pair.items():
        own = units.own(role)
        if own is not None and not _open(image):
            units.refuse(own, _states({role: image}), warnings)
        elif own is not None:
            found[role] = _given_factor(own, image, f"the {role}", f"{role}_scale")
    relative = [role for role, im in pair.items() if im.calibration.kind == "relative"]
    lacking = [role for role in relative if role not in found]
    common = units.common
    if common is not None and not lacking:
        # Floats in memory are in cd/m² by our default only: a word of the caller comes before it.
        lacking = [role for role, image in pair.items() if image.calibration.linear]
        if not lacking or not all(_open(pair[role]) for role in lacking):
            units.refuse(common, _states(pair), warnings)
            lacking = []
    elif common is None and lacking and len(lacking) < len(pair):
        raise DomainError(_lacks(lacking[0], pair, units, display))
    if lacking:
        anchor: Role = "reference" if "reference" in lacking else "test"
        # Of one picture alone "the reference" is itself, as every older result says.
        whose = "the test" if anchor == "test" and len(pair) == 2 else "the reference"
        if common is not None:
            shared = _given_factor(common, pair[anchor], whose, "scale")
        else:
            shared = _default_factor(pair[anchor], anchor, display)
        found |= dict.fromkeys(lacking, shared)
    elif not found:
        _check_factors(pair)
    return found


def _open(image: Image) -> bool:
    """Return whether the caller may still say what a pixel value of 1 is."""
    kind = image.calibration.kind
    return kind == "relative" or (kind == "absolute" and image.origin.path is None)


def coding(image: Image) -> str:
    """Return the transfer function of a display-encoded image as people write it."""
    name = image.calibration.transfer or ""
    names = {"srgb": "sRGB", "gog": "gamma 2.2", "bt1886": "BT.1886"}
    return names.get(name, name.upper())


def _state(image: Image) -> str:
    kind, rule = image.calibration.kind, image.calibration.rule
    if kind == "display":
        return f"{coding(image)}-encoded, whose light comes from display= (--display)"
    if kind == "relative":
        return "linear without a unit"
    factor = image.calibration.factor
    scaled = "" if factor is None else f" by a factor of {factor:.6g}"
    return f"in cd/m²{scaled} ({rule or kind})"


def _states(pair: Pair) -> str:
    return " and ".join(f"the {role} image is {_state(image)}" for role, image in pair.items())


def _lacks(role: Role, pair: Pair, units: Units, display: Display | None) -> str:
    other: Role = "test" if role == "reference" else "reference"
    own = units.own(other)
    known = _state(pair[other]).partition(", whose")[0]
    state = f"gets {own.option}=" if own is not None and _open(pair[other]) else f"is {known}"
    # Beside a factor of one side the other needs its own. Alone the common one is better advice: it
    # concerns this picture only, and both of the next pair, where a job has pairs of both kinds.
    side = "" if units.first is None else f"{role}_"
    scale, peak = (
        (f"{side}{kind}=", f"--{side}{kind}".replace("_", "-")) for kind in ("scale", "peak")
    )
    text = (
        f"the {role} image is linear light with no absolute scale, but the {other} image {state}: "
        f"say how many cd/m² a 1 of the {role} image is with {scale[0]} ({scale[1]}), or its "
        f"brightest luminance with {peak[0]} ({peak[1]})"
    )
    return text if display is None else f"{text}; a display does not say it"


def _given_factor(given: Given, image: Image, whose: str, instead: str) -> Factor:
    if given.kind == "scale":
        return Factor(given.value, f"scale: a pixel value of 1 is {given.value:g} cd/m²")
    level = float(image.luminance().max())
    rule = f"peak: maximum luminance of {whose} set to {given.value:g} cd/m²"
    return Factor(_quotient(given.value, level, whose, instead), rule)


def _default_factor(image: Image, role: Role, display: Display | None) -> Factor:
    luminance = image.luminance()
    level = float(np.percentile(luminance, DEFAULT_PERCENTILE))
    level = level if level > 0 else float(luminance.max())
    wanted = DEFAULT_PEAK if display is None else display.peak
    rule = f"default: 99.9th percentile of the reference's luminance set to {wanted:g} cd/m²"
    return Factor(_quotient(wanted, level, f"the {role}", "scale"), rule)


def _quotient(wanted: float, level: float, whose: str, instead: str) -> float:
    if not level > 0:
        raise PixelValueError(
            f"{whose} image is black, so its scale cannot be found: give {instead}= (cd/m² per "
            "pixel value)"
        )
    return wanted / level


def _check_factors(pair: Pair) -> None:
    """Refuse two pictures that were each made as bright as their own brightest pixel."""
    found = [image.calibration for image in pair.values() if image.calibration.kind == "scaled"]
    if len(found) < 2 or all(one.stated for one in found):
        return
    factors = [one.factor or math.nan for one in found]
    if not math.isclose(*factors, rel_tol=_SAME):
        listed = ", ".join(f"{factor:.4g}" for factor in factors)
        raise DomainError(
            f"test and reference were scaled by different factors ({listed}), so they cannot be "
            "compared: read both without peak and scale, and give the score peak= (one factor for "
            "both), or test_scale= and reference_scale= if each has a unit of its own"
        )
