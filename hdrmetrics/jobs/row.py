"""What became of one file of a job."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hdrmetrics.result import Score


@dataclass(frozen=True)
class Row:
    """What became of one file.

    Parameters
    ----------
    test, reference
        The files; ``"image 3"`` for the third one when it was not a file.
    scores
        By the metric's name; a metric that failed is missing here.
    errors
        By the metric's name, ``"file"`` when the file itself could not be read, or
        ``"map of"`` and the metric's name when the score is there but its map failed.
    """

    test: str
    reference: str | None
    scores: dict[str, Score] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether every metric gave a score."""
        return not self.errors

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "test": self.test,
            "reference": self.reference,
            "scores": {name: value.to_dict() for name, value in self.scores.items()},
            "errors": self.errors,
        }
