"""Many files by many metrics: a row for each file, whatever happens to the others."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

import torch

from hdrmetrics.display import Display
from hdrmetrics.errors import HdrMetricsError, OptionError
from hdrmetrics.image import Image
from hdrmetrics.inputs import Source, Units
from hdrmetrics.metric import Metric
from hdrmetrics.result import Score
from hdrmetrics.scoring import (
    Region,
    ScoreMap,
    build_metric,
    check_reference,
    make_map,
    score_quietly,
)


@dataclass(frozen=True)
class Row:
    """What became of one file.

    Parameters
    ----------
    test, reference
        The files; ``"image 3"`` for the third one when it was not a file.
    scores
        By the metric's name; a metric that failed is missing here.
    errors
        By the metric's name, ``"file"`` when the file itself could not be read, or
        ``"map of"`` and the metric's name when the score is there but its map failed.
    """

    test: str
    reference: str | None
    scores: dict[str, Score] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether every metric gave a score."""
        return not self.errors

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "test": self.test,
            "reference": self.reference,
            "scores": {name: value.to_dict() for name, value in self.scores.items()},
            "errors": self.errors,
        }


class BatchSettings(TypedDict, total=False):
    """What jobs on many files hand on to :func:`score_files`, which says what each means."""

    peak: float | None
    scale: float | None
    display: str | Path | Display | None
    test_peak: float | None
    test_scale: float | None
    reference_peak: float | None
    reference_scale: float | None
    mask: Source | None
    region: Region | None
    device: torch.device | str | None
    jobs: int
    isolate: bool
    options: dict[str, dict[str, Any]] | None
    on_row: Callable[[Row], None] | None


def score_files(
    files: Sequence[tuple[Source, Source | None]],
    metrics: str | Metric | Sequence[str | Metric],
    *,
    peak: float | None = None,
    scale: float | None = None,
    display: str | Path | Display | None = None,
    test_peak: float | None = None,
    test_scale: float | None = None,
    reference_peak: float | None = None,
    reference_scale: float | None = None,
    mask: Source | None = None,
    region: Region | None = None,
    device: torch.device | str | None = None,
    jobs: int = 1,
    isolate: bool = False,
    options: dict[str, dict[str, Any]] | None = None,
    on_row: Callable[[Row], None] | None = None,
    on_map: Callable[[int, ScoreMap], None] | None = None,
) -> list[Row]:
    """Score many files by many metrics.

    Parameters
    ----------
    files
        Pairs (test, reference); the reference is ``None`` for no-reference metrics. Images in
        memory are taken as by :func:`hdrmetrics.score`.
    metrics
        Names or metrics; one may stand alone.
    peak, scale, display, test_peak, test_scale, reference_peak, reference_scale
        As for :func:`hdrmetrics.score`; a factor that does not concern a file (``scale`` beside a
        JPEG) is a warning of its row.
    mask, region, device
        As for :func:`hdrmetrics.score`; the same mask and region for every file.
    jobs
        Files worked on at a time, in threads; each gets its share of the cores.
    isolate
        Read each file in a process of its own, for files that are not trusted.
    options
        Options by the metric's name.
    on_row
        Called with each row as it is done, from the calling thread, in order (for progress).
    on_map
        Called with the pair's index and the map of each metric that has one, from the thread that
        made it. A :class:`HdrMetricsError` that it raises is noted in the row.

    Returns
    -------
    list of Row
        In the order of ``files``. A file that cannot be read, or a metric that refuses it, leaves
        its message in the row; the rest is scored.

    Raises
    ------
    UnknownNameError, OptionError, ImageReadError
        For metrics, displays, options or a mask that are wrong for every file.
    """
    if jobs < 1:
        raise OptionError(f"jobs must be at least 1, not {jobs}")
    if isinstance(metrics, (str, Metric)):  # a str is a sequence of its letters
        metrics = [metrics]
    units = Units(
        peak, scale, display, test_peak, test_scale, reference_peak, reference_scale, lenient=True
    )
    check_reference(units, any(reference is not None for _, reference in files))
    read = functools.partial(_read, isolate=isolate)
    task = _Task(
        models=[build_metric(m, display, (options or {}).get(str(m), {})) for m in metrics],
        units=units,
        mask=None if mask is None else read(mask),
        region=region,
        device=device,
        read=read,
        # Many tests against one reference are common: it is read once.
        read_reference=_Last(read),
        on_map=on_map,
    )
    rows = []
    for row in _rows(files, task, jobs):
        rows.append(row)
        if on_row is not None:
            on_row(row)
    return rows


def _read(source: Source, isolate: bool) -> Source:
    if not isinstance(source, (str, Path)):
        return source
    from hdrmetrics.io import read_image

    return read_image(source, isolate=isolate)


class _Last:
    """Reads a file, or returns the image when it is the file that was read before."""

    def __init__(self, read: Callable[[Source], Source]) -> None:
        self.read = read
        self.last: tuple[str, Source] | None = None

    def __call__(self, source: Source) -> Source:
        if not isinstance(source, (str, Path)):
            return source
        last = self.last  # one look: another thread may replace it at any time
        if last is None or last[0] != str(source):
            last = self.last = str(source), self.read(source)
        return last[1]


@dataclass(frozen=True)
class _Task:
    """What is the same for every file."""

    models: list[Metric]
    units: Units
    mask: Source | None
    region: Region | None
    device: torch.device | str | None
    read: Callable[[Source], Source]
    read_reference: Callable[[Source], Source]
    on_map: Callable[[int, ScoreMap], None] | None

    def row(self, index: int, test: Source, reference: Source | None) -> Row:
        """Return the row of one pair."""
        row = Row(_name(test, index), None if reference is None else _name(reference, index))
        try:
            image = self.read(test)
            other = None if reference is None else self.read_reference(reference)
        except (HdrMetricsError, MemoryError) as error:
            row.errors["file"] = _message(error)
            return row
        for model in self.models:
            name = model.info.name
            try:
                wanted = other if model.info.reference else None
                row.scores[name], inputs = score_quietly(
                    image, model, wanted, self.units, self.mask, self.region, self.device
                )
            except (HdrMetricsError, RuntimeError, MemoryError) as error:
                row.errors[name] = _message(error)
                continue
            if self.on_map is not None and model.info.has_map:
                try:
                    self.on_map(index, make_map(model, inputs, row.scores[name]))
                except (HdrMetricsError, RuntimeError, MemoryError) as error:
                    row.errors[f"map of {name}"] = _message(error)
        return row


def _rows(files: Sequence[tuple[Source, Source | None]], task: _Task, jobs: int) -> Iterator[Row]:
    if jobs == 1:
        for index, (test, reference) in enumerate(files):
            yield task.row(index, test, reference)
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(max(1, threads // jobs))
    try:
        with ThreadPoolExecutor(jobs) as pool:
            waiting: list[Future[Row]] = []
            for index, (test, reference) in enumerate(files):
                waiting.append(pool.submit(task.row, index, test, reference))
                if len(waiting) >= 2 * jobs:  # a bounded queue: images of the rest stay on disk
                    yield waiting.pop(0).result()
            for future in waiting:
                yield future.result()
    finally:
        torch.set_num_threads(threads)


def _name(source: Source, index: int) -> str:
    if isinstance(source, (str, Path)):
        return str(source)
    path = source.origin.path if isinstance(source, Image) else None
    return path or f"image {index + 1}"


def _message(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "not enough memory for this image"
    return str(error) or type(error).__name__
