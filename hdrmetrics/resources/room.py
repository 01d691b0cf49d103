"""How many pixels the jobs of one process may hold at a time."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hdrmetrics.picture.image import Image
from hdrmetrics.resources.machine import usable_memory

_BYTES_PER_PIXEL = 100  # that reading and scoring take at most
_SHARE = 0.5  # of the memory
_LEAST = 1 << 24  # pixels
# Pixels per byte of files, before one of the kind has been read; lossy ones hold the most.
_SPARSE = {".exr": 0.5, ".hdr": 0.5, ".pfm": 0.25, ".tif": 0.5, ".tiff": 0.5, ".png": 0.5}
_DENSE = 4.0


class Room:
    """Lets jobs wait until there is room for their pictures; one that fits nowhere goes alone.

    How large a picture is shows when it has been read, so that a job claims what the size of its
    files suggests and puts it right later, without waiting.

    Parameters
    ----------
    size
        Pixels; by default what half of the memory holds.
    """

    def __init__(self, size: int | None = None) -> None:
        self.size = size or max(_LEAST, int(_SHARE * usable_memory() / _BYTES_PER_PIXEL))
        self._held = 0
        self._jobs = 0
        self._change = threading.Condition()
        self._density: dict[str, float] = {}

    @contextlib.contextmanager
    def place(self, *sources: Any) -> Iterator[Place]:
        """Wait for room for some files or pictures, and hold it for the block."""
        place = Place(self, sum(self.guess(one) for one in sources))
        with self._change:
            self._change.wait_for(lambda: self._jobs == 0 or self._held + place.pixels <= self.size)
            self._jobs += 1
            self._held += place.pixels
        try:
            yield place
        finally:
            with self._change:
                self._jobs -= 1
                self._held -= place.pixels
                self._change.notify_all()

    def guess(self, source: Any) -> int:
        """Return about how many pixels a file has; pictures in memory take no new room."""
        if not isinstance(source, (str, Path)):
            return 0
        suffix = os.path.splitext(source)[1].lower()
        density = self._density.get(suffix) or _SPARSE.get(suffix, _DENSE)
        return int(_bytes(source) * density)

    def learn(self, source: Any, pixels: int) -> None:
        """Remember how dense the files of a kind are at most."""
        if isinstance(source, (str, Path)) and (size := _bytes(source)):
            suffix = os.path.splitext(source)[1].lower()
            self._density[suffix] = max(self._density.get(suffix, 0.0), pixels / size)

    def put_right(self, place: Place, pixels: int) -> None:
        """Replace a claim by what is held."""
        with self._change:
            self._held += pixels - place.pixels
            place.pixels = pixels
            self._change.notify_all()


class Place:
    """What one job claims of a :class:`Room`."""

    def __init__(self, room: Room, pixels: int) -> None:
        self.room = room
        self.pixels = pixels

    def holds(self, *read: tuple[Any, Any]) -> None:
        """Tell how large the pictures are that were read, as pairs of source and picture."""
        total = 0
        for source, image in read:
            if isinstance(image, Image) and image is not source:
                pixels = image.width * image.height
                self.room.learn(source, pixels)
                total += pixels
        self.room.put_right(self, total)


def _bytes(path: str | Path) -> int:
    try:
        return os.path.getsize(path)
    except (OSError, ValueError):
        return 0
