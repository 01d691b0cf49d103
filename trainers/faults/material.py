"""What faults are learnt from: statistics of windows and of parts of them, by frozen weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from datasets.streams import stream
from hdrmetrics.errors import OptionError
from hdrmetrics.learned.faults import FAULTS, REACH
from hdrmetrics.learned.network import QualityNetwork
from trainers.faults.classes import NONE, fault_numbers, left_out, opinions
from trainers.feeding.crops import CropPixels, find_store, present
from trainers.feeding.labels import Labels, find_labels
from trainers.feeding.prepared import Prepared

SIDE = 2 * REACH + 1
"""Cells a side of the surroundings of a place, as maps take them."""

UNTOUCHED = 0.15
"""References taken as windows without a fault, as a part of the number of a set's items."""

_BATCH = 64
_CPU = torch.device("cpu")
Names = NDArray[np.str_]
_COLUMNS = ("faults", "opinion", "distortion", "group", "split", "source")


@dataclass(frozen=True, slots=True)
class Material:
    """Windows with the names of their faults.

    Parameters
    ----------
    whole, part
        Statistics of each window, and of some 5 × 5 cells of it, ``(n, F)``.
    faults
        Places in ``FAULTS``, ``(n,)``.
    opinion
        The teacher's score, ``(n,)``; 100 for untouched windows.
    distortion, group, split, source
        Texts, ``(n,)``; the source is the set.
    """

    whole: Tensor
    part: Tensor
    faults: NDArray[np.int64]
    opinion: NDArray[np.float64]
    distortion: NDArray[np.str_]
    group: NDArray[np.str_]
    split: NDArray[np.str_]
    source: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.faults)

    def select(self, which: NDArray[np.bool_]) -> Material:
        """Return some of the windows."""
        chosen = torch.from_numpy(which)
        columns = (getattr(self, name)[which] for name in _COLUMNS)
        return Material(self.whole[chosen], self.part[chosen], *columns)


@torch.no_grad()
def gather(
    network: QualityNetwork,
    name: str,
    *,
    tables: Path,
    stores: Path | None,
    prepared: Path | None,
    most: int | None = None,
) -> Material:
    """Return the windows of a set.

    Parameters
    ----------
    network
        Whose statistics; frozen.
    name
        Of the set.
    tables
        Folder of the labels.
    stores
        Folder of the crops; without one there are no references to take as untouched windows.
    prepared
        Folder with the channels of each set; ``None`` to make them from the crops.
    most
        At most so many items of each split, evenly over the table.

    Raises
    ------
    OptionError
        If there are neither channels nor crops, or no item of the set has a fault of a name.
    ImageReadError
        If labels, crops or channels cannot be read.
    """
    labels, numbers = _named(find_labels(tables, name))
    source = _Source(network, labels, stores, prepared)
    there = source.there()
    if most is not None:
        there &= _some(labels["split"], there, most)
    labels, numbers = labels.select(there), numbers[there]
    if not len(labels):
        raise OptionError(f"{name}: none of its items is there")
    parts = [_statistics(network, partial(source.items, labels), len(labels), name)]
    columns = [_columns(labels, numbers, opinions(labels), labels["distortion"])]
    clean = _references(labels, source.pixels)
    if count := len(clean):
        parts.append(_statistics(network, partial(source.untouched, clean), count, name))
        none = np.full(count, FAULTS.index(NONE), dtype=np.int64)
        columns.append(_columns(clean, none, np.full(count, 100.0), np.full(count, NONE)))
    joined = [np.concatenate(column) for column in zip(*columns, strict=True)]
    whole, part = (torch.cat(side) for side in zip(*parts, strict=True))
    return Material(whole, part, *joined)


def _named(labels: Labels) -> tuple[Labels, NDArray[np.int64]]:
    """Return the items whose fault has a name, with its number; says what is left out."""
    numbers = fault_numbers(labels)
    keep = numbers >= 0
    if names := left_out(labels):
        print(f"{labels.name}: {', '.join(names)} left out ({int((~keep).sum())} items)")
    return labels.select(keep), numbers[keep]


