"""Photographs one after another, whole, as the metric gets them from users."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import numpy as np
from torch import Tensor, from_numpy

from trainers.opinions.opinions import Opinions
from trainers.opinions.views import load

_PATIENCE = 10.0  # seconds between lines of progress


def whole_pictures(opinions: Opinions, purpose: str, *, quiet: bool) -> Iterator[Tensor]:
    """Yield photographs ``(1, 3, H, W)`` in [0, 1], telling how long the rest takes.

    Parameters
    ----------
    opinions
        Whose photographs.
    purpose
        What for, in a word or two.
    quiet
        No lines of progress.

    Raises
    ------
    ImageReadError
        If one cannot be read.
    """
    began = told = time.perf_counter()
    for number, path in enumerate(opinions.paths):
        now = time.perf_counter()
        if not quiet and now - told > _PATIENCE:
            told = now
            left = (now - began) / number * (len(opinions) - number)
            line = f"{purpose}: {number}/{len(opinions)} photographs, {left:.0f} s left"
            print(line, file=sys.stderr, flush=True)
        pixels = np.asarray(load(path, None)).copy()
        yield from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
