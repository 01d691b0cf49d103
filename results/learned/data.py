"""The predictions that the report rests on, made once and kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from datasets.streams import fraction
from hdrmetrics.errors import ImageReadError, OptionError
from hdrmetrics.learned.card import Card
from hdrmetrics.learned.describing import family
from hdrmetrics.learned.tensorfile import SUFFIX, card_path
from hdrmetrics.learned.weights import load_weights, read_card
from trainers.feeding.heads import Head, heads_of
from trainers.feeding.labels import Labels, find_labels, save_labels
from trainers.judging.baselines import BASELINES, brought_to_target, code_values
from trainers.judging.evaluation import find_predictions
from trainers.judging.predict import Predictor
from trainers.judging.predictions import PREFIX, read_predictions, score_items, with_predictions

SETS = ("hdr-c", "sdr-d", "tmo", "itmo", "hdr-d")
KINDS = {"norvdpnet": "no reference", "diqm": "with the reference"}
SPLITS = ("validation", "test")
WITH_REFERENCE = {"pu21-psnr": "pu21_psnr", "pu21-ssim": "pu21_ssim"}
"""Yardsticks that see the reference, by the column of the label tables that holds them."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where everything is.

    Parameters
    ----------
    tables, store
        Folders with labels and crops, as the trainers take them.
    work
        For what is kept between calls.
    weights
        Folder with weights files and their cards.
    limit
        About how many items of each split of a set, of whole groups of scenes; ``None`` for all.
    batch
        Crops at a time.
    """

    tables: Path
    store: Path
    work: Path
    weights: Path
    limit: int | None = None
    batch: int = 32

    @property
    def suffix(self) -> str:
        """Keeps what a part of the items gave apart from what all gave."""
        return "" if self.limit is None else f"-{self.limit}"

    def labels(self, name: str) -> Labels:
        """Return the validation and test items that are looked at."""
        whole = find_labels(self.tables, name)
        parts = [whole.split(split) for split in SPLITS]
        if self.limit is not None:
            parts = [_some_scenes(part, self.limit) for part in parts]
        columns = {key: np.concatenate([part[key] for part in parts]) for key in whole.columns}
        return Labels(columns, whole.metadata)


@dataclass(frozen=True, slots=True)
class Seen:
    """How a network sees items.

    Parameters
    ----------
    pooled
        Statistics over each picture, ``(n, F)``.
    hidden
        What the head's hidden layer makes of them, ``(n, K)``.
    """

    pooled: NDArray[np.float32]
    hidden: NDArray[np.float32]


@dataclass(slots=True)
class Comparison:
    """Predictors that see the same.

    Parameters
    ----------
    kind
        Of :data:`KINDS`.
    predictors
        By name, their predictions by set, ours first.
    ours
        Names of the heads in the package.
    seen
        Of our heads without a reference, by name and set: how the network sees each item.
    """

    kind: str
    predictors: dict[str, dict[str, Labels]] = field(default_factory=dict)
    ours: list[str] = field(default_factory=list)
    seen: dict[tuple[str, str], Seen] = field(default_factory=dict)

    @property
    def sets(self) -> list[str]:
        """Names, in our order."""
        found = {name for by_set in self.predictors.values() for name in by_set}
        return sorted(found, key=SETS.index)

    def first(self, name: str) -> str:
        """Return the predictor of a set that others are compared with."""
        return next(key for key, by_set in self.predictors.items() if name in by_set)


def weights_files(folder: Path) -> list[tuple[Path, Card]]:
    """Return the weights in a folder, those named like a set before those of several."""
    found = [(path, read_card(card_path(path))) for path in sorted(folder.glob(f"*{SUFFIX}"))]
    if not found:
        raise OptionError(f"{folder} has no weights ({SUFFIX} with a card): give --weights")
    return sorted(found, key=lambda one: not set(one[1].heads) <= set(SETS))


def compare(sources: Sources, also: Sequence[str]) -> list[Comparison]:
    """Return all predictions: of our heads, of other runs, and of the yardsticks."""
    by_kind = {kind: Comparison(kind) for kind in KINDS}
    for path, card in weights_files(sources.weights):
        _add_ours(by_kind[family(card)], path, card, sources)
    for text in also:
        name, found = find_predictions(text)
        place = text.partition("=")[2].partition(":")[0]
        known = by_kind[_kind_of_run(Path(place))].predictors.setdefault(name, {})
        if known.keys() & found.keys():
            raise OptionError(f"there are two predictors {name} of {', '.join(known)}")
        # Runs of single sets may share a name; sets to train on have no test items.
        known.update({key: labels for key, labels in found.items() if key in SETS})
    for kind, one in by_kind.items():
        # The head of a set alone speaks for it; those of several sets come after.
        single = {f"{kind}-{name}" for name in SETS}
        one.predictors = dict(
            sorted(one.predictors.items(), key=lambda item: item[0] not in single)
        )
        one.ours.sort(key=lambda key: key not in single)
        for name in one.sets:
            yardsticks = _baselines if kind == "norvdpnet" else _from_table
            for predictor, labels in yardsticks(sources, name):
                one.predictors.setdefault(predictor, {})[name] = labels
    return [one for one in by_kind.values() if one.predictors]


def _add_ours(one: Comparison, path: Path, card: Card, sources: Sources) -> None:
    heads = heads_of(card)
    for name in [s for s in SETS if any(s in head.sets for head in heads)]:
        own = [head for head in heads if name in head.sets]
        found, pooled = _predict(path, card, own, name, sources)
        for head in own:
            predictor = f"{one.kind}-{head.name}"
            one.predictors.setdefault(predictor, {})[name] = _only(found, head.name, predictor)
            if predictor not in one.ours:
                one.ours.append(predictor)
            if pooled is not None:
                one.seen[predictor, name] = Seen(pooled, _hidden(path, head.name, pooled))


def _predict(
    path: Path, card: Card, heads: list[Head], name: str, sources: Sources
) -> tuple[Labels, NDArray[np.float32] | None]:
    """Return what heads say of a set, and what their network pooled, from one pass."""
    folder = sources.work / f"{card.sha256[:16]}{sources.suffix}"
    file, pooled_file = folder / f"predictions-{name}.npz", folder / f"statistics-{name}.npy"
    wanted = sources.labels(name)
    reference = card.architecture.inputs == "reference"
    if file.exists() and (reference or pooled_file.exists()):
        found = read_predictions(file)
        if _same_items(found, wanted):
            return found, None if reference else np.load(pooled_file, allow_pickle=False)
    network, _ = load_weights(path)
    columns = list(card.architecture.heads)
    with _bar(f"{family(card)} {name}", len(wanted)) as bar:

        def predictor(test: Tensor, other: Tensor | None) -> Tensor:
            pooled = network.pool(network.features(test, other, domain=wanted.domain))
            values = network.head(pooled).float().sigmoid()
            bar.update(len(test))
            return values if reference else torch.cat([values, pooled.float()], dim=1)

        there, values = _score(predictor, wanted, sources, reference=reference)
    said = {
        head.name: head.to_set(values[:, columns.index(head.name)].astype(np.float64), there)
        for head in heads
    }
    found = with_predictions(there, said)
    folder.mkdir(parents=True, exist_ok=True)
    pooled = None if reference else np.ascontiguousarray(values[:, len(columns) :])
    if pooled is not None:
        np.save(pooled_file, pooled, allow_pickle=False)
    save_labels(file, found)  # last: it stands for both
    return found, pooled


def _hidden(path: Path, head: str, pooled: NDArray[np.float32]) -> NDArray[np.float32]:
    layers = load_weights(path)[0].heads[head]
    assert isinstance(layers, torch.nn.Sequential)
    with torch.no_grad():
        found: NDArray[np.float32] = layers[:-1](torch.from_numpy(pooled)).numpy()
    return found


def _baselines(sources: Sources, name: str) -> Iterator[tuple[str, Labels]]:
    """Yield the baselines without a reference, all from one pass over the crops."""
    file = sources.work / f"baselines{sources.suffix}" / f"predictions-{name}.npz"
    wanted = sources.labels(name)
    if not (file.exists() and _same_items(read_predictions(file), wanted)):
        with _bar(f"baselines {name}", len(wanted)) as bar:

            def predictor(test: Tensor, other: Tensor | None) -> Tensor:
                codes = code_values(test, wanted.domain)
                bar.update(len(test))
                return torch.stack([statistic(codes) for statistic in BASELINES.values()], dim=1)

            there, raw = _score(predictor, wanted, sources, reference=False)
        columns = zip(BASELINES, raw.T.astype(np.float64), strict=True)
        said = {baseline: brought_to_target(one, there) for baseline, one in columns}
        file.parent.mkdir(parents=True, exist_ok=True)
        save_labels(file, with_predictions(there, said))
    found = read_predictions(file)
    for baseline in BASELINES:
        yield baseline, _only(found, baseline, baseline)


def _from_table(sources: Sources, name: str) -> Iterator[tuple[str, Labels]]:
    labels = sources.labels(name)
    for predictor, column in WITH_REFERENCE.items():
        if column not in labels.columns:
            continue  # of tone mapping: nothing to subtract
        raw = labels[column].astype(np.float64)
        # Identical pictures have an infinite PSNR; any large number ranks them first.
        raw = np.minimum(raw, raw[np.isfinite(raw)].max())
        yield predictor, with_predictions(labels, {predictor: brought_to_target(raw, labels)})


def _score(
    predictor: Predictor, labels: Labels, sources: Sources, *, reference: bool
) -> tuple[Labels, NDArray[np.float32]]:
    cpu = torch.device("cpu")
    return score_items(
        predictor, labels, sources.store, reference=reference, device=cpu, batch=sources.batch
    )


def _only(labels: Labels, column: str, name: str) -> Labels:
    """Return labels with one column of predictions, called by another name."""
    kept = {key: one for key, one in labels.columns.items() if not key.startswith(PREFIX)}
    return with_predictions(Labels(kept, labels.metadata), {name: labels[PREFIX + column]})


def _kind_of_run(place: Path) -> str:
    try:
        told = json.loads((place / "run.json").read_text(encoding="utf-8"))
        kind = str(told["predictor"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ImageReadError(f"{place} is no folder of a run: {error}") from None
    if kind not in KINDS:
        raise ImageReadError(f"{place} is the run of {kind}; known are {', '.join(KINDS)}")
    return kind


def _some_scenes(labels: Labels, least: int) -> Labels:
    """Return the items of some groups of scenes: crops of few scenes lie in few shards."""
    names, sizes = np.unique(labels["group"], return_counts=True)
    order = np.argsort([fraction("trial", str(name)) for name in names])
    count = int(np.searchsorted(np.cumsum(sizes[order]), least)) + 1
    return labels.select(np.isin(labels["group"], names[order[:count]]))


def _same_items(found: Labels, wanted: Labels) -> bool:
    """Whether kept predictions are of these items, or of those of them that a store has."""
    known = dict(zip(wanted["item"].tolist(), wanted["target"].tolist(), strict=True))
    pairs = zip(found["item"].tolist(), found["target"].tolist(), strict=True)
    return all(known.get(item) == target for item, target in pairs)


def _bar(text: str, total: int) -> tqdm[Any]:
    return tqdm(total=total, desc=text, unit="crop", leave=True)
