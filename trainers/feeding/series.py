"""Whole frames in series: the windows of one frame, and the frames that differ in strength."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.errors import OptionError
from trainers.feeding.labels import Labels


@dataclass(frozen=True, slots=True)
class Series:
    """Series of whole frames: the untouched frame, then one operation in rising strength.

    Parameters
    ----------
    rows
        Places of the items in the labels, ``(series, versions, windows)``; where a frame has fewer
        windows than others, the first one stands in.
    inside
        ``(series, versions, windows)``: whether it is a window of the frame.
    """

    rows: NDArray[np.int64]
    inside: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def size(self) -> int:
        """Items of a series."""
        return int(np.prod(self.rows.shape[1:]))


def find_series(labels: Labels) -> Series | None:
    """Return the series of a set of whole frames, ``None`` for any other set.

    A series that lacks a version, since something could not be made, is left out.

    Raises
    ------
    OptionError
        If no series is complete.
    """
    strengths = labels.series
    if not strengths:
        return None
    frames: dict[tuple[str, str, int], dict[int, list[int]]] = {}
    keys = zip(labels["scene"], labels["source"], labels["frame"], labels["version"], strict=True)
    for place, (scene, source, frame, version) in enumerate(keys):
        versions = frames.setdefault((str(scene), str(source), int(frame)), {})
        versions.setdefault(int(version), []).append(place)
    found: list[list[list[int]]] = []
    for versions in frames.values():
        count = len(versions.get(0, ()))
        for first in range(1, max(versions) + 1, strengths):
            parts = [versions.get(v, []) for v in (0, *range(first, first + strengths))]
            if count and all(len(part) == count for part in parts):
                found.append(parts)
    if not found:
        raise OptionError(f"{labels.name} has no complete series")
    most = max(len(parts[0]) for parts in found)
    rows = np.array(
        [[[*part, *[part[0]] * (most - len(part))] for part in parts] for parts in found]
    )
    inside = np.array([[[i < len(part) for i in range(most)] for part in parts] for parts in found])
    return Series(rows.astype(np.int64), inside)
