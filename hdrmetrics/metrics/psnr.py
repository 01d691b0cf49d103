"""Peak signal-to-noise ratio, on all channels or on luminance."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import torch
from torch import Tensor

from hdrmetrics.metrics._plain import on_codes
from hdrmetrics.metrics.code_metric import CRF_CORRECTION, CodeMetric, Measure, each_encoding
from hdrmetrics.metrics.difference import (
    can_fuse,
    encoded_mean_squared_error,
    mean_squared_error,
)
from hdrmetrics.photometry.color import luminance

LOSS_FLOOR = 1e-10  # of the squared data range: the ratio at which the loss is zero, 100 dB


def psnr(
    test: Tensor, reference: Tensor, *, data_range: float = 1.0, mask: Tensor | None = None
) -> Tensor:
    """Return the peak signal-to-noise ratio of each image in dB.

    Arguments and errors as for :func:`~hdrmetrics.metrics.difference.mse`; ``inf`` for identical
    images.

    Examples
    --------
    >>> import torch
    >>> image = torch.full((1, 3, 8, 8), 0.5)
    >>> round(float(psnr(image, image + 0.1)), 3)
    20.0
    >>> round(float(psnr(image * 255, image * 255 + 25.5, data_range=255)), 3)
    20.0
    """
    return on_codes(
        lambda t, r, m: decibels(mean_squared_error(t, r, m), data_range),
        test, reference, data_range=data_range, mask=mask,
    )  # fmt: skip


def psnr_y(
    test: Tensor, reference: Tensor, *, data_range: float = 1.0, mask: Tensor | None = None
) -> Tensor:
    """Return the peak signal-to-noise ratio of luma (BT.709) in dB; arguments as for :func:`psnr`.

    For light, give ``pu21_encode(luminance(x))``, one channel: that is what ``pu21-psnr-y`` does.
    """

    def compare(t: Tensor, r: Tensor, m: Tensor | None) -> Tensor:
        return decibels(mean_squared_error(luminance(t), luminance(r), m), data_range)

    return on_codes(compare, test, reference, data_range=data_range, mask=mask)


def decibels(mse: Tensor, data_range: float) -> Tensor:
    """Return the ratio of the squared peak to a mean squared error, in dB."""
    return 20 * math.log10(data_range) - 10 * torch.log10(mse)


def decibel_loss(mse: Tensor, data_range: float) -> Tensor:
    """Return 100 dB minus the ratio, finite with finite slopes, and 0 where nothing differs."""
    error = mse / (LOSS_FLOOR * data_range**2)
    return torch.log1p(error) * (10 / math.log(10))


@each_encoding
class PSNR(CodeMetric):
    """Peak signal-to-noise ratio over all channels."""

    option_parameters = (CRF_CORRECTION,)
    measure = Measure(
        name="psnr",
        title="Peak signal-to-noise ratio",
        higher_is_better=True,
        range=(-math.inf, math.inf),
        unit="dB",
        map_kind="error",
        citation="Wang and Bovik, IEEE SPM 26(1), 2009; peak on PU21: Mantiuk and Azimi, PCS 2021",
    )

    def compare_pair(self, test: Tensor, reference: Tensor | None, mask: Tensor | None) -> Tensor:
        """Return the ratio in dB."""
        if reference is None or not can_fuse(self, test, reference, mask):
            return super().compare_pair(test, reference, mask)
        return decibels(encoded_mean_squared_error(self, test, reference), self.data_range)

    def code_compare(self, test: Tensor, kept: Any, mask: Tensor | None) -> Tensor:
        """Return the ratio in dB."""
        return decibels(mean_squared_error(test, kept, mask), self.data_range)

    def code_loss(self, test: Tensor, kept: Any, mask: Tensor | None) -> Tensor:
        """Return how far the ratio stays under 100 dB, softly: 0 for identical images."""
        return decibel_loss(mean_squared_error(test, kept, mask), self.data_range)

    def code_map(self, test: Tensor, kept: Any) -> Tensor:
        """Return the root of the squared error, mean over channels, in code values."""
        error: Tensor = (test - kept).square().mean(dim=1, keepdim=True).sqrt()
        return error


@each_encoding
class PSNRY(PSNR):
    """Peak signal-to-noise ratio of luminance."""

    measure = dataclasses.replace(
        PSNR.measure, name="psnr-y", title="Peak signal-to-noise ratio of luminance"
    )
    channels = "luminance"
