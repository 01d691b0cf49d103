"""How the code values of a file become light: by a name where there is one, else by formula."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hdrmetrics.errors import OptionError
from hdrmetrics.io.colour.curves import DECODE, Curve, name_of
from hdrmetrics.photometry.color import (
    CHROMATICITIES,
    Matrix,
    Primaries,
    conversion_matrix,
    rgb_to_xyz_matrix,
)
from hdrmetrics.picture.image import Transfer

Chromaticities = tuple[tuple[float, float], ...]

XYZ: Chromaticities = ((1.0, 0.0), (0.0, 1.0), (0.0, 0.0), (1 / 3, 1 / 3))
"""CIE XYZ as a set of primaries; with this white, the channels are X, Y and Z themselves."""

KNOWN: tuple[Primaries, ...] = ("bt709", "p3", "bt2020")
"""The sets of primaries that have a name, from the smallest on."""

NOT_SAID = "code values taken as sRGB: the file does not say otherwise"

# A hundredth of the step between the 3-digit chromaticities of the standards, well above float32.
_SAME = 1e-4
# Light outside the unit cube that rounding of colorants in a profile makes.
_OUTSIDE = 2e-4


@dataclass(frozen=True, slots=True)
class Coding:
    """How code values become light.

    Without ``curves``, ``chromaticities`` and ``profile``, code values are what ``transfer`` and
    ``primaries`` say. With them, they have to be converted, through light, to become that.

    Parameters
    ----------
    transfer
        Transfer function; ``None`` if code values are proportional to light.
    primaries
        Primaries of the code values.
    rule
        Who says so, in one sentence.
    notes
        What had to be assumed.
    stored
        What the file says about primaries, in words; empty for their name.
    curves
        From the file's code values to light, where that is none of the known transfer functions:
        one for all channels or one for each.
    chromaticities
        The file's red, green, blue and white, where they are none of the known primaries.
    profile
        An ICC profile that only a colour management library can apply.
    grey
        Whether this is said of grey pictures only, and so nothing of primaries.
    """

    transfer: Transfer | None = "srgb"
    primaries: Primaries = "bt709"
    rule: str = NOT_SAID
    notes: tuple[str, ...] = ()
    stored: str = ""
    curves: tuple[Curve, ...] = ()
    chromaticities: Chromaticities | None = None
    profile: bytes = b""
    grey: bool = False

    @property
    def converts(self) -> bool:
        """Whether code values have to be converted."""
        return bool(self.curves or self.chromaticities or self.profile)

    @property
    def points(self) -> Chromaticities:
        """Red, green, blue and white of the file's code values."""
        return self.chromaticities or CHROMATICITIES[self.primaries]


def coding(
    curves: tuple[Curve, ...] | Transfer | None,
    chromaticities: Chromaticities | Primaries,
    rule: str,
    *,
    notes: tuple[str, ...] = (),
    stored: str = "",
) -> Coding:
    """Return the coding for curves and primaries of a file's own, by name wherever they have one.

    Code values without a name become sRGB code values of the smallest known set of primaries that
    holds all their colours (or BT.2020, if none does).

    Parameters
    ----------
    curves
        From code values to light, one for all channels or one for each; or the name.
    chromaticities
        Red, green, blue and white; or the name.
    rule, notes, stored
        For :class:`Coding`.

    Raises
    ------
    OptionError
        If the chromaticities span no triangle.
    """
    named: Transfer | None = None if isinstance(curves, tuple) else curves
    own: tuple[Curve, ...] = ()
    if isinstance(curves, tuple):
        names = {name_of(curve) for curve in curves}
        name = names.pop()
        if names or name is False:
            named, own = "srgb", curves
        else:
            named = name
    if isinstance(chromaticities, str):
        return Coding(named, chromaticities, rule, notes, stored, own)
    primaries = named_primaries(chromaticities)
    if primaries is not None:
        return Coding(named, primaries, rule, notes, stored, own)
    target = smallest(chromaticities)
    if named in ("gog", "bt1886"):
        own, named = own or (DECODE[named],), "srgb"
    return Coding(
        named,
        "bt2020" if named in ("pq", "hlg") else target,
        rule,
        notes,
        stored or in_words(chromaticities),
        own,
        chromaticities,
    )


def noted(given: Coding, *notes: str) -> Coding:
    """Return a coding with more notes, the new ones first."""
    return replace(given, notes=(*notes, *given.notes))


def points_of(numbers: Sequence[float]) -> Chromaticities:
    """Return chromaticities from the x and y of one after the other."""
    return tuple(zip(numbers[0::2], numbers[1::2], strict=True))


def in_words(chromaticities: Chromaticities) -> str:
    """Return chromaticities as text."""
    return " ".join(f"({x:g}, {y:g})" for x, y in chromaticities)


def named_primaries(chromaticities: Chromaticities, within: float = _SAME) -> Primaries | None:
    """Return the known set of primaries that these chromaticities are, if any."""
    for name in KNOWN:
        if np.allclose(chromaticities, CHROMATICITIES[name], atol=within, rtol=0):
            return name
    return None


def matrix_between(source: Chromaticities, target: Chromaticities) -> Matrix | None:
    """Return the matrix between two sets of primaries, ``None`` if there is nothing to convert.

    White points are adapted, so that equal channels stay grey; except from XYZ, whose equal
    channels are no grey of the picture: there, the same light is kept.

    Raises
    ------
    OptionError
        If the chromaticities span no triangle.
    """
    if np.allclose(source, target, atol=_SAME):
        return None
    try:
        if np.allclose(source[:3], XYZ[:3], atol=_SAME):
            to_xyz, to_target = rgb_to_xyz_matrix(source), rgb_to_xyz_matrix(target)
            return np.linalg.solve(to_target, to_xyz).astype(np.float64)
        return conversion_matrix(source, target)
    except np.linalg.LinAlgError as error:
        raise OptionError(f"impossible primaries {in_words(source)}") from error


def smallest(chromaticities: Chromaticities) -> Primaries:
    """Return the smallest of the known sets of primaries that holds all colours of another."""
    for name in KNOWN:
        matrix = matrix_between(chromaticities, CHROMATICITIES[name])
        if matrix is None or bool((matrix >= -_OUTSIDE).all()):
            return name
    return "bt2020"
