"""Small pictures in folders, and the command run in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hdrmetrics import write_image
from hdrmetrics.cli import main


@dataclass(frozen=True)
class Result:
    """What a command left: its exit code and both streams."""

    code: int
    out: str
    err: str


def scene(seed: int = 0) -> NDArray[np.float32]:
    """Return a relative HDR picture ``(48, 64, 3)`` over four decades, with texture."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:48, 0:64] / 48.0
    light = 10.0 ** (3 * x - 2 + 0.3 * np.sin(9 * y + seed))
    colour = light[..., None] * np.array([1.0, 0.8, 0.6])
    return (colour * (1 + 0.05 * rng.random((48, 64, 3)))).astype(np.float32)


def noisy(picture: NDArray[np.float32], amount: float) -> NDArray[np.float32]:
    """Return the picture with multiplicative noise."""
    rng = np.random.default_rng(7)
    return (picture * (1 + amount * rng.standard_normal(picture.shape)).clip(0)).astype(np.float32)


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with ``test/`` and ``ref/``, each a.exr, b.exr, c.exr; a is the best."""
    for index, (name, amount) in enumerate((("a", 0.01), ("b", 0.05), ("c", 0.2))):
        for folder, picture in (
            ("ref", scene(index)),
            ("test", noisy(scene(index), amount)),
        ):
            (tmp_path / folder).mkdir(exist_ok=True)
            write_image(tmp_path / folder / f"{name}.exr", picture, depth="float")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """Return a function that runs the command with the given words."""
    monkeypatch.setenv("COLUMNS", "100")

    def command(*words: Any) -> Result:
        capsys.readouterr()
        code = main([str(word) for word in words])
        return Result(code, *capsys.readouterr())

    return command
