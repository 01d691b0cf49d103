"""A set of pairs made of one's own photographs: what an enhancer does to each, and its gains."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.errors import HdrMetricsError, ImageReadError, OptionError, TableError
from hdrmetrics.improve.delta import DEFAULT
from hdrmetrics.improve.delta_metrics import delta_metrics, delta_of
from hdrmetrics.improve.enhancer import Enhancer, enhancer_of
from hdrmetrics.improve.pair_names import pair_names
from hdrmetrics.improve.pair_writer import JOURNAL, PairWriter
from hdrmetrics.improve.pairs import FOLDERS, TABLE
from hdrmetrics.improve.photograph import enhanced, read_photograph
from hdrmetrics.jobs.batch import message_of
from hdrmetrics.jobs.pairing import Case, Found, find_files, match_files
from hdrmetrics.metric import Metric
from hdrmetrics.picture.codes import in_srgb
from hdrmetrics.picture.image import Image, pixel_tensor
from hdrmetrics.text.textfile import readable, resolved

Files = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]

PREFIX = "delta-"
"""Of the columns of gains; the metric's name follows."""

_ORIGIN = ("photograph", "sha256", "enhancer")
_FAULTS = (HdrMetricsError, OSError, RuntimeError, MemoryError)


@dataclass(frozen=True)
class DeltaRow:
    """What became of one photograph of :func:`make_delta_set`.

    Parameters
    ----------
    photograph
        Its path below the folder that was given.
    name
        Of its pair; empty where there is none.
    gains
        By the metric's name, positive where the enhanced one is better.
    notes
        What reading it changed or left out, in sentences.
    already
        Whether the set had its pair before.
    error
        Why there is no pair; empty where there is one.
    """

    photograph: str
    name: str = ""
    gains: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    already: bool = False
    error: str = ""


