"""The card of a run that learnt to restore."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from datasets.scenes.biq2021 import LICENCE
from hdrmetrics.learned.restoring.card import RestorationCard
from hdrmetrics.learned.restoring.weights import read_restoration_card
from hdrmetrics.learned.tensorfile import card_path
from trainers.restoring.recipe import Recipe
from trainers.restoring.run import Wanted
from trainers.running.run import read_run


def card_of(wanted: Wanted, recipe: Recipe) -> RestorationCard:
    """Return the card of a finished run, whose results and failures are still to be found.

    Raises
    ------
    ImageReadError
        If the run is not finished.
    """
    said = read_run(wanted.out)
    data: list[dict[str, Any]] = []
    if wanted.opinions is not None:
        data.append(
            {
                "name": "BIQ2021",
                "what": "stock photographs of its table for training with a mean opinion over 0.7, "
                "halved; none that shows what one of its test table shows",
                "terms": LICENCE,
            }
        )
    if wanted.photographs is not None:
        data.append(
            {
                "name": "photographs of high quality",
                "what": "a folder of pictures by free licences, made smaller by 1.5 to 2",
                "terms": "each its own: see the index of the folder",
            }
        )
    training = {
        key: said[key]
        for key in ("start_from", "sources", "validation_psnr", "weights", "environment")
    }
    if wanted.start_from is not None:
        before = read_restoration_card(card_path(wanted.start_from))
        training["before"] = {
            "seed": before.seed, "steps": before.steps, "recipe": dict(before.recipe),
        }  # fmt: skip
        if "before" in before.training:
            training["before"]["before"] = before.training["before"]
    return RestorationCard(
        size=recipe.size,
        data=tuple(data),
        recipe={**asdict(recipe), "sha256": recipe.digest},
        seed=wanted.seed,
        steps=said["steps"],
        training=training,
    )
