"""Quality: one number from the visible differences of all bands."""

from __future__ import annotations

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
from hdrmetrics.resize import imresize


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
    above_floor
        Return how far Q lies above that of identical images, exactly 0 there.
    """
    area: Tensor | float = 1.0
    if mask is not None:
        changed, area = changed * mask, mask.mean(dim=(-2, -1)).clamp(min=QUALITY_FLOOR)
    count = sum(strips[0].shape[1] for strips in differences)
    total = changed.new_zeros(changed.shape[0])
    for index, (strips, frequency) in enumerate(zip(differences, frequencies, strict=True)):
        height, width = sum(strip.shape[2] for strip in strips), strips[0].shape[3]
        counted = row_strips(imresize(changed, (height, width)), strips[0].shape[2])
        energy = torch.stack(
            [
                (strip * weight).square().sum(dim=(-2, -1))
                for strip, weight in zip(strips, counted, strict=True)
            ]
        ).sum(dim=0)
        # The root of zero has no gradient; where nothing differs the floor stands alone.
        some = energy > 0
        root = torch.where(some, energy, 1.0).sqrt() * some * 2.0**index
        share = root / (area * (height * width))
        if above_floor:
            levels = torch.log1p(share / QUALITY_FLOOR)
        else:
            levels = torch.log(share + QUALITY_FLOOR)
        total = total + levels.sum(dim=1) * (quality_weight(frequency) / count)
    return total


def quality_weight(frequency: float) -> float:
    """Return the weight of a band's frequency (cpd), held constant outside 0.2344 to 15 cpd."""
    return float(np.interp(frequency, QUALITY_FREQUENCIES[::-1], QUALITY_WEIGHTS[::-1]))


def opinion_score(q: Tensor) -> Tensor:
    """Return the predicted mean opinion score, 0 to 100, higher is better."""
    slope, shift = QUALITY_LOGISTIC
    return 100.0 * torch.sigmoid(-slope * (q + shift))
