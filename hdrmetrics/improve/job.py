"""Many photographs: which would gain, what they would gain, or enhanced for good."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch

from hdrmetrics.errors import HdrMetricsError, OptionError
from hdrmetrics.improve.enhancer import Enhancer
from hdrmetrics.improve.gains import IMPROVABILITY, gain_metrics, gains_of
from hdrmetrics.improve.guard import GUARD, Verdict, guard_metric, judge
from hdrmetrics.improve.photograph import bits_of, enhanced, read_photograph
from hdrmetrics.improve.previews import preview, save_previews
from hdrmetrics.improve.row import Improvement, Status
from hdrmetrics.improve.saving import written
from hdrmetrics.improve.trigger import Decision, Thresholds, decide
from hdrmetrics.io import read_image
from hdrmetrics.jobs.batch import message_of, score_files, usual_jobs
from hdrmetrics.jobs.running import Stop, make_rows
from hdrmetrics.jobs.scoring import build_metric
from hdrmetrics.metric import Metric
from hdrmetrics.picture.image import Image
from hdrmetrics.resources.room import Room
from hdrmetrics.result import Score
from hdrmetrics.text.textfile import resolved

Mode = Literal["alert", "recommend", "auto"]

_FAULTS = (HdrMetricsError, OSError, RuntimeError, MemoryError)


@dataclass(frozen=True)
class Plan:
    """What is to be done with photographs, the same for all of them.

    Parameters
    ----------
    mode
        ``alert``: say which would gain. ``recommend``: try the enhancement on these, and say what
        it brings. ``auto``: write the enhanced pictures.
    enhancer
        Needed by ``recommend`` and ``auto``.
    thresholds
        From which score on a photograph would gain.
    guard
        The metric by which the enhanced picture must not be worse; ``"none"`` lets every one pass,
        also one whose improvability rose.
    targets
        ``auto``: where the enhanced picture of each photograph goes.
    previews
        ``recommend``: where the reduced pictures ``before`` and ``after`` of each go.
    thumbnails
        Where those for a page go, of every photograph.
    skip
        Photographs that are scored, but not enhanced again.
    requested
        Enhance all photographs, whatever their scores: the user named them.
    overwrite
        Whether files that are there may be replaced, but never a photograph that is read.

    Raises
    ------
    OptionError
        If the mode is not known or lacks its enhancer, or the guard cannot be one.
    UnknownNameError
        If there is no such guard, or no metric that says what would gain.
    """

    mode: Mode = "alert"
    enhancer: Enhancer | None = None
    thresholds: Thresholds = field(default_factory=Thresholds)
    guard: str = GUARD
    targets: Mapping[str, Path] = field(default_factory=dict)
    previews: Mapping[str, Mapping[str, Path]] = field(default_factory=dict)
    thumbnails: Mapping[str, Mapping[str, Path]] = field(default_factory=dict)
    skip: frozenset[str] = frozenset()
    requested: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        if self.mode not in ("alert", "recommend", "auto"):
            raise OptionError(f"a mode is alert, recommend or auto, not {self.mode!r}")
        if self.mode != "alert" and self.enhancer is None:
            raise OptionError(f"the mode {self.mode} needs an enhancer")
        self.metrics()

    def metrics(self) -> tuple[list[str], str | None]:
        """Return the metrics that say what would gain, and the guard's."""
        guard = None if self.mode == "alert" else guard_metric(self.guard)
        return list(gain_metrics().values()), guard


def improve_files(
    files: Sequence[Path],
    plan: Plan,
    *,
    device: torch.device | str | None = None,
    jobs: int | None = None,
    isolate: bool | None = None,
    on_row: Callable[[Improvement], None] | None = None,
) -> list[Improvement]:
    """Improve photographs, or say which would gain.

    Parameters
    ----------
    files
        Display-encoded photographs.
    plan
        What to do.
    device, jobs, isolate
        As for :func:`hdrmetrics.score_files`; the enhancer is given its pictures on that device,
        too.
    on_row
        Called with each row as soon as it is done, as there.

    Returns
    -------
    list of Improvement
        In the order of ``files``. A file that cannot be read, is HDR, or makes a metric or the
        enhancer fail, leaves its message in the row; the others go on. Nothing is ever written
        over a photograph that is read.

    Raises
    ------
    OptionError
        If two pictures would be written to one file, or one over a photograph, or a photograph
        has no target.
    """
    if jobs is not None and jobs < 1:
        raise OptionError(f"jobs must be at least 1, not {jobs}")
    work = _Work(plan, isolate, [Path(one) for one in files], device)
    return make_rows(
        work.row,
        len(files),
        jobs=min(jobs or usual_jobs(device), max(1, len(files))),
        stop=work.stop,
        on_row=on_row,
    )


class _KeptError(Exception):
    """The guard keeps the original: the draft is not to get its name."""


class _UnjudgedError(Exception):
    """The guard failed, and its message is in the row."""


