"""What became of one picture of a collection."""

from __future__ import annotations

from dataclasses import dataclass, field

from hdrmetrics.collection.bursts.look import Look
from hdrmetrics.result import Score


@dataclass(frozen=True, slots=True)
class Record:
    """What became of one picture.

    Parameters
    ----------
    path, name
        Of its :class:`~hdrmetrics.collection.item.Item`.
    digest
        SHA-256 of the file's bytes; empty where they could not be read.
    width, height
        Of the picture in the file, in pixels; 0 where it could not be read.
    scores
        By the metric's name; one that failed is missing here.
    errors
        By the metric's name, or ``"file"``.
    look
        Where the plan asked for it.
    preview
        A JPEG file, where the plan asked for it.
    damaged
        Whether the file's error is of its bytes for sure, so that it will not pass. What comes from
        shards does not say so.
    """

    path: str
    name: str
    digest: str = ""
    width: int = 0
    height: int = 0
    scores: dict[str, Score] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    look: Look | None = None
    preview: bytes | None = None
    damaged: bool = False
