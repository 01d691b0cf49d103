"""Plain NumPy transcriptions of the papers' formulas, one picture ``(H, W, 3)`` at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Array = NDArray[np.float64]
WEIGHTS = np.array([0.212656, 0.715158, 0.072186])


def bilateral_grid(data: Array, guide: Array, spatial: float, tonal: float) -> Array:
    """Pixel by pixel into cells, a 3×3×3 Gaussian, trilinear interpolation."""
    height, width = data.shape
    shape = (
        int((height - 1) / spatial) + 7,
        int((width - 1) / spatial) + 7,
        int(1 / tonal) + 7,
    )
    sums, counts = np.zeros(shape), np.zeros(shape)
    for i in range(height):
        for j in range(width):
            cell = tuple(
                int(np.floor(v + 0.5)) + 3 for v in (i / spatial, j / spatial, guide[i, j] / tonal)
            )
            sums[cell] += data[i, j]
            counts[cell] += 1
    distance = np.indices((3, 3, 3)) - 1
    kernel = np.exp(-0.5 * (distance**2).sum(axis=0))
    sums, counts = (ndimage.convolve(g, kernel, mode="constant") for g in (sums, counts))
    average = np.divide(sums, counts, out=np.zeros(shape), where=counts > 0)
    rows, columns = np.mgrid[:height, :width]
    place = [rows / spatial + 3, columns / spatial + 3, guide / tonal + 3]
    return np.asarray(ndimage.map_coordinates(average, place, order=1))


def recolour(light: Array, target: Array) -> Array:
    old = light @ WEIGHTS
    ratio = np.divide(target, old, out=np.zeros_like(old), where=old > 0)
    return light * ratio[..., None]


def landis(light: Array, peak: float, alpha: float = 2.0, threshold: float = 0.5) -> Array:
    lum = light @ WEIGHTS
    out = lum.copy()
    for place in np.ndindex(*lum.shape):
        if lum[place] >= threshold:
            k = ((lum[place] - threshold) / (lum.max() - threshold)) ** alpha
            out[place] = lum[place] * (1 - k) + peak * lum[place] * k
    return recolour(light, out)


def akyuz(light: Array, peak: float, exponent: float = 1.0) -> Array:
    lum = light @ WEIGHTS
    return recolour(light, peak * ((lum - lum.min()) / (lum.max() - lum.min())) ** exponent)


def masia(light: Array, peak: float, regression: str = "2009", denoise: bool = False) -> Array:
    lum = light @ WEIGHTS
    ordered = np.sort(lum[lum > 0])
    low, high = (ordered[max(int(np.floor(ordered.size * p + 0.5)), 1) - 1] for p in (0.01, 0.99))
    average = np.log(lum + 1e-6).mean()
    key = (average - np.log(low)) / (np.log(high) - np.log(low))
    if regression == "2009":
        gamma = max(10.44 * key - 6.282, 0.1)
    else:
        clipped = 100 * np.mean(lum * 255 >= 254)
        gamma = 2.4379 + 0.2319 * average - 1.1228 * key + 0.0085 * clipped
    if not denoise:
        return recolour(light, peak * lum**gamma)
    base = bilateral_grid(lum, lum, 32.0, 0.01)
    detail = np.divide(lum, base, out=np.zeros_like(lum), where=base > 0)
    return recolour(light, peak * detail * base**gamma)


def kuo(light: Array, peak: float, gamma: float) -> Array:
    lum = light @ WEIGHTS
    expanded = lum * peak / (30 * (1 - lum) + lum)
    side = int(np.ceil(0.1 * max(lum.shape)))
    threshold = ndimage.uniform_filter(lum, side, mode="constant").max()
    bright = ndimage.binary_erosion(lum >= threshold - 1e-5, np.ones((3, 3)), border_value=1)
    blend = bilateral_grid(lum * bright, lum, side / 5, (100 / 255) ** gamma)
    smooth = ndimage.uniform_filter(expanded, 5, mode="constant")
    return recolour(light, smooth * blend + (1 - blend) * expanded)


def huo_physiological(light: Array, peak: float, n: float = 0.86) -> Array:
    lum = light @ WEIGHTS
    once = bilateral_grid(lum, lum, 16.0, 0.3)
    twice = bilateral_grid(once, once, 10.0, 0.1)
    sigma = peak * np.exp(np.log(lum + 1e-6).mean())
    return recolour(light, lum / lum.max() * ((peak * twice) ** n + sigma**n) ** (1 / n))


def huo_dodging(light: Array) -> Array:
    lum = light @ WEIGHTS
    scene = 10**-1.6 * lum / (lum.mean() * (1 - lum + 1e-5))
    surround = bilateral_grid(lum, lum, 16.0, 3 / 255)
    ratio = np.divide(scene, surround, out=np.zeros_like(lum), where=surround > 0)
    return light * ratio[..., None]


def kovaleski_oliveira(light: Array, peak: float, gamma: float) -> Array:
    lum = light @ WEIGHTS
    clipped = (light.max(axis=2) > (254 / 255) ** gamma).astype(np.float64)
    spread = bilateral_grid(clipped, lum, 150.0, (25 / 255) ** gamma)
    return recolour(light, (lum * (peak - 0.3) + 0.3) * (3 * spread + 1) / 4)
