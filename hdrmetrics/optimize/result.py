"""What an optimisation returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from hdrmetrics.optimize.judge import Verdict
from hdrmetrics.optimize.trace import Trial


@dataclass(frozen=True, slots=True)
class Optimized:
    """Settings, the picture made with them, and how they were found.

    Parameters
    ----------
    name
        Of what was tuned.
    settings
        All its settings: the tuned ones, or the default where nothing better was found or the
        judge refused it. Given to the operator again they make :attr:`picture`.
    default
        The settings without tuning, those that the picture decides as numbers.
    picture
        ``(1, C, H, W)``, at full size.
    before, after
        What the metrics say of the default's picture and of :attr:`picture`.
    tuned
        Whether the settings differ from the default.
    reason
        Why they do not; empty where they do.
    found
        The settings that the search ended with, also where they were refused.
    verdict
        Of the judge on them; ``None`` without a judge, or where nothing better was found.
    trace
        Every evaluation.
    seconds
        Of the whole.
    """

    name: str
    settings: dict[str, Any]
    default: dict[str, Any]
    picture: Tensor
    before: Mapping[str, float]
    after: Mapping[str, float]
    tuned: bool
    reason: str
    found: dict[str, Any]
    verdict: Verdict | None
    trace: tuple[Trial, ...]
    seconds: float

    @property
    def evaluations(self) -> int:
        """How many pictures were made and judged."""
        return len(self.trace)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, without the picture."""
        return {
            "name": self.name,
            "settings": dict(self.settings),
            "default": dict(self.default),
            "before": dict(self.before),
            "after": dict(self.after),
            "tuned": self.tuned,
            "reason": self.reason,
            "found": dict(self.found),
            "judge": None if self.verdict is None else self.verdict.to_dict(),
            "evaluations": self.evaluations,
            "seconds": round(self.seconds, 3),
            "trace": [trial.to_dict() for trial in self.trace],
        }
