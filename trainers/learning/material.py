"""What a run learns from: the items of each set, their pixels, and how they are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datasets.feeding.store import Store
from datasets.streams import stream
from hdrmetrics.catalogue.domain import Domain
from hdrmetrics.errors import OptionError
from hdrmetrics.learned.architecture import Architecture
from trainers.config import Config
from trainers.feeding.crops import CropPixels, find_store, present
from trainers.feeding.heads import Head, make_heads
from trainers.feeding.kept import KeptStatistics
from trainers.feeding.labels import Labels, find_labels
from trainers.feeding.prepared import Prepared
from trainers.feeding.sampler import Sampler, balancing_weights
from trainers.feeding.series import Series, find_series
from trainers.feeding.views import View, draw_views
from trainers.running.processes import Processes


@dataclass(frozen=True, slots=True)
class Batch:
    """Items of one set: this process's part of a joint batch.

    Parameters
    ----------
    test, reference
        ``(n, 3, h, w)`` float32; ``reference`` is ``None`` where none is used.
    targets
        ``(n, k)``, one column per head of the set.
    weights
        ``(n,)``.
    rows
        Places in the training labels of the set, ``(n,)``.
    inside
        For whole frames in series, ``(series, versions, windows)``: the items are these, in order;
        the others are repetitions. ``None`` for single crops.
    whole
        Targets of the whole frames, ``(series, versions, k)``.
    """

    test: Tensor
    reference: Tensor | None
    targets: Tensor
    weights: Tensor
    rows: NDArray[np.int64]
    inside: Tensor | None = None
    whole: Tensor | None = None


@dataclass(frozen=True, slots=True)
class SetMaterial:
    """A set in training.

    Parameters
    ----------
    train, validation
        The training items, after thinning, and some of the validation items, of those whose crops
        are there.
    heads
        Those that it trains.
    targets
        Of the training items, ``(n, heads)``.
    pixels
        Of ``train`` and ``validation``; ``None`` where channels are prepared.
    sampler
        Of ``train``.
    weights
        In the loss, per training item.
    count
        Items of this set in a joint batch.
    share
        Of the loss.
    reference
        Whether references are used.
    prepared
        Channels of all its items, in the place of pixels; ``None`` where there are none.
    series
        Of the training items, where they are whole frames: the sampler then draws these.
    whole
        Targets of the training items' whole frames, ``(n, heads)``, where they are such.
    kept
        Statistics of all its items, in the place of both, where the trunk does not learn.
    """

    name: str
    train: Labels
    validation: Labels
    heads: tuple[Head, ...]
    targets: NDArray[np.float32]
    pixels: CropPixels | None
    sampler: Sampler
    weights: NDArray[np.float64]
    count: int
    share: float
    reference: bool
    prepared: Prepared | None = None
    series: Series | None = None
    whole: NDArray[np.float32] | None = None
    kept: KeptStatistics | None = None

    @property
    def domain(self) -> Domain:
        """What the pixels are, as a network takes it."""
        return self.train.domain

    def load(
        self, labels: Labels, rows: NDArray[np.int64], views: Sequence[View] | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Return tests and references of items of ``train`` or ``validation``.

        They are pixels ``(n, 3, h, w)``, or channels where these are prepared, or the statistics
        ``(n, F)`` that a kept trunk makes of both.
        """
        tests = labels["test_name"][rows]
        if self.kept is not None:
            return self.kept.batch(tests), None
        if self.prepared is not None:
            return self.prepared.batch(tests, views), None
        assert self.pixels is not None
        test = self.pixels.batch(tests, views)
        if not self.reference:
            return test, None
        return test, self.pixels.batch(labels["reference_name"][rows], views)

    def batch(self, step: int, config: Config, processes: Processes, *, seed: int) -> Batch:
        """Return this process's part of the batch of a step; the same whenever it is asked for."""
        inside = None
        if self.series is None:
            rows = self.sampler.rows(step * self.count, self.count)
        else:
            count = self.count // self.series.size
            chosen = self.sampler.rows(step * count, count)
            rows, inside = self.series.rows[chosen].ravel(), self.series.inside[chosen]
        views = draw_views(
            stream(seed, "view", self.name, step),
            self.count,
            crop=self.pixels.size if self.pixels is not None else 1,
            window=config.augmentation.window,
            symmetries=config.augmentation.symmetries,
        )
        part = processes.part(self.count)
        rows, views = rows[part], views[part]
        device = processes.device
        test, reference = self.load(self.train, rows, views)

        def column(values: NDArray[Any]) -> Tensor:
            return torch.from_numpy(values[rows].astype(np.float32)).to(device)

        targets, weights = column(self.targets), column(self.weights)
        if self.series is None:
            return Batch(test, reference, targets, weights, rows)
        assert self.whole is not None
        shape = (-1, *self.series.rows.shape[1:])
        own = torch.from_numpy(np.asarray(inside).reshape(-1)[part].reshape(shape)).to(device)
        whole = column(self.whole).reshape(*own.shape, -1)[:, :, 0]
        return Batch(test, reference, targets, weights * own.flatten(), rows, own, whole)


