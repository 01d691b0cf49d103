"""Pixels of labelled crops, kept in memory as far as they fit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datasets.feeding.store import Store
from hdrmetrics.errors import ImageReadError, OptionError
from trainers.feeding.labels import Labels
from trainers.feeding.views import View


def find_store(folder: Path, name: str) -> Store:
    """Return the store of a set: a folder that is one, or that has one of this name.

    Raises
    ------
    ImageReadError
        If there is none, or it is that of another set.
    """
    store = Store(folder if (folder / "store.json").exists() else folder / name)
    held = store.metadata.get("name", name)
    if held != name:
        raise ImageReadError(f"{store.folder} holds crops of {held}, not of {name}")
    return store


def present(labels: Labels, store: Store, *, reference: bool) -> Labels:
    """Return the items whose crops are in a store (of a small pack, a part).

    Raises
    ------
    OptionError
        If none is.
    """
    names = zip(labels["test_name"], labels["reference_name"], strict=True)
    held = np.array(
        [str(a) in store and (not reference or str(b) in store) for a, b in names], dtype=bool
    )
    if not held.any():
        raise OptionError(
            f"{store.folder} has no crops of the items asked for: is it the store of this table, "
            f"and does it hold {'pairs' if reference else 'tests'} of this split?"
        )
    return labels.select(held)


class CropPixels:
    """Crops by name, as 8-bit codes or half floats in memory up to a limit, else from the store.

    Parameters
    ----------
    store
        Where they are.
    names
        Those that will be asked for; read once, in the order of the store.
    device
        Where they are kept, and where batches are made.
    limit_mb
        Largest size of what is kept, in 10⁶ bytes; what exceeds it is read whenever it is asked
        for. (A *squeezed* store keeps every shard that it expanded: allow for all, or unsqueeze.)

    Raises
    ------
    ImageReadError
        If a shard is missing or broken, or crops differ in size.
    """

    def __init__(
        self, store: Store, names: Sequence[str], *, device: torch.device, limit_mb: float
    ) -> None:
        self.store, self.device = store, device
        self._kept: dict[str, Tensor] = {}
        self.size = 0
        """Side of the crops, px; 0 where no names were given."""
        self.n_bytes = 0
        wanted = set(names)
        for name in store:
            if name not in wanted:
                continue
            crop = _compact(store.get(name))
            if not self.size:
                self.size = int(crop.shape[-1])
            if crop.shape != (3, self.size, self.size):
                raise ImageReadError(f"crops of one size are needed; {name}: {tuple(crop.shape)}")
            n_bytes = crop.numel() * crop.element_size()
            if self.n_bytes + n_bytes > limit_mb * 1e6:
                break
            self._kept[name] = crop.to(device)
            self.n_bytes += n_bytes
        if wanted <= self._kept.keys():
            store.release()

    def __len__(self) -> int:
        """How many crops are kept in memory."""
        return len(self._kept)

    def batch(self, names: NDArray[np.str_], views: Sequence[View] | None = None) -> Tensor:
        """Return crops, or views of them, ``(N, 3, size, size)`` float32.

        Raises
        ------
        UnknownNameError
            If a name is not in the store.
        ImageReadError
            If its shard is missing or broken.
        """
        parts = []
        for i, name in enumerate(names):
            crop = self._kept.get(str(name))
            if crop is None:
                crop = self.store.get(str(name)).to(self.device)
            if views is not None:
                crop = views[i](crop)
            plain = crop.to(torch.float32)
            parts.append(plain / 255 if crop.dtype == torch.uint8 else plain)
        return torch.stack(parts)


def _compact(crop: Tensor) -> Tensor:
    """Return a crop as 8-bit codes if it holds nothing else, or as half floats."""
    codes = torch.round(crop * 255)
    if bool(((codes / 255 == crop) & (codes >= 0) & (codes <= 255)).all()):
        return codes.to(torch.uint8)
    return crop.to(torch.float16)
