"""Peak signal-to-noise ratio, on all channels or on luminance."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from hdrmetrics.encoding import Encoding
from hdrmetrics.errors import OptionError
from hdrmetrics.metrics.code_metric import CodeMetric, Measure
from hdrmetrics.metrics.difference import (
    can_fuse,
    encoded_mean_squared_error,
    mean_squared_error,
)

LOSS_FLOOR = 1e-10  # of the squared data range: the loss stops at 100 dB


def psnr(
    test: Tensor, reference: Tensor, *, data_range: float, mask: Tensor | None = None
) -> Tensor:
    """Return the peak signal-to-noise ratio of each image in dB.

    Parameters
    ----------
    test, reference
        Code values ``(N, C, H, W)``.
    data_range
        Code value of white: 1 for display-encoded images, 256 for PU21.
    mask
        Weights ``(N, 1, H, W)`` in [0, 1].

    Returns
    -------
    Tensor
        ``(N,)``; ``inf`` for identical images.

    Raises
    ------
    OptionError
        If ``data_range`` is not positive.
    """
    if data_range <= 0:
        raise OptionError(f"data_range must be positive, not {data_range}")
    mse = mean_squared_error(test, reference, mask=mask)
    return decibels(mse, data_range)


def decibels(mse: Tensor, data_range: float) -> Tensor:
    """Return the ratio of the squared peak to a mean squared error, in dB."""
    return 20 * math.log10(data_range) - 10 * torch.log10(mse)


class PSNR(CodeMetric):
    """Peak signal-to-noise ratio over all channels."""

    measure = Measure(
        name="psnr",
        title="Peak signal-to-noise ratio",
        higher_is_better=True,
        range=(-math.inf, math.inf),
        unit="dB",
        map_kind="error",
        citation="Wang and Bovik, IEEE SPM 26(1), 2009; peak on PU21: Mantiuk and Azimi, PCS 2021",
    )

    def __init__(self, encoding: Encoding | None = None, *, crf_correction: bool = False) -> None:
        super().__init__(encoding, crf_correction=crf_correction)

    def compare_pair(self, test: Tensor, reference: Tensor | None, mask: Tensor | None) -> Tensor:
        """Return the ratio in dB."""
        if reference is None or not can_fuse(self, mask):
            return super().compare_pair(test, reference, mask)
        return decibels(encoded_mean_squared_error(self, test, reference), self.data_range)

    def code_compare(self, test: Tensor, kept: Any, mask: Tensor | None) -> Tensor:
        """Return the ratio in dB."""
        return psnr(test, kept, data_range=self.data_range, mask=mask)

    def code_loss(self, test: Tensor, kept: Any, mask: Tensor | None) -> Tensor:
        """Return the negative ratio, which stops at -100 dB."""
        mse = mean_squared_error(test, kept, mask=mask) / self.data_range**2
        return 10 * torch.log10(mse + LOSS_FLOOR)

    def code_map(self, test: Tensor, kept: Any) -> Tensor:
        """Return the root of the squared error, mean over channels, in code values."""
        error: Tensor = (test - kept).square().mean(dim=1, keepdim=True).sqrt()
        return error


class PSNRY(PSNR):
    """Peak signal-to-noise ratio of luminance."""

    measure = Measure(
        name="psnr-y",
        title="Peak signal-to-noise ratio of luminance",
        higher_is_better=True,
        range=(-math.inf, math.inf),
        unit="dB",
        map_kind="error",
        citation="Wang and Bovik, IEEE SPM 26(1), 2009; peak on PU21: Mantiuk and Azimi, PCS 2021",
    )

    def __init__(self, encoding: Encoding | None = None, *, crf_correction: bool = False) -> None:
        super().__init__(encoding, crf_correction=crf_correction)
        self.channels = "luminance"