def make_delta_set(
    files: Files,
    out: str | os.PathLike[str],
    enhancer: str | Enhancer,
    metrics: str | Metric | Sequence[str | Metric] = (DEFAULT,),
    references: Files | None = None,
    *,
    on_row: Callable[[DeltaRow], None] | None = None,
) -> Path:
    """Fill a folder with photographs, each with what an enhancer made of it and its gains.

    ``hdrmetrics annotate`` and ``python -m trainers tune`` take the folder. Both pictures of a pair
    are PNG files of eight bits in sRGB: deeper photographs are rounded and others converted
    *before* they are enhanced, and the gains are those of the files as they are written. Grey stays
    grey, in three equal channels. One photograph is in memory at a time. Rows are kept as they are
    made: the same call goes on after a stop, adds photographs that are new, and makes pairs again
    whose pictures are gone.

    Parameters
    ----------
    files
        Photographs: files, folders or patterns, as of :func:`hdrmetrics.jobs.pairing.find_files`.
        They are only read.
    out
        The folder of the set.
    enhancer
        The name of one of ours, a command with ``{input}`` and ``{output}``, or a function; see
        :func:`~hdrmetrics.improve.enhancer.enhancer_of`.
    metrics
        Names or metrics, of photographs or of light (as their display shows it); the table has a
        column ``delta-NAME`` for each: the value after less that before, with the sign turned
        where lower is better, in the metric's unit. By ``nima`` it is from −9 to 9.
    references
        The pristine originals, of the same names and sizes, for metrics that need one.
    on_row
        Called with what became of each photograph, as soon as it is done.

    Returns
    -------
    Path
        Of the table ``pairs.csv``: ``name``, ``input``, ``enhanced``, ``photograph`` (its path
        below the folder), ``sha256`` (the first 16 digits), ``enhancer``, and the gains. A
        photograph that cannot be read, is HDR, lacks its original, or makes the enhancer or a
        metric fail, is told to ``on_row`` and left out.

    Raises
    ------
    UnknownNameError
        If there is no such enhancer or metric.
    OptionError
        If there is no metric, one is named twice, or needs what is not given; if the folder holds
        another set, or pictures of which it has no journal, or a picture would be written over one
        that is read.
    ImageReadError
        If a folder holds no photograph, or a pattern matches none.
    EnhancerError, WeightsError
        If the enhancer cannot be made.
    TableError
        If no photograph became a pair, or the journal was changed by others.
    ImageWriteError
        If the folder cannot be written.

    References
    ----------
    H. Talebi et al., WO2024076611A1, 2024: check before commercial use.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from PIL import Image
    >>> folder = Path(tempfile.mkdtemp())
    >>> for where, codes in (("photos", (40, 200)), ("originals", (20, 220))):
    ...     (folder / where).mkdir()
    ...     grey = np.linspace(*codes, 64 * 64).reshape(64, 64).astype(np.uint8)
    ...     Image.fromarray(grey).save(folder / where / "roof.png")
    >>> table = make_delta_set(
    ...     folder / "photos",
    ...     folder / "set",
    ...     lambda codes: (1.2 * (codes - 0.5) + 0.5).clamp(0, 1),
    ...     "psnr",
    ...     folder / "originals",
    ...     on_row=lambda row: print(row.name, row.gains["psnr"] > 0),
    ... )
    roof True
    """
    folder = Path(out)
    _check_folder(folder)
    found = _photographs(files, folder)
    chosen, called = enhancer_of(enhancer)
    models = delta_metrics(metrics, referenced=references is not None)
    cases = [Case(one.name, one.path) for one in found]
    if references is not None:
        # What follows the photographs in this list are originals that none of them needs.
        cases = match_files(found, find_files(references))[: len(found)]
    writer = PairWriter(folder, (*_ORIGIN, *(PREFIX + name for name in models)))
    work = _Work(writer, chosen, called, models)
    first = ""
    for case, name in zip(cases, work.names(found, cases), strict=True):
        row = work.row(case, name)
        first = first or row.error
        if on_row is not None:
            on_row(row)
    if not writer.rows:
        _remove_empty(folder)
        raise TableError(f"no photograph became a pair: {first}")
    return writer.finish()


class _Work:
    """What is the same for all photographs."""

    def __init__(
        self, writer: PairWriter, enhancer: Enhancer, called: str, models: Mapping[str, Metric]
    ) -> None:
        self.writer, self.enhancer, self.called, self.models = writer, enhancer, called, models
        self.known = {row["photograph"]: name for name, row in writer.rows.items()}
        others = {row["enhancer"] for row in writer.rows.values()} - {called}
        if others:
            raise OptionError(
                f"{writer.folder} holds what {min(others)} made, not {called}: another folder"
            )

    def names(self, found: Sequence[Found], cases: Sequence[Case]) -> list[str | None]:
        """Return the names of all pairs; refuse to write over what is read."""
        new = [one for one in found if readable(one.name) not in self.known]
        fresh = iter(pair_names(new, self.writer.rows))
        names = [self.known.get(readable(one.name)) or next(fresh) for one in found]
        read = {resolved(path) for one in cases for path in (one.test, one.reference) if path}
        for name in names:
            for half in FOLDERS:
                target = self.writer.folder / half / f"{name}.png"
                if name is not None and resolved(target) in read:
                    raise OptionError(
                        f"{str(target)!r} is read as well: photographs are never overwritten; "
                        "another folder"
                    )
        return names

    def row(self, case: Case, name: str | None) -> DeltaRow:
        """Return what becomes of a photograph; errors are told in it."""
        photograph = readable(case.name)
        try:
            if name is None:
                raise OptionError("pairs have its name, with and without ending: rename it")
            digest = _digest(case.test)
            if name in self.writer and self._is_whole(name):
                return self._already(photograph, name, digest)
            image, gains = self._make(case, name, photograph, digest)
        except _FAULTS as error:
            return DeltaRow(photograph, error=message_of(error))
        return DeltaRow(photograph, name, gains, image.notes)

    def _is_whole(self, name: str) -> bool:
        pair = self.writer.pair(name)
        return pair.input.is_file() and pair.enhanced.is_file()

    def _already(self, photograph: str, name: str, digest: str) -> DeltaRow:
        cells = self.writer.rows[name]
        if cells["sha256"] != digest:
            raise OptionError(
                "the set has a pair of another photograph of that name: rename it, or take another "
                "folder"
            )
        try:
            gains = {metric: float(cells[PREFIX + metric]) for metric in self.models}
        except ValueError as error:
            raise TableError(
                f"its line in {JOURNAL} has no number for each metric: take that line out"
            ) from error
        return DeltaRow(photograph, name, gains, already=True)

    def _make(
        self, case: Case, name: str, photograph: str, digest: str
    ) -> tuple[Image, dict[str, float]]:
        """Write a pair, and return the photograph with its gains."""
        if case.problem:
            raise OptionError(case.problem)
        image = _stored(in_srgb(read_photograph(case.test))[0])
        made = _stored(enhanced(image, self.enhancer))
        before, after = _coloured(image), _coloured(made)
        original = None
        if case.reference is not None:
            original = _original(case.reference, case.test)
        gains = {
            metric: delta_of(model, before, after, original)
            for metric, model in self.models.items()
        }
        cells = [photograph, digest, self.called, *(f"{gain:.6g}" for gain in gains.values())]
        first, second = (pixel_tensor(one)[0] for one in (before, after))
        self.writer.add(name, first, second, dict(zip(self.writer.columns, cells, strict=True)))
        return image, gains


