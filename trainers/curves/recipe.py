"""What a run that learns to draw curves may be told."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.curves.losses import Form
from hdrmetrics.learned.curves.net import Kind
from trainers.running.plan import LAYOUTS, PRECISIONS
from trainers.running.recipes import recipe_of

RECIPES = Path(__file__).with_name("recipes")
"""Those that come with the code."""

TERMS = ("spatial", "exposure", "colour", "smoothness", "judged")
"""The losses, by the names of their weights."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a curve network is trained.

    Parameters
    ----------
    kind
        Of the network.
    seen
        Root of the number of pixels that it sees of a picture.
    looked
        Root of those that the losses see, after the curves; metrics see all.
    spatial, exposure, colour, smoothness
        Weights of the losses of :mod:`hdrmetrics.learned.curves.losses`; 0 leaves one out.
    judged
        Weight of what the metrics lack of their best, in the mean.
    judges
        Names of differentiable metrics without reference.
    judged_part
        Part of a batch that they are shown: they take most of the time.
    form
        Of the losses.
    metered
        Whether the mean code that is wanted of a picture is that of its good exposure, the one
        number that is told of it; otherwise it is ``target`` for all.
    target, region, neighbours
        The mean code, the side of the regions that are to have it, and of those
        that are compared with their neighbours.
    stops
        Darkest and brightest exposure that pictures are photographed at anew, in stops.
    untouched
        Part of the pictures that stays as it is.
    scenes
        Part of the pictures that is made from HDR scenes.
    wells
        Fewest and most electrons that a pixel of full scale collects.
    pool
        Exposures that are made before the first step, of which steps draw.
    batch
        Pictures in a step.
    rate, decay, deviation
        Peak learning rate of Adam and its weight decay; of drawn weights, see
        :func:`~hdrmetrics.learned.curves.net.fresh_net`.
    average
        Decay of the weights' average.
    held
        Pictures of each exposure that weights are chosen by.
    precision, layout
        How the network is run: ``float32`` or ``bfloat16``, ``contiguous`` or ``channels_last``.

    Raises
    ------
    OptionError
        For values that cannot be.
    """

    kind: Kind = "full"
    seen: int = 64
    looked: int = 64
    spatial: float = 1.0
    exposure: float = 1.0
    colour: float = 0.5
    smoothness: float = 20.0
    judged: float = 0.0
    judges: tuple[str, ...] = ("nima",)
    judged_part: float = 0.5
    form: Form = "patent"
    metered: bool = False
    target: float = 0.6
    region: int = 16
    neighbours: int = 4
    stops: tuple[float, float] = (-3.3, 2.2)
    untouched: float = 0.15
    scenes: float = 0.5
    wells: tuple[float, float] = (3_000.0, 30_000.0)
    pool: int = 3072
    batch: int = 12
    rate: float = 1e-3
    decay: float = 1e-4
    deviation: float = 0.02
    average: float = 0.995
    held: int = 24
    precision: str = "bfloat16"
    layout: str = "channels_last"

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind) or self.form not in get_args(Form):
            raise OptionError(f"kind is one of {get_args(Kind)}, form one of {get_args(Form)}")
        weights = [getattr(self, name) for name in TERMS]
        if min(weights) < 0 or not any(weights):
            raise OptionError("weights of losses are 0 or more, and not all 0")
        if self.judged and not self.judges:
            raise OptionError("judged has a weight: name the metrics as judges")
        counts = (self.pool, self.batch, self.held, self.region, self.neighbours)
        if min(*counts, self.seen // 8, self.looked // 8) < 1:
            raise OptionError(
                "pool, batch, held and regions are at least 1, what is seen and looked at 8"
            )
        parts = (self.untouched, self.scenes, self.judged_part, self.target)
        if not all(0 <= one <= 1 for one in parts) or not 0 <= self.average < 1:
            raise OptionError(
                "untouched, scenes, judged_part and target lie in [0, 1], average in [0, 1)"
            )
        if not (self.stops[0] < self.stops[1] and 0 < self.wells[0] <= self.wells[1]):
            raise OptionError("stops and wells go from the smaller to the larger")
        if self.precision not in PRECISIONS or self.layout not in LAYOUTS:
            raise OptionError(f"precision is one of {PRECISIONS}, layout one of {LAYOUTS}")

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
