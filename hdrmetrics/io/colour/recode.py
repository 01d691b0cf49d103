"""Conversion, through light, of code values whose coding has no name."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.io.colour import cms
from hdrmetrics.io.colour.coding import Coding, matrix_between
from hdrmetrics.io.colour.curves import DECODE, ENCODE, extended
from hdrmetrics.photometry.color import CHROMATICITIES, apply_matrix

Pixels = NDArray[np.float32]

_ROWS = 256  # at a time: the steps of a conversion need several copies in double precision
_INTEGERS = 2**16
# Further outside than rounding brings a sample: a quarter of a step of eight bits.
_OUTSIDE = 0.25 / 255


def to_light(samples: NDArray[Any], top: int, coding: Coding) -> Pixels:
    """Return the light ``(H, W, C)`` of code values, in the file's own primaries.

    Values outside [0, 1] go on along the curve, mirrored below zero.

    Parameters
    ----------
    samples
        ``(H, W, C)``, whole numbers up to ``top`` or floating-point ones.
    top
        The code of white.
    coding
        What the file says.
    """
    if coding.transfer is None:
        with np.errstate(over="ignore"):  # float64 beyond float32 becomes infinite, and is noted
            return samples.astype(np.float32) / np.float32(top)
    curves = coding.curves or (DECODE[coding.transfer],)
    channels = samples.shape[2]
    out = np.empty(samples.shape, np.float32)
    for channel in range(channels):
        curve = curves[min(channel, len(curves) - 1)]
        if samples.dtype.kind == "u" and top < _INTEGERS:
            values = curve(np.arange(top + 1) / top).astype(np.float32)
            out[..., channel] = values[np.minimum(samples[..., channel], top)]
            continue
        for start in range(0, len(samples), _ROWS):
            block = samples[start : start + _ROWS, :, channel].astype(np.float64) / top
            with np.errstate(all="ignore"):
                out[start : start + _ROWS, :, channel] = extended(curve)(block)
    return out


def to_codes(samples: NDArray[Any], top: int, coding: Coding) -> tuple[Pixels, list[str]]:
    """Return code values of ``coding.transfer`` in ``coding.primaries``, with notes.

    Parameters
    ----------
    samples, top, coding
        As for :func:`to_light`; the coding is not linear.

    Raises
    ------
    MissingCodecError
        If a profile needs a colour management library that is not installed.
    ImageReadError
        If that library refuses it.
    """
    assert coding.transfer is not None
    if coding.profile:
        light, matrix = cms.to_bt2020(samples, top, coding.profile), None
    else:
        if samples.shape[2] == 1 and len(coding.curves) > 1:
            samples = np.broadcast_to(samples, (*samples.shape[:2], 3))
        light = to_light(samples, top, coding)
        matrix = matrix_between(coding.points, CHROMATICITIES[coding.primaries])
    encode = ENCODE[coding.transfer]
    low, high = DECODE[coding.transfer](np.array([_OUTSIDE, 1 + _OUTSIDE]))
    outside = 0
    for start in range(0, len(light), _ROWS):
        block = light[start : start + _ROWS]
        if matrix is not None and block.shape[2] == 3:
            block = apply_matrix(block, matrix)
        outside += int(np.count_nonzero((block < -low) | (block > high)))
        light[start : start + _ROWS] = encode(np.clip(block, 0, 1))
    words = f"colours converted to the {coding.transfer} curve and the primaries {coding.primaries}"
    notes = [f"{words} from {coding.stored or coding.rule}"]
    if outside:
        notes.append(f"{outside} of {light.size} samples lay outside of these and were clipped")
    return light, notes + broken(light)


def broken(samples: NDArray[Any]) -> list[str]:
    """Return a note on samples that are no numbers; none where all are."""
    count = int(samples.size - np.count_nonzero(np.isfinite(samples)))
    return [f"{count} of {samples.size} samples are NaN or infinite"] if count else []
