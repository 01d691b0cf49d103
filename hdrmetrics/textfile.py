"""Text files that appear complete or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from hdrmetrics.errors import ImageWriteError


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write UTF-8 text, replacing the file in one step.

    Raises
    ------
    ImageWriteError
        If the file cannot be written.
    """
    target = Path(path)
    try:
        if target.exists() and not target.is_file():  # /dev/stdout, a pipe: nothing to replace
            target.write_text(text, encoding="utf-8", newline="\n")
            return
        target = target.resolve()  # a link stays a link
        draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        try:
            draft.write_text(text, encoding="utf-8", newline="\n")
            os.replace(draft, target)
        finally:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ImageWriteError(f"cannot write {os.fspath(path)!r}: {reason}") from error
