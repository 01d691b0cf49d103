"""The picture that an inverse operator works on: linear light with how it was encoded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from hdrmetrics.photometry.color import luminance
from hdrmetrics.photometry.transfer import srgb_decode

SdrTransfer = Literal["gamma", "srgb", "linear"]
"""How code values become light: a plain power (as the papers assume), sRGB, or not at all."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One batch to expand.

    Parameters
    ----------
    light
        Linear light relative to white, ``(N, C, H, W)`` in [0, 1].
    luminance
        Of ``light``, ``(N, 1, H, W)`` in [0, 1].
    peak
        Luminance of the display's white in cd/m², ``(1, 1, 1, 1)`` or ``(N, 1, 1, 1)``.
    decode
        The transfer function, for constants that a paper gives as code values.
    """

    light: Tensor
    luminance: Tensor
    peak: Tensor
    decode: Callable[[Tensor], Tensor]


def decoder(transfer: SdrTransfer, gamma: Tensor) -> Callable[[Tensor], Tensor]:
    """Return the function from code values in [0, 1] to linear light in [0, 1]."""
    if transfer == "srgb":
        return srgb_decode
    if transfer == "linear":
        return lambda code: code
    return lambda code: power(code, gamma)


def make_signal(codes: Tensor, peak: Tensor, decode: Callable[[Tensor], Tensor]) -> Signal:
    """Return the signal of code values ``(N, C, H, W)`` in [0, 1]."""
    light = decode(codes)
    return Signal(light, luminance(light).clamp(max=1.0), peak, decode)


def relight(signal: Signal, target: Tensor) -> Tensor:
    """Return the pixels scaled to the luminance ``target`` ``(N, 1, H, W)``; black stays black."""
    return signal.light * divide(target, signal.luminance)


def divide(numerator: Tensor, denominator: Tensor) -> Tensor:
    """Return the quotient, 0 where the (not negative) denominator is 0, with finite gradients."""
    positive = denominator > 0
    quotient = numerator / torch.where(positive, denominator, torch.ones_like(denominator))
    return torch.where(positive, quotient, torch.zeros_like(quotient))


def power(base: Tensor, exponent: Tensor | float) -> Tensor:
    """Return base**exponent for base ≥ 0, 0 at 0 with finite gradients, also in the exponent."""
    positive = base > 0
    raised = torch.pow(torch.where(positive, base, torch.ones_like(base)), exponent)
    return torch.where(positive, raised, torch.zeros_like(raised))


def largest(x: Tensor) -> Tensor:
    """Return the largest value of each image, ``(N, 1, 1, 1)``."""
    return x.amax(dim=(1, 2, 3), keepdim=True)


def smallest(x: Tensor) -> Tensor:
    """Return the smallest value of each image, ``(N, 1, 1, 1)``."""
    return x.amin(dim=(1, 2, 3), keepdim=True)


def mean(x: Tensor) -> Tensor:
    """Return the mean of each image, ``(N, 1, 1, 1)``."""
    return x.mean(dim=(1, 2, 3), keepdim=True)


def log_mean(x: Tensor) -> Tensor:
    """Return the geometric mean of each image after adding 1e-6, ``(N, 1, 1, 1)``."""
    return torch.exp(mean(torch.log(x + 1e-6)))
