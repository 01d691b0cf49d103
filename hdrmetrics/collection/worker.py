"""One process's share of the work: networks are loaded once, pictures come one after the other."""

from __future__ import annotations

import dataclasses
import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hdrmetrics.collection.bursts.look import Look
from hdrmetrics.collection.bursts.looks import enough, look_of, seen_of
from hdrmetrics.collection.decoded import Decoded
from hdrmetrics.collection.item import Item
from hdrmetrics.collection.plan import Plan
from hdrmetrics.collection.previews import preview_of
from hdrmetrics.collection.record import Record
from hdrmetrics.errors import HdrMetricsError
from hdrmetrics.jobs.batch import message_of, score_files
from hdrmetrics.jobs.scoring import build_metric
from hdrmetrics.learned.liked.nima import Nima
from hdrmetrics.metric import Metric
from hdrmetrics.picture.light import holds_light

_HEAP = 31 << 20  # bytes
_ELSEWHERE = {"device"}  # of what is given, what changes nothing that is seen


class Worker:
    """Scores pictures by a plan.

    Where the plan allows small decoding, each metric sees a picture as small as its
    :attr:`~hdrmetrics.metric.Metric.enough` says; the conditions of scores name it
    (``decoded_at``). What is said of a picture follows from the file and the plan's settings
    alone, not from other metrics or pictures. Places of ``norvdpnet`` are sampled only where the
    plan's options say so (``places``): that is some three times as fast, but not the same order.
    Threads may share a worker.

    Parameters
    ----------
    plan
        What is wanted.

    Raises
    ------
    UnknownNameError, OptionError
        For metrics, displays or options that are wrong for every picture.
    """

    def __init__(self, plan: Plan) -> None:
        keep_memory()
        self.plan = plan
        self.small = plan.reducible
        self.metrics = [self._metric(name) for name in plan.metrics]
        self._own = threading.local()

    def __call__(self, item: Item) -> Record:
        """Return what became of one picture; what is wrong with it is said there."""
        self._own.seen = None
        decoded = Decoded(item.path, self.plan.isolate)
        try:
            # What nothing is asked of is read all the same: whether that can be is worth knowing.
            for enough_for in {self._enough(one): None for one in self.metrics} or (None,):
                decoded.at(enough_for)
            digest = hashlib.sha256(Path(item.path).read_bytes()).hexdigest()
        except (OSError, HdrMetricsError, MemoryError) as error:
            return Record(item.path, item.name, errors={"file": message_of(error)})
        record = Record(item.path, item.name, digest, *decoded.size)
        for metric in self.metrics:
            image = decoded.at(self._enough(metric))
            row = score_files([(image, None)], [metric], jobs=1, **self.plan.viewing)[0]
            record.scores.update(row.scores)
            record.errors.update(row.errors)
        makers: dict[str, Callable[[], Look | bytes]] = {}
        if self.plan.looks:
            makers["look"] = lambda: self._look(item, decoded)
        if self.plan.preview:
            makers["preview"] = lambda: self._preview(decoded)
        made: dict[str, Any] = {}
        for part, make in makers.items():
            try:
                made[part] = make()
            except (HdrMetricsError, RuntimeError, MemoryError) as error:
                record.errors[part] = message_of(error)
        return dataclasses.replace(record, **made)

    def _look(self, item: Item, decoded: Decoded) -> Look:
        """Return the look of a picture: faults at its own size, the rest as ``nima`` sees it."""
        whole = decoded.at(None)
        if holds_light(whole):  # what was seen of it are several exposures
            return look_of(whole, item.path)
        # A region, a mask or a display is of scores: the look is that of the picture.
        seen = self._own.seen if self.plan.viewing.keys() <= _ELSEWHERE else None
        if seen is None:
            seen = seen_of(decoded.at(enough() if self.plan.small else None))
        return look_of(whole, item.path, seen)

    def _preview(self, decoded: Decoded) -> bytes:
        side = self.plan.preview
        return preview_of(decoded.at(max(side, enough()) if self.plan.small else None), side)

    def _metric(self, name: str) -> Metric:
        options: dict[str, Any] = dict(self.plan.options.get(name, {}))
        metric = build_metric(name, self.plan.viewing.get("display"), options)
        if isinstance(metric, Nima):
            metric.on_seen = self._note
        return metric

    def _note(self, seen: list[Tensor]) -> None:
        self._own.seen = seen

    def _enough(self, metric: Metric) -> int | None:
        return metric.enough if self.small else None


def keep_memory() -> None:
    """Let the C library keep what is let go: fresh memory costs as much as the arithmetic on it.

    Its limit for giving memory back to the system follows the largest piece that was freed so far,
    up to 32 MiB; where it has no such rule, this does nothing.
    """
    torch.empty(_HEAP, dtype=torch.uint8)  # let go at once
