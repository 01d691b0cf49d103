"""What a run that learns to restore may be told."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.restoring.net import NetSize
from trainers.running.plan import LAYOUTS, PRECISIONS
from trainers.running.recipes import recipe_of

RECIPES = Path(__file__).with_name("recipes")
"""Those that come with the code."""

_BLURRED_OR_CUT = 0.58
"""Part of those with one degradation that is blurred or has its highlights cut off."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a restoration network is trained.

    Parameters
    ----------
    widths, middle
        Of the network.
    held
        Patches that weights are chosen by.
    part
        Pixels a side of the patches.
    untouched
        Part of the patches that is left clean.
    single
        Part of them with one degradation; the others are mixtures.
    ordered
        Part of the mixtures in the order in which a camera makes them; the others are shuffled.
    batch
        Patches in a step.
    rate
        Peak learning rate of AdamW.
    decay
        Its weight decay.
    filed
        Part of all patches that are at last saved as JPEG, as cameras and editors do, in a quality
        that is hardly seen: noise and blur look otherwise after it.
    clipping
        Part of those with one degradation whose highlights are cut off, at the cost of blur.
    gradient
        Weight of the differences of neighbours in the loss.
    floor
        What is added to distances before their logarithm: smaller, and harm to what is nearly
        clean counts more.
    insight
        Weight, in the loss, of knowing how much detail degradation took or added at each place.
    average
        Decay of the weights' average.
    precision, layout
        How the network is run: ``float32`` or ``bfloat16``, ``contiguous`` or ``channels_last``.

    Raises
    ------
    OptionError
        For values that cannot be.
    """

    widths: tuple[int, int, int] = (24, 48, 96)
    middle: int = 3
    held: int = 320
    part: int = 96
    untouched: float = 0.1
    single: float = 0.75
    ordered: float = 0.7
    batch: int = 12
    rate: float = 1.5e-3
    decay: float = 1e-4
    filed: float = 0.0
    clipping: float = 0.08
    gradient: float = 0.1
    floor: float = 0.05
    insight: float = 0.2
    average: float = 0.999
    precision: str = "bfloat16"
    layout: str = "channels_last"

    def __post_init__(self) -> None:
        _ = self.size
        if min(self.held, self.batch) < 1:
            raise OptionError("held and batch are at least 1")
        if self.part % 8 or not 32 <= self.part <= 128:
            raise OptionError(f"part is a multiple of 8, from 32 to 128; not {self.part}")
        if min(self.untouched, self.single) < 0 or self.untouched + self.single > 1:
            raise OptionError("untouched and single are parts of one whole")
        if not (0 <= self.clipping <= _BLURRED_OR_CUT and self.floor > 0):
            raise OptionError(f"clipping lies in [0, {_BLURRED_OR_CUT}], floor above 0")
        if not (0 <= self.ordered <= 1 and 0 <= self.filed <= 1 and 0 <= self.average < 1):
            raise OptionError("ordered and filed lie in [0, 1], average in [0, 1)")
        if self.precision not in PRECISIONS or self.layout not in LAYOUTS:
            raise OptionError(f"precision is one of {PRECISIONS}, layout one of {LAYOUTS}")

    @property
    def size(self) -> NetSize:
        """Of the network."""
        return NetSize(self.widths, self.middle)

    @property
    def digest(self) -> str:
        """SHA-256 of what is said here."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def read_recipe(path: Path) -> Recipe:
    """Return the recipe of a TOML file; what it leaves out is as :class:`Recipe` has it.

    Raises
    ------
    OptionError
        If it cannot be read, or says what no recipe says.
    """
    return recipe_of(path, Recipe)
