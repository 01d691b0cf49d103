"""The card of a run that learnt to tone-map."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from hdrmetrics import create_metric
from hdrmetrics.learned.tonemapping.card import ToneCard
from trainers.running.run import read_run
from trainers.tonemapping.frames import PEAK, WIDENED
from trainers.tonemapping.recipe import GridRecipe, Recipe
from trainers.tonemapping.run import Wanted


def card_of(wanted: Wanted, recipe: Recipe) -> ToneCard:
    """Return the card of a finished run, whose results and failures are still to be found.

    Raises
    ------
    ImageReadError
        If the run is not finished.
    """
    said = read_run(wanted.out)
    learnt = said["sources"]["train"]
    seen = "parts and whole" if isinstance(recipe, GridRecipe) else "whole"
    data: list[dict[str, Any]] = []
    if learnt["scenes"]:
        data.append(
            {
                "name": "HDR scenes",
                "what": f"scenes of the training split, {seen}",
                "number": learnt["scenes"],
                "terms": "each its own: see the index of the folder",
            }
        )
    if learnt["photographs"]:
        data.append(
            {
                "name": "photographs made HDR",
                "what": f"photographs of the training split, by {WIDENED} with a peak of {PEAK:g}",
                "number": learnt["photographs"],
                "terms": "each its own: see the index of the folder",
            }
        )
    metric = create_metric(recipe.metric)
    quality = {"name": recipe.metric, "version": metric.info.version}
    training = {key: said[key] for key in ("sources", "validation", "weights", "environment")}
    return ToneCard(
        size=recipe.size,
        data=tuple(data),
        recipe={**asdict(recipe), "sha256": recipe.digest},
        seed=wanted.seed,
        steps=said["steps"],
        training={"quality": quality, **training},
    )
