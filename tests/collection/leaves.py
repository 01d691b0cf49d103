"""Pictures like photographs, of fallen leaves: edges at all sizes (the dead leaves model)."""

from __future__ import annotations

import functools

import numpy as np

from hdrmetrics import Image, as_image
from hdrmetrics.collection.bursts.look import SIDE, WIDTH, Look
from hdrmetrics.collection.record import Record


@functools.cache
def leaves(seed, height=96, width=128):
    """Return codes ``(H, W, 3)`` in [0, 1]."""
    draw = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    picture = np.full((height, width, 3), 0.5)
    for _ in range(400):
        radius = min(height, width) * 0.03 / np.sqrt(draw.uniform(0.003, 1.0))
        y, x = draw.uniform(0, height), draw.uniform(0, width)
        picture[(rows - y) ** 2 + (columns - x) ** 2 < radius**2] = draw.uniform(0.08, 0.92, 3)
    picture.flags.writeable = False
    return picture


def picture(codes) -> Image:
    return as_image(np.round(255 * np.clip(codes, 0, 1)).astype(np.uint8))


def squeezed(codes):
    """Return the small grey picture of codes, without a network."""
    grey = codes @ (0.2126, 0.7152, 0.0722)
    rows = np.array_split(np.arange(grey.shape[0]), SIDE)
    columns = np.array_split(np.arange(grey.shape[1]), SIDE)
    small = [[grey[np.ix_(r, c)].mean() for c in columns] for r in rows]
    return np.round(255 * np.clip(small, 0, 1)).astype(np.uint8)


def record(name, codes, seed=0, **facts) -> Record:
    """Return the record of codes whose embedding follows from a seed."""
    seen = np.random.default_rng(seed).normal(0, 40, WIDTH).clip(-127, 127).astype(np.int8)
    look = Look(squeezed(codes).tobytes(), seen.tobytes(), **facts)
    return Record(name, name, width=codes.shape[1], height=codes.shape[0], look=look)
