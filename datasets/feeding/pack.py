"""Packing a table's crops into a store: a cache for training, or a load small enough to carry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from datasets.feeding.store import StoreWriter
from datasets.pixels import PixelSource
from datasets.recipe import parse_recipe
from datasets.scenes.scene import Scene
from datasets.streams import digest
from datasets.table import LabelTable, item_of, rows_of
from datasets.workers import Outcome, run_jobs
from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.errors import HdrMetricsError, OptionError

Content = Literal["tests", "pairs", "references"]
"""``tests``: the distorted crops; ``pairs``: these with their references; ``references``: the
references alone, for distortions made where the pack goes."""

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class PackResult:
    """What a pack holds.

    Parameters
    ----------
    items
        Items whose crops are all there.
    of
        Items that were asked for.
    crops, n_bytes
        Crops stored, and their size on disk.
    failures
        ``item``, ``scene``, ``reason`` of what could not be made.
    """

    items: int
    of: int
    crops: int
    n_bytes: int
    failures: list[dict[str, str]]


def pack(
    table: LabelTable,
    scenes: Sequence[Scene],
    out: Path,
    *,
    content: Content = "tests",
    max_mb: float | None = None,
    squeezed: bool = True,
    split: str | None = None,
    workers: int = 1,
    progress: bool = True,
) -> PackResult:
    """Make the crops of a table again and store them.

    Parameters
    ----------
    table, scenes
        A table, with the scenes it was made of.
    out
        Folder of the store; ``store.json`` in it names the crops that are there.
    content
        See :data:`Content`.
    max_mb
        Largest size on disk in 10⁶ bytes. Whole frames are taken in an order that depends on
        names alone and mixes the scenes, until the next one does not fit.
    squeezed
        Smaller on disk, kept in memory once read; otherwise read in place.
    split
        ``train``, ``validation`` or ``test`` only.
    workers
        Processes that make the crops.
    progress
        Whether to draw a progress bar.

    Raises
    ------
    OptionError
        For an unknown content, or if nothing is left to pack.
    """
    if content not in get_args(Content):
        raise OptionError(f"content is one of {', '.join(get_args(Content))}; not {content!r}")
    frame = table.frame if split is None else table.frame[table.frame["split"] == split]
    if frame.empty:
        raise OptionError(f"the table has no items{f' of split {split}' if split else ''}")
    recipe = parse_recipe(table.metadata["recipe"])
    groups: list[Rows] = [rows_of(part) for _, part in frame.groupby(["source", "scene", "frame"])]
    groups.sort(key=lambda rows: digest("pack", rows[0]["item"]))
    argument = (tuple(scenes), content, recipe.reference, recipe.test)
    outcomes = _in_order(run_jobs(_set_up, argument, list(enumerate(groups)), workers=workers))
    bar = tqdm(outcomes, total=len(groups), desc="pack", unit="frame", disable=not progress)
    limit = None if max_mb is None else int(max_mb * 1e6)
    writer = StoreWriter(out, squeezed=squeezed, limit_bytes=limit)
    stored, failures = _fill(writer, bar)
    metadata = {key: table.metadata[key] for key in ("name", "recipe_sha256")}
    count = writer.close({**metadata, "content": content, "split": split or "all"})
    return PackResult(stored, len(frame), count, writer.size, failures)


def _fill(
    writer: StoreWriter, outcomes: Iterable[Outcome[tuple[int, Rows]]]
) -> tuple[int, list[dict[str, str]]]:
    """Store crops until the next one does not fit; returns the number of items, and failures."""
    stored, failures, full = 0, [], False
    for outcome in outcomes:
        if outcome.reason:
            failures += [_failure(row, outcome.reason) for row in outcome.job[1]]
            continue
        crops, failed = outcome.result
        failures += failed
        for needed in crops:
            full = full or not all(writer.add(name, crop) for name, crop in needed)
            stored += not full
        if full:
            break
    return stored, failures


def crop_name(row: dict[str, Any]) -> str:
    """Return the name under which a row's distorted crop is stored."""
    return str(row["item"])


def reference_name(row: dict[str, Any]) -> str:
    """Return the name under which a row's reference crop is stored, once for all its versions."""
    return f"reference:{row['reference_digest']}"


def storable(crop: torch.Tensor, domain: PixelDomain) -> NDArray[Any]:
    """Return a crop as it is stored: 8-bit codes where it holds such, half floats otherwise."""
    if domain == "sdr":
        codes = torch.floor(crop * 255 + 0.5)
        if bool((codes / 255 == crop).all()):
            return codes.to(torch.uint8).numpy()
    return np.asarray(crop.to(torch.float16).numpy())


def _set_up(argument: tuple[tuple[Scene, ...], Content, PixelDomain, PixelDomain]) -> Any:
    scenes, content, reference_domain, test_domain = argument
    pixels = PixelSource(scenes)

    def work(job: tuple[int, Rows]) -> Any:
        made, failures = [], []
        for row in job[1]:
            needed: list[tuple[str, NDArray[Any]]] = []
            try:
                pair = pixels.pair(item_of(row))
            except HdrMetricsError as error:
                failures.append(_failure(row, f"{type(error).__name__}: {error}"))
                continue
            if content != "references":
                needed.append((crop_name(row), storable(pair.test, test_domain)))
            if content != "tests":
                needed.append((reference_name(row), storable(pair.reference, reference_domain)))
            made.append(needed)
        return made, failures

    return work


def _in_order(outcomes: Iterator[Outcome[Any]]) -> Iterator[Outcome[Any]]:
    """Yield outcomes in the order of their jobs' numbers, so that packs are reproducible."""
    waiting: dict[int, Outcome[Any]] = {}
    following = 0
    for outcome in outcomes:
        waiting[outcome.job[0]] = outcome
        while following in waiting:
            yield waiting.pop(following)
            following += 1


def _failure(row: dict[str, Any], reason: str) -> dict[str, str]:
    return {"item": str(row["item"]), "scene": str(row["scene"]), "reason": reason}
