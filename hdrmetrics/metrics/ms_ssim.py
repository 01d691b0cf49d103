"""Structural similarity over five scales."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hdrmetrics.errors import ShapeError
from hdrmetrics.metrics._plain import on_codes
from hdrmetrics.metrics.code_metric import (
    CHANNELS_BY_DOMAIN,
    CRF_CORRECTION,
    CodeMetric,
    Measure,
    each_encoding,
)
from hdrmetrics.metrics.ssim import (
    MARGIN,
    SIGMA,
    WINDOW,
    Part,
    local_similarity,
    mean_similarity,
    usable,
)
from hdrmetrics.numerics.pooling import crop_to_valid, halve

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
MINIMUM_SIZE = (WINDOW - 1) * 2 ** (len(WEIGHTS) - 1) + 1
"""161: after four halvings, odd sizes rounded up, one 11×11 window is left."""


def ms_ssim(
    test: Tensor, reference: Tensor, *, data_range: float = 1.0, mask: Tensor | None = None
) -> Tensor:
    """Return the multi-scale structural similarity of each image.

    Five scales with the paper's weights, SSIM's window and constants, windows inside the image
    only, 2×2 means between scales (an odd last row or column is repeated). Each channel is
    pooled over scales first, then the mean over channels. Scales whose mean contrast-structure
    similarity is negative count as zero.

    Parameters
    ----------
    test, reference, data_range, mask
        As for :func:`~hdrmetrics.functional.ssim`.

    Returns
    -------
    Tensor
        ``(N,)``, 1 for identical images, 0 at worst.

    Raises
    ------
    ShapeError
        If shapes differ, a side is under 161 pixels, or the mask keeps no window at some scale.
    PixelValueError, DomainError, OptionError
        For NaN or infinity, values that are no codes of this range, and a range or mask that
        cannot be.

    References
    ----------
    Z. Wang, E. P. Simoncelli and A. C. Bovik, "Multiscale structural similarity for image quality
    assessment", Asilomar Conference on Signals, Systems and Computers, 2003.
    """
    return on_codes(
        lambda t, r, m: multi_scale(t, r, data_range, m),
        test, reference, data_range=data_range, mask=mask,
    )  # fmt: skip


def multi_scale(test: Tensor, reference: Tensor, data_range: float, mask: Tensor | None) -> Tensor:
    """Return the similarity of each image, whatever its values: see :func:`ms_ssim`."""
    if min(test.shape[-2:]) < MINIMUM_SIZE:
        raise ShapeError(
            f"MS-SSIM needs at least {MINIMUM_SIZE}×{MINIMUM_SIZE} pixels for its five scales; "
            f"the image is {test.shape[-1]}×{test.shape[-2]} (width × height)"
        )
    result = torch.ones((), dtype=test.dtype, device=test.device)
    for scale, weight in enumerate(WEIGHTS):
        if scale:
            test, reference = halve(test), halve(reference)
            mask = None if mask is None else halve(mask)
        part: Part = "ssim" if scale == len(WEIGHTS) - 1 else "contrast-structure"
        result = result * _power(_mean(test, reference, data_range, mask, part), weight)
    return result.mean(dim=1)


def _mean(
    test: Tensor, reference: Tensor, data_range: float, mask: Tensor | None, part: Part
) -> Tensor:
    if mask is None:
        return mean_similarity(test, reference, data_range, part)
    weights = crop_to_valid(mask, MARGIN)
    assert weights is not None
    weights = usable(weights)
    local = local_similarity(test, reference, data_range, part)
    return (local * weights).sum(dim=(2, 3)) / weights.sum(dim=(2, 3))


def _power(value: Tensor, exponent: float) -> Tensor:
    # x**0.04 has an infinite slope at 0: negative and zero similarity count as zero, flatly.
    positive = value > 0
    return torch.where(
        positive, torch.where(positive, value, torch.ones_like(value)) ** exponent, 0.0
    )


@each_encoding
class MSSSIM(CodeMetric):
    """Structural similarity over five scales; see :func:`ms_ssim`.

    Of light the channels are luminance, as the PU21 authors have it; of display codes RGB.
    """

    option_parameters = (CHANNELS_BY_DOMAIN, CRF_CORRECTION)
    measure = Measure(
        name="ms-ssim",
        title="Multi-scale structural similarity",
        higher_is_better=True,
        range=(0.0, 1.0),
        minimum_size=MINIMUM_SIZE,
        citation="Wang, Simoncelli and Bovik, Asilomar Conference 2003",
    )

    def code_compare(self, test: Tensor, kept: Any, mask: Tensor | None) -> Tensor:
        """Return the similarity over all scales."""
        return multi_scale(test, kept, self.data_range, mask)

    def conditions(self, reference: Tensor | None = None) -> dict[str, Any]:
        """Return encoding, channels and the variant of MS-SSIM."""
        return super().conditions(reference) | {
            "window": f"Gaussian {WINDOW}, sigma {SIGMA}",
            "border": "valid",
            "covariance": "population",
            "downsampling": "2x2 mean, odd sizes rounded up",
            "scale_weights": list(WEIGHTS),
        }
