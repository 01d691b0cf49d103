"""Where a page's pictures are: in the page itself, or beside it where they are many."""

from __future__ import annotations

import base64
import io
import os
import urllib.parse
from pathlib import Path

from PIL import Image as Pillow

from hdrmetrics.errors import ImageReadError
from hdrmetrics.report.page import Picture

EMBEDDED_UP_TO = 200
"""Rows with pictures that a page holds in itself; with more it would open slowly."""


def folder_of(page: str | os.PathLike[str]) -> Path:
    """Return the folder beside a page that holds its pictures.

    Examples
    --------
    >>> folder_of("out/page.html").as_posix()
    'out/page_files'
    """
    path = Path(page)
    return path.with_name(f"{path.stem}_files")


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
        with Pillow.open(io.BytesIO(data), formats=["JPEG"]) as opened:
            width, height = opened.size
    except OSError as error:
        raise ImageReadError(f"{os.fspath(path)}: {error.strerror or error}") from error
    if embed:
        src = "data:image/jpeg;base64," + base64.b64encode(data).decode()
    else:
        steps = os.path.relpath(path, Path(page).parent).replace(os.sep, "/")
        src = urllib.parse.quote(os.fsencode(steps))
    return Picture(label, src, width, height)
