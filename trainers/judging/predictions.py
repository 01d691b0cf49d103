"""Predictions of a set, kept beside its labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import trainers.nets  # noqa: F401 - the papers' front ends are then known by name
from hdrmetrics.errors import ImageReadError, OptionError, UnknownNameError
from hdrmetrics.learned.network import QualityNetwork
from trainers.feeding.crops import CropPixels, find_store, present
from trainers.feeding.heads import Head
from trainers.feeding.labels import Labels, find_labels, load_labels
from trainers.feeding.prepared import Prepared
from trainers.judging.predict import Predictor, predict

PREFIX = "prediction:"
"""Columns of predictions are called so, followed by the name of the head or of the baseline."""

_PIECE = 512  # items whose crops are in memory together


def with_predictions(labels: Labels, found: Mapping[str, NDArray[Any]]) -> Labels:
    """Return labels with further columns, one per predictor."""
    extra = {PREFIX + name: values.astype(np.float32) for name, values in found.items()}
    return replace(labels, columns={**labels.columns, **extra})


def predictors_of(labels: Labels) -> list[str]:
    """Return the names under which there are predictions."""
    return [name.removeprefix(PREFIX) for name in labels.columns if name.startswith(PREFIX)]


def read_predictions(path: Path) -> Labels:
    """Return the labels with predictions of a file that a run, or ``predict``, wrote.

    Raises
    ------
    ImageReadError
        If it cannot be read, or has no predictions, or some that are not finite.
    """
    found = load_labels(path)
    names = predictors_of(found)
    if not names:
        raise ImageReadError(f"{path}: holds labels without predictions")
    for name in names:
        column = found[PREFIX + name]
        if column.dtype.kind != "f" or column.shape != (len(found),):
            raise ImageReadError(f"{path}: the predictions of {name} are not one number per item")
        if not np.isfinite(column).all():
            raise ImageReadError(f"{path}: the predictions of {name} are not finite")
    return found


def predict_set(
    network: QualityNetwork,
    name: str,
    heads: Sequence[Head],
    *,
    tables: Path,
    stores: Path,
    splits: Sequence[str] = ("test",),
    device: torch.device,
    batch: int = 32,
    prepared: Prepared | None = None,
) -> Labels:
    """Return the items of some splits of a set with what some heads say of the set's target.

    Parameters
    ----------
    network
        On ``device``.
    name
        Of the set.
    heads
        Of the network.
    tables, stores
        Folders with the set's labels and crops.
    splits
        ``train``, ``validation``, ``test``.
    device, batch
        Where, and how many items at a time.
    prepared
        Channels to see in the place of crops; the store is then not asked for.

    Raises
    ------
    UnknownNameError
        If the network has no such head.
    OptionError
        If the store has no crop of these splits.
    ImageReadError
        If labels or crops cannot be read.
    """
    columns = list(network.architecture.heads)
    unknown = [head.name for head in heads if head.name not in columns]
    if unknown:
        raise UnknownNameError(
            f"the network has no head {', '.join(unknown)}; it has {', '.join(columns)}"
        )
    labels = find_labels(tables, name)
    labels = labels.select(np.isin(labels["split"], list(splits)))
    network.eval()
    if prepared is None:
        there, values = _looked_at(network, labels, stores, device, batch)
    else:
        there = prepared.present(labels)
        values = _seen(network, there, prepared, batch)
    found = {
        head.name: head.to_set(values[:, columns.index(head.name)].astype(np.float64), there)
        for head in heads
    }
    return with_predictions(there, found)


def _looked_at(
    network: QualityNetwork, labels: Labels, stores: Path, device: torch.device, batch: int
) -> tuple[Labels, NDArray[np.float32]]:
    """Return the items whose crops are there, with their targets ``(n, heads)``."""

    def predictor(test: Tensor, other: Tensor | None) -> Tensor:
        raw: Tensor = network(test, other, domain=labels.domain)
        return raw.float().sigmoid()

    reference = network.architecture.inputs == "reference"
    return score_items(predictor, labels, stores, reference=reference, device=device, batch=batch)


@torch.no_grad()
def _seen(
    network: QualityNetwork, labels: Labels, prepared: Prepared, batch: int
) -> NDArray[np.float32]:
    """Return the targets ``(n, heads)`` of items by their prepared channels."""
    if not len(labels):
        raise OptionError(f"{labels.name} has no prepared items of these splits")
    parts = []
    for at in range(0, len(labels), batch):
        pooled = network.pool(network.trunk(prepared.batch(labels["test_name"][at : at + batch])))
        parts.append(network.head(pooled).float().sigmoid().cpu().numpy())
    return np.concatenate(parts)


def score_items(
    predictor: Predictor,
    labels: Labels,
    stores: Path,
    *,
    reference: bool,
    device: torch.device,
    batch: int = 32,
) -> tuple[Labels, NDArray[np.float32]]:
    """Return the items whose crops are there, and a predictor's values of them ``(n, k)``.

    Crops are read in pieces, so the memory is bounded whatever the size of the set.

    Raises
    ------
    OptionError
        If there is no such item.
    ImageReadError
        If a crop cannot be read.
    """
    if not len(labels):
        raise OptionError(f"{labels.name} has no items of these splits")
    store = find_store(stores, labels.name)
    labels = present(labels, store, reference=reference)
    pixels = CropPixels(store, (), device=device, limit_mb=0)
    # In the order of the store each shard is opened once, then let go.
    places = {name: i for i, name in enumerate(store)}
    order = np.argsort([places[str(name)] for name in labels["test_name"]], kind="stable")
    parts: list[NDArray[np.float32]] = []
    for at in range(0, len(order), _PIECE):
        piece = labels.select(order[at : at + _PIECE])
        values = predict(
            predictor,
            pixels.batch,
            piece["test_name"],
            piece["reference_name"] if reference else None,
            batch=batch,
        )
        parts.append(values.float().cpu().numpy())
        store.release()
    joint = np.concatenate(parts)
    found = np.empty_like(joint)
    found[order] = joint
    return labels, found
