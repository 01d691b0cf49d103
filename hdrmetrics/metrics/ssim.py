"""Structural similarity on one scale."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.metric import MetricInfo
from hdrmetrics.metrics._plain import on_codes
from hdrmetrics.metrics.code_metric import (
    CHANNELS_BY_DOMAIN,
    CRF_CORRECTION,
    CodeMetric,
    Measure,
    each_encoding,
)
from hdrmetrics.numerics.filters import (
    filter_strip,
    gaussian_taps,
    pad,
    separable_filter,
)
from hdrmetrics.numerics.pieces import mean_in_strips, pieces_pay
from hdrmetrics.numerics.pooling import crop_to_valid, masked_mean
from hdrmetrics.numerics.recording import visible
from hdrmetrics.photometry.encoding import PU21, Encoding

WINDOW, SIGMA, K1, K2 = 11, 1.5, 0.01, 0.03
MARGIN = WINDOW // 2


SsimBorder = Literal["valid", "replicate"]
"""``valid``: windows inside the image only; ``replicate``: the border pixels are repeated."""

BORDER = Parameter(
    "border", None, None, "", "windows inside the image only, or border pixels repeated", "choice",
    get_args(SsimBorder),
    automatic="replicate on PU21 values, as MATLAB's ssim in the authors' code; else valid",
)  # fmt: skip

Part = Literal["ssim", "contrast-structure"]
"""The whole similarity, or its part without the luminance term."""


def ssim(
    test: Tensor,
    reference: Tensor,
    *,
    data_range: float = 1.0,
    border: SsimBorder = "valid",
    mask: Tensor | None = None,
) -> Tensor:
    """Return the structural similarity of each image.

    Gaussian window of 11 pixels and σ 1.5, K = 0.01 and 0.03, population covariance, no
    down-sampling; the mean over pixels, then over channels.

    Parameters
    ----------
    test, reference
        Code values ``(N, C, H, W)``.
    data_range
        Code of white: 1 for display-encoded values in [0, 1], 255 for 8-bit values, 256 for PU21.
    border
        ``valid``: windows inside the image only, as in the paper; ``replicate``: as MATLAB's
        ``ssim``.
    mask
        Weights ``(N, 1, H, W)`` in [0, 1], taken at each window's centre.

    Returns
    -------
    Tensor
        ``(N,)``, 1 for identical images, -1 at worst.

    Raises
    ------
    ShapeError
        If shapes differ, a side is under 11 pixels (with ``valid``), or the mask keeps no window.
    PixelValueError, DomainError, OptionError
        For NaN or infinity, values that are no codes of this range, and a range, border or mask
        that cannot be.

    References
    ----------
    Z. Wang, A. C. Bovik, H. R. Sheikh and E. P. Simoncelli, "Image quality assessment: from error
    visibility to structural similarity", IEEE TIP 13(4), 2004.
    """
    BORDER.check(border)
    return on_codes(
        lambda t, r, m: similarity(t, r, data_range, border, m),
        test, reference, data_range=data_range, mask=mask,
    )  # fmt: skip


def similarity(
    test: Tensor, reference: Tensor, data_range: float, border: SsimBorder, mask: Tensor | None
) -> Tensor:
    """Return the structural similarity of each image, whatever its values: see :func:`ssim`."""
    test, reference, mask = with_border(test, reference, mask, border)
    if mask is None:
        return mean_similarity(test, reference, data_range).mean(dim=1)
    return masked_mean(local_similarity(test, reference, data_range), usable(mask))


def ssim_map(
    test: Tensor, reference: Tensor, *, data_range: float = 1.0, border: SsimBorder = "valid"
) -> Tensor:
    """Return the local structural similarity ``(N, 1, H', W')``, mean over channels.

    With ``valid`` borders the map is 10 pixels smaller each way; arguments as for :func:`ssim`.
    """
    BORDER.check(border)
    return on_codes(
        lambda t, r, _: similarity_map(t, r, data_range, border),
        test, reference, data_range=data_range, mask=None,
    )  # fmt: skip


def similarity_map(
    test: Tensor, reference: Tensor, data_range: float, border: SsimBorder
) -> Tensor:
    """Return the local similarity, whatever the values: see :func:`ssim_map`."""
    test, reference, _ = with_border(test, reference, None, border)
    return local_similarity(test, reference, data_range).mean(dim=1, keepdim=True)


def with_border(
    test: Tensor, reference: Tensor, mask: Tensor | None, border: SsimBorder
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return both images with the border added, and the mask of the windows that remain."""
    if border == "valid":
        return test, reference, crop_to_valid(mask, MARGIN)
    return pad(test, MARGIN, MARGIN, border), pad(reference, MARGIN, MARGIN, border), mask


def usable(mask: Tensor) -> Tensor:
    """Return the mask, or raise when no window is left in it."""
    seen = visible(mask)
    if seen is not None and not bool((seen.flatten(-3).sum(dim=-1) > 0).all()):
        raise ShapeError("the mask keeps no whole 11×11 window; use border='replicate'")
    return mask


