"""The heads of a network in training: which sets train each, and on which scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from datasets.labelling.labels import WHOLE
from datasets.labelling.transform import LabelTransform
from datasets.statistics.weighted import Numbers
from hdrmetrics.errors import OptionError
from hdrmetrics.learned.card import Card
from hdrmetrics.learned.target import Target
from hdrmetrics.metrics.tmqi.quality import (
    NATURALNESS_POWER,
    fidelity_of_quality,
    quality_of_parts,
)
from trainers.feeding.labels import Labels

FIDELITY = "tmqi_s"
"""The column of labels that a head may learn in the place of the set's own quality: TMQI's
structural fidelity, which makes its Q together with the naturalness, a matter of the test alone."""

_NATURALNESS = "tmqi_n"


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
    column
        What it learns, :data:`FIDELITY`; ``None`` for the quality that targets were made of.
    """

    name: str
    sets: tuple[str, ...]
    transform: LabelTransform | None
    column: str | None = None

    def quality(self, labels: Labels) -> NDArray[np.float32]:
        """Return what the head's target is made of, ``(n,)``."""
        return np.asarray(labels[self.column or "quality"], dtype=np.float32)

    def target(self, labels: Labels) -> NDArray[np.float32]:
        """Return what the head should say of the items of one of its sets, ``(n,)``."""
        if self._as_set(labels):
            return np.asarray(labels["target"], dtype=np.float32)
        assert self.transform is not None
        return self.transform(self.quality(labels)).astype(np.float32)

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
        if self._as_set(labels):
            return values
        assert self.transform is not None
        found = self.transform.inverse(values)
        if self.column == FIDELITY:
            found = quality_of_parts(torch.from_numpy(found), _look(labels)).numpy()
        return labels.transform(found)

    def from_set(self, values: Numbers, labels: Labels) -> Numbers:
        """Return values on the scale of a set's target as the head would say them."""
        if self._as_set(labels):
            return values
        assert self.transform is not None
        found = labels.transform.inverse(values)
        if self.column == FIDELITY:
            found = fidelity_of_quality(torch.from_numpy(found), _look(labels)).numpy()
        return self.transform(found)

    def _as_set(self, labels: Labels) -> bool:
        return self.column is None and self.transform in (None, labels.transform)


def _look(labels: Labels) -> torch.Tensor:
    """Return TMQI's term of naturalness of items, which their pictures have without a network."""
    return torch.from_numpy(labels[_NATURALNESS].astype(np.float64)).pow(NATURALNESS_POWER)


def heads_of(card: Card) -> list[Head]:
    """Return the heads of trained weights.

    A head of several teachers has no scale of its own: see :class:`Head`.
    """
    return [
        Head(
            name,
            own.sets,
            None if "," in own.teacher else LabelTransform.from_dict(own.target.transform()),
            FIDELITY if own.target.shown == "tmqi-s" else None,
        )
        for name, own in card.heads.items()
    ]


def make_heads(
    wanted: Mapping[str, Sequence[str]],
    labels: Sequence[Labels],
    columns: Mapping[str, str] | None = None,
) -> list[Head]:
    """Return the heads of a run.

    Parameters
    ----------
    wanted
        By the name of each head, its sets.
    labels
        Of the sets.
    columns
        By the name of a head, the column that it learns; see :class:`Head`. Its transform is
        fitted to the training items of its first set.

    Raises
    ------
    OptionError
        If no head has such a name, no head can learn the column, or a set lacks it.
    """
    known = {one.name: one for one in labels}
    columns = columns or {}
    _check_columns(wanted, known, columns)
    found = []
    for name, sets in wanted.items():
        first = known[sets[0]]
        teachers = {str(known[s].metadata["teacher"]) for s in sets}
        transform = first.transform if len(teachers) == 1 else None
        column = columns.get(name)
        if column is not None:
            transform = LabelTransform.fit(first.split("train")[column], higher_is_better=True)
        found.append(Head(name, tuple(sets), transform, column))
    return found


def _check_columns(
    wanted: Mapping[str, Sequence[str]], known: Mapping[str, Labels], columns: Mapping[str, str]
) -> None:
    for name, column in columns.items():
        if name not in wanted:
            raise OptionError(
                f"[targets] names the head {name}; this run trains {', '.join(wanted)}"
            )
        if column != FIDELITY:
            raise OptionError(
                f"[targets] {name} is {FIDELITY}, or is left out for the set's own target; "
                f"not {column!r}"
            )
        for one in wanted[name]:
            if not {column, _NATURALNESS} <= set(known[one].columns):
                raise OptionError(
                    f"[targets] {name}: the labels of {one} have no {column} and {_NATURALNESS}, "
                    "which TMQI gives"
                )
