"""The index.csv that may lie beside pictures and says what they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from datasets.rows import read_rows
from datasets.scenes.scene import Kind
from hdrmetrics.errors import OptionError

INDEX_NAME = "index.csv"


@dataclass(frozen=True, slots=True)
class Entry:
    """What an index says about one file; ``None`` where it does not.

    Parameters
    ----------
    scene
        Column ``scene``: name of the scene.
    licence
        Column ``licence``.
    panorama
        Column ``kind``: true for ``panorama``, false for anything else (``photo``, ``render``).
    domain
        Column ``domain``: ``hdr`` or ``sdr``, for formats that can be either.
    size
        Columns ``height`` and ``width``.
    """

    scene: str | None = None
    licence: str | None = None
    panorama: bool | None = None
    domain: Kind | None = None
    size: tuple[int, int] | None = None


def read_index(folder: Path) -> dict[str, Entry]:
    """Return the entries of a folder's index by file, a path below the folder; none without index.

    Raises
    ------
    OptionError
        If the file is no such index.
    """
    path = folder / INDEX_NAME
    if not path.is_file():
        return {}
    entries: dict[str, Entry] = {}
    for row in read_rows(path):
        name = (row.get("file") or "").strip()
        if not name:
            raise OptionError(f"{path}: every row names its picture in a column 'file'")
        if name in entries:
            raise OptionError(f"{path} describes {name!r} twice")
        entries[name] = _entry(row, path)
    return entries


def _entry(row: dict[str, str | None], path: Path) -> Entry:
    def text(column: str) -> str | None:
        return (row.get(column) or "").strip() or None

    domain, kind = text("domain"), text("kind")
    if domain is not None and domain not in get_args(Kind):
        raise OptionError(f"{path}: the column 'domain' holds hdr or sdr, not {domain!r}")
    sides = [text("height"), text("width")]
    known = [int(side) for side in sides if side is not None and side.isdecimal()]
    return Entry(
        scene=text("scene"),
        licence=text("licence"),
        panorama=None if kind is None else kind.lower() == "panorama",
        domain=domain,  # type: ignore[arg-type]
        size=(known[0], known[1]) if len(known) == 2 else None,
    )
