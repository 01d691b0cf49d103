"""Scoring many files with a progress bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hdrmetrics.batch import BatchSettings, Row
    from hdrmetrics.inputs import Source
    from hdrmetrics.scoring import ScoreMap

_PATIENCE = 2.0  # seconds before a bar appears


class Progress:
    """A bar on stderr, for jobs of over two seconds at a terminal.

    Used as a context, it gives the function to call with each row or picture.
    """

    def __init__(self, total: int, *, quiet: bool) -> None:
        from tqdm import tqdm

        silent = quiet or not sys.stderr.isatty()
        self._bar = tqdm(
            total=total, delay=_PATIENCE, disable=silent, unit="file", leave=False, file=sys.stderr
        )

    def __enter__(self) -> Callable[[object], None]:
        return self._step

    def _step(self, row: object) -> None:
        self._bar.update()

    def __exit__(self, *reason: object) -> None:
        self._bar.close()


def score_with_progress(
    files: Sequence[tuple[Source, Source | None]],
    metrics: Sequence[str],
    settings: BatchSettings,
    *,
    quiet: bool,
    on_map: Callable[[int, ScoreMap], None] | None = None,
) -> list[Row]:
    """Return the rows of :func:`hdrmetrics.score_files`."""
    from hdrmetrics.batch import score_files

    with Progress(len(files), quiet=quiet) as step:
        settings["on_row"] = step
        return score_files(files, metrics, **settings, on_map=on_map)
