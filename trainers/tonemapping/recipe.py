"""What a run that learns to tone-map may be told."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.tonemapping.exposure_net import ExposureSize
from hdrmetrics.learned.tonemapping.grid_net import GridSize
from trainers.running.recipes import read_toml, recipe_of

RECIPES = Path(__file__).with_name("recipes")
"""Those that come with the code."""


@dataclass(frozen=True, slots=True)
class ExposureRecipe:
    """How a network of one exposure is trained.

    Parameters
    ----------
    form
        What is predicted.
    hidden
        Of the network; see :class:`~hdrmetrics.learned.tonemapping.exposure_net.ExposureSize`.
    metric
        The quality that is learnt from: a differentiable metric of display codes that needs no
        reference.
    batch
        Pictures in a step.
    likeness
        Weight of how well the quality of each exposure is foreseen.
    loss
        Weight of what the exposure that is said loses against the best.
    codes
        Weight of how well mean and contrast at full size are foreseen.
    rate, decay
        Peak learning rate of AdamW, and its weight decay: strong, so that what some hundred
        pictures teach stays near the formula of naturalness.
    average
        Decay of the weights' average.

    Raises
    ------
    OptionError
        For values that cannot be.
    """

    form: Literal["curve"] = "curve"
    hidden: int = 32
    metric: str = "norvdpnet-tmo"
    batch: int = 128
    likeness: float = 30.0
    loss: float = 10.0
    codes: float = 1.0
    rate: float = 6e-3
    decay: float = 6.0
    average: float = 0.99

    def __post_init__(self) -> None:
        _ = self.size
        if self.batch < 1 or not 0 <= self.average < 1:
            raise OptionError("batch is at least 1, and average lies in [0, 1)")
        if min(self.likeness, self.loss, self.codes, self.decay) < 0 or self.rate <= 0:
            raise OptionError("weights of losses and decay are at least 0, rate is above it")

    @property
    def size(self) -> ExposureSize:
        """Of the network."""
        return ExposureSize(self.hidden)

    @property
    def digest(self) -> str:
        """SHA-256 of what is said here."""
        return _digest(self)


@dataclass(frozen=True, slots=True)
class GridRecipe:
    """How a network of a grid of exposures is trained.

    Parameters
    ----------
    form
        What is predicted.
    widths, hidden, levels
        Of the network; see :class:`~hdrmetrics.learned.tonemapping.grid_net.GridSize`.
    metric
        The quality that is learnt from: a differentiable metric of display codes that needs no
        reference.
    batch
        Pictures in a step.
    pixels
        Of a picture, about.
    large
        Last part of the steps that sees four times as many: quality depends on size.
    scenes
        Part of the pictures that are HDR scenes; the others are photographs made HDR.
    contrast
        Contrast of light is raised to a power between one over this and this.
    colour
        Stops that a channel is made brighter or darker by, at most.
    smooth
        Weight of the grid's total variation.
    steady
        Weight of what changes when the picture is moved a little, in units of 2 %.
    near
        Weight of the distance from the photographic key.
    rate, decay
        Peak learning rate of AdamW, and its weight decay.
    average
        Decay of the weights' average.

    Raises
    ------
    OptionError
        For values that cannot be.
    """

    form: Literal["grid"] = "grid"
    widths: tuple[int, int, int] = (8, 16, 32)
    hidden: int = 64
    levels: int = 8
    metric: str = "norvdpnet-tmo"
    batch: int = 4
    pixels: int = 1 << 16
    large: float = 0.12
    scenes: float = 0.5
    contrast: float = 1.2
    colour: float = 0.3
    smooth: float = 0.0
    steady: float = 1e-3
    near: float = 1e-3
    rate: float = 5e-3
    decay: float = 1e-3
    average: float = 0.99

    def __post_init__(self) -> None:
        _ = self.size
        if self.batch < 1 or self.pixels < 4096:
            raise OptionError("batch is at least 1, pixels at least 4096")
        if not (0 <= self.large <= 1 and 0 <= self.scenes <= 1 and 0 <= self.average < 1):
            raise OptionError("large and scenes lie in [0, 1], average in [0, 1)")
        if self.contrast < 1 or min(self.colour, self.smooth, self.steady, self.near) < 0:
            raise OptionError("contrast is at least 1; colour and weights of losses at least 0")

    @property
    def size(self) -> GridSize:
        """Of the network."""
        return GridSize(self.widths, self.hidden, self.levels)

    @property
    def digest(self) -> str:
        """SHA-256 of what is said here."""
        return _digest(self)


Recipe = ExposureRecipe | GridRecipe

_KINDS: dict[str, type[Recipe]] = {"curve": ExposureRecipe, "grid": GridRecipe}


def read_recipe(path: Path) -> Recipe:
    """Return the recipe of a TOML file; what it leaves out is as the recipes here have it.

    Raises
    ------
    OptionError
        If it cannot be read, or says what no recipe says.
    """
    form = read_toml(path).get("form")
    if not (isinstance(form, str) and form in _KINDS):
        raise OptionError(f"{path}: form is one of {', '.join(_KINDS)}; not {form!r}")
    return recipe_of(path, _KINDS[form])


def _digest(recipe: Recipe) -> str:
    return hashlib.sha256(json.dumps(asdict(recipe), sort_keys=True).encode()).hexdigest()
