"""Jobs wait until there is room for their pictures."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from hdrmetrics import as_image
from hdrmetrics.picture.image import Image
from hdrmetrics.resources.room import Room


def picture(pixels: int) -> Image:
    return as_image(np.zeros((pixels, 1), np.uint8))


def held_at_most(room: Room, sizes: list[tuple[Path, int]]) -> int:
    """Return how many pixels jobs held together, one thread for each file."""
    held, most, lock = 0, 0, threading.Lock()

    def job(path: Path, pixels: int) -> None:
        nonlocal held, most
        with room.place(path) as place:
            place.holds((path, picture(pixels)))
            with lock:
                held += pixels
                most = max(most, held)
            time.sleep(0.02)
            with lock:
                held -= pixels

    threads = [threading.Thread(target=job, args=size) for size in sizes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
    return most


def test_no_more_is_held_than_fits(tmp_path: Path) -> None:
    path = tmp_path / "a.exr"
    path.write_bytes(bytes(200))  # by its ending about 100 pixels
    assert Room(1000).guess(path) == 100
    assert held_at_most(Room(250), [(path, 100)] * 12) <= 200
    assert held_at_most(Room(10_000), [(path, 100)] * 12) <= 1200


def test_one_that_fits_nowhere_goes_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.exr"
    path.write_bytes(bytes(2000))
    assert held_at_most(Room(10), [(path, 1000)] * 5) == 1000


def test_it_learns_how_dense_files_are(tmp_path: Path) -> None:
    path = tmp_path / "a.avif"
    path.write_bytes(bytes(10))
    room = Room(100)
    with room.place(path) as place:
        assert place.pixels == 40
        place.holds((path, picture(900)), (None, None))
        assert place.pixels == 900  # claimed at once, whatever the size of the room
    assert room.guess(path) == 900
    assert room.guess("missing.avif") == room.guess(picture(5)) == 0


def test_room_is_given_back_after_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "a.exr"
    path.write_bytes(bytes(2000))
    room = Room(10)
    for _ in range(2):
        with pytest.raises(ValueError), room.place(path):
            raise ValueError
    assert room._held == room._jobs == 0
