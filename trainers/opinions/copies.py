"""Which photographs show the same, so that none is learnt from that is tested on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from datasets.streams import fraction
from hdrmetrics.errors import ImageReadError
from trainers.opinions.views import load

SIDE = 24
ALIKE = 0.97
"""Correlation of two thumbnails above which they show the same."""

_AT_ONCE = 1024
_PLAIN = 1e-3


def thumbnails(paths: Sequence[Path]) -> NDArray[np.float32]:
    """Return photographs as 24×24 in colour, ``(N, 1728)``, each of mean 0 and length 1.

    Raises
    ------
    ImageReadError
        If some cannot be read: with their number, and what is wrong with the first.
    """
    found = np.empty((len(paths), 3 * SIDE * SIDE), np.float32)
    wrong: list[ImageReadError] = []
    for row, path in zip(found, paths, strict=True):
        try:
            image = load(path, 4 * SIDE)
        except ImageReadError as error:
            wrong.append(error)
            continue
        row[:] = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX), np.float32).ravel()
    if wrong:
        raise ImageReadError(f"{len(wrong)} of {len(paths)} photographs are broken: {wrong[0]}")
    found -= found.mean(axis=1, keepdims=True)
    found /= np.linalg.norm(found, axis=1, keepdims=True) + _PLAIN
    return found


def groups_of(thumbs: NDArray[np.float32], alike: float = ALIKE) -> NDArray[np.int64]:
    """Return for each thumbnail the first place of those that are linked to it by likeness."""
    parent = np.arange(len(thumbs))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = int(parent[i])
        return i

    for start in range(0, len(thumbs), _AT_ONCE):
        near = thumbs[start : start + _AT_ONCE] @ thumbs.T > alike
        for i, j in zip(*np.nonzero(near), strict=True):
            a, b = root(int(i) + start), root(int(j))
            parent[max(a, b)] = min(a, b)
    return np.array([root(i) for i in range(len(thumbs))])


def divide(split: NDArray[np.str_], group: NDArray[np.str_], validation: float) -> NDArray[np.str_]:
    """Return splits in which no group is in two, the test kept as its authors have it.

    Parameters
    ----------
    split
        The authors': ``train`` and ``test``.
    group
        Of each photograph.
    validation
        Part of the other groups that is held out of training, by their names.

    Returns
    -------
    ndarray of str
        ``train``, ``validation``, ``test``, or ``copy`` for photographs that show what a test
        photograph shows: nothing may learn from them.
    """
    found = split.astype("<U10")
    tested = np.isin(group, group[split == "test"])
    found[tested & (split != "test")] = "copy"
    held = {g for g in np.unique(group[~tested]) if fraction("opinions", str(g)) < validation}
    found[~tested & np.isin(group, list(held))] = "validation"
    return found