class _Source:
    """Where the channels of a set's items come from: prepared ones, or those made of crops."""

    def __init__(
        self,
        network: QualityNetwork,
        labels: Labels,
        stores: Path | None,
        prepared: Path | None,
    ) -> None:
        self.network, self.labels = network, labels
        self.reference = network.architecture.inputs == "reference"
        self.pixels = self.prepared = None
        if stores is not None:
            store = find_store(stores, labels.name)
            self.pixels = CropPixels(store, (), device=_CPU, limit_mb=0)
        if prepared is not None:
            folder = prepared / labels.name
            self.prepared = Prepared(folder, network.architecture, device=_CPU)

    def there(self) -> NDArray[np.bool_]:
        """Return which items there are."""
        names = self.labels["test_name"]
        if self.prepared is not None:
            return np.array([str(item) in self.prepared for item in names], dtype=bool)
        if self.pixels is None:
            raise OptionError(
                "faults are learnt from prepared channels, or from the crops of a store"
            )
        held = present(self.labels, self.pixels.store, reference=self.reference)["item"]
        return np.isin(self.labels["item"], held)

    def items(self, labels: Labels, rows: slice) -> Tensor:
        """Return the channels of some items."""
        tests = labels["test_name"][rows]
        if self.prepared is not None:
            return self.prepared.batch(tests)
        return self._made(tests, labels["reference_name"][rows])

    def untouched(self, labels: Labels, rows: slice) -> Tensor:
        """Return the channels of the references of some items, each beside itself."""
        names = labels["reference_name"][rows]
        return self._made(names, names)

    def _made(self, tests: Names, others: Names) -> Tensor:
        pixels = self.pixels
        assert pixels is not None
        pair = pixels.batch(tests), pixels.batch(others) if self.reference else None
        found = self.network.channels(*pair, domain=self.labels.domain)
        pixels.store.release()
        return found


def together(materials: list[Material]) -> Material:
    """Return the windows of several sets as of one."""
    return Material(
        torch.cat([one.whole for one in materials]),
        torch.cat([one.part for one in materials]),
        *(np.concatenate([getattr(one, name) for one in materials]) for name in _COLUMNS),
    )


def _columns(
    labels: Labels,
    numbers: NDArray[np.int64],
    opinion: NDArray[np.float64],
    distortion: NDArray[np.str_],
) -> tuple[NDArray[np.generic], ...]:
    source = np.full(len(labels), labels.name)
    return numbers, opinion, distortion, labels["group"], labels["split"], source


def _some(split: NDArray[np.str_], there: NDArray[np.bool_], most: int) -> NDArray[np.bool_]:
    kept = np.zeros(len(split), dtype=bool)
    for name in np.unique(split):
        places = np.flatnonzero((split == name) & there)
        kept[places[np.unique(np.linspace(0, len(places) - 1, most).round().astype(int))]] = True
    return kept


def _references(labels: Labels, pixels: CropPixels | None) -> Labels:
    """Return one item of each of some references that are in the store."""
    _, first = np.unique(labels["reference_name"], return_index=True)
    if pixels is None:
        return labels.select(first[:0])
    held = [i for i in np.sort(first) if str(labels["reference_name"][i]) in pixels.store]
    few = round(UNTOUCHED * len(labels))
    if len(held) > few:
        held = [held[i] for i in np.linspace(0, len(held) - 1, few).round().astype(int)]
    return labels.select(np.array(held, dtype=np.int64))


def _statistics(
    network: QualityNetwork,
    load: Callable[[slice], Tensor],
    count: int,
    name: str,
) -> tuple[Tensor, Tensor]:
    whole, part = [], []
    places = stream(0, "faults", name, count)
    for at in tqdm(range(0, count, _BATCH), desc=f"statistics of {name}", leave=False):
        maps = network.trunk(load(slice(at, min(at + _BATCH, count))))
        whole.append(network.pool(maps).cpu())
        down, across = maps[0].shape[-2:]
        side = min(SIDE, down, across)
        top, left = (int(places.integers(0, n - side + 1)) for n in (down, across))
        inner = tuple(one[..., top : top + side, left : left + side] for one in maps)
        part.append(network.pool(inner).cpu())
    return torch.cat(whole), torch.cat(part)
