"""The heads of a network in training: which sets train each, and on which scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets.labelling.labels import WHOLE
from datasets.labelling.transform import LabelTransform
from hdrmetrics.learned.card import Card
from hdrmetrics.learned.target import Target
from trainers.feeding.labels import Labels
from trainers.statistics.weighted import Numbers


@dataclass(frozen=True, slots=True)
class Head:
    """An output of a network.

    Parameters
    ----------
    name
        In the network.
    sets
        Those that train it.
    transform
        From the teacher's quality to the head's target. A head of several sets has that of the
        first, so that it means one thing; ``None`` where the sets have different teachers, whose
        qualities cannot be compared: each set then keeps its own target.
    """

    name: str
    sets: tuple[str, ...]
    transform: LabelTransform | None

    def target(self, labels: Labels) -> NDArray[np.float32]:
        """Return what the head should say of the items of one of its sets, ``(n,)``."""
        if self.transform in (None, labels.transform):
            return np.asarray(labels["target"], dtype=np.float32)
        assert self.transform is not None
        return self.transform(labels["quality"]).astype(np.float32)

    def whole_target(self, labels: Labels) -> NDArray[np.float32]:
        """Return what the head should say of the frames that items are windows of, ``(n,)``."""
        transform = self.transform or labels.transform
        return transform(labels[WHOLE]).astype(np.float32)

    def described(self, labels: Labels) -> Target:
        """Return what the head's output means, in the range of a set's labels."""
        transform = self.transform or labels.transform
        quality = labels["quality"]
        return Target.of_transform(
            transform.to_dict(), "hdrvdp2", (float(quality.min()), float(quality.max()))
        )

    def to_set(self, values: Numbers, labels: Labels) -> Numbers:
        """Return the head's values ``(n,)`` on the scale of a set's own target."""
        if self.transform in (None, labels.transform):
            return values
        assert self.transform is not None
        return labels.transform(self.transform.inverse(values))

    def from_set(self, values: Numbers, labels: Labels) -> Numbers:
        """Return values on the scale of a set's target as the head would say them."""
        if self.transform in (None, labels.transform):
            return values
        assert self.transform is not None
        return self.transform(labels.transform.inverse(values))


def heads_of(card: Card) -> list[Head]:
    """Return the heads of trained weights.

    A head of several teachers has no scale of its own: see :class:`Head`.
    """
    return [
        Head(
            name,
            own.sets,
            None if "," in own.teacher else LabelTransform.from_dict(own.target.transform()),
        )
        for name, own in card.heads.items()
    ]


def make_heads(wanted: Mapping[str, Sequence[str]], labels: Sequence[Labels]) -> list[Head]:
    """Return the heads of a run.

    Parameters
    ----------
    wanted
        By the name of each head, its sets.
    labels
        Of the sets.
    """
    known = {one.name: one for one in labels}
    found = []
    for name, sets in wanted.items():
        teachers = {str(known[s].metadata["teacher"]) for s in sets}
        transform = known[sets[0]].transform if len(teachers) == 1 else None
        found.append(Head(name, tuple(sets), transform))
    return found
