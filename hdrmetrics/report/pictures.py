"""Where a page's pictures are: in the page itself, or beside it where they are many."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import urllib.parse
from pathlib import Path

from PIL import Image as Pillow

from hdrmetrics.errors import ImageReadError
from hdrmetrics.jobs.page_files import folder_of, note
from hdrmetrics.report.page import Picture
from hdrmetrics.text.textfile import replacing

EMBEDDED_UP_TO = 200
"""Rows with pictures that a page holds in itself; with more it would open slowly."""

_ENDINGS = {"JPEG": "jpg", "PNG": "png"}


def picture(
    label: str, path: str | os.PathLike[str], page: str | os.PathLike[str], *, embed: bool
) -> Picture:
    """Return a JPEG file as a picture of a page.

    Parameters
    ----------
    label
        What it shows.
    path
        The file.
    page
        The page it is for.
    embed
        Whether the page holds it, or an address relative to the page.

    Raises
    ------
    ImageReadError
        If it cannot be read.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ImageReadError(f"{os.fspath(path)}: {error.strerror or error}") from error
    kind, width, height = _looked_at(data, os.fspath(path))
    src = _inside(data, kind) if embed else _beside(Path(path), page)
    return Picture(label, src, width, height)


def stored(label: str, data: bytes, page: str | os.PathLike[str], *, embed: bool) -> Picture:
    """Return the bytes of a JPEG or PNG file as a picture of a page.

    Parameters
    ----------
    label
        What it shows.
    data
        The file's bytes. Beside the page it is called by their digest: what is there already is
        not written again.
    page
        The page it is for.
    embed
        Whether the page holds it, or :func:`~hdrmetrics.jobs.page_files.folder_of` the page.

    Raises
    ------
    ImageReadError
        If these bytes are no such file.
    ImageWriteError
        If it cannot be written.
    """
    kind, width, height = _looked_at(data, label)
    if embed:
        return Picture(label, _inside(data, kind), width, height)
    name = f"{hashlib.sha256(data).hexdigest()[:20]}.{_ENDINGS[kind]}"
    target = folder_of(page) / name
    if not target.exists():
        note(target)
        with replacing(target) as draft:
            draft.write_bytes(data)
    return Picture(label, _beside(target, page), width, height)


def _looked_at(data: bytes, name: str) -> tuple[str, int, int]:
    """Return format, width and height, from the head of the file alone."""
    try:
        with Pillow.open(io.BytesIO(data), formats=list(_ENDINGS)) as opened:
            return str(opened.format), *opened.size
    except (OSError, Pillow.DecompressionBombError) as error:
        raise ImageReadError(f"{name}: {error}") from error


def _inside(data: bytes, kind: str) -> str:
    return f"data:image/{kind.lower()};base64,{base64.b64encode(data).decode()}"


def _beside(path: Path, page: str | os.PathLike[str]) -> str:
    steps = os.path.relpath(path, Path(page).parent).replace(os.sep, "/")
    return urllib.parse.quote(os.fsencode(steps))
