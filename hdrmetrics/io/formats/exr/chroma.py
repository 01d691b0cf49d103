"""Colours from the luminance and subsampled chroma planes of an OpenEXR file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.photometry.color import Matrix

# Interpolation half-way between two samples: weights of the pairs at ±1, ±3, … ±13 pixels.
_TAPS = (0.627123, -0.186077, 0.087929, -0.043159, 0.019597, -0.007540, 0.002128)

Plane = NDArray[np.float32]


def rgb_from_chroma(luma: Plane, red: Plane, blue: Plane, weights: Matrix) -> Plane:
    """Return linear RGB ``(H, W, 3)``.

    Parameters
    ----------
    luma
        Luminance ``(H, W)``.
    red, blue
        (R − Y)/Y and (B − Y)/Y, ``(H, W)`` or with half the rows and columns. Chroma between
        samples is interpolated with the 27-tap filter of the format.
    weights
        Luminance of the three primaries, of sum one.

    Notes
    -----
    The library's own reader then lowers the saturation of pixels that are more saturated than
    their neighbours. Luminance does not depend on it; it is left out here.

    References
    ----------
    F. Kainz, R. Bogart, "Technical Introduction to OpenEXR", luminance/chroma images.
    """
    red, blue = (_full_size(plane, luma.shape) for plane in (red, blue))
    with np.errstate(all="ignore"):  # infinite samples are noted later
        r, b = (red + 1) * luma, (blue + 1) * luma
        g = (luma - r * np.float32(weights[0]) - b * np.float32(weights[2])) / np.float32(
            weights[1]
        )
    # Grey stays exactly grey.
    grey = (red == 0) & (blue == 0)
    return np.stack([np.where(grey, luma, channel) for channel in (r, g, b)], axis=-1)


def _full_size(plane: Plane, shape: tuple[int, ...]) -> Plane:
    if plane.shape[1] != shape[1]:
        plane = _double(plane.T).T
    return _double(plane) if plane.shape[0] != shape[0] else plane


def _double(plane: Plane) -> Plane:
    """Return twice the rows: samples at even ones, interpolated values between."""
    rows = len(plane)
    reach = len(_TAPS)
    padded = np.pad(plane, ((reach - 1, reach), (0, 0)), mode="edge")
    between = np.zeros_like(plane)
    for distance, weight in enumerate(_TAPS):
        before = padded[reach - 1 - distance : reach - 1 - distance + rows]
        after = padded[reach + distance : reach + distance + rows]
        between += np.float32(weight) * (before + after)
    out = np.empty((2 * rows, plane.shape[1]), np.float32)
    out[0::2], out[1::2] = plane, between
    return out
