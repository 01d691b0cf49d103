"""One picture on its way through a worker: what was read of it, and what was found so far."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

from torch import Tensor

from hdrmetrics.collection.decoded import Decoded
from hdrmetrics.collection.item import Item
from hdrmetrics.collection.record import Record
from hdrmetrics.jobs.together import Glanced


@dataclass(slots=True)
class Opened:
    """A picture on its way.

    Parameters
    ----------
    item
        The file.
    decoded
        Its pixels; ``None`` where they could not be read, or are needed no longer.
    record
        What is known of it.
    glances
        By the metric's name, where a batch is to be scored.
    seen
        What ``nima`` saw of it, for its look; ``None`` where nobody looked.
    failure
        What nobody foresaw.
    needs
        What must stay as long as it is on its way, a copy of its file for example.
    """

    item: Item
    decoded: Decoded | None
    record: Record
    glances: dict[str, Glanced] = field(default_factory=dict)
    seen: list[Tensor] | None = None
    failure: Exception | None = None
    needs: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
