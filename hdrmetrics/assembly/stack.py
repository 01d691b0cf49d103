"""The checks on a stack of exposures, shared by merging and response estimation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from hdrmetrics.errors import DomainError, OptionError, PixelValueError, ShapeError
from hdrmetrics.picture.pixels import as_batch

_TOLERANCE = 1e-3  # a code of 1 after float rounding


@dataclass(frozen=True, slots=True)
class Stack:
    """Exposures of one scene (or a batch of scenes), shortest first.

    Parameters
    ----------
    codes
        ``(E, N, C, H, W)`` in [0, 1].
    times
        E exposure times, rising.
    """

    codes: Tensor
    times: tuple[float, ...]


def make_stack(exposures: Sequence[Tensor] | Tensor, times: Sequence[float]) -> Stack:
    """Return the exposures sorted by time, or raise what is wrong with them.

    Parameters
    ----------
    exposures
        E pictures in [0, 1], each ``(N, C, H, W)``, ``(C, H, W)`` or ``(H, W)``.
    times
        E exposure times, in seconds or relative, positive and different.

    Raises
    ------
    OptionError
        For fewer than two exposures, a wrong number of times, or times that are not positive,
        finite and different.
    ShapeError
        If the pictures differ in shape.
    PixelValueError, DomainError
        For NaN or infinity, and values outside [0, 1].
    """
    if len(exposures) < 2:
        raise OptionError(f"merging takes at least 2 exposures, not {len(exposures)}")
    if len(times) != len(exposures):
        raise OptionError(f"{len(times)} exposure times for {len(exposures)} exposures")
    seconds = [float(t) for t in times]
    if not all(math.isfinite(t) and t > 0 for t in seconds):
        raise OptionError(f"exposure times are positive, not {', '.join(map(str, seconds))}")
    if len(set(seconds)) != len(seconds):
        raise OptionError("two exposures have the same time: average them first, or drop one")
    batches = [as_batch(one, f"exposure {i + 1}") for i, one in enumerate(exposures)]
    for index, batch in enumerate(batches):
        if batch.shape != batches[0].shape:
            raise ShapeError(
                f"exposure {index + 1} is {tuple(batch.shape)}, the first one "
                f"{tuple(batches[0].shape)}: align and crop them first"
            )
        low, high = (float(v) for v in torch.aminmax(batch.detach()))
        if not (math.isfinite(low) and math.isfinite(high)):
            raise PixelValueError(f"exposure {index + 1} has values that are NaN or infinite")
        if low < -_TOLERANCE or high > 1 + _TOLERANCE:
            raise DomainError(
                f"exposure {index + 1} spans {low:.4g} to {high:.4g}; code values lie in [0, 1]: "
                "divide 8-bit values by 255"
            )
    order = sorted(range(len(seconds)), key=seconds.__getitem__)
    codes = torch.stack([batches[i].to(batches[0]) for i in order]).clamp(0.0, 1.0)
    return Stack(codes, tuple(seconds[i] for i in order))
