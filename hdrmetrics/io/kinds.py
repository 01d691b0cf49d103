"""Which files of a folder are pictures that can be read, and why others are not."""

from __future__ import annotations

from pathlib import Path

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.optional import installed
from hdrmetrics.io.signatures import identify, refusal, unread
from hdrmetrics.io.source import Source, load_head
from hdrmetrics.picture.endings import RAW, SUFFIXES, UNREAD

_NO_PICTURES = ("NumPy", "PDF")


def sniff(path: Path) -> str | None:
    """Return the format that the first bytes of a file are those of, ``None`` if of none."""
    return _format(path, _head(path))


def _head(path: Path) -> bytes:
    """Return the first bytes of a file, none where it cannot be read."""
    try:
        return load_head(str(path))
    except ImageReadError:
        return b""


def _format(path: Path, head: bytes) -> str | None:
    try:
        return identify(Source(str(path), head, 1))
    except ImageReadError:
        return None


def is_picture(path: Path) -> bool:
    """Return whether a file is listed as a picture: by its ending or, without one, its first bytes.

    Parameters
    ----------
    path
        A regular file.
    """
    return is_listed(path.suffix) if path.suffix else sniff(path) is not None


def is_listed(ending: str) -> bool:
    """Return whether files with an ending are listed as pictures.

    Examples
    --------
    >>> is_listed(".JPG"), is_listed(".txt"), is_listed("")
    (True, False, False)
    """
    ending = ending.lower()
    return ending in SUFFIXES or (ending in RAW and installed("rawpy"))


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
    head = _head(path)
    kind = _format(path, head)
    if kind is not None:
        return f"{kind} by its first bytes, but not by its ending: name the file itself"
    # Of files of no known format at all, and of tables and texts, there is nothing to say.
    name = unread(head)
    return refusal(name) if name and name not in _NO_PICTURES else None