def local_similarity(
    test: Tensor, reference: Tensor, data_range: float, part: Part = "ssim"
) -> Tensor:
    """Return a part of the similarity of every window ``(N, C, H - 10, W - 10)``."""
    constants = _constants(data_range)
    planes = _planes(test, reference.expand_as(test), constants)
    filtered = separable_filter(torch.stack(planes), gaussian_taps(WINDOW, SIGMA))
    return _combine(list(filtered.unbind(0)), constants, part)


def mean_similarity(
    test: Tensor, reference: Tensor, data_range: float, part: Part = "ssim"
) -> Tensor:
    """Return the mean of a part of the similarity over windows, of each channel ``(N, C)``."""
    if not pieces_pay(test, reference) or min(test.shape[-2:]) < WINDOW:
        return local_similarity(test, reference, data_range, part).mean(dim=(2, 3))
    taps, constants = gaussian_taps(WINDOW, SIGMA), _constants(data_range)

    def formula(x: Tensor, y: Tensor) -> Tensor:
        filtered = [filter_strip(plane, taps, taps) for plane in _planes(x, y, constants)]
        return _combine(filtered, constants, part)

    return mean_in_strips(formula, test, reference, 2 * MARGIN)


def _constants(data_range: float) -> tuple[float, float]:
    """Return half of the formula's two constants; see :func:`_combine`."""
    if not data_range > 0:
        raise OptionError(f"data_range must be positive, not {data_range}")
    return (K1 * data_range) ** 2 / 2, (K2 * data_range) ** 2 / 2


def _planes(x: Tensor, y: Tensor, constants: tuple[float, float]) -> list[Tensor]:
    """Return what is filtered: both images, their half squares, and their product.

    The window's weights sum to one, so a constant may be added before it is applied.
    """
    product = torch.addcmul(x.new_tensor(constants[1]), x, y)
    # (x² + y²)/2 = xy + (x - y)²/2 makes identical images exactly one, whatever the rounding.
    difference = x - y
    return [x, y, torch.addcmul(product, difference, difference, value=0.5), product]


def _combine(filtered: list[Tensor], constants: tuple[float, float], part: Part) -> Tensor:
    """Return the local similarity, or its contrast-structure part, from the filtered planes.

    Only the sum of both variances is needed, so four filters do, not five. Numerators and
    denominators are half of those in the paper.
    """
    mean_x, mean_y, half_squares, product = filtered
    mean_product = mean_x * mean_y
    difference = mean_x - mean_y
    mean_squares = torch.addcmul(mean_product, difference, difference, value=0.5)
    covariance, variance = product - mean_product, half_squares - mean_squares
    if part == "contrast-structure":
        return covariance / variance
    c1 = constants[0]
    return covariance * (mean_product + c1) / (variance * (mean_squares + c1))


def _default_border(encoding: type[Encoding]) -> SsimBorder:
    return "replicate" if encoding is PU21 else "valid"


def _minimum(border: SsimBorder) -> int:
    return WINDOW if border == "valid" else 1


@each_encoding
class SSIM(CodeMetric):
    """Structural similarity on one scale; see :func:`ssim`.

    Of light the channels are luminance, as the PU21 authors have it; of display codes RGB.
    """

    option_parameters = (CHANNELS_BY_DOMAIN, BORDER, CRF_CORRECTION)
    measure = Measure(
        name="ssim",
        title="Structural similarity",
        higher_is_better=True,
        range=(-1.0, 1.0),
        map_kind="similarity",
        citation="Wang, Bovik, Sheikh and Simoncelli, IEEE TIP 13(4), 2004",
    )

    border: SsimBorder

    def __init__(self, encoding: Encoding | None = None, **options: Any) -> None:
        super().__init__(encoding, **options)
        self.info = dataclasses.replace(self.info, minimum_size=_minimum(self.border))

    def automatic(self, name: str) -> Any:
        """Return the value of an option whose default is none."""
        own = _default_border(type(self.encoding))
        return own if name == "border" else super().automatic(name)

    @classmethod
    def describe(cls, encoding: type[Encoding]) -> MetricInfo:
        """Return the description on an encoding, with the size its default border needs."""
        border = _default_border(encoding)
        return dataclasses.replace(super().describe(encoding), minimum_size=_minimum(border))

    def code_compare(self, test: Tensor, kept: Any, mask: Tensor | None) -> Tensor:
        """Return the mean similarity."""
        return similarity(test, kept, self.data_range, self.border, mask)

    def code_map(self, test: Tensor, kept: Any) -> Tensor:
        """Return the local similarity."""
        return similarity_map(test, kept, self.data_range, self.border)

    def conditions(self, reference: Tensor | None = None) -> dict[str, Any]:
        """Return encoding, channels and the variant of SSIM."""
        return super().conditions(reference) | {
            "window": f"Gaussian {WINDOW}, sigma {SIGMA}",
            "border": self.border,
            "covariance": "population",
            "downsampling": "none",
        }
