"""What a run that learns opinions may be told."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hdrmetrics.errors import OptionError
from trainers.running.recipes import recipe_of


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network of opinions is trained.

    Parameters
    ----------
    backbone
        ``efficientnet-lite0``, or ``timm:NAME`` for any of timm's.
    start
        ``imagenet``, ``random``, or a weights file of ours.
    learn
        What is trained beside the head: ``none`` (statistics are frozen), ``last`` (all levels but
        the first three) or ``all``.
    hidden, dropout
        Of the head.
    epochs
        Passes over the training photographs.
    batch
        Views in a step.
    sides
        Of the views, in turn.
    whole
        Part of the views that show all of the photograph.
    framed
        Part of them that is put onto black.
    spoilt
        Views of a step that are seen spoilt too, which must score less by ``margin``.
    margin
        In points of ten.
    trunk_rate, head_rate
        Peak learning rates of AdamW.
    decay
        Its weight decay.
    correlation, ranking
        Weights of one less the correlation of a step's means with the opinions, and of the
        shortfall of spoilt views; that of the EMD is one.
    average
        Decay of the weights' average.
    validation
        Part of the groups held out of training.
    views
        Side and weight of the views that the metric looks in, see
        :class:`~hdrmetrics.learned.liked.card.View`.
    """

    backbone: str = "efficientnet-lite0"
    start: str = "imagenet"
    learn: str = "last"
    hidden: int = 256
    dropout: float = 0.25
    epochs: float = 8.0
    batch: int = 24
    sides: tuple[int, ...] = (224, 288, 352)
    whole: float = 0.5
    framed: float = 0.04
    spoilt: int = 3
    margin: float = 0.4
    trunk_rate: float = 1e-4
    head_rate: float = 1e-3
    decay: float = 0.02
    correlation: float = 0.2
    ranking: float = 0.1
    average: float = 0.998
    validation: float = 0.1
    views: tuple[tuple[float, float], ...] = ((448, 1.0), (256, 1.0))

    def __post_init__(self) -> None:
        if self.learn not in ("none", "last", "all"):
            raise OptionError(f"learn is none, last or all, not {self.learn!r}")
        if not (self.epochs > 0 and self.batch > 1 and 0 <= self.spoilt <= self.batch):
            raise OptionError("a run has epochs, batches of two views at least, few of them spoilt")
        if not self.sides or min(self.sides) < 64:
            raise OptionError("views have 64 pixels a side at least")
        if not 0 < self.validation < 0.5:
            raise OptionError("validation is a part of the groups, below a half")

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return asdict(self) | {"sides": list(self.sides), "views": [list(v) for v in self.views]}

    @property
    def digest(self) -> str:
        """SHA-256 of what is said here."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()


def read_recipe(path: Path) -> Recipe:
    """Return the recipe of a TOML file; what it leaves out is as :class:`Recipe` has it.

    Raises
    ------
    OptionError
        If it cannot be read, or says what no recipe says.
    """
    return recipe_of(path, Recipe)
