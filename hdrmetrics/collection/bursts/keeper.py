"""The best of pictures that show one thing, and what speaks for it and against the others."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.catalogue.metrics import metric_info
from hdrmetrics.collection.bursts.look import Look
from hdrmetrics.collection.record import Record
from hdrmetrics.errors import OptionError, UnknownNameError
from hdrmetrics.result import Score

MERITS = ("detail", "noise", "blocks", "bright", "dark", "light", "pixels", "score")
"""What a picture of a group may have less of than the best of it: see :func:`merits_of`."""

WEIGHTS = (7.9, 2.3, 1.1, 0.6, 0.3, 4.9, 4.6, 0.8)
"""Of the merits: by them the unspoiled picture of made bursts is picked most surely
(``python -m results.bursts.measure weigh``), with the score of ``nima`` or without."""

_FAULTS = ("blurred", "noisy", "compressed", "highlights clipped", "shadows clipped", "", "smaller")
_VIRTUES = ("sharpest", "least noise", "least compressed", "highlights kept", "shadows kept", "",
            "largest")  # fmt: skip
_LIGHT, _PIXELS, _SCORE = (MERITS.index(name) for name in ("light", "pixels", "score"))
_TOLD = (0.15, 0.4, 0.4, 0.7, 0.7, 0.4, 0.1, 0.3)  # of each merit: less is not worth a word
_WORDS = 2  # that are said of a picture
_SPAN = 9.0  # points from the worst score to the best, as opinions from 1 to 10 have them


def choose(records: Sequence[Record]) -> tuple[int, list[str]]:
    """Return the place of the picture to keep, and in words what speaks for or against each.

    Parameters
    ----------
    records
        Of one group, with looks; of pictures that are equally good the first is kept.

    Raises
    ------
    OptionError
        If one has no look, or there is none.
    """
    merits = merits_of(records)
    weighted = merits * np.asarray(WEIGHTS)
    totals = weighted.sum(axis=1)
    keeper = int(np.argmax(np.round(totals, 9)))
    name = _common_score(records)
    words = []
    for index in range(len(records)):
        if index == keeper:
            words.append(_for(merits, keeper, name))
        else:
            words.append(_against(merits, records, index, keeper, name))
    return keeper, words


def merits_of(records: Sequence[Record]) -> NDArray[np.float64]:
    """Return what each picture lacks of the best of its group, ``(n, 8)``: 0 for the best.

    Octaves of detail, of noise above that of the middle one, of blocks; doublings of the parts that
    are clipped at either end; how far, in tenths, the mean code is from that of the middle one;
    octaves of pixels a side; and points of ten of the first score that says how good all are.

    Raises
    ------
    OptionError
        If a record has no look, or there is no record.
    """
    looks = [record.look for record in records if record.look is not None]
    if not records or len(looks) < len(records):
        raise OptionError("the best is chosen of pictures with looks: plan them with looks=True")
    detail = np.log2([max(look.detail, 1.0) for look in looks])
    noise = np.log2([look.noise + _LEAST_NOISE for look in looks])
    blocks = np.log2([look.blocks + _LEAST_BLOCKS for look in looks])
    bright, dark = (np.log2([part + _LEAST_PART for part in parts]) for parts in _ends(looks))
    light = np.array([np.frombuffer(look.small, np.uint8).mean() / 25.5 for look in looks])
    pixels = np.log2([max(record.width * record.height, 1) for record in records]) / 2
    columns = [
        detail - detail.max(),
        -np.maximum(noise - np.median(noise), 0.0),
        blocks.min() - blocks,
        bright.min() - bright,
        dark.min() - dark,
        -np.abs(light - np.median(light)),
        pixels - pixels.max(),
        _points(records),
    ]
    return np.stack(columns, axis=1)


_LEAST_NOISE, _LEAST_BLOCKS, _LEAST_PART = 2.0, 0.15, 0.01  # under logarithms: less is nothing


def _ends(looks: Sequence[Look]) -> tuple[list[float], list[float]]:
    return [look.bright for look in looks], [look.dark for look in looks]


def _common_score(records: Sequence[Record]) -> str | None:
    """Return the first metric that all have a value of, and that says how good they are."""
    for name in records[0].scores:
        scores = [record.scores[name] for record in records if name in record.scores]
        finite = all(math.isfinite(score.value) for score in scores)
        if len(scores) == len(records) and finite and _says_how_good(name):
            return name
    return None


def _says_how_good(name: str) -> bool:
    try:
        return metric_info(name).says_how_good
    except UnknownNameError:  # of a package that is not there any more
        return False


def _points(records: Sequence[Record]) -> NDArray[np.float64]:
    name = _common_score(records)
    if name is None:
        return np.zeros(len(records))
    scores = [record.scores[name] for record in records]
    values = np.array([_directed(score) for score in scores])
    low, high = scores[0].range
    if math.isfinite(high - low) and high > low:
        return np.asarray((values - values.max()) * _SPAN / (high - low))
    spread = float(values.std())  # no range: what differs most counts as a point
    return (values - values.max()) / spread if spread > 0 else np.zeros(len(records))


def _directed(score: Score) -> float:
    return score.value if score.higher_is_better else -score.value


def _for(merits: NDArray[np.float64], keeper: int, name: str | None) -> str:
    """Return what the others lack most of."""
    others = np.delete(merits, keeper, axis=0)
    said: list[str] = []
    for column in _worth_telling(merits[keeper] - others.mean(axis=0)) if len(others) else ():
        if column == _SCORE:
            points = merits[keeper, column] - others[:, column].mean()
            said.append(f"{points:.1f} points above the others in {name}")
        elif column == _LIGHT:
            said.append("exposed as most of them")
        elif merits[keeper, column] >= others[:, column].max():
            said.append(_VIRTUES[column])
    return ", ".join(said[:_WORDS]) or "as good as the others"


def _against(
    merits: NDArray[np.float64],
    records: Sequence[Record],
    index: int,
    keeper: int,
    name: str | None,
) -> str:
    """Return what a picture lacks most of, beside the one that is kept."""
    said: list[str] = []
    for column in _worth_telling(merits[keeper] - merits[index]):
        if column == _SCORE and name is not None:
            own, best = records[index].scores[name], records[keeper].scores[name]
            said.append(f"{abs(own.value - best.value):.2g} worse in {name}")
        elif column == _LIGHT:
            darker = _mean(records[index]) < _mean(records[keeper])
            said.append("darker" if darker else "brighter")
        else:
            said.append(_FAULTS[column])
    return ", ".join(said[:_WORDS]) or "nearly as good"


def _worth_telling(ahead: NDArray[np.float64]) -> list[int]:
    """Return the merits that one picture has more of than another, those that weigh most first."""
    order = np.argsort(-ahead * np.asarray(WEIGHTS), kind="stable")
    return [int(column) for column in order if ahead[column] >= _TOLD[column]]


def _mean(record: Record) -> float:
    assert record.look is not None
    return float(np.frombuffer(record.look.small, np.uint8).mean())
