"""Files that appear complete or not at all, and texts (JSON among them) written so."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hdrmetrics.errors import ImageWriteError

_DRAFT = re.compile(r"\.(?P<stem>.+)\.[0-9a-f]{8}(?P<suffix>(\.[^.]*)?)", re.DOTALL)


def resolved(path: str | os.PathLike[str]) -> Path:
    """Return the absolute path that links lead to; one that leads in a circle stays itself.

    :meth:`pathlib.Path.resolve` raises ``RuntimeError`` over such a one before Python 3.13.
    """
    return Path(os.path.realpath(path))


@contextlib.contextmanager
def draft_of(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a draft beside a file, which replaces it when the block ends without an error.

    Parameters
    ----------
    path
        The file; a link stays a link. A device or pipe (``/dev/stdout``) is given itself: there is
        nothing to replace.

    Yields
    ------
    Path
        Where to write; it has the file's suffix.

    Raises
    ------
    OSError
        If the draft cannot be moved; an older file is then as it was.
    """
    target = Path(path)
    if is_special(target):
        yield target
        return
    target = resolved(target)
    draft = target.with_name(f".{target.stem}.{secrets.token_hex(4)}{target.suffix}")
    try:
        yield draft
        os.replace(draft, target)
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def remove_drafts(paths: Iterable[str | os.PathLike[str]]) -> None:
    """Remove the drafts of files that a killed process left behind.

    Parameters
    ----------
    paths
        The files, which stay; nobody else may be writing them.
    """
    folders: dict[Path, set[str]] = {}
    for path in map(Path, paths):
        folders.setdefault(path.parent, set()).add(path.name)
    for folder, names in folders.items():
        with contextlib.suppress(OSError):
            for one in os.scandir(folder):
                if _is_draft(one.name, names):
                    Path(one.path).unlink()


def _is_draft(name: str, names: set[str]) -> bool:
    """Return whether this is the draft of one of some names, or the draft of a draft."""
    while found := _DRAFT.fullmatch(name):
        name = found["stem"] + found["suffix"]
        if name in names:
            return True
    return False


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a draft as :func:`draft_of`, with an error that names the file.

    Raises
    ------
    ImageWriteError
        If the draft cannot be written or moved.
    """
    try:
        with draft_of(path) as draft:
            yield draft
    except ImageWriteError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise ImageWriteError(f"cannot write {os.fspath(path)!r}: {reason}") from error


def is_special(path: Path) -> bool:
    """Return whether this is a device or pipe: nothing there to lose."""
    return path.exists() and not path.is_file() and not path.is_dir()


def write_text(path: str | os.PathLike[str], text: str) -> None:
    r"""Write UTF-8 text, replacing the file in one step.

    Bytes of a file's name that are no text are written as ``\xff``: one name must neither lose a
    table nor make it a file that no other program reads.

    Raises
    ------
    ImageWriteError
        If the file cannot be written.
    """
    with replacing(path) as draft:
        draft.write_text(readable(text), encoding="utf-8", newline="\n")


def readable(text: str) -> str:
    r"""Return a text that UTF-8 can hold: bytes of file names that are no text as ``\xff``.

    Examples
    --------
    >>> readable(os.fsdecode(b"caf\xe9.jpg"))
    'caf\\xe9.jpg'
    """
    # On systems whose names are UTF-16, half a character has no byte.
    whole = text.encode("utf-8", "surrogateescape" if _escaped_only(text) else "backslashreplace")
    return whole.decode("utf-8", "backslashreplace")


def _escaped_only(text: str) -> bool:
    return not re.search("[\ud800-\udc7f\udd00-\udfff]", text)


def json_text(document: Any, *, sort_keys: bool = False) -> str:
    """Return a document as strict JSON that people can read."""
    text = (
        json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False, sort_keys=sort_keys)
        + "\n"
    )
    # Bytes of a file's name that are no text come as half a character, which UTF-8 does not have.
    return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)
