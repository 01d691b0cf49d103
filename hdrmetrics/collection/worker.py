"""One process's share of the work: networks are loaded once, pictures come one by one or many."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hdrmetrics.collection.bursts.look import Look
from hdrmetrics.collection.bursts.looks import enough, look_of, seen_of
from hdrmetrics.collection.decoded import Decoded
from hdrmetrics.collection.item import Item
from hdrmetrics.collection.opened import Opened
from hdrmetrics.collection.plan import Plan
from hdrmetrics.collection.previews import preview_of
from hdrmetrics.collection.record import Record
from hdrmetrics.errors import (
    HdrMetricsError,
    ImageAccessError,
    ImageDecodeError,
    ImageReadError,
    MissingCodecError,
    StoreError,
)
from hdrmetrics.jobs.batch import message_of
from hdrmetrics.jobs.scoring import Scored, build_metric, read_file, score_quietly
from hdrmetrics.jobs.settings import Setting
from hdrmetrics.jobs.together import Together, glanced, usual_batch
from hdrmetrics.learned.liked.nima import Nima
from hdrmetrics.metric import Metric
from hdrmetrics.picture.light import holds_light

_HEAP = 31 << 20  # bytes
_ELSEWHERE = {"device"}  # of what is given, what changes nothing that is seen
_FORESEEN = (HdrMetricsError, RuntimeError, MemoryError)


class Worker:
    """Scores pictures by a plan.

    Where the plan allows small decoding, each metric sees a picture as small as its
    :attr:`~hdrmetrics.metric.Metric.enough` says; the conditions of scores name it
    (``decoded_at``). What is said of a picture follows from the file and the plan's settings
    alone, not from other metrics or pictures. Places of ``norvdpnet`` are sampled only where the
    plan's options say so (``places``): that is some three times as fast, but not the same order.
    Threads may share a worker.

    On an accelerator networks see several pictures at once. Who has many gives them in three
    steps: :meth:`open` and :meth:`finish` are for any threads, :meth:`score` for one
    (:mod:`hdrmetrics.collection.ahead`). A call does all three for one picture.

    Parameters
    ----------
    plan
        What is wanted.
    batch
        Pictures that networks see at once; by default as
        :func:`~hdrmetrics.jobs.together.usual_batch` says. From 2 on values may differ by
        rounding, by some 10⁻⁶ of theirs.

    Raises
    ------
    UnknownNameError, OptionError
        For metrics, displays or options that are wrong for every picture, and a batch of none.
    ImageReadError
        If the plan's mask cannot be read.
    """

    def __init__(self, plan: Plan, batch: int | None = None) -> None:
        keep_memory()
        self.plan = plan
        self.small = plan.reducible
        self.setting = Setting.of(plan.viewing, paired=False, lenient=True)
        if self.setting.mask is not None:
            self.setting = dataclasses.replace(self.setting, mask=read_file(self.setting.mask))
        self.metrics = [self._metric(name) for name in plan.metrics]
        device = self.setting.device
        self.batch = usual_batch(device) if batch is None else batch
        self._together = [Together(device, self.batch) for _ in self.metrics]

    def __call__(self, item: Item) -> Record:
        """Return what became of one picture; what is wrong with it is said there."""
        opened = self._read(item)
        if opened.decoded is not None:
            for metric in self.metrics:
                image = opened.decoded.at(self._enough(metric))
                with _noted(opened.record, metric.info.name):
                    scored = score_quietly(image, metric, None, self.setting)
                    self._note(opened, metric, scored)
        return self.finish(opened)

    def open(self, item: Item) -> Opened:
        """Return a picture read, and glanced at by each metric, for :meth:`score`."""
        opened = self._read(item)
        if opened.decoded is not None:
            for metric in self.metrics:
                name, image = metric.info.name, opened.decoded.at(self._enough(metric))
                with _noted(opened.record, name):
                    opened.glances[name] = glanced(image, metric, self.setting)
        return opened

    def score(self, pictures: Sequence[Opened]) -> None:
        """Score pictures together, each as if it were alone, but for rounding."""
        for metric, together in zip(self.metrics, self._together, strict=True):
            name = metric.info.name
            there = [one for one in pictures if name in one.glances]
            found = together([one.glances.pop(name) for one in there])
            for opened, scored in zip(there, found, strict=True):
                if isinstance(scored, Scored):
                    self._note(opened, metric, scored)
                elif isinstance(scored, _FORESEEN):
                    opened.record.errors[name] = message_of(scored)
                else:
                    opened.failure = scored

    def finish(self, opened: Opened) -> Record:
        """Return the record of a picture that was scored, with its look and preview.

        What nobody foresaw is raised, as by a call.
        """
        if opened.failure is not None:
            raise opened.failure
        record, decoded, made = opened.record, opened.decoded, dict[str, Any]()
        opened.decoded = None
        if decoded is not None and self.plan.looks:
            with _noted(record, "look"):
                made["look"] = self._look(opened.item, decoded, opened.seen)
        if decoded is not None and self.plan.preview:
            with _noted(record, "preview"):
                made["preview"] = self._preview(decoded)
        return dataclasses.replace(record, **made)

    def _read(self, item: Item) -> Opened:
        decoded = Decoded(item.path, self.plan.isolate)
        try:
            # What nothing is asked of is read all the same: whether that can be is worth knowing.
            for enough_for in {self._enough(one): None for one in self.metrics} or (None,):
                decoded.at(enough_for)
            digest = hashlib.sha256(Path(item.path).read_bytes()).hexdigest()
        except (OSError, HdrMetricsError, MemoryError) as error:
            errors, damaged = {"file": message_of(error)}, _is_damage(error)
            record = Record(item.path, item.name, errors=errors, damaged=damaged)
            return Opened(item, None, record)
        return Opened(item, decoded, Record(item.path, item.name, digest, *decoded.size))

    def _note(self, opened: Opened, metric: Metric, scored: Scored) -> None:
        opened.record.scores[metric.info.name] = scored.score
        if isinstance(metric, Nima) and scored.seen:
            opened.seen = [one.cpu() for one in scored.seen]  # where looks are made

    def _look(self, item: Item, decoded: Decoded, seen: list[Tensor] | None) -> Look:
        """Return the look of a picture: faults at its own size, the rest as ``nima`` sees it."""
        whole = decoded.at(None)
        if holds_light(whole):  # what was seen of it are several exposures
            return look_of(whole, item.path)
        # A region, a mask or a display is of scores: the look is that of the picture.
        if seen is None or not self.plan.viewing.keys() <= _ELSEWHERE:
            seen = seen_of(decoded.at(enough() if self.plan.small else None))
        return look_of(whole, item.path, seen)

    def _preview(self, decoded: Decoded) -> bytes:
        side = self.plan.preview
        return preview_of(decoded.at(max(side, enough()) if self.plan.small else None), side)

    def _metric(self, name: str) -> Metric:
        options: dict[str, Any] = dict(self.plan.options.get(name, {}))
        return build_metric(name, self.plan.viewing.get("display"), options)

    def _enough(self, metric: Metric) -> int | None:
        return metric.enough if self.small else None


@contextlib.contextmanager
def _noted(record: Record, what: str) -> Iterator[None]:
    """Note what goes wrong with a part of a record, which the others survive."""
    try:
        yield
    except _FORESEEN as error:
        record.errors[what] = message_of(error)


def _is_damage(error: Exception) -> bool:
    """Return whether an error of reading is of the bytes of the file, whoever reads them when."""
    passing = ImageAccessError, ImageDecodeError, MissingCodecError, StoreError
    return isinstance(error, ImageReadError) and not isinstance(error, passing)


def keep_memory() -> None:
    """Let the C library keep what is let go: fresh memory costs as much as the arithmetic on it.

    Its limit for giving memory back to the system follows the largest piece that was freed so far,
    up to 32 MiB; where it has no such rule, this does nothing.
    """
    torch.empty(_HEAP, dtype=torch.uint8)  # let go at once
