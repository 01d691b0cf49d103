"""A collection in order: who stands where, what it is like, and what speaks against the order."""

from __future__ import annotations

from dataclasses import dataclass

from hdrmetrics.catalogue.metric_info import MetricInfo
from hdrmetrics.collection.record import Record


@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture stands.

    Parameters
    ----------
    record
        The picture.
    number
        From 1, the best; those that tie share one. ``None`` where it could not be scored.
    tied
        Whether another picture has the same value, or the interval of its neighbour in the order
        reaches its value.
    disagreement
        What the axes disagree in, in words; empty where they agree.
    group
        Number of its burst, from 1; ``None`` for a picture without its like.
    keeper
        Whether it is the best of its burst.
    why
        What speaks for the keeper, or against the others, in words.
    """

    record: Record
    number: int | None
    tied: bool = False
    disagreement: str = ""
    group: int | None = None
    keeper: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Ranking:
    """A collection in order.

    Parameters
    ----------
    metrics
        What was scored; the first decides the order.
    places
        The best first, those that could not be scored last.
    """

    metrics: tuple[MetricInfo, ...]
    places: tuple[Place, ...]
