"""What restoration sees of degraded photographs, and what nima says before and after."""

from __future__ import annotations

import hashlib
import json
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from hdrmetrics.errors import ImageReadError, OptionError
from hdrmetrics.improve.pairs import Pair, read_pairs
from hdrmetrics.learned.improvable.network import describe, statistics_of
from hdrmetrics.learned.liked.nima import Nima
from hdrmetrics.learned.restoring.weights import load_restoration
from hdrmetrics.text.textfile import replacing
from trainers.improving.material import COLUMNS, load_picture
from trainers.improving.recipe import GainRecipe

Values = NDArray[np.float64]

_EVERY, _PATIENCE = 200, 15.0


@dataclass(frozen=True)
class Gains:
    """Pairs with what is known of them, one row each.

    Parameters
    ----------
    statistics
        ``(N, F)``.
    opinion, enhanced
        ``(N,)``: what nima says before and after.
    gain
        ``(N,)``: the true gain, the distance to the original that enhancement took away.
    split, photograph, degradation
        ``(N,)`` of texts.
    names
        Of the pairs.
    """

    statistics: Values
    opinion: Values
    enhanced: Values
    gain: Values
    split: NDArray[np.str_]
    photograph: NDArray[np.str_]
    degradation: NDArray[np.str_]
    names: NDArray[np.str_]

    @property
    def delta(self) -> Values:
        """Delta-NIMA, ``(N,)``."""
        return self.enhanced - self.opinion

    def __len__(self) -> int:
        return len(self.gain)

    def select(self, which: NDArray[np.bool_]) -> Gains:
        """Return some of the rows."""
        return Gains(*(getattr(self, name)[which] for name in self.__dataclass_fields__))

    def of(self, split: str) -> Gains:
        """Return the rows of a split."""
        return self.select(self.split == split)


def gains_of(
    folder: Path,
    restoration: Path,
    metric: Nima,
    recipe: GainRecipe,
    keep: Path,
    *,
    quiet: bool = False,
) -> Gains:
    """Return what is known of a set of pairs.

    Parameters
    ----------
    folder
        That :func:`~trainers.improving.material.make_pairs` filled.
    restoration
        Weights of the network that sees.
    metric
        Whose opinions.
    recipe
        Says where the network looks.
    keep
        A file ``.npz`` of what was made; a run that was stopped goes on.
    quiet
        No lines of progress.

    Raises
    ------
    OptionError
        If the table lacks a column, or a distance in it is no number.
    ImageReadError
        If a picture cannot be read, or the file is of other networks, or damaged.
    ImageWriteError
        If the file cannot be written.
    WeightsError
        If the weights cannot be read.
    """
    pairs = read_pairs(folder)
    for pair in pairs:
        if missing := set(COLUMNS) - set(pair.more):
            raise OptionError(f"{folder}: the table has no column {min(missing)}")
    before, after = (np.array([_distance(p, key) for p in pairs]) for key in ("before", "after"))
    made = _made(pairs, restoration, metric, recipe, keep, quiet=quiet)
    count = made.shape[1] - 2
    split, photograph, kind = (np.array([p.more[key] for p in pairs]) for key in COLUMNS[:3])
    names = np.array([pair.name for pair in pairs])
    opinion, enhanced = made[:, count], made[:, count + 1]
    gain = before - after
    return Gains(made[:, :count], opinion, enhanced, gain, split, photograph, kind, names)


def _distance(pair: Pair, column: str) -> float:
    try:
        value = float(pair.more[column])
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise OptionError(f"{pair.name}: {column} is a distance, not {pair.more[column]!r}")
    return value


def _digest(pairs: list[Pair]) -> str:
    """Return the SHA-256 of what a table says of its pairs."""
    said = [[pair.name, *(pair.more[column] for column in COLUMNS)] for pair in pairs]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _kept(path: Path, pairs: list[Pair]) -> tuple[str, NDArray[np.float32]]:
    """Return what an earlier run wrote: of what it was, and its rows."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            others = str(kept["pairs"]) != _digest(pairs)
            return "" if others else str(kept["told"]), kept["rows"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ImageReadError(f"{path} is damaged ({error}): remove it") from error


@torch.no_grad()
def _made(
    pairs: list[Pair],
    restoration: Path,
    metric: Nima,
    recipe: GainRecipe,
    keep: Path,
    *,
    quiet: bool,
) -> Values:
    net, card = load_restoration(restoration)
    told = f"{card.sha256} {metric.network.digest} {recipe.side} {recipe.along}"
    of = _digest(pairs)
    count = statistics_of(net) + 2
    rows = np.zeros((len(pairs), count), np.float32)
    done = 0
    if keep.exists():
        found, known = _kept(keep, pairs)
        if found != told:
            raise ImageReadError(f"{keep} is of other networks or another set: remove it")
        done = len(known)
        rows[:done] = known
    began = last = time.monotonic()
    start = done
    for index in range(done, len(pairs)):
        before, after = (load_picture(p) for p in (pairs[index].input, pairs[index].enhanced))
        seen = describe(net, before, recipe.side, recipe.along)
        rows[index, :-2] = seen[0].numpy()
        rows[index, -2:] = [float(metric(before)), float(metric(after))]
        if (index + 1) % _EVERY == 0 or index + 1 == len(pairs):
            with replacing(keep) as draft, draft.open("wb") as file:
                np.savez(file, told=told, pairs=of, rows=rows[: index + 1])
        if not quiet and time.monotonic() - last > _PATIENCE:
            last = time.monotonic()
            left = (last - began) / (index + 1 - start) * (len(pairs) - index - 1)
            text = f"{index + 1}/{len(pairs)} pairs seen, {left:.0f} s left"
            print(text, file=sys.stderr, flush=True)
    return rows.astype(np.float64)
