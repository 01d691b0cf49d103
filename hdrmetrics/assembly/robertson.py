"""Robertson et al.'s estimate of a camera's response: light and curve improved in turns."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from hdrmetrics.assembly.debevec import estimate_debevec
from hdrmetrics.assembly.response import Response, TableResponse, get_response
from hdrmetrics.assembly.stack import Stack, make_stack
from hdrmetrics.assembly.weights import robertson
from hdrmetrics.errors import OptionError, PixelValueError


def estimate_robertson(
    exposures: Sequence[Tensor] | Tensor,
    times: Sequence[float],
    *,
    levels: int = 256,
    start: str | Response | None = None,
    iterations: int = 30,
    tolerance: float = 1e-3,
) -> TableResponse:
    """Estimate the response of the camera that took a stack of exposures, from all its pixels.

    Parameters
    ----------
    exposures, times, levels
        As for :func:`~hdrmetrics.assembly.estimate_debevec`, with up to 65536 levels.
    start
        The curve to improve; ``None`` for that of :func:`estimate_debevec` (at most 1024 levels),
        ``"linear"`` as in the paper. The rounds hardly move what the pictures hardly determine,
        such as the curve's exponent with times in equal ratios, so the start matters.
    iterations
        At most so many rounds.
    tolerance
        Stop when no exposure of the table changes by more than this part of the largest.

    Returns
    -------
    TableResponse
        Scaled so that the channels agree at the middle code, and the largest exposure is 1. Codes
        that never occur are interpolated; the top code, of which only a lower bound is known,
        continues the slope before it.

    Raises
    ------
    OptionError, ShapeError, PixelValueError, DomainError
        For impossible options and stacks; for pictures that are all black or clipped.

    References
    ----------
    M. A. Robertson, S. Borman and R. L. Stevenson, "Estimation-theoretic approach to dynamic range
    enhancement using multiple exposures", Journal of Electronic Imaging 12(2), 2003.
    """
    if not 4 <= levels <= 65536 or iterations < 1 or not tolerance > 0:
        raise OptionError(
            f"the estimate takes 4 to 65536 levels, an iteration or more and a positive tolerance; "
            f"not {levels}, {iterations}, {tolerance}"
        )
    stack = make_stack(exposures, times)
    steps = torch.floor(stack.codes.detach().cpu().double() * (levels - 1) + 0.5).long()
    begun = _start(start, stack, levels)
    curves = [
        _alternate(steps[:, :, channel].flatten(1), stack.times, curve, iterations, tolerance)
        for channel, curve in enumerate(begun)
    ]
    table = torch.stack(curves).cummax(dim=1).values.clamp(min=0.0)
    return TableResponse((table / table.max()).to(stack.codes), "robertson03")


def _start(start: str | Response | None, stack: Stack, levels: int) -> Tensor:
    """Return the curves to improve, ``(C, levels)`` float64."""
    camera: Response
    if start is None:
        camera = estimate_debevec(list(stack.codes), stack.times, levels=levels)
    else:
        camera = get_response(start)
    channels = stack.codes.shape[2]
    codes = torch.linspace(0, 1, levels, dtype=torch.float64)
    return camera.decode(codes.expand(1, channels, 1, levels))[0, :, 0]


def _alternate(
    steps: Tensor, times: tuple[float, ...], begun: Tensor, iterations: int, tolerance: float
) -> Tensor:
    """Return the exposure at each code ``(levels,)`` of one channel's codes ``(E, pixels)``."""
    levels = begun.numel()
    time = torch.tensor(times, dtype=torch.float64)[:, None]
    weights = robertson(torch.linspace(0, 1, levels, dtype=torch.float64))
    trust = weights[steps] * time
    certainty = (trust * time).sum(dim=0)
    known = certainty > 0
    if not bool(known.any()):
        raise PixelValueError("every pixel is black or clipped in every exposure")
    steps, trust, certainty = steps[:, known], trust[:, known], certainty[known]

    flat = steps.flatten()
    counts = torch.bincount(flat, minlength=levels).double()
    seen = counts > 0
    seen[-1] = False  # clipped pixels are brighter than what their code stands for
    curve = _normalise(begun)
    for _ in range(iterations):
        light = (trust * curve[steps]).sum(dim=0) / certainty
        sums = torch.bincount(flat, weights=(time * light).flatten(), minlength=levels)
        new = _normalise(_fill(sums / counts.clamp(min=1.0), seen))
        change = float((new - curve).abs().max() / new.max())
        curve = new
        if change < tolerance:
            break
    return curve


def _normalise(curve: Tensor) -> Tensor:
    middle = curve[curve.numel() // 2]
    return curve / middle if bool(middle > 0) else curve / curve.max()


def _fill(curve: Tensor, seen: Tensor) -> Tensor:
    """Interpolate codes that never occur, from (0, 0) up to the last one seen, then onwards."""
    known = torch.nonzero(seen).flatten()
    if known.numel() == 0 or int(known[-1]) == 0:
        raise PixelValueError("too few different codes in the exposures to estimate a response")
    if int(known[0]) != 0:
        known = torch.cat([known.new_zeros(1), known])
        curve = torch.cat([curve.new_zeros(1), curve[1:]])
    places = torch.arange(curve.numel())
    right = torch.searchsorted(known, places).clamp(1, known.numel() - 1)
    first, last = known[right - 1], known[right]
    slope = (curve[last] - curve[first]) / (last - first)
    filled = curve[first] + slope * (places - first)
    # The slope between the last two codes is noisy; that over the last sixteenth is not.
    tail = int(known[-1])
    before = max(tail - curve.numel() // 16, 0)
    steady = (filled[tail] - filled[before]) / max(tail - before, 1)
    beyond = filled[tail] + steady.clamp(min=0.0) * (places - tail)
    return torch.where(places > tail, beyond, filled)
