"""The card of a run that learnt to draw curves."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from datasets.scenes.biq2021 import LICENCE
from hdrmetrics.learned.curves.card import CurveCard
from trainers.curves.recipe import Recipe
from trainers.curves.run import Wanted
from trainers.running.run import read_run


def card_of(wanted: Wanted, recipe: Recipe) -> CurveCard:
    """Return the card of a finished run, whose results and failures are still to be found.

    Raises
    ------
    ImageReadError
        If the run is not finished.
    """
    said = read_run(wanted.out)
    data: list[dict[str, Any]] = []
    if wanted.photographs is not None:
        data.append(
            {
                "name": "photographs",
                "what": "a folder of pictures by free licences, of the scenes for training",
                "terms": "each its own: see the index of the folder",
            }
        )
    if wanted.opinions is not None:
        data.append(
            {
                "name": "BIQ2021",
                "what": "some photographs of its table for training, without the opinions",
                "terms": LICENCE,
            }
        )
    if wanted.scenes is not None:
        data.append(
            {
                "name": "HDR scenes",
                "what": "a folder of scenes by free licences, of those for training, through a "
                "camera with noise",
                "terms": "each its own: see the index of the folder",
            }
        )
    keys = ("start_from", "sources", "validation_psnr", "weights", "environment")
    return CurveCard(
        kind=recipe.kind,
        seen=recipe.seen,
        data=tuple(data),
        recipe={**asdict(recipe), "sha256": recipe.digest},
        seed=wanted.seed,
        steps=said["steps"],
        training={key: said[key] for key in keys},
    )
