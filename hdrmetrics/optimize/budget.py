"""How long a search may take: evaluations, seconds, or both."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from hdrmetrics.errors import OptionError
from hdrmetrics.optimize.numbers import is_finite, is_whole

DEFAULT_EVALUATIONS = 60
_LEAST = 4  # the start, and enough others for each part of a search


class SpentError(Exception):
    """Raised where a search asks for more than its budget; whoever began it takes the best."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a search may use.

    Parameters
    ----------
    evaluations
        Pictures made and judged, whatever their size; ``None`` for 60, or as many as the seconds
        allow.
    seconds
        After which the last evaluation is begun; results then depend on the machine.

    Raises
    ------
    OptionError
        For fewer than 4 evaluations, or seconds that are not above 0.

    Examples
    --------
    >>> Budget().most
    60
    """

    evaluations: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        count, seconds = self.evaluations, self.seconds
        if count is not None and not is_whole(count, _LEAST):
            raise OptionError(
                f"a budget is a whole number of at least {_LEAST} evaluations, not {count!r}"
            )
        if seconds is not None and not (is_finite(seconds) and seconds > 0):
            raise OptionError(f"a budget in seconds is a number above 0, not {seconds!r}")

    @property
    def most(self) -> int:
        """The largest number of evaluations."""
        if self.evaluations is not None:
            return int(self.evaluations)
        return DEFAULT_EVALUATIONS if self.seconds is None else 1_000_000


class Meter:
    """Counts what is used, and ends parts of a search when their share is gone."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.used = 0
        self._start = time.monotonic()
        self._evaluations, self._seconds = budget.most, budget.seconds or math.inf

    @property
    def elapsed(self) -> float:
        """Seconds since the search began."""
        return time.monotonic() - self._start

    def allow(self, share: float) -> int:
        """Let the part that begins now use the budget up to a share of all; returns how much.

        Parameters
        ----------
        share
            Of the whole budget, in (0, 1], that may be gone when the part ends.

        Returns
        -------
        int
            Evaluations.
        """
        self._evaluations = max(self.used, math.floor(share * self.budget.most + 0.5))
        self._seconds = math.inf
        if self.budget.seconds is not None:
            self._seconds = share * self.budget.seconds
        return self._evaluations - self.used

    def spend(self) -> None:
        """Count one evaluation.

        Raises
        ------
        SpentError
            If none is left, or the time is over.
        """
        if self.used >= self._evaluations or self.elapsed >= self._seconds:
            raise SpentError
        self.used += 1
