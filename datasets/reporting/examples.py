"""Examples of a table chosen over its range, with their pixels, for a contact sheet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from datasets.pixels import PixelSource
from datasets.recipe import parse_recipe
from datasets.reporting.contact_sheet import SheetEntry
from datasets.scenes.scene import Scene
from datasets.table import LabelTable, item_of, rows_of
from hdrmetrics.errors import OptionError

if TYPE_CHECKING:
    import pandas as pd


def choose_examples(
    frame: pd.DataFrame, count: int, *, distortion: str | None = None, seed: int = 0
) -> pd.DataFrame:
    """Return rows spread evenly over the target's range, from as many scenes as there are.

    Parameters
    ----------
    frame
        Of a label table.
    count
        How many.
    distortion
        Only this one; ``None`` for all.
    seed
        Of the choice.

    Raises
    ------
    OptionError
        If the table has no such distortion, or ``count`` is not positive.
    """
    if count < 1:
        raise OptionError(f"at least one example, not {count}")
    left = frame if distortion is None else frame[frame["distortion"] == distortion]
    if left.empty:
        known = ", ".join(sorted(frame["distortion"].unique()))
        raise OptionError(f"the table has no distortion {distortion!r}; it has {known}")
    rng = np.random.default_rng(seed)
    left = left.iloc[rng.permutation(len(left))]
    wanted = np.linspace(float(left["target"].max()), float(left["target"].min()), count)
    picked: list[int] = []
    scenes: set[str] = set()
    target, names = left["target"].to_numpy(), left["scene"].to_numpy()
    for value in wanted:
        nearest = np.argsort(np.abs(target - value), kind="stable")[: max(20, count)]
        fresh = [int(i) for i in nearest if int(i) not in picked and names[i] not in scenes]
        again = [int(i) for i in nearest if int(i) not in picked]
        if chosen := fresh or again:
            picked.append(chosen[0])
            scenes.add(str(names[chosen[0]]))
    return left.iloc[picked]


def sheet_entries(
    table: LabelTable, scenes: Sequence[Scene], rows: pd.DataFrame
) -> list[SheetEntry]:
    """Return the crops of rows with captions that tell what was done and how it was labelled.

    Raises
    ------
    UnknownNameError
        If a scene is not among those given.
    """
    recipe = parse_recipe(table.metadata["recipe"])
    pixels = PixelSource(scenes)
    entries = []
    for row in rows_of(rows):
        pair = pixels.pair(item_of(row))
        caption = _caption(row, table)
        entries.append(
            SheetEntry(pair.reference, pair.test, recipe.test, caption, recipe.reference)
        )
    return entries


def _caption(row: dict[str, Any], table: LabelTable) -> tuple[str, ...]:
    amounts = {
        name: f"{value:.3g}" if isinstance(value, float) else str(value)
        for name, value in json.loads(row["parameters"]).items()
        if not name.startswith("round.")  # the same for all
    }
    strength = "" if np.isnan(row["strength"]) else f"  strength {row['strength']:.2f}"
    labels = [f"{name.split('_', 1)[1]} {row[name]:.4g}" for name in table.metadata["labels"]]
    return (
        f"{row['distortion']}{strength}",
        " ".join(f"{name} {value}" for name, value in amounts.items()),
        f"target {row['target']:.3f}  {'  '.join(labels)}",
        f"{row['scene']}" + (f"  peak {row['peak']:.0f} cd/m²" if row["peak"] else ""),
    )
