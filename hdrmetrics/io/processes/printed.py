"""Catching what a library prints with Python's ``print``, thread by thread."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from typing import Any

_lock = threading.Lock()
_printed: dict[int, list[str]] = {}


class _Listener:
    """Stands in for standard output: keeps what listening threads print, passes on the rest."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        words = _printed.get(threading.get_ident())
        if words is None:
            return int(self.stream.write(text))
        words.append(text)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextlib.contextmanager
def printed_by_this_thread() -> Iterator[list[str]]:
    """Yield a list that fills with what this thread prints, instead of standard output.

    Other threads print as before, and several may listen at once.
    """
    thread = threading.get_ident()
    with _lock:
        if not _printed:
            sys.stdout = _Listener(sys.stdout)
        words = _printed[thread] = []
    try:
        yield words
    finally:
        with _lock:
            del _printed[thread]
            if not _printed and isinstance(sys.stdout, _Listener):
                sys.stdout = sys.stdout.stream
