"""Small photographs that were there for a while, and a worker that counts what it is asked."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hdrmetrics.collection import local
from hdrmetrics.collection.item import Item
from hdrmetrics.collection.keeping import stamps
from hdrmetrics.collection.record import Record
from hdrmetrics.collection.worker import Worker


def jpeg(seed: int, side: int = 48) -> bytes:
    """Return a JPEG file of smooth colours and noise."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 255, (4, 5, 3), dtype=np.uint8))
    smooth = np.asarray(small.resize((side + 16, side), Image.Resampling.BICUBIC), float)
    noisy = smooth + rng.normal(0, 4 + 3 * (seed % 7), smooth.shape)
    out = io.BytesIO()
    Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(out, "JPEG", quality=90)
    return out.getvalue()


def fill(folder: Path, count: int) -> list[Path]:
    """Fill a folder with photographs that were there for a while."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{number:02d}.jpg" for number in range(count)]
    for number, file in enumerate(files):
        file.write_bytes(jpeg(number))
    return files


def items(files: Sequence[Path]) -> list[Item]:
    """Return files as a collection."""
    return [Item(str(file), file.name) for file in files]


def trust_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the times of files be trusted that were written just now."""
    monkeypatch.setattr(stamps, "_SETTLED", -(10**12))


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, tuple[str, ...]]]]:
    """Give a list to which goes what is scored: names of files, and by which metrics."""
    seen: list[tuple[str, tuple[str, ...]]] = []

    class Counting(Worker):
        def __call__(self, item: Item) -> Record:
            seen.append((item.name, self.plan.metrics))
            return super().__call__(item)

    with monkeypatch.context() as patch:
        patch.setattr(local, "Worker", Counting)
        yield seen
