"""Files that appear complete or not at all, and texts (JSON among them) written so."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hdrmetrics.errors import ImageWriteError


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
    """Write UTF-8 text, replacing the file in one step.

    Raises
    ------
    ImageWriteError
        If the file cannot be written.
    """
    with replacing(path) as draft:
        # A file's name may hold bytes that are no text; they must not lose the whole table.
        draft.write_text(text, encoding="utf-8", newline="\n", errors="surrogateescape")


def json_text(document: Any) -> str:
    """Return a document as strict JSON that people can read."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    # Bytes of a file's name that are no text come as half a character, which UTF-8 does not have.
    return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)
