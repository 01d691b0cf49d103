"""How much two small grey pictures show the same, however shifted, turned or exposed."""

from __future__ import annotations

import functools

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from torch import Tensor

from hdrmetrics.collection.bursts.look import SIDE

Codes = NDArray[np.uint8]

# Widths of Gaussians in px: what is shifted by, what is aligned by, what is too coarse to compare.
_SLIGHT, _ROUGH, _WIDE = 1.0, 1.5, 3.0
_FINE, _COARSE, _PLACES = 2.0, 6.0, 8  # px: what the layout tells lies between; places a side
_REACH = 6  # px that one may be shifted against the other, of 32
_TOGETHER = 256  # pairs: their planes stay in the cache
_ROUNDS = 6  # of Gauss and Newton, from the best shift on
_HOPELESS = 0.65  # correlation at the best shift, below which nothing is turned or stretched
_STRETCH = 1.3  # times that one may be larger than the other
_OVERLAP = 0.7  # part of the pictures that both show
_FLOOR = 0.02  # deviation of ranks, below which there is nothing to compare


def levelled(codes: Codes) -> NDArray[np.float32]:
    """Return each pixel's rank in its picture, from −1 to 1; equal pixels share the middle one.

    What is brighter stays brighter at any exposure, so exposures have equal ranks where nothing is
    clipped.

    Parameters
    ----------
    codes
        ``(N, 1024)``.

    Examples
    --------
    >>> levelled(np.array([[7, 7, 9, 200]], np.uint8)).tolist()
    [[-0.5, -0.5, 0.25, 0.75]]
    """
    count, pixels = codes.shape
    flat = codes.astype(np.int64) + 256 * np.arange(count)[:, None]
    histogram = np.bincount(flat.ravel(), minlength=256 * count).reshape(count, 256)
    middle = np.cumsum(histogram, axis=1) - histogram / 2
    ranks: NDArray[np.float32] = (2 * middle / pixels - 1).astype(np.float32).ravel()[flat]
    return ranks


def layouts(codes: Codes) -> NDArray[np.float32]:
    """Return unit vectors ``(N, 64)`` whose products say how alike pictures are laid out.

    Ranks between two widths of blur, at 8×8 places; those of a picture without detail are 0.

    Parameters
    ----------
    codes
        ``(N, 1024)``.

    Examples
    --------
    >>> ramp = np.tile(np.arange(0, 256, 8, dtype=np.uint8), 32)[None]
    >>> one, other = layouts(np.concatenate([ramp, 255 - ramp]))
    >>> round(float(one @ one), 3), round(float(one @ other), 3)
    (1.0, -1.0)
    """
    found = [_layouts(codes[part]) for part in _parts(len(codes))]
    return np.concatenate(found) if found else np.zeros((0, _PLACES**2), np.float32)


