"""The draws of a set: a function of the recipe, the scene's name, with the frame's number alone."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeVar

import numpy as np

from datasets.item import Step
from datasets.recipe import Operation, Recipe, Source, StepRecipe
from datasets.streams import digest, stream
from hdrmetrics.codecs import codec_info, quality_at

N = TypeVar("N", int, float)

_SEED_BITS = 31  # enough for every generator, and short in a table


def draw_operations(recipe: Recipe, scene: str, frame: int, count: int) -> list[Operation]:
    """Return the operations of a frame's versions.

    They are spread over the shares by systematic sampling: ``count`` evenly spaced points with a
    random start, so that a frame sees as many different operations as it can while each keeps its
    share on average.
    """
    rng = stream(recipe.seed, recipe.name, "operations", scene, frame)
    ends = list(accumulate(operation.share for operation in recipe.operations))
    points = (float(rng.random()) + np.arange(count)) / count * ends[-1]
    picked = [min(bisect_right(ends, float(point)), len(ends) - 1) for point in points]
    order = rng.permutation(count)
    return [recipe.operations[picked[int(i)]] for i in order]


UNTOUCHED = Operation("none", share=0.0, strength=None, emphasis=1.0, steps=())
"""What the frame at the beginning of a recipe's series has gone through."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a frame that is to be made.

    Parameters
    ----------
    operation
        What is done.
    number
        Of the draws: versions of one series share it.
    level
        Place in the series, from 1; 0 where there is none.
    """

    operation: Operation
    number: int
    level: int = 0


def draw_versions(recipe: Recipe, source: Source, scene: str, frame: int) -> list[Version]:
    """Return the versions of a frame: one per drawn operation, or the untouched and its series."""
    operations = draw_operations(recipe, scene, frame, source.versions)
    if not recipe.series:
        return [Version(operation, number) for number, operation in enumerate(operations)]
    found = [Version(UNTOUCHED, len(operations))]
    for number, operation in enumerate(operations):
        found += [Version(operation, number, level) for level in range(1, recipe.series + 1)]
    return found


def draw_version(
    recipe: Recipe, operation: Operation, scene: str, frame: int, version: int, level: int = 0
) -> tuple[tuple[Step, ...], float | None, int]:
    """Return the steps of one version, its strength and its seed.

    Along a series (``level`` from 1) all draws are the same, so that nothing but the strength
    changes.
    """
    names = (recipe.name, "version", scene, frame, version)
    rng = stream(recipe.seed, *names)
    seed = draw_seed(recipe.seed, *names)
    strength = None
    if operation.strength is not None:
        low, high = operation.strength
        drawn = float(rng.random())
        if level:
            drawn = (level - 1 + drawn) / recipe.series
        strength = _short(low + (high - low) * drawn**operation.emphasis)
    chain = (*recipe.before, *operation.steps, *recipe.after)
    steps = [
        draw_step(one, 0.0 if strength is None else strength, draw_seed(seed, i), rng)
        for i, one in enumerate(chain)
        if one.chance >= 1.0 or float(rng.random()) < one.chance
    ]
    return tuple(steps), strength, seed


def draw_step(given: StepRecipe, strength: float, seed: int, rng: np.random.Generator) -> Step:
    """Return a step with its settings drawn.

    Parameters
    ----------
    given
        As in the recipe. A codec whose first setting is not given there takes it from its ladder,
        at the step's strength.
    strength
        Of the whole version, in [0, 1].
    seed
        For what is random in the step itself.
    rng
        Source of the settings.
    """
    low, high = given.part if given.own_strength is None else given.own_strength
    drawn = low + (high - low) * float(rng.random())
    own = _short(drawn if given.own_strength is not None else strength * drawn)
    settings = {name: setting.resolve(own, rng) for name, setting in given.settings}
    if given.kind == "codec":
        quality = codec_info(given.name).parameters[0].name
        if quality not in settings:
            settings[quality] = _short(quality_at(given.name, own))
    random = given.kind in ("distort", "capture", "shift", "place")
    return Step(
        given.kind,
        given.name,
        settings,
        own if given.kind == "distort" else None,
        seed if random else 0,
    )


def draw_seed(*names: str | int) -> int:
    """Return a seed that depends on the names alone."""
    return digest("seed", *names) >> (64 - _SEED_BITS)


def _short(value: N) -> N:
    """Six digits, as settings have them; whole numbers stay whole."""
    return type(value)(f"{value:.6g}")
