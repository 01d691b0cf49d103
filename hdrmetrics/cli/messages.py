"""What goes to the terminal's error stream, one line each."""

from __future__ import annotations

import codecs
import contextlib
import os
import re
import sys
import warnings
from collections.abc import Iterable, Iterator
from typing import TextIO

from hdrmetrics.errors import HdrMetricsWarning
from hdrmetrics.text.plaintext import ascii_only, one_line

_NAMED = 3  # files named with a warning
_ENCODING_FALLBACK = "hdrmetrics-ascii"


def say(text: str) -> None:
    """Print a line to stderr."""
    print(f"hdrmetrics: {one_line(text)}", file=sys.stderr)


def error(text: str) -> None:
    """Print an error to stderr."""
    say(f"error: {text}")


def warning(text: str) -> None:
    """Print a warning to stderr."""
    say(f"warning: {text}")


def prepare_streams() -> None:
    """Let a terminal that knows only ASCII show the nearest text, and no terminal at all nothing.

    Who starts the command with closed streams (``>&-``, some services) gets neither ``None`` for
    them nor, worse, the next file that is opened in their place.
    """
    if sys.stdout is None or sys.stderr is None:
        while (free := os.open(os.devnull, os.O_RDWR)) <= 2:
            os.set_inheritable(free, True)
        os.close(free)
        sys.stdout = sys.stdout or open(1, "w", encoding="utf-8")  # noqa: SIM115 - for good
        sys.stderr = sys.stderr or open(2, "w", encoding="utf-8")  # noqa: SIM115
    codecs.register_error(_ENCODING_FALLBACK, _nearest)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            with contextlib.suppress(ValueError, OSError):
                reconfigure(errors=_ENCODING_FALLBACK)


def _nearest(failure: UnicodeError) -> tuple[str, int]:
    if not isinstance(failure, UnicodeEncodeError):
        raise failure
    return ascii_only(failure.object[failure.start : failure.end]), failure.end


@contextlib.contextmanager
def own_warnings() -> Iterator[None]:
    """Print the package's Python warnings as single lines, each once, after the work."""
    found: dict[str, None] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("always", HdrMetricsWarning)
        others = warnings.showwarning

        def show(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if issubclass(category, HdrMetricsWarning):
                found[str(message)] = None
            else:
                others(message, category, filename, lineno, file, line)

        warnings.showwarning = show
        try:
            yield
        finally:
            for text in found:
                warning(text)


def grouped(messages: Iterable[tuple[str, str]]) -> list[str]:
    """Return one line for all messages that differ in their numbers only.

    Parameters
    ----------
    messages
        (file, message), in order.
    """
    groups: dict[str, tuple[str, list[str]]] = {}
    for file, message in messages:
        kind = re.sub(r"\d[\d.e+-]*", "#", message)
        files = groups.setdefault(kind, (message, []))[1]
        if file not in files:
            files.append(file)
    lines = []
    for message, files in groups.values():
        more = len(files) - _NAMED
        names = ", ".join(files[:_NAMED]) + (f" and {more} more like it" if more > 0 else "")
        lines.append(f"{message} ({names})")
    return lines