class _Work:
    """What is made once for all photographs."""

    def __init__(
        self,
        plan: Plan,
        isolate: bool | None,
        files: Sequence[Path],
        device: torch.device | str | None,
    ) -> None:
        self.plan, self.isolate, self.files, self.device = plan, isolate, files, device
        gains, guard = plan.metrics()
        self.gains = [build_metric(name, None, {}) for name in gains]
        self.guard = None if guard is None else build_metric(guard, None, {})
        self.room, self.stop = Room(), Stop()
        _refuse_originals(plan, files)

    def row(self, index: int) -> Improvement:
        """Return the row of one photograph."""
        path = self.files[index]
        row: dict[str, Any] = {"requested": self.plan.requested, "scores": {}, "errors": {}}
        with self.room.place(path) as place:
            self.stop.check()
            try:
                image = read_photograph(path, isolate=self.isolate)
            except _FAULTS as error:
                row["errors"]["file"] = message_of(error)
                return Improvement(str(path), None, **row)
            place.holds((path, image))
            self._look(path, image, row)
        return Improvement(str(path), None, **row)

    def _look(self, path: Path, image: Image, row: dict[str, Any]) -> None:
        """Score and decide, and go on with what would gain."""
        self._keep_thumbnail(path, image, row)
        if not self._score(image, self.gains, row["scores"], row["errors"]):
            return
        try:
            decision = decide(gains_of(row["scores"]), self.plan.thresholds)
        except HdrMetricsError as error:
            row["errors"]["decision"] = message_of(error)
            return
        row["triggers"] = decision.triggers
        row["status"] = self._next(str(path), decision)
        if row["status"] not in ("recommended", "enhanced"):
            return
        try:
            self._enhance(path, image, row)
        except _KeptError as kept:
            row["status"], row["verdict"] = "kept", str(kept)
        except _UnjudgedError:
            row["status"], row["verdict"] = "failed", "the guard could not judge it"
        except _FAULTS as error:
            row["status"], row["errors"]["enhancement"] = "failed", message_of(error)

    def _next(self, name: str, decision: Decision) -> Status:
        """Return what becomes of a photograph if nothing fails."""
        if not (decision.enhance or self.plan.requested):
            return "fine"
        if self.plan.mode == "alert":
            return "alert"
        if name in self.plan.skip:
            return "skipped"
        return "recommended" if self.plan.mode == "recommend" else "enhanced"

    def _enhance(self, path: Path, image: Image, row: dict[str, Any]) -> None:
        assert self.plan.enhancer is not None, "a plan without one alerts only"
        self.stop.check()
        made = enhanced(image, self.plan.enhancer, self.device)
        name = str(path)
        show = {"after": preview(made)} if name in self.plan.thumbnails else {}
        if show:
            row["thumbnails"] |= save_previews(self.plan.thumbnails[name], show, of_page=True)
        if self.plan.mode == "recommend":
            row["verdict"] = self._passes(image, _as_stored(made), row)
            if name in self.plan.previews:
                show = {"before": preview(image), "after": show.get("after") or preview(made)}
                row["previews"] = save_previews(self.plan.previews[name], show)
            return
        target = self.plan.targets[name]
        with written(target, made, path, overwrite=self.plan.overwrite) as draft:
            del made
            if self.guard is not None:
                drafted = read_image(draft, isolate=self.isolate)
                row["verdict"] = self._passes(image, _called(drafted, name=str(target)), row)
        row["output"] = str(target)

    def _passes(self, image: Image, made: Image, row: dict[str, Any]) -> str:
        """Return what the enhanced picture gained, or raise that the original is kept."""
        if self.guard is None:
            return ""
        overall = [one for one in self.gains if one.info.name == IMPROVABILITY]
        errors: dict[str, str] = row["errors"]
        before_ok = self._score(image, [self.guard], row["scores"], errors)
        if not (before_ok and self._score(made, [self.guard, *overall], row["after"], errors)):
            raise _UnjudgedError
        verdict: Verdict = judge(row["scores"], row["after"], self.guard.info.name)
        if not verdict.passed:
            raise _KeptError(verdict.text)
        return verdict.text

    def _score(
        self,
        image: Image,
        metrics: Sequence[Metric],
        scores: dict[str, Score],
        errors: dict[str, str],
    ) -> bool:
        """Score by metrics, and return whether all of them gave a value."""
        self.stop.check()
        with torch.no_grad():
            (found,) = score_files([(image, None)], metrics, jobs=1, device=self.device)
        scores |= found.scores
        errors |= found.errors
        return found.ok

    def _keep_thumbnail(self, path: Path, image: Image, row: dict[str, Any]) -> None:
        row |= {"thumbnails": {}, "after": {}}
        if str(path) not in self.plan.thumbnails:
            return
        try:
            shown = {"before": preview(image)}
            paths = self.plan.thumbnails[str(path)]
            row["thumbnails"] = save_previews(paths, shown, of_page=True)
        except _FAULTS as error:
            row["errors"]["thumbnail"] = message_of(error)


def _as_stored(image: Image) -> Image:
    """Return a picture that is not written with the values that a file would hold."""
    top = 2 ** bits_of(image) - 1
    pixels = ((image.pixels * top).round() / top).astype(image.pixels.dtype)
    return _called(image.replace(pixels=pixels), name=None)


def _called(image: Image, *, name: str | None) -> Image:
    """Return a picture as that of another file, or of none: its scores name it."""
    return image.replace(origin=dataclasses.replace(image.origin, path=name))


def _refuse_originals(plan: Plan, files: Sequence[Path]) -> None:
    """Refuse, before any work, to write over what is read, or two pictures to one file."""
    if plan.mode == "auto" and (lost := [one for one in files if str(one) not in plan.targets]):
        raise OptionError(f"the mode auto needs a target for {str(lost[0])!r}")
    read = {resolved(path) for path in files}
    previews = [path for paths in plan.previews.values() for path in paths.values()]
    seen: set[Path] = set()
    for target in (*plan.targets.values(), *previews):
        place = resolved(target)
        if place in read:
            raise OptionError(f"{str(target)!r} is read as well: originals are never overwritten")
        if place in seen:
            raise OptionError(f"{str(target)!r} would be written twice")
        seen.add(place)
