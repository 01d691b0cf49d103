"""Debevec and Malik's estimate of a camera's response: one least-squares problem per channel."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from hdrmetrics.assembly.response import TableResponse
from hdrmetrics.assembly.stack import Stack, make_stack
from hdrmetrics.assembly.weights import triangle
from hdrmetrics.errors import OptionError, PixelValueError


def estimate_debevec(
    exposures: Sequence[Tensor] | Tensor,
    times: Sequence[float],
    *,
    levels: int = 256,
    samples: int = 150,
    smoothness: float = 20.0,
) -> TableResponse:
    """Estimate the response of the camera that took a stack of exposures.

    Parameters
    ----------
    exposures, times
        As for :func:`hdrmetrics.assembly.merge`; times matter up to a factor.
    levels
        Code values that the camera tells apart, 4 to 1024.
    samples
        Pixels used per channel: spread evenly over the ranks of their mean code.
    smoothness
        Weight of the curve's second differences; more for noisy pictures.

    Returns
    -------
    TableResponse
        Scaled so that the channels agree at the middle code, and the largest exposure is 1; a
        curve that falls somewhere is levelled there. Codes that no sample has are extrapolated by
        the smoothness alone.

    Raises
    ------
    OptionError, ShapeError, PixelValueError, DomainError
        For impossible options and stacks; for pictures without a pixel that is neither black nor
        clipped in at least two exposures.

    References
    ----------
    P. E. Debevec and J. Malik, "Recovering high dynamic range radiance maps from photographs",
    SIGGRAPH 1997.
    """
    if not 4 <= levels <= 1024 or samples < 2 or not smoothness > 0:
        raise OptionError(
            "the estimate takes 4 to 1024 levels, at least 2 samples, a positive smoothness; not "
            f"{levels}, {samples}, {smoothness}"
        )
    stack = make_stack(exposures, times)
    curves = [
        torch.exp(_solve(_sample(stack, channel, levels, samples), stack.times, levels, smoothness))
        for channel in range(stack.codes.shape[2])
    ]
    table = torch.stack(curves).cummax(dim=1).values
    return TableResponse((table / table.max()).to(stack.codes), "debevec97")


def _sample(stack: Stack, channel: int, levels: int, count: int) -> Tensor:
    """Return integer codes ``(samples, E)`` of pixels of all brightnesses."""
    codes = stack.codes[:, :, channel].detach().cpu().flatten(1).T  # the solver is LAPACK
    steps = torch.floor(codes.double() * (levels - 1) + 0.5).long()
    useful = ((steps > 0) & (steps < levels - 1)).sum(dim=1) >= 2
    steps = steps[useful]
    if steps.shape[0] < 2:
        raise PixelValueError(
            "no pixel is neither black nor clipped in two exposures: take exposures closer together"
        )
    order = torch.argsort(steps.sum(dim=1), stable=True)
    ranks = torch.linspace(0, order.numel() - 1, min(count, order.numel()), dtype=torch.float64)
    return steps[order[ranks.round().long()]]


def _solve(codes: Tensor, times: tuple[float, ...], levels: int, smoothness: float) -> Tensor:
    """Return the logarithm of the exposure at each code ``(levels,)``, 0 in the middle."""
    samples, count = codes.shape
    weights = triangle(torch.linspace(0, 1, levels, dtype=torch.float64))
    # The ends would weigh nothing, which leaves them undetermined: half a step's weight instead.
    smooth = smoothness * weights.clamp(min=0.5 / (levels - 1))
    trust = weights[codes].flatten()

    rows = samples * count
    matrix = torch.zeros(rows + levels - 1, levels + samples, dtype=torch.float64)
    wanted = torch.zeros(rows + levels - 1, dtype=torch.float64)
    row = torch.arange(rows)
    matrix[row, codes.flatten()] = trust
    matrix[row, levels + row // count] = -trust
    wanted[:rows] = trust * torch.tensor(times, dtype=torch.float64).log().repeat(samples)
    matrix[rows, levels // 2] = 1.0  # fixes the scale, which the pictures cannot tell
    inner = torch.arange(1, levels - 1)
    for shift, factor in ((-1, 1.0), (0, -2.0), (1, 1.0)):
        matrix[rows + inner, inner + shift] = factor * smooth[inner]
    solution: Tensor = torch.linalg.lstsq(matrix, wanted[:, None], driver="gelsd").solution
    return solution[:levels, 0]