def _check_folder(folder: Path) -> None:
    """Refuse a folder with pictures or a table that are of no set of ours: they would be lost."""
    if (folder / JOURNAL).exists():
        return
    for name in (TABLE, *FOLDERS):
        path = folder / name
        if path.is_file() or (path.is_dir() and any(path.iterdir())):
            raise OptionError(
                f"{str(path)!r} is there, and no {JOURNAL} tells that it was made here: another "
                "folder"
            )


def _photographs(files: Files, folder: Path) -> list[Found]:
    """Return the photographs, without the set's own pictures that a pattern may match."""
    own = {resolved(folder / half) for half in FOLDERS}
    found = [one for one in find_files(files) if not own & set(resolved(one.path).parents)]
    if not found:
        raise OptionError(f"all these pictures are those of the set {str(folder)!r} itself")
    return found


def _remove_empty(folder: Path) -> None:
    """Remove what a set without pairs left: another call may have other metrics."""
    with contextlib.suppress(OSError):
        (folder / JOURNAL).unlink()
        for half in FOLDERS:
            (folder / half).rmdir()


def _digest(path: Path) -> str:
    if not path.is_file():  # reading a pipe would wait for ever
        raise ImageReadError(f"{path}: no such file" if not path.exists() else f"{path}: no file")
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:
        raise ImageReadError(f"{path}: cannot be opened ({error.strerror or error})") from error


def _stored(image: Image) -> Image:
    """Return a picture with the values that a file of eight bits holds."""
    pixels: NDArray[np.float32] = (255 * image.pixels).round().clip(0, 255).astype(np.float32)
    return image.replace(pixels=pixels / np.float32(255))


def _coloured(image: Image) -> Image:
    """Return a picture in three channels."""
    height, width, _ = image.pixels.shape
    return image.replace(pixels=np.broadcast_to(image.pixels, (height, width, 3)))


def _original(path: Path, photograph: Path) -> Image:
    if resolved(path) == resolved(photograph):
        raise OptionError("it is its own original: --reference names pristine ones elsewhere")
    try:
        return _coloured(in_srgb(read_photograph(path))[0])
    except HdrMetricsError as error:
        raise type(error)(f"its original: {error}") from error
