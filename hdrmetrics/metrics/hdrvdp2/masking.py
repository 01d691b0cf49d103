"""Contrast masking: how visible the difference of two images is in each band."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from hdrmetrics.metrics.hdrvdp2.calibration import (
    EXCITATION,
    INHIBITION,
    MASK_NEIGHBOUR,
    MASK_ORIENTATION,
    MASK_SELF,
)
from hdrmetrics.metrics.hdrvdp2.csf import LOG_RANGE, local_sensitivity
from hdrmetrics.metrics.hdrvdp2.options import HDRVDP2Options
from hdrmetrics.metrics.hdrvdp2.pathway import Percept, band_frequencies
from hdrmetrics.metrics.hdrvdp2.strips import plane_groups, row_strips, strip_rows
from hdrmetrics.numerics.resize import imresize

Strips = list[Tensor]
"""One band ``(N, 1 or 4, h, w)``, cut along its rows."""


def masked_differences(test: Percept, reference: Percept, options: HDRVDP2Options) -> list[Strips]:
    """Return the difference in each band in units of its threshold, as strips of rows.

    Values are divided by the original's normalisation of the band, 2^band.
    """
    adaptation = log_adaptation(test.adaptation, reference.adaptation)
    return band_differences(test.bands, reference.bands, adaptation, options)


def log_adaptation(test: Tensor, reference: Tensor) -> Tensor:
    """Return log10 of the adapting luminance that two images have in common."""
    low, high = LOG_RANGE
    return ((test + reference) / 2).clamp(10.0**low, 10.0**high).log10()


def band_differences(
    test: Sequence[Tensor],
    reference: Sequence[Tensor],
    adaptation: Tensor,
    options: HDRVDP2Options,
    *,
    first: int = 0,
    finer: Tensor | None = None,
) -> list[Strips]:
    """Return the difference in each of the bands up to the base band; the first may be a later one.

    Parameters
    ----------
    test, reference
        Bands of both images.
    adaptation
        log10 of the adapting luminance, at the size of the first band or finer.
    options
        Viewing conditions.
    first
        Number of the first band, of all the picture has.
    finer
        Shared activity of the band before it, where there is one, at its size.
    """
    count = first + len(test)
    frequencies = band_frequencies(options.ppd, count)
    activity = [
        mutual_activity(t, r) if options.do_masking else None
        for t, r in zip(test, reference, strict=True)
    ]
    result = []
    for band, (seen, meant) in enumerate(zip(test, reference, strict=True), start=first):
        size = (seen.shape[-2], seen.shape[-1])
        # The base band went through its sensitivity as a filter.
        sensitivity = (
            local_sensitivity(frequencies[band], imresize(adaptation, size))
            if band < count - 1
            else adaptation.new_ones(1, 1, *size)
        )
        own = activity[band - first]
        coarser = activity[band - first + 1] if band < count - 2 else None
        rows = strip_rows(seen)
        planes = (
            seen,
            meant,
            sensitivity,
            own,
            resized(finer, seen),
            resized(coarser, seen),
        )
        strips = zip(*(_cut(plane, seen, rows) for plane in planes), strict=True)
        result.append([masked(*strip, scale=2.0**-band) for strip in strips])
        finer = own
    return result


def _cut(plane: Tensor | None, like: Tensor, rows: int) -> Sequence[Any]:
    if plane is None:
        return [None] * -(-like.shape[2] // rows)
    return row_strips(plane, rows)


def mutual_activity(test: Tensor, reference: Tensor) -> Tensor:
    """Return the response that both images share, averaged over 3 × 3 pixels (zeros outside)."""
    if reference.shape[0] < test.shape[0]:
        reference = reference.expand_as(test)
    groups = zip(plane_groups(test), plane_groups(reference), strict=True)
    return torch.cat([_box(torch.minimum(t.abs(), r.abs())) for t, r in groups]).view_as(test)


def _box(planes: Tensor) -> Tensor:
    # Sums of shifted planes: pooling layers take ten times as long.
    wide = pad(planes, (1, 1, 1, 1))
    rows = wide[:, :-2] + wide[:, 1:-1] + wide[:, 2:]
    return (rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]) * (1 / 9)


def resized(activity: Tensor | None, band: Tensor) -> Tensor | None:
    """Bring a neighbour's activity to a band's size; only as many orientations as both have."""
    if activity is None:
        return None
    size = (band.shape[-2], band.shape[-1])
    if activity.shape[-2:] == band.shape[-2:]:
        return activity[:, : band.shape[1]]
    return imresize(activity[:, : band.shape[1]], size)


def masked(
    seen: Tensor,
    meant: Tensor,
    sensitivity: Tensor,
    own: Tensor | None,
    finer: Tensor | None,
    coarser: Tensor | None,
    *,
    scale: float,
) -> Tensor:
    """Return the difference of a band, or of a part of it, over its threshold.

    With C the sensitivity, d the difference and M what masks it, d^p / √(C^(−2p) + M²) of the
    paper is computed as (C·d)^p / √(1 + (C^p·M)²), which needs no division by small numbers.
    """
    difference = (seen - meant) * (sensitivity * scale)
    response = difference.abs().pow(EXCITATION)
    if own is not None:
        # Scales are taken out of the powers, where they cost nothing.
        mask = own.pow(INHIBITION) * (MASK_SELF * scale**INHIBITION)
        if own.shape[1] > 1:
            others = (own.sum(dim=1, keepdim=True) - own).clamp(min=0)
            gain = MASK_ORIENTATION * scale**INHIBITION
            mask = torch.add(mask, others.pow(INHIBITION), alpha=gain)
        if finer is not None or coarser is not None:
            around = None if finer is None else finer.clamp(min=0) * (2 * scale)
            if coarser is not None:
                upper = coarser.clamp(min=0) * (scale / 2)
                around = upper if around is None else around + upper
            assert around is not None
            mask = torch.add(mask, around.pow(INHIBITION), alpha=MASK_NEIGHBOUR)
        mask = mask * (sensitivity.pow(EXCITATION + INHIBITION) * (1 / scale))
        response = response * torch.rsqrt(1.0 + mask * mask)
    return torch.copysign(response, difference)
