"""Settings of a tone curve moved along a quality, one picture at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from datasets.area import area_resize
from hdrmetrics.tonemap import create_operator, to_display
from hdrmetrics.tonemap.exposure_grid import tone_by_grid, total_variation

Quality = Callable[[Tensor, Tensor], Tensor]
"""From codes and light to a loss."""

STEPS = (18, 6)
"""Evaluations at half size, and then at full size."""

SMOOTH = 0.3
"""Weight of a grid's total variation."""

_RATE, _CELLS = 0.15, (1, 8, 8, 8)
_GAMMA = 0.4  # that γ may move from 1
_COLOUR = 0.1  # weight of its squared distance from there, as the networks have learnt


@dataclass(frozen=True)
class Form:
    """A tone curve with something to move.

    Parameters
    ----------
    start
        Where each number begins.
    tone
        From numbers and light to codes.
    penalty
        Of the numbers.
    """

    start: Callable[[], list[Tensor]]
    tone: Callable[[list[Tensor], Tensor], Tensor]
    penalty: Callable[[list[Tensor]], Tensor | float] = lambda _: 0.0


def _free(x: list[Tensor], light: Tensor) -> Tensor:
    gamma = 1 + _GAMMA * torch.tanh(x[1])
    return to_display(create_operator("reinhard_free", alpha=x[0].exp(), gamma=gamma)(light))


def _local(x: list[Tensor], light: Tensor) -> Tensor:
    operator = create_operator(
        "reinhard_free_local", alpha=x[0].exp(), gamma=1 + _GAMMA * torch.tanh(x[1]),
        locality=torch.sigmoid(x[2]),
    )  # fmt: skip
    return to_display(operator(light))


def _faded(x: list[Tensor]) -> Tensor:
    return _COLOUR * (_GAMMA * torch.tanh(x[1])).square()


def _numbers(*values: float) -> Callable[[], list[Tensor]]:
    return lambda: [torch.tensor(value) for value in values]


def _grid(smooth: float) -> Form:
    return Form(
        lambda: [torch.full(_CELLS, math.log(0.18))],
        lambda x, light: to_display(tone_by_grid(light, x[0])),
        lambda x: smooth * total_variation(x[0]).sum(),
    )


FORMS: dict[str, Form] = {
    "free": Form(_numbers(math.log(0.18), 0.0), _free, _faded),
    "local": Form(_numbers(math.log(0.18), 0.0, -2.0), _local, _faded),
    "grid": _grid(SMOOTH),
    "grid without variation": _grid(0.0),
}
"""By name; each begins at, or near, the key 0.18."""


def tuned(
    form: Form, quality: Quality, light: Tensor, steps: tuple[int, int] = STEPS
) -> list[Tensor]:
    """Return the numbers that Adam finds, those of the least loss at full size.

    Parameters
    ----------
    form
        What is moved.
    quality
        A loss.
    light
        ``(1, 3, H, W)``.
    steps
        See :data:`STEPS`.
    """
    height, width = light.shape[-2:]
    small = area_resize(light, (max(1, height // 2), max(1, width // 2)))
    numbers = [one.requires_grad_() for one in form.start()]
    adam = torch.optim.Adam(numbers, lr=_RATE)
    best, least = [one.detach().clone() for one in numbers], math.inf
    for step in range(sum(steps)):
        seen = small if step < steps[0] else light
        adam.param_groups[0]["lr"] = _RATE * (1 - 0.8 * step / sum(steps))
        adam.zero_grad()
        loss = quality(form.tone(numbers, seen), seen) + form.penalty(numbers)
        if step >= steps[0] and float(loss.detach()) < least:
            best, least = [one.detach().clone() for one in numbers], float(loss.detach())
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
    return best
