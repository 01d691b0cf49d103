"""The order of a collection: who stands where, who ties, and what the axes disagree in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from hdrmetrics.catalogue.metric_info import MetricInfo
from hdrmetrics.collection.bursts.group import Group
from hdrmetrics.collection.ranking import Place, Ranking
from hdrmetrics.collection.record import Record
from hdrmetrics.jobs.axes import standing


def in_order(
    records: Sequence[Record], metrics: Iterable[MetricInfo], groups: Iterable[Group] = ()
) -> Ranking:
    """Return records in the order of the first metric, the best value first.

    Parameters
    ----------
    records
        Of all pictures. Equal values share a place and follow each other by name; those without a
        value come last, by name.
    metrics
        What was scored, at least one.
    groups
        Of the records by their index. They are numbered in the order of their keepers.

    Examples
    --------
    >>> from hdrmetrics.result import Score
    >>> from hdrmetrics.catalogue.metrics import metric_info
    >>> scores = [{"piqe": Score("piqe", value, "", (0.0, 100.0), False)} for value in (30.0, 20.0)]
    >>> records = [Record(name, name, scores=own) for name, own in zip("ab", scores, strict=True)]
    >>> ranking = in_order([*records, Record("c", "c")], [metric_info("piqe")])
    >>> [(place.record.name, place.number) for place in ranking.places]
    [('b', 1), ('a', 2), ('c', None)]
    """
    infos = tuple(metrics)
    first = infos[0]
    sign = -1.0 if first.higher_is_better else 1.0

    def key(index: int) -> tuple[bool, float, str, str]:
        record = records[index]
        value = _value(record, first)
        missing = math.isnan(value)
        return missing, 0.0 if missing else sign * value, record.name, record.path

    order = sorted(range(len(records)), key=key)
    numbers: dict[int, int] = {}
    last = math.nan
    for at, index in enumerate(order):
        value = _value(records[index], first)
        if math.isnan(value):
            break
        numbers[index] = numbers[order[at - 1]] if value == last else at + 1
        last = value
    grouped = _grouped(groups, {index: at for at, index in enumerate(order)})
    places = []
    for at, index in enumerate(order):
        around = [order[other] for other in (at - 1, at + 1) if 0 <= other < len(order)]
        scored = standing(records[index].scores)
        number, keeper, why = grouped.get(index, (None, False, ""))
        places.append(
            Place(
                records[index],
                numbers.get(index),
                tied=any(_reached(records[index], records[other], first) for other in around),
                disagreement="" if scored is None else scored.text,
                group=number,
                keeper=keeper,
                why=why,
            )
        )
    return Ranking(infos, tuple(places))


def _value(record: Record, info: MetricInfo) -> float:
    score = record.scores.get(info.name)
    return math.nan if score is None else score.value


def _reached(record: Record, neighbour: Record, info: MetricInfo) -> bool:
    """Return whether a neighbour has the same value, or its interval reaches that of a record."""
    value, other = _value(record, info), neighbour.scores.get(info.name)
    if math.isnan(value) or other is None:
        return False
    if other.low is None or other.high is None:
        return value == other.value
    return value == other.value or other.low <= value <= other.high


def _grouped(groups: Iterable[Group], at: dict[int, int]) -> dict[int, tuple[int, bool, str]]:
    """Return the group of each member with its number, whether it is kept, and why."""
    ordered = sorted(groups, key=lambda group: at[group.keeper])
    return {
        index: (number, index == group.keeper, group.why.get(index, ""))
        for number, group in enumerate(ordered, 1)
        for index in group.members
    }
