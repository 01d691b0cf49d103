"""Plain differences of code values: mean squared, root mean squared and mean absolute error."""

from __future__ import annotations

import functools
import math
from typing import Any

import torch
from torch import Tensor

from hdrmetrics.metrics._plain import on_codes
from hdrmetrics.metrics.code_metric import CRF_CORRECTION, CodeMetric, Measure, each_encoding
from hdrmetrics.numerics.pieces import sum_of_squared_differences
from hdrmetrics.numerics.pooling import masked_mean
from hdrmetrics.numerics.recording import is_transformed


def mse(
    test: Tensor, reference: Tensor, *, data_range: float = 1.0, mask: Tensor | None = None
) -> Tensor:
    """Return the mean squared error of each image, in squared codes.

    Parameters
    ----------
    test, reference
        Codes ``(N, C, H, W)``.
    data_range
        Code of white: 1 for display-encoded values in [0, 1], 255 for 8-bit values, 256 for PU21.
        It says what the values can be; the error stays in their unit.
    mask
        Weights ``(N, 1, H, W)`` in [0, 1].

    Returns
    -------
    Tensor
        ``(N,)``, 0 for identical images.

    Raises
    ------
    ShapeError, PixelValueError, DomainError, OptionError
        For shapes that differ, NaN or infinity, values that are no codes of this range, and a
        range or mask that cannot be.
    """
    return on_codes(mean_squared_error, test, reference, data_range=data_range, mask=mask)


def rmse(
    test: Tensor, reference: Tensor, *, data_range: float = 1.0, mask: Tensor | None = None
) -> Tensor:
    """Return the root mean squared error of each image, in codes; arguments as for :func:`mse`.

    The gradient at identical images is zero, not undefined.
    """
    return on_codes(root_mean_squared_error, test, reference, data_range=data_range, mask=mask)


def mae(
    test: Tensor, reference: Tensor, *, data_range: float = 1.0, mask: Tensor | None = None
) -> Tensor:
    """Return the mean absolute error of each image, in codes; arguments as for :func:`mse`."""
    return on_codes(mean_absolute_error, test, reference, data_range=data_range, mask=mask)


def mean_squared_error(test: Tensor, reference: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the mean squared difference of each image ``(N,)``, in squared code values.

    Parameters
    ----------
    test, reference
        ``(N, C, H, W)``; the reference may be a batch of one.
    mask
        Weights ``(N, 1, H, W)`` in [0, 1].
    """
    if mask is not None:
        return masked_mean((test - reference).square(), mask)
    if is_transformed(test, reference):
        return (test - reference).square().mean(dim=(1, 2, 3))
    pairs = zip(test, reference.expand_as(test), strict=True)
    return torch.stack([sum_of_squared_differences(*pair) for pair in pairs]) / test[0].numel()


def encoded_mean_squared_error(metric: CodeMetric, test: Tensor, reference: Tensor) -> Tensor:
    """Return the mean squared difference of code values, each encoded once and never held.

    Parameters
    ----------
    metric
        Says how light is encoded; of all channels, without CRF correction.
    test, reference
        Light ``(N, C, H, W)``.
    """
    reference = reference.expand_as(test)
    anchor = metric.encoding.anchor(reference)
    sums = []
    for index, (one, other) in enumerate(zip(test, reference, strict=True)):
        own = None if anchor is None else anchor.expand(len(test), 1, 1, 1)[index].view(())
        encode = functools.partial(metric.encode, anchor=own)
        sums.append(sum_of_squared_differences(one, other, encode))
    return torch.stack(sums) / test[0].numel()


def can_fuse(metric: CodeMetric, test: Tensor, reference: Tensor, mask: Tensor | None) -> bool:
    """Return whether :func:`encoded_mean_squared_error` gives the metric's squared error."""
    plain = mask is None and metric.channels == "rgb" and not metric.crf_correction
    return plain and not is_transformed(test, reference)


def root_mean_squared_error(test: Tensor, reference: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the root of the mean squared difference of each image ``(N,)``, in code values.

    The gradient at identical images is zero, not undefined.
    """
    mse = mean_squared_error(test, reference, mask)
    positive: Tensor = mse > 0
    root: Tensor = torch.where(positive, mse, 1.0).sqrt() * positive
    return root


def mean_absolute_error(test: Tensor, reference: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the mean absolute difference of each image ``(N,)``, in code values."""
    return masked_mean((test - reference).abs(), mask)


class _Difference(CodeMetric):
    option_parameters = (CRF_CORRECTION,)

    def code_map(self, test: Tensor, kept: Any) -> Tensor:
        """Return the absolute error, mean over channels, in code values."""
        error: Tensor = (test - kept).abs().mean(dim=1, keepdim=True)
        return error


def _measure(name: str, title: str, unit: str) -> Measure:
    return Measure(
        name=name,
        title=title,
        higher_is_better=False,
        range=(0.0, math.inf),
        unit=unit,
        map_kind="error",
        citation="Gonzalez and Woods, Digital Image Processing",
    )


@each_encoding
class MSE(_Difference):
    """Mean squared error of code values."""

    measure = _measure("mse", "Mean squared error", "{unit}²")

    def code_compare(self, test: Tensor, kept: Any, mask: Tensor | None) -> Tensor:
        """Return the mean squared error."""
        return mean_squared_error(test, kept, mask)


@each_encoding
class RMSE(_Difference):
    """Root mean squared error of code values."""

    measure = _measure("rmse", "Root mean squared error", "{unit}")

    def code_compare(self, test: Tensor, kept: Any, mask: Tensor | None) -> Tensor:
        """Return the root mean squared error."""
        return root_mean_squared_error(test, kept, mask)


@each_encoding
class MAE(_Difference):
    """Mean absolute error of code values."""

    measure = _measure("mae", "Mean absolute error", "{unit}")

    def code_compare(self, test: Tensor, kept: Any, mask: Tensor | None) -> Tensor:
        """Return the mean absolute error."""
        return mean_absolute_error(test, kept, mask)
