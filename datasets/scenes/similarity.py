"""How much two scenes look like the same picture, whatever was cut off, mirrored or turned."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import gaussian_filter, gaussian_filter1d
from torch import Tensor

from datasets.scenes.sketch import Plane, Sketch

PHOTO_THRESHOLD = 0.91
"""Of two photographs. Among 205,000 pairs of 642 different ones the largest is 0.90 (two evenings
over a straight horizon). Of 100 crops of photographs, 75 to 100 % of each side, half of them
mirrored, 92 were found; the least likeness was 0.90."""

PANORAMA_THRESHOLD = 0.55
"""Of two panoramas. Among 2211 pairs of 67 different ones the largest is 0.43; the same one turned,
mirrored, blurred and in other contrast keeps 0.64 and more."""

_LONG, _ROUGH_LONG = 64, 32  # longer side in pixels of the careful and of the rough comparison
_SCALES = tuple(np.geomspace(0.66, 1.0, 11))  # of one photograph inside the other
_REFINEMENTS = 3  # halvings of the step between scales, around the best one
_ROUGH_SCALES = tuple(np.geomspace(0.66, 1.52, 11))
_ROUGH_THRESHOLD = 0.88
_ROUGH_MARGIN = 0.25  # cut off each side of the photograph that is looked for in the others
# Widths of Gaussians in pixels: finer than the first is what an alignment to whole pixels spoils,
# wider than the second what skies and horizons have in common.
_DETAIL, _ROUGH_DETAIL = (0.7, 2.0), (0.5, 1.4)
_BAND_DETAIL = 4.0  # the second of these, for panoramas
_LEAST_OVERLAP = 0.45  # of either picture
_FLOOR = 1e-6  # sum of squares below which there is nothing to compare


def similarity(a: Sketch, b: Sketch) -> float:
    """Return how well the common part of two scenes agrees, at the alignment that suits best.

    Photographs: the correlation coefficient of detail over the overlap, the largest over shifts,
    scales down to two thirds and mirroring, where the overlap is 45 % of either picture or more.
    Panoramas: the part of agreeing minus disagreeing signs of detail, the largest over turning and
    mirroring. A photograph and a panorama are not compared: 0.

    Returns
    -------
    float
        Up to 1, about 0 for pictures that have nothing in common.

    References
    ----------
    D. Padfield, "Masked object registration in the Fourier domain", IEEE Trans. Image Processing
    21(5), 2012 (correlation over the overlap only).
    """
    if a.panorama != b.panorama:
        return 0.0
    if a.panorama:
        return _turned(a, b)
    return max(_inside(a, b), _inside(b, a))


def is_duplicate(value: float, panorama: bool) -> bool:
    """Return whether a similarity is that of two versions of one picture."""
    return value >= (PANORAMA_THRESHOLD if panorama else PHOTO_THRESHOLD)


def duplicates(sketches: Sequence[Sketch]) -> list[tuple[int, int, float]]:
    """Return the pairs of near-duplicates as (first, second, similarity).

    A rough comparison of all with all, then the careful one with those that are left; among 600
    photographs about a second for each, on one core.
    """
    found = []
    photos = [i for i, sketch in enumerate(sketches) if not sketch.panorama]
    panoramas = [i for i, sketch in enumerate(sketches) if sketch.panorama]
    pairs = [(photos[i], photos[j]) for i, j in _alike([sketches[i] for i in photos])]
    pairs += [(i, j) for n, i in enumerate(panoramas) for j in panoramas[n + 1 :]]
    for i, j in sorted(pairs):
        value = similarity(sketches[i], sketches[j])
        if is_duplicate(value, sketches[i].panorama):
            found.append((i, j, value))
    return found


def _inside(inner: Sketch, outer: Sketch) -> float:
    """Return the similarity of one photograph, as large or smaller, to a part of the other."""
    fixed = _Masked(_detail(outer.codes, _LONG, _DETAIL))

    def at(scale: float) -> float:
        plane = _detail(inner.codes, _LONG * scale, _DETAIL)
        return max(fixed.compare(plane), fixed.compare(plane[:, ::-1]))

    best, scale = max((at(scale), scale) for scale in _SCALES)
    step = math.log(_SCALES[1] / _SCALES[0])
    for _ in range(_REFINEMENTS):
        step /= 2
        middle = scale
        for one in (middle * math.exp(step), middle * math.exp(-step)):
            if one <= 1.0:
                best, scale = max((best, scale), (at(one), one))
    return best


def _detail(codes: Plane, long_side: float, widths: tuple[float, float]) -> Plane:
    """Return a sketch resized, with the detail between two widths alone."""
    shrink = long_side / max(codes.shape)
    size = [max(8, round(side * shrink)) for side in codes.shape]
    planes = torch.from_numpy(np.ascontiguousarray(codes))[None, None]
    resized = F.interpolate(planes, size=size, mode="bilinear", antialias=True)[0, 0].numpy()
    detail: Plane = gaussian_filter(resized, widths[0]) - gaussian_filter(resized, widths[1])
    return detail


class _Masked:
    """One picture, ready to be correlated with others at every shift."""

    def __init__(self, plane: Plane) -> None:
        self._pixels = plane.size
        self._side = 2 * _LONG
        self._transforms = self._transform(plane)

    def _transform(self, plane: Plane) -> NDArray[np.complex64]:
        stack = np.stack([np.ones_like(plane), plane, plane * plane]).astype(np.float32)
        out: NDArray[np.complex64] = fft.rfft2(stack, (self._side, self._side))
        return out

    def compare(self, plane: Plane) -> float:
        """Return the largest correlation coefficient over shifts with enough overlap."""
        ones, values, squares = np.conj(self._transform(plane))
        own_ones, own_values, own_squares = self._transforms
        products = np.stack(
            [
                own_ones * ones,
                own_values * values,
                own_ones * values,
                own_values * ones,
                own_ones * squares,
                own_squares * ones,
            ]
        )
        count, product, other, own, other2, own2 = fft.irfft2(products, (self._side, self._side))
        count = np.maximum(np.round(count), 1.0)
        variances = (other2 - other * other / count) * (own2 - own * own / count)
        enough = count >= _LEAST_OVERLAP * max(self._pixels, plane.size)
        valid = enough & (variances > _FLOOR**2)
        if not valid.any():
            return 0.0
        covariance = product - other * own / count
        return float((covariance[valid] / np.sqrt(variances[valid])).max())


def _turned(a: Sketch, b: Sketch) -> float:
    if a.codes.shape != b.codes.shape:  # one is too small to tell
        return 0.0
    first, second = _signs(a.codes), _signs(b.codes)
    best = 0.0
    for other in (second, second[:, ::-1]):
        product = fft.fft(first, axis=1) * np.conj(fft.fft(other, axis=1))
        turned = fft.ifft(product.sum(axis=0)).real
        best = max(best, float(turned.max()) / first.size)
    return best


def _signs(codes: Plane) -> NDArray[np.float64]:
    detail = codes - gaussian_filter1d(codes, _BAND_DETAIL, axis=1, mode="wrap")
    signs: NDArray[np.float64] = np.sign(detail - np.median(detail, axis=1, keepdims=True))
    return signs.astype(np.float64)


def _alike(photos: Sequence[Sketch]) -> list[tuple[int, int]]:
    """Return the pairs where the middle of one photograph is found in the other."""
    if len(photos) < 2:
        return []
    targets = torch.zeros(len(photos), 1, _ROUGH_LONG, _ROUGH_LONG)
    covered = torch.zeros_like(targets)
    for i, photo in enumerate(photos):
        small = _detail(photo.codes, _ROUGH_LONG, _ROUGH_DETAIL)
        targets[i, 0, : small.shape[0], : small.shape[1]] = torch.from_numpy(small)
        covered[i, 0, : small.shape[0], : small.shape[1]] = 1.0
    pairs = set()
    for i, photo in enumerate(photos):
        best = torch.full((len(photos),), -1.0)
        for scale in _ROUGH_SCALES:
            plane = _detail(photo.codes, _ROUGH_LONG * scale, _ROUGH_DETAIL)
            rows, columns = (round(_ROUGH_MARGIN * side) for side in plane.shape)
            middle = plane[rows : plane.shape[0] - rows, columns : plane.shape[1] - columns]
            if max(middle.shape) <= _ROUGH_LONG:
                best = torch.maximum(best, _found(middle, targets, covered))
        near = (best >= _ROUGH_THRESHOLD).nonzero()[:, 0].tolist()
        pairs |= {(min(i, j), max(i, j)) for j in near if i != j}
    return sorted(pairs)


def _found(template: Plane, targets: Tensor, covered: Tensor) -> Tensor:
    """Return the best correlation coefficient of a template, or its mirror image, with each."""
    centred = template - template.mean()
    centred /= max(float(np.linalg.norm(centred)), _FLOOR)
    kernels = torch.from_numpy(np.stack([centred, centred[:, ::-1]]))[:, None]
    mean = torch.full_like(kernels[:1], 1.0 / centred.size)
    level = F.conv2d(targets, mean)
    spread = (F.conv2d(targets * targets, mean) - level * level) * centred.size
    inside = F.conv2d(covered, mean) > 0.999
    values = F.conv2d(targets, kernels) / spread.clamp(min=_FLOOR).sqrt()
    return torch.where(inside, values, -1.0).amax(dim=(1, 2, 3))
