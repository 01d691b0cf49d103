"""What became of one photograph that was to be improved."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from hdrmetrics.improve.gains import gains_of
from hdrmetrics.improve.trigger import OVERALL
from hdrmetrics.jobs.batch import Row
from hdrmetrics.result import Score

Status = Literal["fine", "alert", "recommended", "enhanced", "kept", "skipped", "failed"]
"""``fine``: nothing triggers. ``alert``: it would gain. ``recommended``: enhancement was tried, and
passed the guard. ``enhanced``: the enhanced picture was written. ``kept``: the guard kept the
original. ``skipped``: it would gain, but its enhanced picture was there already. ``failed``: see
the errors."""


@dataclass(frozen=True)
class Improvement(Row):
    """A row of :func:`hdrmetrics.improve.job.improve_files`.

    ``test`` is the photograph, ``scores`` are those of the original, ``errors`` as in
    :class:`~hdrmetrics.jobs.batch.Row`, under ``"enhancement"`` what kept it from being enhanced.

    Parameters
    ----------
    status
        See :data:`Status`.
    triggers
        The degradations that reach their thresholds, see
        :class:`~hdrmetrics.improve.trigger.Decision`.
    requested
        Whether the user named the photograph, which then needs no trigger.
    after
        Scores of the enhanced picture.
    verdict
        Why it was kept, or what it gained.
    output
        The file that was written.
    previews
        ``before`` and ``after``: reduced pictures that were written for people.
    thumbnails
        The same for a page.
    """

    status: Status = "failed"
    triggers: tuple[str, ...] = ()
    requested: bool = False
    after: dict[str, Score] = field(default_factory=dict)
    verdict: str = ""
    output: str | None = None
    previews: dict[str, str] = field(default_factory=dict)
    thumbnails: dict[str, str] = field(default_factory=dict)

    @property
    def gains(self) -> dict[str, float]:
        """The probability of an improvement by degradation, and ``"overall"``."""
        return gains_of(self.scores)

    @property
    def improvability(self) -> float | None:
        """The overall probability, or the highest of single degradations; ``None`` if unknown."""
        gains = self.gains
        return gains[OVERALL] if OVERALL in gains else max(gains.values(), default=None)

    @property
    def expected(self) -> str:
        """What enhancement is expected to bring, in a sentence; empty where nothing triggers."""
        gains = self.gains
        if not self.triggers or self.improvability is None:
            return ""
        single = {name: gains[name] for name in self.triggers if name != OVERALL}
        most = f", most by {_words(max(single, key=lambda n: single[n]))}" if single else ""
        often = _often(max(gains[name] for name in self.triggers))
        return f"a moderate improvement or more in {often} of 100 photographs like this{most}"

    @property
    def files(self) -> list[str]:
        """All files that were written for it."""
        mine = [*self.previews.values(), *self.thumbnails.values()]
        return mine if self.output is None else [self.output, *mine]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What all scores have to say, each once."""
        scores = (*self.scores.values(), *self.after.values())
        return tuple(dict.fromkeys(text for score in scores for text in score.warnings))

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "input": self.test,
            "status": self.status,
            "improvability": self.improvability,
            "triggers": list(self.triggers),
            "expected": self.expected,
            "requested": self.requested,
            "verdict": self.verdict,
            "output": self.output,
            "previews": dict(self.previews),
            "scores": {name: score.to_dict() for name, score in self.scores.items()},
            "after": {name: score.to_dict() for name, score in self.after.items()},
            "errors": self.errors,
        }


def _often(probability: float) -> str:
    """Return how many of 100; nothing is foretold for certain."""
    if probability > 0.99:
        return "more than 99"
    return "less than 1" if probability < 0.01 else f"{100 * probability:.0f}"


def _words(degradation: str) -> str:
    return degradation.replace("-", " ")
