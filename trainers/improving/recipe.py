"""What a run that learns improvability may be told; labels are fixed here, before any training."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hdrmetrics.errors import OptionError
from trainers.running.recipes import recipe_of

RESTORE = "restore"
"""The enhancer whose network also sees what there is to gain."""


@dataclass(frozen=True, slots=True)
class GainRecipe:
    """How an improvability model is made.

    Parameters
    ----------
    enhancer
        Of :func:`hdrmetrics.enhance.create_enhancer`: whose gains they are.
    metric
        A full-reference metric of the package, in [0, 1], that says the true gain against the
        pristine original; never our own predictor of opinions.
    takes
        Degraded photographs of each split.
    untouched, single
        Parts of them that stay clean, and that have one degradation; the others have several.
    filed
        Part of them all that is at last saved as JPEG of a usual quality, see
        :func:`trainers.restoring.degrade.filed`.
    prevalence, significant
        Parts of the training photographs whose gain is moderate or more, and significant: their
        quantiles are the thresholds of labels 1 and 2.
    harmed
        Loss of quality from which the label is −1.
    room
        Pixels a side, at most, of the parts of photographs that are degraded.
    side, along
        Of the parts of a photograph that are looked at.
    ridge
        Strengths of the pull towards nothing of the baseline, tried on the validation split.
    pull
        Strengths of the pull of the tuned layer towards the baseline, likewise.
    """

    enhancer: str = RESTORE
    metric: str = "ms-ssim"
    takes: tuple[int, int, int] = (6000, 800, 1200)
    untouched: float = 0.15
    single: float = 0.6
    filed: float = 0.6
    prevalence: float = 0.3
    significant: float = 0.1
    harmed: float = 0.01
    side: int = 160
    along: int = 2
    room: int = 256
    ridge: tuple[float, ...] = (30.0, 100.0, 300.0, 1000.0)
    pull: tuple[float, ...] = (1e-3, 1e-2, 1e-1)

    def __post_init__(self) -> None:
        if len(self.takes) != 3 or min(self.takes) < 20:
            raise OptionError(f"takes are three numbers of 20 or more, not {self.takes}")
        if not (self.untouched >= 0 and self.single >= 0 and self.untouched + self.single <= 1):
            raise OptionError("untouched and single are parts of one whole")
        if not 0 <= self.filed <= 1:
            raise OptionError(f"filed is a part, not {self.filed}")
        if not (0 < self.significant < self.prevalence < 1 and self.harmed > 0):
            raise OptionError("significant is a part of prevalence, and harmed above 0")
        if not 32 <= self.room <= 4096:
            raise OptionError(f"room is 32 to 4096 pixels, not {self.room}")
        if not (32 <= self.side <= 1024 and 1 <= self.along <= 8):  # as cards have it
            raise OptionError("parts have a side of 32 to 1024, and are 1 to 8 along an axis")
        for name in ("ridge", "pull"):
            if not getattr(self, name) or min(getattr(self, name)) <= 0:
                raise OptionError(f"{name} is a list of strengths above 0")

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        lists = {name: list(getattr(self, name)) for name in ("takes", "ridge", "pull")}
        return asdict(self) | lists

    @property
    def digest(self) -> str:
        """SHA-256 of what is said here."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()


def read_recipe(path: Path) -> GainRecipe:
    """Return the recipe of a TOML file; what it leaves out is as :class:`GainRecipe` has it.

    Raises
    ------
    OptionError
        If it cannot be read, or says what no recipe says.
    """
    return recipe_of(path, GainRecipe)
