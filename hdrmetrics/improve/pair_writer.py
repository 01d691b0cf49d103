"""Sets of pairs as they are made, of which a stop loses no more than the pair at hand."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from hdrmetrics.errors import ImageWriteError, OptionError, ShapeError, TableError
from hdrmetrics.improve.pairs import FOLDERS, Pair, check_name, write_pairs
from hdrmetrics.picture.pixels import check_codes
from hdrmetrics.text.csvline import csv_line
from hdrmetrics.text.textfile import draft_of

JOURNAL = "pairs.journal.csv"
"""Keeps the rows of a set until its table is written, and for whoever goes on with it."""

_NAMES = "name"


class PairWriter:
    """Writes pairs into a folder; a set that was begun goes on.

    Pictures go to ``input/`` and ``enhanced/`` as PNG files of eight bits; rows are kept in a
    journal until :meth:`finish` writes ``pairs.csv``.

    Parameters
    ----------
    folder
        Of the set.
    columns
        Further columns of the table.

    Raises
    ------
    OptionError
        If the folder holds rows with other columns, or further columns are called as the first.
    TableError
        If its journal was changed by others.
    ImageWriteError
        If it cannot be written.

    Examples
    --------
    >>> import tempfile, torch
    >>> writer = PairWriter(Path(tempfile.mkdtemp()), ("fault",))
    >>> dark = torch.zeros(3, 8, 8)
    >>> writer.add("roof", dark, dark + 0.5, {"fault": "exposure"})
    >>> writer.finish().read_text().splitlines()
    ['name,input,enhanced,fault', 'roof,input/roof.png,enhanced/roof.png,exposure']
    """

    def __init__(self, folder: Path, columns: tuple[str, ...]) -> None:
        if len({_NAMES, *FOLDERS, *columns}) < 1 + len(FOLDERS) + len(columns):
            raise OptionError(f"further columns differ, and are not {_NAMES}, {', '.join(FOLDERS)}")
        self.folder, self.columns = folder, columns
        self._path = folder / JOURNAL
        self.rows: dict[str, dict[str, str]] = {}
        try:
            for one in FOLDERS:
                (folder / one).mkdir(parents=True, exist_ok=True)
            self._begin()
        except OSError as error:
            raise ImageWriteError(f"{folder}: {error.strerror or error}") from error

    def __contains__(self, name: str) -> bool:
        return name in self.rows

    def _begin(self) -> None:
        head = [_NAMES, *self.columns]
        data = self._path.read_bytes() if self._path.exists() else b""
        if csv_line(head).encode().startswith(data):  # a kill may leave half a header, too
            self._path.write_text(csv_line(head), encoding="utf-8")
            return
        whole = data[: data.rfind(b"\n") + 1]  # a kill may leave half a row
        try:
            lines = list(csv.reader(io.StringIO(whole.decode("utf-8"))))
        except (csv.Error, ValueError) as error:
            raise TableError(f"{self._path} is damaged ({error}): another folder") from error
        if lines[:1] != [head]:
            raise OptionError(f"{self.folder} holds pairs with other columns: another folder")
        for row in lines[1:]:
            if len(row) != len(head):
                raise TableError(f"{self._path}: {','.join(row)!r} is no row: take that line out")
            self.rows[row[0]] = dict(zip(head[1:], row[1:], strict=True))
        if whole != data:
            with draft_of(self._path) as draft:
                draft.write_bytes(whole)

    def add(self, name: str, before: Tensor, after: Tensor, more: Mapping[str, str]) -> None:
        """Write a pair of pictures ``(3, H, W)`` in [0, 1], and its row.

        Raises
        ------
        OptionError
            If further columns are missing or unknown, or no file can have that name.
        TableError
            If the name is no good, or a cell has a line break.
        ShapeError
            If a picture is not RGB.
        PixelValueError, DomainError
            If its values are NaN or outside [0, 1].
        ImageWriteError
            If a file cannot be written.
        """
        check_name(name)
        if "/" in name or "\\" in name:
            raise OptionError(f"a pair is named as files can be, not {name!r}")
        if set(more) != set(self.columns):
            raise OptionError(f"a row has the columns {', '.join(self.columns)}")
        for column, cell in more.items():
            if not set(cell).isdisjoint("\r\n"):
                raise TableError(f"{name}: {column} has a line break")
        for what, picture in zip(FOLDERS, (before, after), strict=True):
            if picture.ndim != 3 or len(picture) != 3 or not picture.numel():
                raise ShapeError(f"{name}, {what}: (3, H, W) is wanted, not {(*picture.shape,)}")
            check_codes(picture, f"That is of the pair {name}", what)
        try:
            for folder, picture in zip(FOLDERS, (before, after), strict=True):
                with draft_of(self.folder / folder / f"{name}.png") as draft:
                    pixels = (255 * picture.detach()).round().clamp(0, 255).byte()
                    image = Image.fromarray(np.ascontiguousarray(pixels.movedim(0, -1).cpu()))
                    image.save(draft, "PNG", compress_level=1)
            with self._path.open("a", encoding="utf-8", newline="") as file:
                file.write(csv_line([name, *(more[column] for column in self.columns)]))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise ImageWriteError(f"{self.folder}: {error.strerror or error}") from error
        self.rows[name] = dict(more)

    def pair(self, name: str) -> Pair:
        """Return a pair that was written."""
        before, after = (self.folder / one / f"{name}.png" for one in FOLDERS)
        return Pair(name, before, after, self.rows[name])

    def finish(self) -> Path:
        """Write ``pairs.csv`` of all rows, in the order of their names, and return its path.

        Raises
        ------
        TableError
            If there are none.
        """
        return write_pairs(self.folder, [self.pair(name) for name in sorted(self.rows)])
