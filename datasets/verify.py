"""Whether a table's items can still be made: a sample made and labelled again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tqdm import tqdm

from datasets.pixels import PixelSource
from datasets.recipe import parse_recipe
from datasets.scenes.scene import Scene
from datasets.table import LabelTable, Row, item_of, rows_of
from datasets.unit import UnitRunner, digest_of
from hdrmetrics.errors import HdrMetricsError, OptionError

TOLERANCE = 0.01
"""Largest change of the target (its range is [0, 1]) that counts as the same label: a hundredth of
the scale, a tenth of what a learner can tell. Other builds of a codec or of torch stay far below;
another *version* of a codec may not, and then the item is another picture."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One item made again.

    Parameters
    ----------
    item, distortion
        Of the table.
    same_reference, same_test
        Whether the crops' half floats are the same bit by bit.
    difference
        Of the target from the table's, absolute.
    reason
        Why it could not be made; empty if it could.
    """

    item: str
    distortion: str
    same_reference: bool
    same_test: bool
    difference: float
    reason: str = ""

    @property
    def good(self) -> bool:
        """Whether the item is the one of the table, within the tolerance."""
        return not self.reason and self.difference <= TOLERANCE


def verify(
    table: LabelTable,
    scenes: Sequence[Scene],
    *,
    count: int = 40,
    seed: int = 0,
    progress: bool = True,
) -> list[Checked]:
    """Make a sample of a table's items again and compare pixels with labels.

    Parameters
    ----------
    table, scenes
        A table, with the scenes it was made of.
    count
        Size of the sample, spread evenly over the distortions.
    seed
        Of the sample.
    progress
        Whether to draw a progress bar.

    Raises
    ------
    OptionError
        Unless ``count`` is positive.
    """
    if count < 1:
        raise OptionError(f"a sample has at least one item, not {count}")
    rng = np.random.default_rng(seed)
    shuffled = table.frame.iloc[rng.permutation(len(table.frame))]
    turn = shuffled.groupby("distortion").cumcount()
    sample = shuffled.iloc[np.argsort(turn.to_numpy(), kind="stable")][:count]
    sample = sample.sort_index()  # neighbours share frames
    runner = UnitRunner(parse_recipe(table.metadata["recipe"]), PixelSource(scenes))
    rows = tqdm(rows_of(sample), desc="verify", unit="item", disable=not progress)
    return [_checked(table, runner, row) for row in rows]


def _checked(table: LabelTable, runner: UnitRunner, row: Row) -> Checked:
    """Make an item again and compare it with its row."""
    name, distortion, recipe = str(row["item"]), str(row["distortion"]), runner.recipe
    try:
        pair = runner.pixels.pair(item_of(row))
        labels = runner.labeller.label(
            runner.shown(pair.reference, recipe.reference),
            torch.stack([runner.shown(pair.test, recipe.test)]),
        )
        target = float(np.asarray(table.transform(labels[table.metadata["target_of"]]))[0])
    except HdrMetricsError as error:
        return Checked(name, distortion, False, False, float("nan"), str(error))
    return Checked(
        name,
        distortion,
        digest_of(pair.reference) == row["reference_digest"],
        digest_of(pair.test) == row["test_digest"],
        abs(target - float(row["target"])),
    )


def format_verification(checked: Sequence[Checked]) -> str:
    """Return the outcome of :func:`verify` as text, what differs first."""
    same = sum(one.same_reference and one.same_test for one in checked)
    good = sum(one.good for one in checked)
    worst = max((one.difference for one in checked if not one.reason), default=float("nan"))
    summary = (
        f"{len(checked)} items made again: {same} the same bit by bit, {good} within {TOLERANCE} "
        f"of the target; largest difference {worst:.2g}"
    )
    lines = [summary]
    for one in checked:
        if one.reason:
            lines.append(f"  {one.item} ({one.distortion}): {one.reason}")
        elif not one.good:
            lines.append(f"  {one.item} ({one.distortion}): target differs by {one.difference:.3g}")
    return "\n".join(lines)
