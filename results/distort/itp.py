"""The colour difference ΔE ITP of ITU-R BT.2124, which sees what HDR-VDP-2 does not: hue."""

from __future__ import annotations

import torch
from torch import Tensor

from hdrmetrics.photometry.color import convert_primaries
from hdrmetrics.photometry.transfer import pq_encode

_LMS = ((1688, 2146, 262), (683, 2951, 462), (99, 309, 3688))
_ITP = ((2048, 2048, 0), (3305, -6806.5, 3501.5), (17933, -17390, -543))  # T is half of Ct


def delta_e_itp(test: Tensor, reference: Tensor) -> float:
    """Return the mean difference of two pictures of BT.709 light in cd/m²; 1 is just visible."""
    return float(720 * (_itp(test) - _itp(reference)).square().sum(dim=1).sqrt().mean())


def _itp(light: Tensor) -> Tensor:
    wide = convert_primaries(light, "bt709", "bt2020").clamp(min=0.0)
    lms = pq_encode(_apply(_LMS, wide))
    return _apply(_ITP, lms)


def _apply(rows: tuple[tuple[float, ...], ...], image: Tensor) -> Tensor:
    return torch.einsum("ij,njhw->nihw", torch.tensor(rows).to(image) / 4096, image)
