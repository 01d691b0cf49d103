"""How much two small grey pictures show the same, wherever the camera pointed and however bright."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from hdrmetrics.collection.look import SIDE

Codes = NDArray[np.uint8]

_ROUGH, _WIDE = 1.5, 3.0  # px, widths of Gaussians: what is aligned by, and too coarse to compare
_REACH = 6  # px that one may be shifted against the other, of 32
_ROUNDS = 8  # of Gauss and Newton, from the best shift on
_HOPELESS = 0.35  # correlation at the best shift, below which nothing is turned or stretched
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


@torch.no_grad()
def likenesses(first: Codes, second: Codes) -> NDArray[np.float32]:
    """Return how well the details of pictures agree where both show the same, ``(N,)``.

    The second is shifted, turned and stretched onto the first by the algorithm of Lucas and Kanade,
    so what is cut off a border, or a few degrees, cost little.

    Parameters
    ----------
    first, second
        ``(N, 1024)`` codes of :attr:`~hdrmetrics.collection.look.Look.small`.

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
    planes = [torch.from_numpy(levelled(one)).reshape(-1, 1, SIDE, SIDE) for one in (first, second)]
    fixed, moved = (_blurred(one, _ROUGH) for one in planes)
    shift, peak = _shifts(fixed, moved)
    kept = (peak >= _HOPELESS).nonzero().flatten()
    if len(kept):
        warp = _aligned(fixed[kept], moved[kept], shift[kept])
        details = [one[kept] - _blurred(one[kept], _WIDE) for one in planes]
        found[kept.numpy()] = _agreement(*details, warp).numpy()
    return found


def _blurred(planes: Tensor, width: float) -> Tensor:
    reach = int(3 * width + 0.5)
    line = torch.exp(-torch.arange(-reach, reach + 1).float().square() / (2 * width**2))
    line = line / line.sum()
    wide = F.pad(planes, (reach, reach, reach, reach), mode="replicate")
    across = F.conv2d(wide, line[None, None, None])
    return F.conv2d(across, line[None, None, :, None])


def _shifts(fixed: Tensor, moved: Tensor) -> tuple[Tensor, Tensor]:
    """Return the best shifts ``(N, 2)``, across and down in pixels, and the correlations there."""
    own = [one[:, 0] - one[:, 0].mean(dim=(1, 2), keepdim=True) for one in (fixed, moved)]
    size = (SIDE + _REACH,) * 2
    spectra = [torch.fft.rfft2(one, s=size) for one in own]
    product = torch.fft.irfft2(spectra[0].conj() * spectra[1], s=size)
    near = torch.arange(-_REACH, _REACH + 1)
    window = product[:, near % size[0]][:, :, near % size[1]]
    # As if what lies outside were like what lies inside: a shift leaves fewer pixels to agree.
    left = (SIDE - near.abs()).float() / SIDE
    power = (own[0].square().sum((1, 2)) * own[1].square().sum((1, 2))).sqrt()
    best, place = (window / (left[:, None] * left)).flatten(1).max(dim=1)
    shift = torch.stack([near[place % len(near)], near[place // len(near)]], dim=1).float()
    return shift, best / power.clamp(min=(_FLOOR * SIDE) ** 2)


def _lines() -> Tensor:
    return (torch.arange(SIDE).float() - (SIDE - 1) / 2) / (SIDE / 2)


def _aligned(fixed: Tensor, moved: Tensor, shift: Tensor) -> Tensor:
    """Return affine maps ``(N, 2, 3)`` from places of the first to those of the second, in [−1, 1]."""
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
    warp = torch.eye(3).repeat(count, 1, 1)
    warp[:, :2, 2] = shift * (2 / SIDE)
    last = torch.tensor([0.0, 0.0, 1.0]).expand(count, 1, 3)
    for _ in range(_ROUNDS):
        seen = _sampled(moved, warp[:, :2])[:, 0, inner, inner].flatten(1)
        gain = _gain(target, seen)
        error = gain * (seen - seen.mean(1, keepdim=True)) - (target - target.mean(1, keepdim=True))
        step = (inverse @ (steps @ error[:, :, None]))[..., 0].clamp(-0.2, 0.2)
        change = torch.cat([step.reshape(-1, 2, 3) + torch.eye(3)[:2], last], dim=1)
        warp = warp @ torch.linalg.inv(change)
    return warp[:, :2]


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
    found = (parts[0] * parts[1]).sum((1, 2, 3)) / (energies[0] * energies[1]).sqrt().clamp(min=1e-9)
    sizes = torch.linalg.det(warp[:, :, :2])
    stretch = torch.linalg.svdvals(warp[:, :, :2])
    fits = (stretch[:, 0] <= _STRETCH) & (stretch[:, 1] >= 1 / _STRETCH) & (sizes > 0)
    overlap = count.flatten() / SIDE**2
    fits &= (overlap >= _OVERLAP) & (overlap * sizes.abs() >= _OVERLAP)
    fits &= (energies[0] > least) & (energies[1] > least)
    return torch.where(fits, found.clamp(min=0.0), 0.0)
