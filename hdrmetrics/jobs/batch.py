"""Many files by many metrics: a row for each file, whatever happens to the others."""

from __future__ import annotations

import dataclasses
import functools
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Unpack

import torch

from hdrmetrics.errors import HdrMetricsError, OptionError
from hdrmetrics.jobs.inputs import Source
from hdrmetrics.jobs.row import Row as Row
from hdrmetrics.jobs.running import Stop, make_rows
from hdrmetrics.jobs.scoring import (
    ScoreMap,
    build_metric,
    check_explaining,
    make_map,
    score_quietly,
)
from hdrmetrics.jobs.settings import Setting, Viewing, separated
from hdrmetrics.metric import Metric
from hdrmetrics.picture.image import Image
from hdrmetrics.resources.machine import usable_cores
from hdrmetrics.resources.room import Room


class BatchSettings(Viewing, total=False):
    """Keywords of the functions that score many files.

    Parameters
    ----------
    jobs
        Files worked on at a time, in threads, each with its share of PyTorch's threads. By default
        as many as there are files and threads (:func:`torch.get_num_threads`, at most one for each
        core that this process may use); 1 on other devices than the CPU. Files whose pictures
        would not fit in half of the memory together wait for each other. Scores of different
        numbers of threads may differ by rounding, by about 10⁻⁶ of their value.
    isolate
        As for :func:`hdrmetrics.read_image`: by default other processes read the formats whose
        decoders may crash, so that a crash is an error in the file's row.
    options
        Options by the metric's name.
    explain
        Whether to say what is wrong and where, by the metrics that can; a picture that one of them
        cannot explain after all is a row with an error.
    on_row
        Called with each row as soon as it is done, from the calling thread; with several jobs in
        any order. After Ctrl-C too it is called for every row that was finished; for one it may
        then be called twice.
    """

    jobs: int | None
    isolate: bool | None
    options: dict[str, dict[str, Any]] | None
    explain: bool | None
    on_row: Callable[[Row], None] | None


def score_files(
    files: Sequence[tuple[Source, Source | None]],
    metrics: str | Metric | Sequence[str | Metric],
    *,
    on_map: Callable[[int, ScoreMap], None] | None = None,
    **settings: Unpack[BatchSettings],
) -> list[Row]:
    """Score many files by many metrics.

    Parameters
    ----------
    files
        Pairs (test, reference); the reference is ``None`` for no-reference metrics. Images in
        memory are taken as by :func:`hdrmetrics.score`.
    metrics
        Names or metrics; one may stand alone.
    on_map
        Called with the pair's index and the map of each metric that has one, from the thread that
        made it, one at a time. A :class:`HdrMetricsError` that it raises is noted in the row.
    settings
        Those of :class:`~hdrmetrics.jobs.settings.Viewing`, the same for every file (a factor that
        does not concern a file, as ``scale`` beside a JPEG, is a warning of its row), and of
        :class:`BatchSettings`.

    Returns
    -------
    list of Row
        In the order of ``files``. A file that cannot be read, or a metric that refuses it, leaves
        its message in the row; the rest is scored.

    Raises
    ------
    UnknownNameError, OptionError, ImageReadError
        For metrics, displays, options or a mask that are wrong for every file, no metric at all,
        an explanation that none can give, and files that are no pairs.
    """
    chosen, viewing = _parted(settings)
    jobs, on_row, explain = chosen.get("jobs"), chosen.get("on_row"), chosen.get("explain")
    if jobs is not None and jobs < 1:
        raise OptionError(f"jobs must be at least 1, not {jobs}")
    if isinstance(metrics, (str, Metric)):  # a str is a sequence of its letters
        metrics = [metrics]
    if not metrics:
        raise OptionError("metrics are names or metrics made by create_metric(), not an empty list")
    files = [_pair(one) for one in ([files] if isinstance(files, (str, Path)) else files)]
    paired = any(reference is not None for _, reference in files)
    setting = Setting.of(viewing, paired=paired, lenient=True)
    jobs = min(jobs or usual_jobs(setting.device), max(1, len(files)))
    read = functools.partial(_read, isolate=chosen.get("isolate"))
    if setting.mask is not None:
        setting = dataclasses.replace(setting, mask=read(setting.mask))
    own = chosen.get("options") or {}
    models = [build_metric(m, setting.units.display, own.get(str(m), {})) for m in metrics]
    check_explaining(models, explain)
    # Many tests against one reference are common: it is read once.
    task = _Task(models, setting, read, _Last(read), on_map, bool(explain))

    def make(index: int) -> Row:
        return task.row(index, *files[index])

    return make_rows(make, len(files), jobs=jobs, stop=task.stop, on_row=on_row)


