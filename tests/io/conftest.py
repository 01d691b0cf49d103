"""What the tests of the readers share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hdrmetrics import Image, read_image


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Image]:
    """Return a function that reads bytes as a file, whose name tells nothing."""

    def read_bytes(data: bytes, **options) -> Image:
        path = tmp_path / "picture"
        path.write_bytes(data)
        return read_image(path, **options)

    return read_bytes
