"""Whole frames of a labelled set, put together from the windows that cover them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from datasets.feeding.store import Store

WHOLE = "hdrvdp_whole_q"
"""Column of the teacher's quality of whole frames, as of pictures of one window's size."""

_COLUMNS = (
    "scene", "group", "split", "source", "frame", "version", "distortion", "frame_height",
    "frame_width", "crop_x", "crop_y", WHOLE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Frame:
    """A version of a frame.

    Parameters
    ----------
    group, name
        Of scenes; what was done.
    quality
        The teacher's, of the whole.
    size
        Height and width.
    windows
        Top, left, and the names of test and reference in the store, of each window.
    """

    group: str
    name: str
    quality: float
    size: tuple[int, int]
    windows: tuple[tuple[int, int, str, str], ...]

    def picture(self, store: Store, *, reference: bool) -> Tensor:
        """Return the pixels ``(3, H, W)``."""
        found = torch.zeros(3, *self.size)
        for top, left, test, other in self.windows:
            part = pixels_of(store, other if reference else test)
            found[:, top : top + part.shape[-2], left : left + part.shape[-1]] = part
        return found

    def inside(self, store: Store, reference: bool) -> bool:
        """Whether all of its windows are in a store."""
        return all(a in store and (not reference or b in store) for _, _, a, b in self.windows)


def pixels_of(store: Store, name: str) -> Tensor:
    """Return a crop ``(3, h, w)`` as float32: cd/m², or codes in [0, 1]."""
    return store.get(name).to(torch.float32)


def find_frames(tables: Path, name: str, split: str) -> list[Frame]:
    """Return the frames of a split that are larger than a window; none for a set of crops.

    Raises
    ------
    ImageReadError
        If the table cannot be read.
    """
    path = tables / f"{name}.parquet"
    if not path.exists():  # exported labels say nothing of frames
        return []
    from datasets.table import read_table
    from trainers.feeding.labels import labels_of

    table = read_table(path)
    if WHOLE not in table.frame.columns:
        return []
    labels = labels_of(table)
    columns = {key: table.frame[key].to_numpy() for key in _COLUMNS}
    versions: dict[tuple[str, ...], list[int]] = {}
    for index in np.flatnonzero(columns["split"] == split):
        key = tuple(str(columns[k][index]) for k in ("scene", "source", "frame", "version"))
        versions.setdefault(key, []).append(int(index))
    found = []
    for rows in versions.values():
        first = rows[0]
        size = int(columns["frame_height"][first]), int(columns["frame_width"][first])
        windows = tuple(
            (
                int(columns["crop_y"][i]),
                int(columns["crop_x"][i]),
                str(labels["test_name"][i]),
                str(labels["reference_name"][i]),
            )
            for i in rows
        )
        if len(windows) > 1:
            group, done = str(columns["group"][first]), str(columns["distortion"][first])
            found.append(Frame(group, done, float(columns[WHOLE][first]), size, windows))
    return found
