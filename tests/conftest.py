"""Shared pictures and golden values of the tests."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

# The pictures are small: a second thread costs more in waiting than it computes.
torch.set_num_threads(1)

DATA = Path(__file__).parent / "data"
PROCEDURAL = DATA / "procedural"


class Goldens:
    """Values of the original implementations; ``tests/data/README.md`` says where from."""

    def __init__(self) -> None:
        with (PROCEDURAL / "goldens.csv").open(newline="") as file:
            self.rows = list(csv.DictReader(file))
        self._files: dict[str, dict[str, NDArray[np.float64]]] = {}

    def select(self, metric: str, variant: str | None = None) -> list[dict[str, str]]:
        """Return the rows of a metric whose variant starts with ``variant``."""
        found = [
            row
            for row in self.rows
            if row["metric"] == metric and (variant is None or row["variant"] == variant)
        ]
        assert found, f"no golden rows for {metric!r}, {variant!r}"
        return found

    def image(self, name: str) -> NDArray[np.float64]:
        """Return a stimulus ``file.npz:key`` as float64, ``(H, W)`` or ``(H, W, 3)``."""
        file, _, key = name.partition(":")
        if file not in self._files:
            with np.load(PROCEDURAL / file) as data:
                self._files[file] = {k: data[k].astype(np.float64) for k in data.files}
        return self._files[file][key]

    def tensor(self, name: str) -> torch.Tensor:
        """Return a stimulus as ``(1, C, H, W)`` float64."""
        array = self.image(name)
        array = array[None] if array.ndim == 2 else np.moveaxis(array, 2, 0)
        return torch.from_numpy(np.ascontiguousarray(array))[None]


_caches = itertools.count()


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let no test see what another one, or the user, has kept."""
    folder = tmp_path_factory.getbasetemp() / f"cache{next(_caches)}"
    monkeypatch.setenv("HDRMETRICS_CACHE", str(folder))


@pytest.fixture(scope="session")
def goldens() -> Goldens:
    return Goldens()


@pytest.fixture(scope="session")
def photos() -> dict[str, torch.Tensor]:
    """Ten real photographs in [0, 1], ``(1, C, H, W)`` float64, at least 256×256."""
    import skimage.data

    from hdrmetrics import read_image, sample_images
    from hdrmetrics.photometry.transfer import srgb_encode

    pictures = {}
    for name in ("astronaut", "coffee", "chelsea", "rocket", "camera", "moon", "coins"):
        array = getattr(skimage.data, name)().astype(np.float64) / 255
        array = array[..., None] if array.ndim == 2 else array
        pictures[name] = torch.from_numpy(np.moveaxis(array, 2, 0).copy())[None]
    for name, path in sample_images().items():
        light = read_image(path).tensor(dtype=torch.float64)
        pictures[name] = srgb_encode(light / light.quantile(0.9))
    return pictures


@pytest.fixture(scope="session")
def hdr_scene() -> torch.Tensor:
    """A real HDR photograph in cd/m², ``(1, 3, 160, 224)`` float64."""
    from hdrmetrics import read_image, sample_images

    light = read_image(sample_images()["courtyard"]).tensor(dtype=torch.float64)
    return (light[..., 80:240, 100:324] * 100.0).clamp(0.005, 1e4)
