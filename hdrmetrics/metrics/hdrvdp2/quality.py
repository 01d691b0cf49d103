"""Quality: one number from the visible differences of all bands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from hdrmetrics.metrics.hdrvdp2.calibration import (
    QUALITY_FLOOR,
    QUALITY_FREQUENCIES,
    QUALITY_LOGISTIC,
    QUALITY_WEIGHTS,
    SAME_PIXEL,
)
from hdrmetrics.metrics.hdrvdp2.masking import Strips
from hdrmetrics.metrics.hdrvdp2.strips import row_strips
from hdrmetrics.numerics.pyramid import ORIENTATIONS, pyramid_height
from hdrmetrics.numerics.resize import imresize


@torch.no_grad()
def changed_pixels(test: Tensor, reference: Tensor) -> Tensor:
    """Return 1 where some channel differs by more than 0.1 %, else 0, ``(N, 1, H, W)``."""
    changed = ((test - reference).abs() / reference) > SAME_PIXEL
    return changed.any(dim=1, keepdim=True).to(test.dtype)


def quality(
    differences: list[Strips],
    frequencies: tuple[float, ...],
    changed: Tensor,
    mask: Tensor | None = None,
    *,
    window: int | None = None,
    above_floor: bool = False,
) -> Tensor:
    """Return Q per image, ``(N,)``: higher is worse.

    Parameters
    ----------
    differences
        Visible differences per band, as :func:`masked_differences` returns them.
    frequencies
        Of the bands, cpd.
    changed
        Pixels that differ, ``(N, 1, H, W)``.
    mask
        Weights of the pixels that are wanted, ``(N, 1, H, W)`` in [0, 1]; the others count neither
        as difference nor as size.
    window, above_floor
        As for :func:`quality_of_energies`.
    """
    area: Tensor | float = 1.0
    if mask is not None:
        changed, area = changed * mask, mask.mean(dim=(-2, -1)).clamp(min=QUALITY_FLOOR)
    sizes = [sum(strip.shape[2] for strip in strips) * strips[0].shape[3] for strips in differences]
    return quality_of_energies(
        band_energies(differences, changed), sizes, frequencies, area,
        window=window, above_floor=above_floor,
    )  # fmt: skip


def band_energies(differences: list[Strips], changed: Tensor) -> list[Tensor]:
    """Return what the differences that count add up to in each band, ``(N, orientations)``."""
    energies = []
    for strips in differences:
        size = (sum(strip.shape[2] for strip in strips), strips[0].shape[3])
        counted = row_strips(imresize(changed, size), strips[0].shape[2])
        pieces = [band_energy(*piece) for piece in zip(strips, counted, strict=True)]
        energies.append(torch.stack(pieces).sum(dim=0))
    return energies


def band_energy(differences: Tensor, counted: Tensor) -> Tensor:
    """Return the sum of squared differences in a part of a band, ``(N, orientations)``."""
    return (differences * counted).square().sum(dim=(-2, -1))


def quality_of_energies(
    energies: Sequence[Tensor],
    sizes: Sequence[float],
    frequencies: Sequence[float],
    area: Tensor | float = 1.0,
    *,
    window: int | None = None,
    above_floor: bool = False,
) -> Tensor:
    """Return Q per image, ``(N,)``, from what the bands add up to.

    Parameters
    ----------
    energies
        Per band, as :func:`band_energy` returns them, of differences in the scale of
        :func:`masked_differences`.
    sizes
        Pixels of each band.
    frequencies
        Of the bands, cpd.
    area
        Part of the picture that is wanted, ``(N, 1)``.
    window
        Side in pixels of a square picture: Q is then what such a picture would have whose bands
        hold as much difference per pixel as these. Q itself depends on the size of a picture, by
        the root of a sum over its number of pixels, and by the number of its bands.
    above_floor
        Return how far Q lies above that of identical images, exactly 0 there.
    """
    count = sum(energy.shape[1] for energy in energies)
    if window is not None:
        count = 2 + ORIENTATIONS * pyramid_height(window, window)
        sides = [window / 2.0 ** max(0, band - 1) for band in range(len(sizes))]
        energies = [
            energy * (side**2 / (area * pixels))
            for energy, side, pixels in zip(energies, sides, sizes, strict=True)
        ]
        sizes, area = [side**2 for side in sides], 1.0
    total = energies[0].new_zeros(energies[0].shape[0])
    bands = zip(energies, sizes, frequencies, strict=True)
    for index, (energy, pixels, frequency) in enumerate(bands):
        # The root of zero has no gradient; where nothing differs the floor stands alone.
        some = energy > 0
        root = torch.where(some, energy, 1.0).sqrt() * some * 2.0**index
        share = root / (area * pixels)
        if above_floor:
            levels = torch.log1p(share / QUALITY_FLOOR)
        else:
            levels = torch.log(share + QUALITY_FLOOR)
        total = total + levels.sum(dim=1) * (quality_weight(frequency) / count)
    return total


def window_exponent(window: int, ppd: float) -> float:
    """Return the β with which the Q of windows make that of the picture that they cover.

    Energies add up over a picture within each band before the logarithm. Where a window has e times
    the energy of another in every band, its Q is higher by Σw / 2n · log e, with the weights w of
    its n bands; so the Q of the picture, brought to the size of a window, is
    (1/β)·log mean exp(β·Q) of its windows, with β = 2n / Σw. It is exact where the bands of all
    windows stand in the same proportion.

    Parameters
    ----------
    window
        Side of the windows, in pixels.
    ppd
        Pixels per degree.
    """
    octaves = pyramid_height(window, window)
    bands = [1, *[ORIENTATIONS] * octaves, 1]
    weights = (count * quality_weight(ppd / 2 * 2.0**-band) for band, count in enumerate(bands))
    return 2.0 * sum(bands) / sum(weights)


def quality_weight(frequency: float) -> float:
    """Return the weight of a band's frequency (cpd), held constant outside 0.2344 to 15 cpd."""
    return float(np.interp(frequency, QUALITY_FREQUENCIES[::-1], QUALITY_WEIGHTS[::-1]))


def opinion_score(q: Tensor) -> Tensor:
    """Return the predicted mean opinion score, 0 to 100, higher is better."""
    slope, shift = QUALITY_LOGISTIC
    return 100.0 * torch.sigmoid(-slope * (q + shift))
