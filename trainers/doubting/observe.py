"""What a head says of pictures whose truth is known, with what widths follow from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datasets.feeding.store import Store
from datasets.statistics.weighted import Numbers
from hdrmetrics.errors import OptionError
from hdrmetrics.learned.architecture import WINDOW
from hdrmetrics.learned.predictor import LearnedMetric
from trainers.card import SHOWN
from trainers.doubting.frames import find_frames, pixels_of
from trainers.feeding.crops import find_store, present
from trainers.feeding.labels import Labels, find_labels


@dataclass(frozen=True, slots=True)
class Observed:
    """Pictures seen by a head.

    Parameters
    ----------
    hints
        ``(n, F)``, see :func:`hdrmetrics.learned.spread.hints`.
    score, truth
        ``(n,)`` in [0, 1]: what the head says, and its teacher.
    group, name
        ``(n,)``: of scenes, and what was done to the picture.
    several
        ``(n,)``: whether it is of several windows.
    """

    hints: NDArray[np.float64]
    score: Numbers
    truth: Numbers
    group: NDArray[np.str_]
    name: NDArray[np.str_]
    several: NDArray[np.bool_]

    def select(self, chosen: NDArray[np.bool_]) -> Observed:
        """Return some of them."""
        return Observed(*(getattr(self, field)[chosen] for field in self.__slots__))


def joined(parts: Sequence[Observed]) -> Observed:
    """Return all pictures of several parts."""
    return Observed(
        *(np.concatenate([getattr(one, field) for one in parts]) for field in Observed.__slots__)
    )


@torch.no_grad()
def observe(
    metric: LearnedMetric,
    test: Tensor,
    reference: Tensor | None,
    quality: float,
    *,
    group: str,
    name: str,
) -> Observed:
    """Return what a head says of a picture ``(3, H, W)``.

    Parameters
    ----------
    metric
        The head.
    test, reference
        The picture, and the other one for a head that takes it.
    quality
        The teacher's, as the head's target takes it.
    group, name
        Of scenes; what was done.
    """
    score, hints = metric.look(test[None], None if reference is None else reference[None])
    scale = metric.head_card.target
    known = torch.tensor([quality], dtype=torch.float64).clamp(scale.least, scale.most)
    several = max(test.shape[-2:]) > WINDOW
    return Observed(
        hints, score.double().numpy(), (scale.score(known) / 100).numpy(), np.array([group]),
        np.array([name]), np.array([several]),
    )  # fmt: skip


def observe_set(
    metric: LearnedMetric,
    name: str,
    *,
    tables: Path,
    stores: Path,
    split: str,
    most: int,
    seed: int = 0,
) -> Observed:
    """Return what a head says of the crops of a split of a set, and of its whole frames.

    Parameters
    ----------
    metric
        The head.
    name
        Of the set; its teacher is the head's.
    tables, stores
        Folders with labels and crops.
    split
        ``validation`` or ``test``.
    most
        Crops at most, and frames, drawn by ``seed``.

    Raises
    ------
    OptionError
        If the set has another teacher than the head, or no picture of the split is there.
    ImageReadError
        If labels or pictures cannot be read.
    """
    labels = find_labels(tables, name)
    if not taught_alike(metric, labels):
        raise OptionError(f"{name} was labelled by another teacher than {metric.info.name}'s")
    store, paired = find_store(stores, name), metric.info.reference
    labels = present(labels.split(split), store, reference=paired)
    rng = np.random.default_rng(seed)
    drawn = rng.permutation(len(labels))[:most]
    parts = list(_crops(metric, labels.select(drawn), store))
    frames = [one for one in find_frames(tables, name, split) if one.inside(store, paired)]
    for at in sorted(rng.permutation(len(frames))[:most]):
        frame = frames[at]
        beside = frame.picture(store, reference=True) if paired else None
        test = frame.picture(store, reference=False)
        parts.append(
            observe(metric, test, beside, frame.quality, group=frame.group, name=frame.name)
        )
    store.release()
    return joined(parts)


def _crops(metric: LearnedMetric, labels: Labels, store: Store) -> Iterator[Observed]:
    """Yield what a head says of crops, in the order of the store: each shard is opened once."""
    places = {key: index for index, key in enumerate(store)}
    for index in sorted(range(len(labels)), key=lambda i: places[str(labels["test_name"][i])]):
        test, other = (
            pixels_of(store, str(labels[column][index]))
            if column == "test_name" or metric.info.reference
            else None
            for column in ("test_name", "reference_name")
        )
        assert test is not None
        yield observe(
            metric,
            test,
            other,
            float(labels["quality"][index]),
            group=str(labels["group"][index]),
            name=str(labels["distortion"][index]),
        )


def taught_alike(metric: LearnedMetric, labels: Labels) -> bool:
    """Whether a set's labels are on the scale that a head's scores are shown on."""
    shown = SHOWN.get(str(labels.metadata["target_of"]))
    return shown == metric.head_card.target.shown and labels.domain == metric.info.domain
