"""From an operator's display-referred values to what a display takes."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

from hdrmetrics.errors import OptionError
from hdrmetrics.numerics.pieces import pointwise
from hdrmetrics.photometry.transfer import srgb_encode

DisplayTransfer = Literal["srgb", "gamma2.2", "linear"]
"""``srgb``: IEC 61966-2-1; ``gamma2.2``: a power of 1/2.2; ``linear``: clipping only."""


def to_display(
    values: Tensor, *, transfer: DisplayTransfer = "srgb", encoded: bool = False
) -> Tensor:
    """Clip display-referred values and encode them as code values.

    Parameters
    ----------
    values
        What an operator returned, any shape: 0 black, 1 the display's white.
    transfer
        See :data:`DisplayTransfer`.
    encoded
        Whether the values are code values already (:attr:`OperatorInfo.encoded`): they are then
        clipped only.

    Returns
    -------
    Tensor
        Code values in [0, 1], same shape; the gradient is zero where a value was clipped.

    Raises
    ------
    OptionError
        For an unknown transfer function.
    """
    if transfer not in get_args(DisplayTransfer):
        known = ", ".join(get_args(DisplayTransfer))
        raise OptionError(f"transfer is one of {known}; not {transfer!r}")
    if encoded or transfer == "linear":
        return values.clamp(0.0, 1.0)
    if transfer == "srgb":
        return pointwise(srgb_encode, values)
    # The power's slope at 0 is infinite: this floor, far below any code value, keeps it finite.
    return torch.pow(values.clamp(1e-10, 1.0), 1 / 2.2) * (values > 0)
