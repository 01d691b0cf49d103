"""What there is to know about a metric before trusting its number, without loading PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hdrmetrics.catalogue.domain import Domain

Axis = Literal["faithful", "liked", "gain"]
"""What a score of pictures says: how near they are to what they should show, how people like them,
or what enhancement would bring. None follows from another."""

MapKind = Literal["similarity", "error", "probability", "distortion"]
"""What local values are: similarity (1 where both images agree), an error in code values, the
probability that a difference is seen, or how distorted a place is (0 where nothing is wrong)."""


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """What a user has to know about a metric before trusting its number.

    Parameters
    ----------
    name
        The name that :func:`hdrmetrics.create_metric` takes.
    title
        One line for tables.
    domain
        See :data:`~hdrmetrics.catalogue.domain.Domain`.
    reference
        Whether the metric needs a reference image.
    higher_is_better
        Direction of the scale.
    range
        Smallest and largest value it can take.
    unit
        Unit of the value: ``"dB"``, ``"cd/m²"``, ``""`` for plain numbers.
    differentiable
        Whether gradients flow to the test image.
    map_kind
        What :meth:`Metric.map` shows; ``None`` where there is no map.
    minimum_size
        Smallest height and width it accepts.
    citation
        The paper that defines it.
    version
        Of our implementation; it changes whenever a value could.
    faults
        What :meth:`Metric.explain` tells apart; none where a metric cannot say what is wrong.
    axis
        What it says of a picture.
    """

    name: str
    title: str
    domain: Domain
    reference: bool
    higher_is_better: bool
    range: tuple[float, float]
    unit: str
    differentiable: bool
    map_kind: MapKind | None
    minimum_size: int
    citation: str
    version: str
    faults: tuple[str, ...] = ()
    axis: Axis = "faithful"

    @property
    def best(self) -> float:
        """The better end of :attr:`range`, which may be infinite."""
        return self.range[1] if self.higher_is_better else self.range[0]

    @property
    def says_how_good(self) -> bool:
        """Whether a better value is a better picture; what could still be gained says nothing."""
        return self.axis != "gain"

    @property
    def has_map(self) -> bool:
        """Whether the metric tells where a difference lies."""
        return self.map_kind is not None

    @property
    def explains(self) -> bool:
        """Whether the metric can say what is wrong."""
        return bool(self.faults)
