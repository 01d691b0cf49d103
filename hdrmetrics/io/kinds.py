"""Which files of a folder are pictures that can be read, and why others are not."""

from __future__ import annotations

from pathlib import Path

from hdrmetrics.endings import SUFFIXES, UNREAD
from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.formats import identify
from hdrmetrics.io.source import Source, load_head

_NO_PICTURES = ("NumPy", "PDF")


def sniff(path: Path) -> str | None:
    """Return the format that the first bytes of a file are those of, ``None`` if of none."""
    found = _identify(path)
    return found if isinstance(found, str) else None


def _identify(path: Path) -> str | ImageReadError:
    """Return the format that the first bytes of a file are those of, or why it is none."""
    try:
        return identify(Source(str(path), load_head(str(path)), 1))
    except ImageReadError as error:
        return error


def is_picture(path: Path) -> bool:
    """Return whether a file is listed as a picture: by its ending or, without one, its first bytes.

    Parameters
    ----------
    path
        A regular file.
    """
    if path.suffix:
        return path.suffix.lower() in SUFFIXES
    return sniff(path) is not None


def why_left_out(path: Path) -> str | None:
    """Return why a file that is not listed is a picture all the same; ``None`` if it is none.

    Parameters
    ----------
    path
        A regular file for which :func:`is_picture` is false.
    """
    reason = UNREAD.get(path.suffix.lower())
    if reason is not None:
        return reason
    found = _identify(path)
    if isinstance(found, str):
        return f"{found} by its first bytes, but not by its ending: name the file itself"
    # Of files of no known format at all, and of tables and texts, there is nothing to say.
    text = str(found)
    return text if "not supported" in text and not text.startswith(_NO_PICTURES) else None