def collect(
    sets: tuple[str, ...],
    tables: Path,
    stores: Path,
    config: Config,
    processes: Processes,
    *,
    heads: Mapping[str, Sequence[str]],
    reference: bool,
    seed: int,
    scenes_fraction: float = 1.0,
    crops_fraction: float = 1.0,
    prepared: Path | None = None,
    architecture: Architecture | None = None,
) -> list[SetMaterial]:
    """Return what a run needs of each of its sets.

    Parameters
    ----------
    sets
        Names.
    tables, stores
        Folders; see :func:`~trainers.feeding.labels.find_labels` and
        :func:`~trainers.feeding.crops.find_store`.
    config
        Of the run.
    processes
        Those that share a batch.
    heads
        By the name of each head, the sets that train it.
    reference
        Whether the predictor sees references.
    seed
        Of the run.
    scenes_fraction, crops_fraction
        Parts of the training split; see :meth:`~trainers.feeding.labels.Labels.thinned`.
    prepared
        Folder with channels of each set, see :mod:`trainers.feeding.prepared`, that are then used
        in the place of pixels.
    architecture
        Of the network that sees them.

    Raises
    ------
    OptionError
        If a set has no training or validation items, or the batch is too small for the processes.
    ImageReadError
        If labels or pixels cannot be read.
    """
    shares = _shares(config, sets)
    whole = {name: find_labels(tables, name) for name in sets}
    known = make_heads(heads, list(whole.values()), config.targets)
    found = []
    for name in sets:
        channels, store, labels = None, None, whole[name]
        if prepared is not None:
            assert architecture is not None
            channels = Prepared(prepared / name, architecture, device=processes.device)
            labels = _prepared(config, channels, labels)
        else:
            store = find_store(stores, name)
            labels = present(labels, store, reference=reference)
        parts = _parts(labels, config, scenes=scenes_fraction, crops=crops_fraction)
        own = tuple(head for head in known if name in head.sets)
        one = _material(*parts, own, config, processes, shares[name], seed)
        one = replace(one, reference=reference, prepared=channels)
        found.append(one if store is None else _with_pixels(one, store, config, processes))
    _check_emphasis(config, found)
    return found


def _shares(config: Config, sets: Sequence[str]) -> dict[str, float]:
    """Return the part of a batch that each set has."""
    unknown = sorted(set(config.shares) - set(sets))
    if unknown:
        raise OptionError(f"[shares] names {', '.join(unknown)}, which this run does not train on")
    shares = {name: config.shares.get(name, 1.0) for name in sets}
    return {name: share / sum(shares.values()) for name, share in shares.items()}


