"""What is wanted of every picture of a collection, as plain data that travels to other machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_PLACED = ("mask", "region")  # of what is given in pixels of the whole picture


@dataclass(frozen=True, slots=True)
class Plan:
    """What is wanted of every picture.

    Parameters
    ----------
    metrics
        Names of metrics without reference.
    viewing
        The keywords of :class:`~hdrmetrics.jobs.settings.Viewing` that were given, as JSON has
        them.
    options
        Options of metrics by their names.
    small
        Whether pictures may be decoded at a reduced size: for each metric as small as its order
        allows (:attr:`hdrmetrics.metric.Metric.enough`).
    looks
        Whether to note what pictures look like, by which bursts are found.
    preview
        Longest side of the preview that is made of each, in pixels; 0 for none.
    isolate
        As for :func:`hdrmetrics.read_image`; no value depends on it.
    """

    metrics: tuple[str, ...]
    viewing: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    small: bool = True
    looks: bool = False
    preview: int = 0
    isolate: bool | None = None

    @property
    def reducible(self) -> bool:
        """Whether pictures may be decoded at a reduced size.

        Not where a part of them is named in pixels of the whole.
        """
        return self.small and not any(self.viewing.get(name) for name in _PLACED)