def _layouts(codes: Codes) -> NDArray[np.float32]:
    planes = _planes(codes)
    between = _blurred(planes - _blurred(planes, _COARSE), _FINE)
    vectors = F.avg_pool2d(between, SIDE // _PLACES).flatten(1)
    vectors = vectors - vectors.mean(dim=1, keepdim=True)
    length = vectors.norm(dim=1, keepdim=True)
    found: NDArray[np.float32] = torch.where(length > _FLOOR, vectors / length, 0.0).numpy()
    return found


@torch.no_grad()
def likenesses(
    codes: Codes, first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return how well the details of pairs of pictures agree where both show the same, ``(P,)``.

    The second is shifted, turned and stretched onto the first by the algorithm of Lucas and Kanade,
    so what is cut off a border, or a few degrees, cost little.

    Parameters
    ----------
    codes
        ``(N, 1024)``, of :attr:`~hdrmetrics.collection.bursts.look.Look.small`.
    first, second
        ``(P,)`` places of pictures.

    Returns
    -------
    numpy.ndarray
        Correlations up to 1, about 0 for strangers; 0 where less than 70 % overlaps, and for
        pictures without detail.

    References
    ----------
    S. Baker & I. Matthews, "Lucas-Kanade 20 years on: a unifying framework", IJCV 56(3), 2004 (the
    inverse compositional algorithm).
    """
    found = np.zeros(len(first), np.float32)
    asked, places = np.unique(np.concatenate([first, second]), return_inverse=True)
    halves = [_halved(codes[asked[part]]) for part in _parts(len(asked))]
    half = torch.cat(halves) if halves else torch.zeros(0)
    for part in _parts(len(first)):
        one, two = (torch.from_numpy(places[side + part.start : side + part.stop])
                    for side in (0, len(first)))  # fmt: skip
        shift, peak = _shifts(half[one], half[two])
        kept = (peak >= _HOPELESS).nonzero().flatten()
        if len(kept):
            chosen = kept.numpy() + part.start
            pair = codes[first[chosen]], codes[second[chosen]]
            found[chosen] = _closely(*pair, shift[kept]).numpy()
    return found


def _parts(count: int) -> list[slice]:
    starts = range(0, count, _TOGETHER)
    return [slice(start, min(start + _TOGETHER, count)) for start in starts]


def _planes(codes: Codes) -> Tensor:
    return torch.from_numpy(levelled(codes)).reshape(-1, 1, SIDE, SIDE)


def _halved(codes: Codes) -> Tensor:
    """Return what of the ranks is detail, at half the size, less its mean, ``(N, 16, 16)``."""
    planes = _planes(codes)
    half = F.avg_pool2d(_blurred(planes - _blurred(planes, _WIDE), _SLIGHT), 2)[:, 0]
    return half - half.mean(dim=(1, 2), keepdim=True)


def _closely(first: Codes, second: Codes, shift: Tensor) -> Tensor:
    planes = _planes(first), _planes(second)
    warp = _aligned(_blurred(planes[0], _ROUGH), _blurred(planes[1], _ROUGH), shift)
    fixed, moved = (one - _blurred(one, _WIDE) for one in planes)
    return _agreement(fixed, moved, warp)


def _blurred(planes: Tensor, width: float) -> Tensor:
    spread = _spread(width)
    return spread @ planes @ spread.T


@functools.cache
def _spread(width: float) -> Tensor:
    """Return the matrix ``(32, 32)`` of a Gaussian over a line whose ends go on."""
    return torch.from_numpy(
        gaussian_filter1d(np.eye(SIDE, dtype=np.float32), width, axis=0, mode="nearest")
    )


def _shifts(fixed: Tensor, moved: Tensor) -> tuple[Tensor, Tensor]:
    """Return the best shifts ``(N, 2)``, across and down in pixels, and the correlations there.

    Of pictures at half the size: what is left of a pixel, the alignment finds.
    """
    own = fixed, moved
    side, reach = SIDE // 2, _REACH // 2
    size = (side + 2 * reach + 2,) * 2  # a length that is quickly transformed
    spectra = [torch.fft.rfft2(one, s=size) for one in own]
    product = torch.fft.irfft2(spectra[0].conj() * spectra[1], s=size)
    near = torch.arange(-reach, reach + 1)
    window = product[:, near % size[0]][:, :, near % size[1]]
    # As if what lies outside were like what lies inside: a shift leaves fewer pixels to agree.
    left = (side - near.abs()).float() / side
    power = (own[0].square().sum((1, 2)) * own[1].square().sum((1, 2))).sqrt()
    best, place = (window / (left[:, None] * left)).flatten(1).max(dim=1)
    shift = 2.0 * torch.stack([near[place % len(near)], near[place // len(near)]], dim=1)
    return shift, best / power.clamp(min=(_FLOOR * side) ** 2)


def _lines() -> Tensor:
    return (torch.arange(SIDE).float() - (SIDE - 1) / 2) / (SIDE / 2)


def _aligned(fixed: Tensor, moved: Tensor, shift: Tensor) -> Tensor:
    """Return affine maps ``(N, 2, 3)`` from places of the first, in [−1, 1], to the second's."""
    count = len(fixed)
    line = _lines()
    x, y = line.expand(SIDE, SIDE), line[:, None].expand(SIDE, SIDE)
    inner = slice(2, SIDE - 2)
    across, down = torch.zeros_like(fixed), torch.zeros_like(fixed)
    across[..., 1:-1] = (fixed[..., 2:] - fixed[..., :-2]) * (SIDE / 4)
    down[..., 1:-1, :] = (fixed[..., 2:, :] - fixed[..., :-2, :]) * (SIDE / 4)
    steps = torch.cat([across * x, across * y, across, down * x, down * y, down], dim=1)
    steps = steps[:, :, inner, inner].flatten(2)
    curve = steps @ steps.mT + 1e-2 * torch.eye(6)
    inverse = torch.linalg.inv(curve)
    target = fixed[:, 0, inner, inner].flatten(1)
    warp = torch.eye(3)[:2].repeat(count, 1, 1)
    warp[:, :, 2] = shift * (2 / SIDE)
    for _ in range(_ROUNDS):
        seen = _sampled(moved, warp)[:, 0, inner, inner].flatten(1)
        gain = _gain(target, seen)
        error = gain * (seen - seen.mean(1, keepdim=True)) - (target - target.mean(1, keepdim=True))
        step = (inverse @ (steps @ error[:, :, None]))[..., 0].clamp(-0.2, 0.2)
        warp = _undone(warp, step.reshape(-1, 2, 3))
    return warp


def _undone(warp: Tensor, step: Tensor) -> Tensor:
    """Return a map after the inverse of 1 + step."""
    change = step[..., :2] + torch.eye(2)
    (a, b), (c, d) = (change[:, row].unbind(-1) for row in range(2))
    turned = torch.stack([torch.stack([d, -b], -1), torch.stack([-c, a], -1)], 1)
    linear = warp[..., :2] @ (turned / (a * d - b * c)[:, None, None])
    return torch.cat([linear, warp[..., 2:] - linear @ step[..., 2:]], dim=-1)


def _gain(target: Tensor, seen: Tensor) -> Tensor:
    ratio: Tensor = target.std(1, keepdim=True) / seen.std(1, keepdim=True).clamp(min=_FLOOR)
    return ratio.clamp(0.5, 2.0)


def _sampled(planes: Tensor, warp: Tensor) -> Tensor:
    grid = F.affine_grid(warp, [len(planes), 1, SIDE, SIDE], align_corners=False)
    return F.grid_sample(planes, grid, padding_mode="border", align_corners=False)


def _agreement(fixed: Tensor, moved: Tensor, warp: Tensor) -> Tensor:
    """Return the correlation over what both show; 0 where that is too little."""
    grid = F.affine_grid(warp, [len(fixed), 1, SIDE, SIDE], align_corners=False)
    shown = (grid.abs().amax(dim=-1) <= 1.0).float()[:, None]
    seen = F.grid_sample(moved, grid, padding_mode="border", align_corners=False)
    count = shown.sum((1, 2, 3), keepdim=True).clamp(min=1.0)
    parts = [
        (one - (one * shown).sum((1, 2, 3), keepdim=True) / count) * shown for one in (fixed, seen)
    ]
    energies = [one.square().sum((1, 2, 3)) for one in parts]
    least = _FLOOR**2 * count.flatten()
    found = (parts[0] * parts[1]).sum((1, 2, 3)) / (energies[0] * energies[1]).sqrt().clamp(
        min=1e-9
    )
    linear = warp[:, :, :2]
    sizes = linear[:, 0, 0] * linear[:, 1, 1] - linear[:, 0, 1] * linear[:, 1, 0]
    longest = linear.square().sum(1).amax(1).sqrt()
    fits = (longest <= _STRETCH) & (sizes / longest >= 1 / _STRETCH)
    overlap = count.flatten() / SIDE**2
    fits &= (overlap >= _OVERLAP) & (overlap * sizes >= _OVERLAP)
    fits &= (energies[0] > least) & (energies[1] > least)
    return torch.where(fits, found.clamp(min=0.0), 0.0)
