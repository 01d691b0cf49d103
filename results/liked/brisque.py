"""The statistics of natural scenes that BRISQUE is made of: a baseline, refitted here.

A. Mittal, A. K. Moorthy, A. C. Bovik, "No-reference image quality assessment in the spatial
domain", IEEE Trans. Image Processing 21(12), 2012.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.special import gammaln

Values = NDArray[np.float64]

COUNT = 36
_SIGMA, _TRUNCATE = 7 / 6, 3.0  # the original's window has 7 px
_SHAPES = np.arange(0.2, 10.001, 0.001)
_SHIFTS = ((0, 1), (1, 0), (1, 1), (-1, 1))
_SYMMETRIC = np.exp(gammaln(1 / _SHAPES) + gammaln(3 / _SHAPES) - 2 * gammaln(2 / _SHAPES))
_ASYMMETRIC = 1 / _SYMMETRIC


def features(grey: Values) -> Values:
    """Return the 36 statistics of a picture ``(H, W)`` of codes from 0 to 255."""
    found: list[float] = []
    for scale in range(2):
        if scale:
            half = (grey.shape[1] // 2, grey.shape[0] // 2)
            small = Image.fromarray(grey.astype(np.float32)).resize(half, Image.Resampling.BICUBIC)
            grey = np.asarray(small, np.float64)
        field = normalised(grey)
        shape, variance = symmetric(field)
        found += [shape, variance]
        for down, right in _SHIFTS:
            product = field * np.roll(field, (down, right), (0, 1))
            found += asymmetric(product)
    return np.array(found)


def normalised(grey: Values) -> Values:
    """Return values less their local mean, over their local deviation and 1."""
    mean = gaussian_filter(grey, _SIGMA, mode="nearest", truncate=_TRUNCATE)
    square = gaussian_filter(grey * grey, _SIGMA, mode="nearest", truncate=_TRUNCATE)
    return np.asarray((grey - mean) / (np.sqrt(np.abs(square - mean * mean)) + 1))


def symmetric(field: Values) -> tuple[float, float]:
    """Return shape and variance of the generalised Gaussian that fits, by its moments."""
    energy = float(np.mean(field**2))
    ratio = energy / max(float(np.mean(np.abs(field))) ** 2, 1e-12)
    return float(_SHAPES[np.argmin(np.abs(_SYMMETRIC - ratio))]), energy


def asymmetric(field: Values) -> list[float]:
    """Return shape, mean and both variances of the asymmetric generalised Gaussian that fits."""
    left = float(np.sqrt(np.mean(field[field < 0] ** 2))) if np.any(field < 0) else 1e-6
    right = float(np.sqrt(np.mean(field[field > 0] ** 2))) if np.any(field > 0) else 1e-6
    gamma = left / max(right, 1e-12)
    ratio = float(np.mean(np.abs(field))) ** 2 / max(float(np.mean(field**2)), 1e-12)
    adjusted = ratio * (gamma**3 + 1) * (gamma + 1) / (gamma**2 + 1) ** 2
    shape = float(_SHAPES[np.argmin(np.abs(_ASYMMETRIC - adjusted))])
    spread = np.exp(gammaln(2 / shape) - (gammaln(1 / shape) + gammaln(3 / shape)) / 2)
    return [shape, (right - left) * float(spread), left**2, right**2]
