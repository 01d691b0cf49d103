"""The operators' formulas written again in NumPy, pixel by pixel, as their papers print them.

Each takes linear RGB ``(H, W, 3)`` in cd/m² and returns display-referred RGB before clipping.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Array = NDArray[np.float64]
WEIGHTS = np.array([0.212656, 0.715158, 0.072186])
TO_XYZ = np.array(
    [[0.41239080, 0.35758434, 0.18048079], [0.21263901, 0.71516868, 0.07219232],
     [0.01933082, 0.11919478, 0.95053215]]
)  # fmt: skip


def luminance(rgb: Array) -> Array:
    return rgb @ WEIGHTS


def order_statistic(values: Array, fraction: float) -> float:
    ranked = np.sort(values.ravel())
    return float(ranked[max(int(np.floor(ranked.size * fraction + 0.5)), 1) - 1])


def log_mean(light: Array) -> float:
    return float(np.exp(np.log(light + 1e-6).mean()))


def colour(rgb: Array, mapped: Array) -> Array:
    return rgb * (mapped / luminance(rgb))[..., None]


def normalize(rgb: Array) -> Array:
    light = luminance(rgb)
    low, high = order_statistic(light, 0.01), order_statistic(light, 0.999)
    return colour(rgb, np.clip((light - low) / (high - low), 0, 1))


def gamma(rgb: Array) -> Array:
    return rgb ** (1 / 2.2)


def logarithmic(rgb: Array) -> Array:
    light = luminance(rgb)
    return colour(rgb, np.log10(1 + light) / np.log10(1 + light.max()))


def exponential(rgb: Array) -> Array:
    light = luminance(rgb)
    return colour(rgb, 1 - np.exp(-light / log_mean(light)))


def drago03(rgb: Array, bias: float = 0.85) -> Array:
    light = luminance(rgb)
    adaptation = log_mean(light) / (1 + bias - 0.85) ** 5
    world, peak = light / adaptation, light.max() / adaptation
    base = 2 + 8 * (world / peak) ** (math.log(bias) / math.log(0.5))
    return colour(rgb, 100 * 0.01 / np.log10(peak + 1) * np.log(world + 1) / np.log(base))


def _key(light: Array) -> float:
    low, high = (math.log2(order_statistic(light, f) + 1e-6) for f in (0.01, 0.99))
    middle = math.log2(log_mean(light) + 1e-6)
    return float(0.18 * 4 ** ((2 * middle - low - high) / (high - low)))


def _white(light: Array) -> float:
    return float(1.5 * 2 ** (np.log2(light.max() + 1e-6) - np.log2(light.min() + 1e-6) - 5))


def reinhard02(rgb: Array) -> Array:
    light = luminance(rgb)
    scaled = _key(light) / log_mean(light) * light
    return colour(rgb, scaled * (1 + scaled / _white(light) ** 2) / (1 + scaled))


def reinhard_robust(rgb: Array) -> Array:
    light = luminance(rgb)
    clamped = np.clip(light, order_statistic(light, 0.01), order_statistic(light, 0.99))
    scaled = _key(clamped) / log_mean(clamped) * clamped
    return colour(rgb, scaled / (1 + scaled))


def reinhard_free(rgb: Array) -> Array:
    light = luminance(rgb)
    return colour(rgb, 0.18 * light / (0.18 * light + log_mean(light)))


def reinhard_free_local(rgb: Array, locality: float = 0.5) -> Array:
    light = luminance(rgb)
    edge = 0.4 * math.log(10)
    logs = np.log(light + 1e-6)
    middle = logs.mean()
    low = math.floor((logs - middle).min() / edge) * edge
    high = (logs - middle).max()
    base = _grid(logs - middle, max(0.5, 0.02 * max(light.shape)), edge, low, high) + middle
    around = np.exp((1 - locality) * middle + locality * base)
    return colour(rgb, 0.18 * light / (0.18 * light + around))


def reinhard_devlin05(rgb: Array) -> Array:
    light = luminance(rgb)
    low, high = (math.log(order_statistic(light, f)) for f in (0.01, 0.99))
    m = 0.3 + 0.7 * ((high - math.log(log_mean(light))) / (high - low)) ** 1.4
    response = rgb / (rgb + (light**m)[..., None])
    bright = luminance(response)
    return (response - bright.min()) / (bright.max() - bright.min())


def schlick94(rgb: Array, p: float = 200.0) -> Array:
    light = luminance(rgb)
    return colour(rgb, p * light / (p * light - light + light.max()))


def tumblin99(rgb: Array) -> Array:
    def stevens(adaptation: float) -> float:
        return 2.655 if adaptation > 100 else 1.855 + 0.4 * math.log10(adaptation + 2.3e-5)

    light = luminance(rgb)
    world, display = log_mean(light), 20.0
    ratio = stevens(world) / (1.855 + 0.4 * math.log(display))
    factor = math.sqrt(100.0) ** (ratio - 1)
    exponent = stevens(world) / stevens(display)
    return colour(rgb, display * factor * (light / world) ** exponent / 100)


def ward94(rgb: Array) -> Array:
    world = log_mean(luminance(rgb))
    return rgb * ((1.219 + 50**0.4) / (1.219 + world**0.4)) ** 2.5 / 100


def ferwerda96(rgb: Array) -> Array:
    def cones(adaptation: float) -> float:
        t = math.log10(adaptation)
        if t <= -2.6:
            return float(10**-0.72)
        return float(10 ** (t - 1.255 if t >= 1.9 else (0.249 * t + 0.65) ** 2.7 - 0.72))

    def rods(adaptation: float) -> float:
        t = math.log10(adaptation)
        if t <= -3.94:
            return float(10**-2.86)
        return float(10 ** (t - 0.395 if t >= -1.44 else (0.405 * t + 1.6) ** 2.18 - 2.86))

    light = luminance(rgb)
    world = light.max() / 2
    mesopic = max(0.0, (100 - world / 4) / (100 + world))
    grey = light[..., None] * np.array([1.05, 0.97, 1.27])
    return (cones(50) / cones(world) * rgb + mesopic * rods(50) / rods(world) * grey) / 100


def van_hateren06(rgb: Array) -> Array:
    def current(trolands: float) -> float:
        roots = np.roots([9e-2, 1, 0, 0, 0, -1 / (2.8e-3 + 1.6e-4 * trolands)])
        return float(roots.real[np.abs(roots.imag) < 1e-9].max())

    light = luminance(rgb)
    response = np.array([1 - current(10 * v) / current(0.0) for v in light.ravel()])
    return colour(rgb, response.reshape(light.shape))


def pattanaik00(rgb: Array) -> Array:
    light, n, adapted = luminance(rgb), 0.73, 80.0
    k, j = 1 / (5 * adapted + 1), 1 / (5e5 * adapted + 1)
    cone = 12.9223 * adapted / (k**4 * adapted + 0.171 * (1 - k**4) ** 2 * adapted ** (1 / 3))
    rod = (
        2.5874 * adapted / (19000 * j**2 * adapted + 0.2615 * (1 - j**2) ** 4 * adapted ** (1 / 6))
    )
    cone_share, rod_share = 2e6 / (2e6 + adapted), 0.04 / (0.04 + adapted)
    x, y, z = np.moveaxis(rgb @ TO_XYZ.T, 2, 0)
    scotopic = y * (1.33 * (1 + (y + z) / x) - 1.68)
    total = cone_share * light**n / (light**n + cone**n)
    total += rod_share * scotopic**n / (scotopic**n + rod**n)
    slope = n * cone_share * light**n * cone**n / (light**n + cone**n) ** 2
    return (rgb / light[..., None]) ** slope[..., None] * total[..., None]


def kim_kautz08(rgb: Array) -> Array:
    light = luminance(rgb)
    logs = np.log(light + 1e-6)
    mu, room = logs.mean(), np.ptp(logs)
    k1 = math.log(300 / 0.3) / room
    weight = np.exp(-((logs - mu) ** 2) / (2 * (room / 3) ** 2))
    mapped = np.exp(0.5 * ((1 - k1) * weight + k1) * (logs - mu) + mu)
    low, high = order_statistic(mapped, 0.01), order_statistic(mapped, 0.99)
    return colour(rgb, np.clip((mapped - low) / (high - low), 0, 1))


def ward_histogram97(rgb: Array) -> Array:
    light = luminance(rgb)
    logs = np.log(light + 1e-6)
    low, high = logs.min(), logs.max()
    step, display = (high - low) / 100, math.log(100 + 1e-6) - math.log(1 + 1e-6)
    edges = low + step * np.arange(101)
    edges[-1] = high
    counts = np.array(
        [((logs > a) & (logs <= b)).sum() for a, b in itertools.pairwise(edges)], float
    )
    tolerance, cut = 0.025 * counts.sum(), math.inf
    while cut > tolerance and counts.sum() >= tolerance:
        ceiling = counts.sum() * step / display
        cut = np.maximum(counts - ceiling, 0).sum()
        counts = np.minimum(counts, ceiling)
    share = np.interp(np.log(light), np.linspace(low, high, 100), np.cumsum(counts) / counts.sum())
    shown = np.exp(math.log(1 + 1e-6) + display * share)
    return colour(rgb, (shown - 1) / 99)


def _gaussian(light: Array, size: int, sigma: float) -> Array:
    axis = np.arange(size) - size // 2
    kernel = np.exp(-(axis[:, None] ** 2 + axis**2) / (2 * sigma**2))
    return np.asarray(ndimage.correlate(light, kernel / kernel.sum(), mode="nearest"))


def chiu93(rgb: Array) -> Array:
    light = luminance(rgb)
    sigma = round(16 * max(light.shape) / 1024) + 1
    scale = 1 / (8 * _gaussian(light, (5 * sigma) | 1, sigma))
    scale = np.minimum(scale, 1 / light)
    kernel = np.array([[0.080, 0.113, 0.080], [0.113, 0.227, 0.113], [0.080, 0.113, 0.080]])
    for _ in range(500):
        scale = ndimage.correlate(scale, kernel, mode="nearest")
    y, x = np.mgrid[-61:62, -61:62] / 61
    radius = np.sqrt(x**2 + y**2)
    glare = np.where(radius > 1, 0, np.abs(radius - 1) ** 8)
    glare[61, 61] = 0
    glare /= glare.sum()
    glare[61, 61] = 0.8
    return colour(rgb, ndimage.correlate(light * scale, glare, mode="nearest"))


def ashikhmin02(rgb: Array) -> Array:
    def steps(light: Array) -> Array:
        return np.piecewise(
            light,
            [light < 0.0034, (light >= 0.0034) & (light < 1), (light >= 1) & (light < 7.2444)],
            [
                lambda v: v / 0.0014,
                lambda v: 2.4483 + np.log(v / 0.0034) / 0.4027,
                lambda v: 16.5630 + (v - 1) / 0.4027,
                lambda v: 32.0693 + np.log(v / 7.2444) / 0.0556,
            ],
        )

    def window(size: int) -> Array:
        return _gaussian(light, max(size, 3) | 1, size / 5)

    light = luminance(rgb)
    adapted = window(10)
    for size in range(1, 11):
        narrow = window(size)
        flat = np.abs(narrow - window(2 * size)) / narrow < 0.5
        adapted = np.where(flat, narrow, adapted)
    low, high = (float(steps(np.array([order_statistic(adapted, f)]))[0]) for f in (0.0005, 0.9995))
    return colour(rgb, (steps(adapted) - low) / (high - low) * light / adapted)


def _base_and_detail(rgb: Array, smooth: Array) -> Array:
    light = luminance(rgb)
    base = 10**smooth - 1e-6
    detail = light / base
    logs = np.log10(base + 1e-6)
    factor = math.log10(5) / np.ptp(logs)
    return colour(rgb, np.maximum(10 ** (factor * (logs - logs.max())) * detail - 1e-6, 0))


def durand02_exact(rgb: Array) -> Array:
    logs = np.log10(luminance(rgb) + 1e-6)
    height, width = logs.shape
    sigma = max(0.5, 0.02 * max(height, width))
    reach = max(math.floor(math.floor(5 * sigma + 0.5) / 2 + 0.5), 1)
    smooth = np.empty_like(logs)
    for row in range(height):
        for column in range(width):
            total = weights = 0.0
            for dy in range(-reach, reach + 1):
                for dx in range(-reach, reach + 1):
                    other = logs[
                        min(max(row + dy, 0), height - 1), min(max(column + dx, 0), width - 1)
                    ]
                    away = (other - logs[row, column]) ** 2 / (2 * 0.4**2)
                    weight = math.exp(-away - (dx * dx + dy * dy) / (2 * sigma**2))
                    total, weights = total + weight * other, weights + weight
            smooth[row, column] = total / weights
    return _base_and_detail(rgb, smooth)


def _grid(image: Array, space: float, edge: float, low: float, high: float) -> Array:
    height, width = image.shape
    shape = (
        math.floor((height - 1) / space) + 7,
        math.floor((width - 1) / space) + 7,
        math.floor((high - low) / edge) + 7,
    )
    sums, counts = np.zeros(shape), np.zeros(shape)
    for row in range(height):
        for column in range(width):
            cell = tuple(
                math.floor(v + 0.5) + 3
                for v in (row / space, column / space, (image[row, column] - low) / edge)
            )
            sums[cell] += image[row, column]
            counts[cell] += 1
    axis = np.arange(-1, 2)
    kernel = np.exp(-0.5 * sum(a**2 for a in np.meshgrid(axis, axis, axis)))
    sums = ndimage.correlate(sums, kernel, mode="constant")
    counts = ndimage.correlate(counts, kernel, mode="constant")
    smooth = np.divide(sums, counts, out=np.zeros(shape), where=counts > 0)
    rows, columns = np.mgrid[0:height, 0:width]
    where = [rows / space + 3, columns / space + 3, (image - low) / edge + 3]
    return np.asarray(ndimage.map_coordinates(smooth, where, order=1))


def durand02(rgb: Array) -> Array:
    logs = np.log10(luminance(rgb) + 1e-6)
    sigma = max(0.5, 0.02 * max(logs.shape))
    return _base_and_detail(rgb, _grid(logs, sigma, 0.4, logs.min(), logs.max()))


def reinhard02_local(rgb: Array) -> Array:
    light = luminance(rgb)
    key = _key(light)
    scaled = key / log_mean(light) * light

    def around(s: float) -> Array:  # exp(−r² / (α s)²), α = 1 / (2√2)
        sigma = s / (2 * math.sqrt(2)) / math.sqrt(2)
        return _gaussian(scaled, 2 * max(1, math.ceil(3.5 * sigma)) + 1, sigma)

    means = [around(1.6**i) for i in range(8)]
    surround = means[7].copy()
    for row in range(light.shape[0]):
        for column in range(light.shape[1]):
            for i in range(7):
                first, second = means[i][row, column], means[i + 1][row, column]
                if abs(first - second) / (2**8 * key / 1.6 ** (2 * i) + first) > 0.05:
                    surround[row, column] = first
                    break
    return colour(rgb, scaled * (1 + scaled / _white(light) ** 2) / (1 + surround))


def reinhard02_bilateral(rgb: Array) -> Array:
    light = luminance(rgb)
    key = _key(light)
    scaled = key / log_mean(light) * light
    half = 2**8 * key / 8**2
    smooth = _grid(scaled / (scaled + half), 1.6, 0.025, 0.0, 1.0)
    surround = smooth * half / (1 - smooth)
    return colour(rgb, scaled * (1 + scaled / _white(light) ** 2) / (1 + surround))


def _photographs(rgb: Array, exposures: list[float]) -> list[Array]:
    stack = [np.clip((rgb * e) ** (1 / 2.2), 0, 1) for e in exposures]
    return [x for x in stack if x.min() <= 255 / 256 and x.max() >= 1 / 256]


def raman09(rgb: Array) -> Array:
    light = luminance(rgb)
    first = -math.floor(math.log2(light.max() + 1e-6) + 1)
    last = -(math.ceil(math.log2(light.min() + 1e-6) + 1) + 8)
    stack = _photographs(rgb, [2.0**stop for stop in range(first, last + 1)])
    low, high = min(x.min() for x in stack), max(x.max() for x in stack)
    total, weights = np.zeros_like(rgb), np.zeros_like(light)
    for photo in stack:
        grey = luminance(photo)
        smooth = _grid(grey, float(min(light.shape)), 0.1 * (high - low), low, high)
        weight = 70 / 255 + np.abs(grey - smooth)
        total, weights = total + photo * weight[..., None], weights + weight
    return total / weights[..., None]


def mertens07(rgb: Array) -> Array:
    def blur(image: Array) -> Array:
        taps = np.array([1, 4, 6, 4, 1]) / 16
        return np.asarray(ndimage.correlate(image, np.outer(taps, taps), mode="reflect"))

    def enlarge(image: Array, shape: tuple[int, ...]) -> Array:
        rows = ((np.arange(shape[0]) + 0.5) * image.shape[0] / shape[0]).astype(int)
        columns = ((np.arange(shape[1]) + 0.5) * image.shape[1] / shape[1]).astype(int)
        return blur(image[rows][:, columns])

    def fuse(planes: list[Array], weights: list[Array], levels: int) -> Array:
        if levels == 0:
            return np.asarray(sum(p * w for p, w in zip(planes, weights, strict=True)))
        small = [blur(p)[::2, ::2] for p in planes]
        detail = sum(
            (p - enlarge(s, p.shape)) * w for p, s, w in zip(planes, small, weights, strict=True)
        )
        below = fuse(small, [blur(w)[::2, ::2] for w in weights], levels - 1)
        return np.asarray(enlarge(below, planes[0].shape) + detail)

    light = luminance(rgb)
    zones = np.floor(np.log2(light + 2.0**-20))
    padded = np.pad(zones, 2)
    zones = ndimage.median_filter(padded, size=5, mode="constant")[2:-2, 2:-2]
    span = np.ptp(zones)
    if span > 3:
        zones = zones / span * math.floor(span / 2 + 0.5)
        zones = np.sign(zones) * np.floor(np.abs(zones) + 0.5)
    stack = _photographs(rgb, [0.5 / light[zones == z].mean() for z in np.unique(zones)])
    weights = []
    edges = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
    for photo in stack:
        contrast = np.abs(ndimage.correlate(photo.mean(2), edges, mode="nearest"))
        exposed = np.exp(-((photo - 0.5) ** 2) / (2 * 0.2**2)).prod(2)
        weights.append(contrast * exposed * photo.std(2) + 1e-12)
    total = sum(weights)
    weights = [w / total for w in weights]
    levels = int(math.log2(min(light.shape)))
    fused = np.stack([fuse([x[..., c] for x in stack], weights, levels) for c in range(3)], axis=2)
    return np.asarray((fused - fused.min()) / np.ptp(fused))


FORMULAS: dict[str, Callable[[Array], Array]] = {
    one.__name__: one
    for one in (
        ashikhmin02, chiu93, drago03, durand02, durand02_exact, exponential, ferwerda96, gamma,
        kim_kautz08, logarithmic, mertens07, normalize, pattanaik00, raman09, reinhard02,
        reinhard02_bilateral, reinhard02_local, reinhard_devlin05, reinhard_free,
        reinhard_free_local, reinhard_robust, schlick94, tumblin99, van_hateren06, ward94,
        ward_histogram97,
    )
}  # fmt: skip
