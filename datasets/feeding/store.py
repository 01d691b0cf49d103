"""Crops kept on disk in shards of bounded size, for training without making them again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datasets.feeding.squeeze import squeeze, unsqueeze
from hdrmetrics.errors import ImageReadError, OptionError, UnknownNameError
from hdrmetrics.text.textfile import write_text

_VERSION = 1
_INDEX = "store.json"


_Kind = tuple[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class _Shard:
    file: str
    shape: tuple[int, int, int, int]
    kind: str
    sha256: str


class StoreWriter:
    """Writes crops, one after the other, into shards.

    Parameters
    ----------
    folder
        Made if need be; must hold no store yet.
    squeezed
        Whether shards are squeezed (to be carried elsewhere) or plain (to be read in place).
    shard_crops
        Crops per shard.
    limit_bytes
        The store never grows beyond this; :meth:`add` then says so. ``None`` for no limit.

    Raises
    ------
    OptionError
        If the folder holds a store already.
    """

    def __init__(
        self,
        folder: Path,
        *,
        squeezed: bool,
        shard_crops: int = 64,
        limit_bytes: int | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / _INDEX).exists():
            raise OptionError(f"{folder} holds a store already: remove it or choose another")
        self.folder, self.squeezed = folder, squeezed
        self.shard_crops, self.limit_bytes = shard_crops, limit_bytes
        self.size = 0
        self._shards: list[_Shard] = []
        self._names: dict[str, tuple[int, int]] = {}
        # One open shard per kind of crop: pairs of codes and light would break each other's.
        self._open: dict[_Kind, list[tuple[str, NDArray[Any]]]] = {}
        self._waiting: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._names or name in self._waiting

    def add(self, name: str, crop: NDArray[Any]) -> bool:
        """Add a crop ``(3, h, w)``, ``uint8`` or ``float16``; False if the store is full."""
        if name in self:
            return True
        if self._full(crop):
            return False
        kind = (crop.dtype.name, crop.shape)
        self._open.setdefault(kind, []).append((name, crop))
        self._waiting.add(name)
        if len(self._open[kind]) >= self.shard_crops:
            self._write(self._open.pop(kind))
        return True

    def _full(self, crop: NDArray[Any]) -> bool:
        if self.limit_bytes is None:
            return False
        waiting = crop.nbytes + sum(one.nbytes for crops in self._open.values() for _, one in crops)
        if self.size + waiting <= self.limit_bytes:
            return False
        if self.squeezed and self._open:  # what it comes to is known only once it is written
            self.flush()
            return self._full(crop)
        return True

    def flush(self) -> None:
        """Write the crops that wait."""
        while self._open:
            self._write(self._open.popitem()[1])

    def _write(self, crops: list[tuple[str, NDArray[Any]]]) -> None:
        block = np.stack([crop for _, crop in crops])
        number = len(self._shards)
        if self.squeezed:
            data = squeeze(block)
            path = self.folder / f"shard-{number:05d}.bin"
        else:
            data = block.astype(block.dtype.newbyteorder("<"), copy=False).tobytes()
            path = self.folder / f"shard-{number:05d}.raw"
        path.write_bytes(data)
        n, c, h, w = block.shape
        digest = hashlib.sha256(data).hexdigest()
        self._shards.append(_Shard(path.name, (n, c, h, w), block.dtype.name, digest))
        for i, (name, _) in enumerate(crops):
            self._names[name] = (number, i)
            self._waiting.discard(name)
        self.size += len(data)

    def close(self, metadata: dict[str, Any]) -> int:
        """Write the last shard with the index; returns the number of crops."""
        self.flush()
        index = {
            "version": _VERSION,
            "squeezed": self.squeezed,
            "metadata": metadata,
            "shards": [
                {"file": s.file, "shape": s.shape, "kind": s.kind, "sha256": s.sha256}
                for s in self._shards
            ],
            "crops": self._names,
        }
        write_text(self.folder / _INDEX, json.dumps(index, separators=(",", ":")))
        return len(self._names)


class Store:
    """Reads crops by name.

    Parameters
    ----------
    folder
        Of a :class:`StoreWriter`. Plain shards are mapped into memory; squeezed ones are expanded
        when first used, and then kept. Each shard's SHA-256 is compared then.

    Raises
    ------
    ImageReadError
        If the folder holds no store, or its index is broken.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            index = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
            if index["version"] != _VERSION:
                raise ImageReadError(f"{folder} is a store of version {index['version']}")
            self._squeezed = bool(index["squeezed"])
            self.metadata: dict[str, Any] = index["metadata"]
            self._shards = [
                _Shard(Path(s["file"]).name, tuple(s["shape"]), s["kind"], s["sha256"])
                for s in index["shards"]
            ]
            self._crops = {name: (int(a), int(b)) for name, (a, b) in index["crops"].items()}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ImageReadError(f"{folder} holds no store of crops ({error})") from error
        self._open: dict[int, NDArray[Any]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._crops

    def __len__(self) -> int:
        return len(self._crops)

    def __iter__(self) -> Iterator[str]:
        """Yield the names of the crops in the order in which they lie on disk."""
        return iter(self._crops)

    def release(self) -> None:
        """Forget the shards opened so far; they are opened again when they are needed."""
        self._open.clear()

    def get(self, name: str) -> Tensor:
        """Return a crop ``(3, h, w)`` float32, as it was before it was stored.

        Raises
        ------
        UnknownNameError
            If it is not in the store.
        ImageReadError
            If its shard is missing or broken.
        """
        if name not in self._crops:
            raise UnknownNameError(f"crop {name!r} is not in the store {self.folder}")
        shard, index = self._crops[name]
        pixels = np.array(self._shard(shard)[index], dtype=np.float32)
        if self._shards[shard].kind == "uint8":
            pixels /= 255
        return torch.from_numpy(pixels)

    def _shard(self, number: int) -> NDArray[Any]:
        if number not in self._open:
            self._open[number] = self._read(self._shards[number])
        return self._open[number]

    def _read(self, shard: _Shard) -> NDArray[Any]:
        path = self.folder / shard.file
        try:
            if hashlib.sha256(path.read_bytes()).hexdigest() != shard.sha256:
                raise ImageReadError(f"{path} is not what was written: copy the store again")
            if self._squeezed:
                return unsqueeze(path.read_bytes(), shard.shape, shard.kind)
            dtype = np.dtype(shard.kind).newbyteorder("<")
            return np.memmap(path, dtype=dtype, mode="r", shape=shard.shape)
        except (OSError, ValueError) as error:
            if isinstance(error, ImageReadError):
                raise
            raise ImageReadError(f"{path} cannot be read: {error}") from error