def _prepared(config: Config, channels: Prepared, labels: Labels) -> Labels:
    """Return the items that have channels."""
    if config.augmentation.window:
        raise OptionError("[augmentation] prepared channels are of whole crops: leave window out")
    if not any(str(item) in channels for item in labels["test_name"]):
        raise OptionError(f"{labels.name}: none of its items has prepared channels")
    return channels.present(labels)


def _parts(labels: Labels, config: Config, *, scenes: float, crops: float) -> tuple[Labels, Labels]:
    """Return the items to train on, and those to validate on."""
    train, validation = labels.split("train"), labels.split("validation")
    if not len(train) or not len(validation):
        raise OptionError(f"{labels.name}: there are crops of {_counts(labels)} only")
    return train.thinned(scenes=scenes, crops=crops), some_of(
        validation, config.run.validation_items
    )


def _material(
    train: Labels,
    validation: Labels,
    heads: tuple[Head, ...],
    config: Config,
    processes: Processes,
    share: float,
    seed: int,
) -> SetMaterial:
    """Return a set without its pixels: its targets, how items are drawn, and what they weigh."""
    each = round(config.optimiser.batch * share / processes.world)
    if each < 1:
        raise OptionError(
            f"a batch of {config.optimiser.batch} leaves no item of {train.name} for each of "
            f"{processes.world} processes: enlarge [optimiser] batch"
        )
    emphasis = config.balance.emphasis
    balance = balancing_weights(
        train["distortion"],
        exponent=config.balance.exponent,
        emphasis={name: v for name, v in emphasis.items() if name in train["distortion"]},
    )
    even = np.ones(len(train))
    drawn, weights = (balance, even) if config.balance.by == "sampler" else (even, balance)
    series, whole, count = find_series(train), None, each * processes.world
    if series is not None:
        # Whole series only, at least one for each process; all alike.
        count = max(1, round(each / series.size)) * processes.world * series.size
        whole = np.stack([head.whole_target(train) for head in heads], axis=1)
        drawn, weights = np.ones(len(series)), even
    return SetMaterial(
        name=train.name,
        train=train,
        validation=validation,
        heads=heads,
        targets=np.stack([head.target(train) for head in heads], axis=1),
        pixels=None,
        sampler=Sampler(drawn, seed=seed, name=train.name),
        weights=weights,
        count=count,
        share=share,
        reference=False,
        series=series,
        whole=whole,
    )


def _with_pixels(
    one: SetMaterial, store: Store, config: Config, processes: Processes
) -> SetMaterial:
    """Return a set with the pixels of its items, in memory as far as its share of that goes."""
    columns = ("test_name", "reference_name") if one.reference else ("test_name",)
    names = [str(n) for c in columns for part in (one.train, one.validation) for n in part[c]]
    limit = config.run.cache_mb * one.share
    pixels = CropPixels(store, names, device=processes.device, limit_mb=limit)
    if config.augmentation.window > pixels.size:
        raise OptionError(
            f"[augmentation] a window of {config.augmentation.window} px does not fit into the "
            f"crops of {one.name}, {pixels.size} px"
        )
    return replace(one, pixels=pixels)


def some_of(labels: Labels, most: int) -> Labels:
    """Return at most so many items, evenly over the table, which is sorted by scene."""
    if len(labels) <= most:
        return labels
    return labels.select(np.linspace(0, len(labels) - 1, most).round().astype(np.int64))


def _check_emphasis(config: Config, found: list[SetMaterial]) -> None:
    there = {str(name) for one in found for name in one.train["distortion"]}
    absent = sorted(set(config.balance.emphasis) - there)
    if absent:
        raise OptionError(
            f"[balance.emphasis] names {', '.join(absent)}; in these sets there are "
            f"{', '.join(sorted(there))}"
        )


def _counts(labels: Labels) -> str:
    names, sizes = np.unique(labels["split"], return_counts=True)
    return ", ".join(f"{size} {name}" for name, size in zip(names, sizes, strict=True))
