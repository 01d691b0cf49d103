"""One score with the conditions it was computed under."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Score:
    """A metric's value for one image, and everything the value depends on.

    Parameters
    ----------
    metric
        Name of the metric.
    value
        The score. ``inf`` for the PSNR of identical images.
    unit, range, higher_is_better
        As in :class:`hdrmetrics.MetricInfo`.
    conditions
        Version, options, calibration, display and size that the value depends on.
    warnings
        What was changed or looks wrong, in sentences.
    low, high
        Ends of the interval of a learned score; ``None`` where a metric has none.
    test, reference
        The files, where the images came from files.
    explanation
        What is wrong and where, as :meth:`hdrmetrics.explanation.Explanation.to_dict` has it;
        ``None`` where nobody asked.
    """

    metric: str
    value: float
    unit: str
    range: tuple[float, float]
    higher_is_better: bool
    conditions: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    test: str | None = None
    reference: str | None = None
    explanation: Mapping[str, Any] | None = None

    def __float__(self) -> float:
        return self.value

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values: an infinite value becomes ``None`` with ``infinite`` true.

        One that is not a number becomes ``None`` with ``infinite`` false.
        """
        finite = math.isfinite(self.value)
        record: dict[str, Any] = {
            "metric": self.metric,
            "value": self.value if finite else None,
            "infinite": math.isinf(self.value),
            "unit": self.unit,
            "range": [bound if math.isfinite(bound) else None for bound in self.range],
            "higher_is_better": self.higher_is_better,
            "conditions": self.conditions,
            "warnings": list(self.warnings),
        }
        for key in ("low", "high", "test", "reference", "explanation"):
            if getattr(self, key) is not None:
                record[key] = getattr(self, key)
        return record
