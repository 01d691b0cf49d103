"""Merging a stack of exposures into one HDR picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from hdrmetrics.assembly.response import Response, get_response
from hdrmetrics.assembly.stack import Stack, make_stack
from hdrmetrics.assembly.weights import Weighting, weight
from hdrmetrics.errors import OptionError, PixelValueError

Average = Literal["log", "linear", "likelihood"]
"""How exposures are averaged: logarithms of light (Debevec and Malik), light itself, or light with
the squared time as a further weight (Robertson et al.: the likeliest light if
all codes are equally noisy)."""

VALID = (0.5 / 255, 254.5 / 255)
"""Codes strictly between these count: with 8 bits all but 0 and 255."""


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """An HDR picture with the places where the stack could not tell.

    Parameters
    ----------
    light
        ``(N, C, H, W)``, linear, not negative: exposure per time, so that an exposure of
        time 1 is at full scale where the light is 1. Relative, unless the camera is calibrated.
    saturated
        ``(N, 1, H, W)``: some channel is clipped in every exposure; its light is a lower bound.
    dark
        ``(N, 1, H, W)``: some channel is black in every exposure; its light is an upper bound.
    gap
        ``(N, 1, H, W)``: some channel is black in one exposure and clipped in the next; the light
        is the lower bound from the clipped one.
    response
        Name of the response used.
    """

    light: Tensor
    saturated: Tensor
    dark: Tensor
    gap: Tensor
    response: str

    def report(self) -> dict[str, float | str]:
        """Return the response with the shares of saturated, dark and gap pixels, JSON-ready."""
        masks = {"saturated": self.saturated, "dark": self.dark, "gap": self.gap}
        shares = {name: float(mask.double().mean()) for name, mask in masks.items()}
        return {"response": self.response, **shares}


def merge(
    exposures: Sequence[Tensor] | Tensor,
    times: Sequence[float],
    *,
    response: str | Response = "srgb",
    weights: Weighting = "hat",
    average: Average = "log",
    valid: tuple[float, float] = VALID,
) -> Merged:
    """Merge exposures of one scene, taken from the same place, into linear light.

    Parameters
    ----------
    exposures
        At least two pictures in [0, 1], each ``(N, C, H, W)``, ``(C, H, W)`` or ``(H, W)``, in any
        order.
    times
        Exposure time of each, in seconds or relative, positive and different.
    response
        ``"linear"``, ``"srgb"``, ``"sigmoid"``, or a :class:`Response`, such as the one that
        :func:`estimate_debevec` or :func:`estimate_robertson` finds.
    weights
        See :data:`Weighting`.
    average
        See :data:`Average`.
    valid
        Codes at or below the first are dark, at or above the second saturated; neither counts.

    Returns
    -------
    Merged

    Raises
    ------
    OptionError, ShapeError, PixelValueError, DomainError
        See :func:`hdrmetrics.assembly.stack.make_stack`; a stack without one valid pixel is a
        :class:`PixelValueError`.

    References
    ----------
    P. E. Debevec and J. Malik, SIGGRAPH 1997; M. A. Robertson, S. Borman and R. L. Stevenson,
    "Estimation-theoretic approach to dynamic range enhancement using multiple exposures", Journal
    of Electronic Imaging 12(2), 2003.
    """
    if average not in get_args(Average):
        raise OptionError(f"average is one of {', '.join(get_args(Average))}; not {average!r}")
    low, high = valid
    if not 0 <= low < high <= 1:
        raise OptionError(f"valid codes span a range inside [0, 1], not {valid}")
    stack, camera = make_stack(exposures, times), get_response(response)
    dark, clipped = stack.codes <= low, stack.codes >= high
    if bool((dark | clipped).all()):
        what = "clipped" if bool(clipped.all()) else "black" if bool(dark.all()) else "invalid"
        raise PixelValueError(f"every pixel of every exposure is {what}: there is nothing to merge")

    light, seen = _average(stack, camera, dark | clipped, weights, average)
    light = torch.where(seen, light, _bound(stack, camera, clipped))
    all_clipped, all_dark = clipped.all(dim=0), dark.all(dim=0)
    gap = _in_any(~seen & ~all_clipped & ~all_dark)
    return Merged(light, _in_any(all_clipped), _in_any(all_dark), gap, camera.name)


def _in_any(mask: Tensor) -> Tensor:
    return mask.any(dim=1, keepdim=True)  # channel


def _average(
    stack: Stack, camera: Response, invalid: Tensor, weights: Weighting, average: Average
) -> tuple[Tensor, Tensor]:
    """Return the mean of the exposures, and where there is any with weight."""
    # Accumulated exposure by exposure: a stack of large photographs times five would not fit.
    total, sums = torch.zeros_like(stack.codes[0]), torch.zeros_like(stack.codes[0])
    smallest = torch.finfo(total.dtype).tiny
    for index, time in enumerate(stack.times):
        code = stack.codes[index]
        exposure = camera.decode(code)
        trust = weight(weights, code, exposure, time)
        trust = torch.where(invalid[index], torch.zeros_like(trust), trust)
        if average == "log":
            term = torch.log(exposure.clamp(min=smallest) / time)
        else:
            term = exposure / time
            trust = trust * time**2 if average == "likelihood" else trust
        total, sums = total + trust, sums + trust * term
    seen = total > 0
    mean = sums / torch.where(seen, total, torch.ones_like(total))
    return torch.exp(mean) if average == "log" else mean, seen


def _bound(stack: Stack, camera: Response, clipped: Tensor) -> Tensor:
    """Return what the light is at least, from clipped codes, or else at most, from the longest."""
    bound = camera.decode(stack.codes[-1]) / stack.times[-1]
    for index in reversed(range(len(stack.times))):
        least = camera.decode(stack.codes[index]) / stack.times[index]
        bound = torch.where(clipped[index], least, bound)  # the shortest clipped one says most
    return bound
