"""Labelled crops for PyTorch, made on the fly or read from a store."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from datasets.feeding.pack import crop_name, reference_name
from datasets.feeding.store import Store
from datasets.pixels import PixelSource
from datasets.table import LabelTable, item_of, rows_of
from hdrmetrics.errors import OptionError

Sample = dict[str, Tensor]


class LabelledCrops(Dataset[Sample]):
    """The items of a table with their pixels.

    Parameters
    ----------
    table
        Of :func:`datasets.table.read_table`.
    pixels
        A :class:`~datasets.pixels.PixelSource` makes the pixels when they are asked for (in the
        order of :class:`FrameOrder`, neighbours share their work); a
        :class:`~datasets.feeding.store.Store` has them, and items that are not in it are left out.
    split
        ``train``, ``validation`` or ``test``; ``None`` for all.
    reference
        Whether samples hold the reference crop as well.

    Raises
    ------
    OptionError
        If no item is left.

    Notes
    -----
    A sample has ``test`` (and ``reference``) ``(3, size, size)`` float32, cd/m² or display-encoded
    in [0, 1]; ``target`` in [0, 1] and ``quality`` (the teacher's), scalars; ``row``, the place in
    :attr:`frame`.
    """

    def __init__(
        self,
        table: LabelTable,
        pixels: PixelSource | Store,
        *,
        split: str | None = None,
        reference: bool = False,
    ) -> None:
        frame = table.frame
        if split is not None:
            frame = frame[frame["split"] == split]
        self._rows = rows_of(frame)
        if isinstance(pixels, Store):
            self._rows = [
                row
                for row in self._rows
                if crop_name(row) in pixels and (not reference or reference_name(row) in pixels)
            ]
        if not self._rows:
            raise OptionError(
                f"no items of split {split or 'all'} whose pixels are there: is the store of this "
                "table, and does it hold what is asked for (tests, references)?"
            )
        names = {row["item"] for row in self._rows}
        self.frame = frame[frame["item"].isin(names)].reset_index(drop=True)
        self.pixels, self.reference = pixels, reference
        self._quality = str(table.metadata["target_of"])

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Sample:
        row = self._rows[index]
        sample: Sample = {
            "target": torch.tensor(row["target"], dtype=torch.float32),
            "quality": torch.tensor(row[self._quality], dtype=torch.float32),
            "row": torch.tensor(index),
        }
        if isinstance(self.pixels, Store):
            sample["test"] = self.pixels.get(crop_name(row))
            if self.reference:
                sample["reference"] = self.pixels.get(reference_name(row))
            return sample
        pair = self.pixels.pair(item_of(row))
        sample["test"] = pair.test
        if self.reference:
            sample["reference"] = pair.reference
        return sample


class FrameOrder(Sampler[int]):
    """Shuffles frames, and the items within each, but keeps the items of a frame together.

    Parameters
    ----------
    crops
        Whose order to draw.
    seed
        With the epoch, decides the order.
    """

    def __init__(self, crops: LabelledCrops, *, seed: int = 0) -> None:
        keys = crops.frame[["source", "scene", "frame"]].apply(tuple, axis=1)
        self._groups = [np.asarray(places) for places in keys.groupby(keys).indices.values()]
        self._count, self.seed, self.epoch = len(crops), seed, 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[int]:
        rng = np.random.default_rng([self.seed, self.epoch])
        self.epoch += 1
        for group in rng.permutation(len(self._groups)):
            yield from (int(place) for place in rng.permutation(self._groups[int(group)]))
