"""A progress bar for jobs over many files."""

from __future__ import annotations

import sys
from collections.abc import Callable

_PATIENCE = 2.0  # seconds before a bar appears


class Progress:
    """A bar on stderr with rate and time left, for jobs of over two seconds at a terminal.

    Used as a context, it gives the function to call with each row or picture.

    Parameters
    ----------
    total
        How many there are.
    quiet
        Whether to show nothing.
    done
        How many there are already.
    unit
        What they are called.
    """

    def __init__(self, total: int, *, quiet: bool, done: int = 0, unit: str = "file") -> None:
        from tqdm import tqdm

        silent = quiet or not sys.stderr.isatty()
        self._bar = tqdm(
            total=total, initial=done, delay=_PATIENCE, disable=silent, unit=unit, leave=False,
            file=sys.stderr,
        )  # fmt: skip

    def __enter__(self) -> Callable[[object], None]:
        return self._step

    def _step(self, row: object) -> None:
        self._bar.update()

    def __exit__(self, *reason: object) -> None:
        self._bar.close()
