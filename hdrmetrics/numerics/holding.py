"""Values that an optimiser moves, held inside bounds with a gradient that leads back into them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def hold(value: Tensor, low: float, high: float) -> Tensor:
    """Return the value clamped to [low, high] for a descent that may have stepped out.

    Of the gradient outside, what a descent would follow further out is zero, what leads it back
    passes unchanged (that of a plain clamp is zero, and the value would stay out for ever).
    Inside, the gradient is untouched.
    """
    if torch._C._get_tracing_state() is not None:  # a traced graph knows no rule of ours
        return value.clamp(low, high)
    held: Tensor = _Hold.apply(value, low, high)  # type: ignore[no-untyped-call]
    return held


class _Hold(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(value: Tensor, low: float, high: float) -> Tensor:
        return value.clamp(low, high)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Tensor) -> None:
        value, ctx.low, ctx.high = inputs
        ctx.save_for_backward(value)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        (value,) = ctx.saved_tensors
        further = ((value > ctx.high) & (grads[0] < 0)) | ((value < ctx.low) & (grads[0] > 0))
        return grads[0].masked_fill(further, 0), None, None