def _parted(settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what is of jobs, and what is of each score."""
    viewing, chosen = separated(settings)
    unknown = sorted(set(chosen) - BatchSettings.__optional_keys__)
    if unknown:
        raise TypeError(f"score_files() got an unexpected keyword argument {unknown[0]!r}")
    return chosen, viewing


def _pair(one: Any) -> tuple[Source, Source | None]:
    if not isinstance(one, (tuple, list)) or len(one) != 2:
        what = repr(one) if isinstance(one, (str, Path)) else type(one).__name__
        raise OptionError(
            f"files are pairs (test, reference), not {what}: give [(test, reference), …], or "
            "[(test, None), …] for metrics without a reference"
        )
    return one[0], one[1]


def usual_jobs(device: torch.device | str | None) -> int:
    """Return how many files are worked on at a time where nobody says how many."""
    if device is not None and str(device).partition(":")[0] != "cpu":
        return 1
    # Who asks PyTorch for fewer threads than there are cores means it.
    return min(usable_cores(), torch.get_num_threads())


def _read(source: Source, isolate: bool | None) -> Source:
    if not isinstance(source, (str, Path)):
        return source
    from hdrmetrics.io import read_image

    return read_image(source, isolate=isolate)


class _Last:
    """Reads a file, or returns the image when it is the file that was read before.

    A thread that wants a file which another one is reading waits for it.
    """

    def __init__(self, read: Callable[[Source], Source]) -> None:
        self.read = read
        self.last: tuple[str, Future[Source]] | None = None
        self.lock = threading.Lock()

    def __call__(self, source: Source) -> Source:
        if not isinstance(source, (str, Path)):
            return source
        with self.lock:
            last = self.last
            mine = last is None or last[0] != str(source)
            if last is None or mine:
                last = self.last = str(source), Future()
        found = last[1]
        if mine:
            try:
                found.set_result(self.read(source))
            except BaseException as error:
                with self.lock:
                    if self.last is last:
                        self.last = None  # what lacked, as memory, may be there the next time
                found.set_exception(error)
        return found.result()


@dataclass(frozen=True)
class _Task:
    """What is the same for every file."""

    models: list[Metric]
    setting: Setting
    read: Callable[[Source], Source]
    read_reference: Callable[[Source], Source]
    on_map: Callable[[int, ScoreMap], None] | None
    explain: bool = False
    room: Room = field(default_factory=Room)
    stop: Stop = field(default_factory=Stop)
    mapping: threading.Lock = field(default_factory=threading.Lock)

    def row(self, index: int, test: Source, reference: Source | None) -> Row:
        """Return the row of one pair."""
        row = Row(_name(test, index), None if reference is None else _name(reference, index))
        with self.room.place(test, reference) as place:
            try:
                images = [self.read(test)]
                if reference is not None:
                    images.append(self.read_reference(reference))
            except (HdrMetricsError, MemoryError) as error:
                row.errors["file"] = message_of(error)
                return row
            place.holds(*zip((test, reference), images, strict=False))
            for model in self.models[:-1]:
                self._score(index, row, model, images.copy())
            for model in self.models[-1:]:
                self._score(index, row, model, images)
        return row

    def _score(self, index: int, row: Row, model: Metric, images: list[Source]) -> None:
        """Note the score of a metric; the list is emptied, so that pixels are let go in time."""
        self.stop.check()
        name = model.info.name
        other = images.pop() if len(images) > 1 else None
        others = [other if model.info.reference else None]
        del other
        try:
            # Taken out in the call, so that nobody here holds them during the work.
            found = score_quietly(
                images.pop(),
                model,
                others.pop(),
                self.setting,
                explain=self.explain and model.info.explains,
            )
        except (HdrMetricsError, RuntimeError, MemoryError) as error:
            row.errors[name] = message_of(error)
            return
        row.scores[name] = found.score
        if self.on_map is not None and model.info.has_map:
            try:
                drawn = make_map(found.metric, found.inputs, found.score)
                with self.mapping:
                    self.on_map(index, drawn)
            except (HdrMetricsError, RuntimeError, MemoryError) as error:
                row.errors[f"map of {name}"] = message_of(error)


def _name(source: Source, index: int) -> str:
    if isinstance(source, (str, Path)):
        return str(source)
    path = source.origin.path if isinstance(source, Image) else None
    return path or f"image {index + 1}"


def message_of(error: BaseException) -> str:
    """Return what a row says of an error."""
    if isinstance(error, MemoryError):
        return "not enough memory for this image"
    return str(error) or type(error).__name__
