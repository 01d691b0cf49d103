"""What a run learns: the steps, the looks at what is held out, the state, by one interface."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import torch
from torch import nn

from trainers.running.plan import mode_name


class ResumableLearner:
    """A network with its optimiser and the average of its weights, which a run keeps and restores.

    A subclass fills them in, and adds to :meth:`state` and :meth:`restore` what else changes.
    """

    net: Any
    optimiser: torch.optim.Optimizer
    average: Any

    def state(self) -> dict[str, Any]:
        """Return all that changes in a step."""
        return {
            "net": self.net.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "average": self.average.state(),
            "updates": self.average.updates,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what :meth:`state` returned."""
        self.net.load_state_dict(state["net"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.average.restore(state["average"], int(state["updates"]))


Own = TypeVar("Own", bound=ResumableLearner)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a run does what else there is to do.

    Parameters
    ----------
    noted
        Steps between rows of the log.
    judged
        Steps between looks at what is held out.
    kept
        Seconds between checkpoints.
    warming, tried
        Steps taken before those that are timed for a plan, and those.
    """

    noted: int
    judged: int
    kept: float
    warming: int
    tried: int


class Lesson(ABC, Generic[Own]):
    """What is learnt, and by whom.

    Parameters
    ----------
    make
        Makes the learner as it is before the first step, whenever it is called.
    peak
        Learning rate once it is warm; see :func:`~trainers.running.schedule.learning_rate`.
    mode
        Precision and layout in which it learns.
    """

    pace: ClassVar[Pace]
    diverged: ClassVar[float] = 10.0
    """The loss that no run reaches which goes well."""

    terms: ClassVar[tuple[str, ...]] = ("loss",)
    """What a step says: columns of ``log.csv``."""

    looks: ClassVar[tuple[str, ...]]
    """What a look says: columns of ``validation.csv``."""

    def __init__(
        self,
        make: Callable[[], Own],
        peak: float,
        mode: tuple[str, str] = ("float32", "contiguous"),
    ) -> None:
        self._make, self.peak, self.mode = make, peak, mode
        self.learner = make()

    def begin(self) -> None:
        """Forget every step."""
        self.learner = self._make()

    @abstractmethod
    def step(self, step: int, steps: int, rate: float) -> Mapping[str, float]:
        """Take a step, and return what it says."""

    @abstractmethod
    def look(self) -> Mapping[str, float]:
        """Return what is seen of what is held out."""

    @abstractmethod
    def choose(self) -> dict[str, Any]:
        """Keep the better of the last weights and their average, and return what is to be told."""

    def seconds(self) -> tuple[float, dict[str, float]]:
        """Return the seconds of a step on average, and of each mode; the steps are for nothing."""
        each = self.timed(lambda step: self.step(step, 0, 0.0))
        return each, {mode_name(*self.mode): each}

    def timed(self, step: Callable[[int], object]) -> float:
        """Return the seconds that a step takes, once it is warm."""
        for number in range(self.pace.warming + self.pace.tried):
            if number == self.pace.warming:
                began = time.perf_counter()
            step(number)
        return (time.perf_counter() - began) / self.pace.tried

    def take_average(self, better: bool) -> str:
        """Give the network the average of its weights if that is better; returns what it has."""
        if not better:
            return "last"
        net: nn.Module = self.learner.net
        net.load_state_dict(self.learner.average.state())
        return "average"
