"""Visible differences: how far a simple model of seeing finds two pictures apart, cell by cell.

What a viewer sees of a difference is decided by its largest parts: HDR-VDP-2 raises differences to
the 3.5th power and squares them before it adds them up, and lets detail that both pictures share
hide them. Energies of differences say little of that (rank correlation with HDR-VDP-2 on
inverse-tone-mapped light .77, against .97 by these), and a network would have to learn it. So its
steps are gone through here in simple forms: stray light of the eye as a mixture of binomial
blurs, receptors by PU21, oriented bands as differences of blurs, third powers. Frequencies hold
for 30 pixels per degree, as in the labels.

References
----------
R. Mantiuk et al., "HDR-VDP-2: a calibrated visual metric for visibility and quality predictions in
all luminance conditions", ACM TOG 30(4), 2011; M. Narwaria, R. Mantiuk et al., "HDR-VDP-2.2: a
calibrated method for objective quality prediction of high-dynamic range and standard images",
Journal of Electronic Imaging 24(1), 2015.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.learned.fronts.cells import CELL, cell_shape
from hdrmetrics.learned.fronts.descriptors import blur
from hdrmetrics.numerics.pieces import pieces_pay
from hdrmetrics.photometry.transfer import pu21_encode

OCTAVES = 4

NAMES = tuple(f"visible{band}" for band in range(2 * OCTAVES))
"""By band of half an octave, fine to coarse."""

FLOOR = 1e-3
"""Of the values: what identical pictures have."""

_MOST = 6e4  # of the values: half precision, in which they are kept, ends there
_STEPS = 0.85  # just noticeable steps of HDR-VDP-2 per step of PU21, from 30 to 100 cd/m²
# What reaches the retina: sharp light, light strayed by some pixels, light strayed everywhere.
_SHARP, _NEAR, _FAR = 0.425, 0.572, 0.003
# Twice the neural contrast sensitivity at 60 cd/m² and 15, 10.6, … 1.3 cycles per degree.
_GAINS = (0.88, 1.45, 2.15, 2.83, 3.29, 3.27, 2.77, 2.0)
_PART = 1 << 18  # pixels at a time: the temporaries then stay in the cache
_MASKED_BY_ITSELF, _MASKED_BY_BANDS = 1.55, 33.5


def describe_visible(
    test: Tensor, reference: Tensor, *, strayed: tuple[Tensor, Tensor] | None = None
) -> Tensor:
    """Return the visible differences of two pictures in each cell.

    Parameters
    ----------
    test, reference
        Luminance ``(N, 1, H, W)`` in cd/m², not negative; sides of at least 48 px.
    strayed
        Means of the light that strays over them, ``(N, 1, 1, 1)``, where these are parts of larger
        pictures.

    Returns
    -------
    Tensor
        ``(N, 8, h, w)``, h and w of
        :func:`~hdrmetrics.learned.fronts.descriptors.cell_shape`; channels as :data:`NAMES`. With D
        the difference over its threshold, raised to the third power, the fourth root of the mean
        of D² over the cell and those around it, from 0.001 (nothing) to 60,000: at the border too,
        so that no pixel goes unseen. Symmetric in both pictures.

    Notes
    -----
    Filters continue pictures by their border pixels, and light strays over the whole picture: of a
    window in a larger picture this says something else than of the window alone.
    """
    together = max(1, _PART // (test.shape[-2] * test.shape[-1]))
    if strayed is None:
        strayed = test.mean(dim=(-2, -1), keepdim=True), reference.mean(dim=(-2, -1), keepdim=True)
    if test.shape[0] > together and pieces_pay(test, reference):
        parts = [torch.split(each, together) for each in (test, reference, *strayed)]
        return torch.cat(
            [describe_visible(a, b, strayed=(c, d)) for a, b, c, d in zip(*parts, strict=True)]
        )
    shape = cell_shape(*test.shape[-2:])
    found = [
        _cells(energy, CELL >> (index // 2), shape)
        for index, energy in enumerate(_energies(test, reference, strayed))
    ]
    energies = torch.cat(found, dim=1)
    return (energies + FLOOR**4).sqrt().sqrt().clamp(max=_MOST)


def logarithms(moments: Sequence[Tensor], powers: Sequence[int]) -> Tensor:
    """Return the logarithms of the means ``(…, C)`` of powers p, over 2 p, as ``(…, P, C)``.

    The teacher's quality is made of those of the fourth power, over all pixels of a window.
    """
    found = [
        (moment + FLOOR**power).log() / (2 * power)
        for moment, power in zip(moments, powers, strict=True)
    ]
    return torch.stack(found, dim=-2)


def seen_probability(
    test: Tensor, reference: Tensor, *, strayed: tuple[Tensor, Tensor], side: int
) -> Tensor:
    """Return the probability that a difference is seen in each square of two pictures.

    Parameters
    ----------
    test, reference, strayed
        As for :func:`describe_visible`, of one picture; height and width are multiples of ``side``.
    side
        Of the squares in pixels: 8, 16 …

    Returns
    -------
    Tensor
        ``(N, 1, h, w)``: 1 − 2^(−C), C the sum over bands of D, which is 1 at the threshold.
    """
    total = test.new_zeros(test.shape[0], 1, *(length // side for length in test.shape[-2:]))
    for index, energy in enumerate(_energies(test, reference, strayed)):
        total = total + F.avg_pool2d(energy, side >> (index // 2)).sqrt()
    return -torch.expm1(-math.log(2.0) * total)


def _energies(test: Tensor, reference: Tensor, strayed: tuple[Tensor, Tensor]) -> Iterator[Tensor]:
    """Yield D² of each band: differences over their threshold, raised to the sixth power."""
    pairs = zip((test, reference), strayed, strict=True)
    bands = [list(_bands(_retina(light, mean))) for light, mean in pairs]
    shared = [
        _box(torch.minimum(seen.abs(), meant.abs())) for seen, meant in zip(*bands, strict=True)
    ]
    for index, (seen, meant) in enumerate(zip(*bands, strict=True)):
        # Each band is hidden by detail an octave above and below it too.
        beside = torch.zeros_like(seen)
        if index >= 2:
            beside = beside + _halved(shared[index - 2])
        if index + 2 < len(shared):
            beside = beside + _grown(shared[index + 2], seen)
        gain = _GAINS[index]
        # Third powers are one pass each, and so is a sum in place.
        mask = shared[index].pow(3).mul_(_MASKED_BY_ITSELF * gain**3)
        mask.add_(beside.pow(3), alpha=_MASKED_BY_BANDS * (0.25 * gain) ** 3)
        difference = (seen - meant).square().mul_(gain**2).pow(3)
        yield difference / mask.square().add_(1.0)


def _retina(light: Tensor, mean: Tensor) -> Tensor:
    """Return light as it reaches the retina.

    What strays near is a mixture of blurs narrower than that of HDR-VDP-2, exp(−0.37 f) for f in
    cycles per degree: with bands as simple as these, quality was predicted better so.
    """
    second = _blur(light)
    fourth = _blur(second)
    eighth = _blur(_blur(fourth))
    wide = _halved(fourth)
    for _ in range(4):
        wide = _blur(wide)
    near = 0.25 * (second + fourth + eighth + _grown(wide, light))
    return _SHARP * light + _NEAR * near + _FAR * mean


def _bands(light: Tensor) -> Iterator[Tensor]:
    code = pu21_encode(light) * _STEPS
    for _ in range(OCTAVES):
        once = _blur(code)
        twice = _blur(once)
        yield code - once
        yield once - twice
        code = _halved(twice)


def _cells(energy: Tensor, side: int, shape: tuple[int, int]) -> Tensor:
    """Return the means over each cell and the eight around it, those in the border included."""
    count, (rows, columns) = energy.shape[0], (shape[0] + 2, shape[1] + 2)
    own = energy[..., : rows * side, : columns * side]
    # Whole rows are added up first, as in the means over cells.
    sums = own.reshape(count, 1, rows, side, columns * side).sum(dim=3)
    sums = sums.reshape(count, 1, rows, columns, side).sum(dim=-1)
    sums = sums[..., :-2] + sums[..., 1:-1] + sums[..., 2:]
    sums = sums[..., :-2, :] + sums[..., 1:-1, :] + sums[..., 2:, :]
    return sums / (9 * side**2)


def _blur(x: Tensor) -> Tensor:
    return blur(F.pad(x, (1, 1, 1, 1), mode="replicate"))


def _box(x: Tensor) -> Tensor:
    """Return the means over 3 × 3 pixels, nothing outside."""
    x = F.pad(x, (1, 1, 1, 1))
    x = x[..., 1:-1] + x[..., 2:] + x[..., :-2]
    return (x[..., 1:-1, :] + x[..., 2:, :] + x[..., :-2, :]).mul_(1 / 9)


def _halved(x: Tensor) -> Tensor:
    """Return the means of 2 × 2 pixels; sides are rounded up."""
    height, width = x.shape[-2:]
    if height % 2 or width % 2:
        x = F.pad(x, (0, width % 2, 0, height % 2), mode="replicate")
    x = x[..., ::2, :] + x[..., 1::2, :]
    return 0.25 * (x[..., ::2] + x[..., 1::2])


def _grown(x: Tensor, like: Tensor) -> Tensor:
    size = like.shape[-2:]
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)
