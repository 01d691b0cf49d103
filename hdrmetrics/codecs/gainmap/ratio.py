"""How a gain map turns a base picture into light: the arithmetic of ISO 21496-1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.codecs.backward import SRGB

Samples = NDArray[np.uint8]
"""``(H, W, C)``."""

Plane = NDArray[np.float32]
"""``(H, W, C)``, linear, 1.0 is SDR white."""

OFFSET = 2.0**-12
"""Added to both sides, so that black has a ratio: 0.05 cd/m², less than a code of the base."""

_OUTSIDE = 5e-4
"""Part of the samples at either end that may be clipped, so that no outlier rules."""

_LEAST_RANGE = 2.0**-6
_LIMIT = 30.0
"""Stops: beyond any light that a file can ask for."""


@dataclass(frozen=True, slots=True)
class GainRange:
    """What the samples of a gain map stand for.

    Parameters
    ----------
    low, high
        Stops of the samples 0 and 255, for each channel.
    base_offset, light_offset
        Added to the base picture and to the light before they are compared.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    base_offset: float = OFFSET
    light_offset: float = OFFSET

    @property
    def headroom(self) -> float:
        """Stops above SDR white that a screen needs to show everything."""
        return max(*self.high, _LEAST_RANGE)

    def apply(self, base: Samples, gain: Plane) -> Plane:
        """Return the light of a base picture with the samples of the gain map at its size.

        Parameters
        ----------
        base
            Codes, ``(H, W, C)``.
        gain
            In [0, 1], ``(H, W, C)`` or ``(H, W, 1)``.
        """
        low, high = (np.asarray(one, np.float32) for one in (self.low, self.high))
        factor = np.exp2(low + (high - low) * gain, dtype=np.float32)
        light = (SRGB[base] + np.float32(self.base_offset)) * factor
        shown: Plane = np.maximum(light - np.float32(self.light_offset), np.float32(0))
        return shown


def stops_between(base: Samples, light: Plane) -> Plane:
    """Return by how many stops light is above a base picture, ``(H, W, C)``.

    Parameters
    ----------
    base
        Codes, ``(H, W, C)``.
    light
        ``(H, W, C)``, 1.0 is SDR white.

    Examples
    --------
    >>> grey = np.full((1, 1, 1), 255, np.uint8)
    >>> round(float(stops_between(grey, np.full((1, 1, 1), 8.0, np.float32))[0, 0, 0]), 2)
    3.0
    """
    ratio = (light + np.float32(OFFSET)) / (SRGB[base] + np.float32(OFFSET))
    return np.clip(np.log2(ratio), -_LIMIT, _LIMIT)


def as_samples(stops: Plane) -> tuple[GainRange, Samples]:
    """Return a gain map's range and samples for the stops that it has to hold.

    Parameters
    ----------
    stops
        ``(H, W, C)``, of :func:`stops_between`; the outermost of each channel are clipped.

    Examples
    --------
    >>> gain, samples = as_samples(np.linspace(0, 4, 5, dtype=np.float32).reshape(1, 5, 1))
    >>> samples.ravel().tolist()
    [0, 64, 128, 191, 255]
    """
    flat = stops.reshape(-1, stops.shape[-1])
    low, high = np.quantile(flat, (_OUTSIDE, 1 - _OUTSIDE), axis=0).astype(np.float32)
    high = np.maximum(high, low + np.float32(_LEAST_RANGE))
    placed = np.clip((stops - low) / (high - low), 0, 1)
    samples = np.floor(placed * 255 + np.float32(0.5)).astype(np.uint8)
    return GainRange(tuple(map(float, low)), tuple(map(float, high))), samples


def enlarged(gain: Samples, height: int, width: int) -> Plane:
    """Return a gain map at the size of the base picture, in [0, 1].

    Between samples, the four neighbours are weighted by the inverse of their distance, as the
    reference implementation libultrahdr does.

    Parameters
    ----------
    gain
        ``(h, w, C)``, no larger than the picture.
    height, width
        Of the picture, in pixels.

    References
    ----------
    D. Shepard, "A two-dimensional interpolation function for irregularly-spaced data", ACM
    National Conference, 1968.
    """
    rows, columns = gain.shape[:2]
    scaled = gain.astype(np.float32) / np.float32(255)
    if (rows, columns) == (height, width):
        return scaled
    scale = width / columns  # for both axes, as the reference implementation takes it
    y, x = (np.arange(length, dtype=np.float64) / scale for length in (height, width))
    top, left = (np.floor(place).astype(np.int64) for place in (y, x))
    top, left = np.minimum(top, rows - 1), np.minimum(left, columns - 1)
    bottom, right = np.minimum(top + 1, rows - 1), np.minimum(left + 1, columns - 1)
    total = np.zeros((height, width, gain.shape[2]))
    weights = np.zeros((height, width, 1))
    for row in (top, bottom):
        for column in (left, right):
            distance = np.hypot((y - row)[:, None], (x - column)[None, :])[..., None]
            # A neighbour in the very place is alone: its weight drowns the others'.
            weight = 1 / np.maximum(distance, 1e-9)
            weights += weight
            total += weight * scaled[row][:, column]
    return (total / weights).astype(np.float32)


def reduced(stops: Plane, scale: int) -> Plane:
    """Return the means over blocks of about ``scale`` × ``scale`` samples.

    Readers take the ratio of the widths for both axes: blocks begin where they look for them. Where
    the two shapes differ by more than one per cent, as they must in small pictures, some readers
    stretch the gain map first, and the light differs a little.

    Parameters
    ----------
    stops
        ``(H, W, C)``.
    scale
        At least 1.

    Examples
    --------
    >>> reduced(np.arange(4, dtype=np.float32).reshape(1, 4, 1), 2).ravel().tolist()
    [0.5, 2.5]
    """
    width = stops.shape[1]
    factor = width / max(width // scale, 1)
    for axis in (0, 1):
        length = stops.shape[axis]
        count = max(round(length / factor), 1)
        edges = (np.arange(count) * factor + 1e-9).astype(np.int64)
        sizes = np.diff(np.append(edges, length)).astype(np.float32)
        sums = np.add.reduceat(stops, edges, axis=axis)
        sizes = sizes.reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        stops = np.divide(sums, sizes, dtype=np.float32)
    return stops
