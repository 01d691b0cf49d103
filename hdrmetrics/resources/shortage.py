"""Errors that say that memory is short: with less to hold, or later, the same may go well."""

from __future__ import annotations

import errno

_WORDS = (
    "out of memory", "not enough memory", "allocate memory", "alloc_failed", "bad_alloc",
    "bad allocation", "unable to allocate", "memory allocation",
)  # fmt: skip


def is_shortage(error: BaseException) -> bool:
    """Return whether an error, or the one it comes from, says that memory is short.

    Of PyTorch's devices each has its own words, and so do decoders.

    Examples
    --------
    >>> is_shortage(MemoryError()), is_shortage(RuntimeError("CUDA error: out of memory"))
    (True, True)
    >>> is_shortage(RuntimeError("sizes differ"))
    False
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, MemoryError) or getattr(seen, "errno", None) == errno.ENOMEM:
            return True
        text = str(seen).lower()
        if any(words in text for words in _WORDS):
            return True
        seen = seen.__cause__
    return False
