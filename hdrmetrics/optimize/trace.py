"""What a search tried, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Step = Literal["start", "scan", "gradient", "evolution", "check"]
"""``start``: where the search began; ``scan``: points spread over the space; ``gradient`` and
``evolution``: steps of a descent; ``check``: results of smaller copies, tried at a larger size."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One evaluation.

    Parameters
    ----------
    number
        From 1.
    side
        Longer side of the picture it was tried on, in pixels.
    step
        See :data:`Step`.
    settings
        Numbers of six digits.
    loss
        Lower is better; losses of different sizes do not compare.
    seconds
        Since the search began.
    """

    number: int
    side: int
    step: Step
    settings: dict[str, Any]
    loss: float
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "number": self.number,
            "side": self.side,
            "step": self.step,
            "settings": dict(self.settings),
            "loss": self.loss,
            "seconds": round(self.seconds, 3),
        }
