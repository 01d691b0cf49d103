"""Clean windows of photographs, brought to their size once and kept as an array."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datasets.scenes.scene_files import FileScene
from datasets.streams import stream
from hdrmetrics.errors import HdrMetricsError, ImageReadError, OptionError
from hdrmetrics.text.textfile import json_text, write_text
from trainers.restoring.degrade import eight_bits
from trainers.restoring.references import reduced, window

Sources = Sequence[tuple[FileScene, tuple[float, float]]]

SIDE = 192
"""Pixels a side of a window."""

_LEAST = 1.2  # how much smaller a photograph is made at least, or it is left out
_PATIENCE = 20.0


class Windows:
    """Windows in a folder: ``clean.npy`` and ``windows.json``, which says what they were made of.

    Parameters
    ----------
    folder
        That :func:`make_windows` filled.

    Raises
    ------
    ImageReadError
        If it is no such folder, or not complete.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self.said: dict[str, Any] = json.loads((folder / "windows.json").read_text("utf-8"))
            self.clean: NDArray[np.uint8] = np.load(folder / "clean.npy", mmap_mode="r")
        except (OSError, ValueError, EOFError) as error:
            raise ImageReadError(f"{folder}: is no folder of windows ({error})") from error
        if self.clean.shape[1:] != (SIDE, SIDE, 3):
            raise ImageReadError(f"{folder}: its windows are not of {SIDE} pixels a side")

    def __len__(self) -> int:
        return len(self.clean)

    def window(self, place: int) -> Tensor:
        """Return a window ``(1, 3, side, side)`` in [0, 1]."""
        return torch.from_numpy(self.clean[place].copy()).movedim(-1, 0)[None].float() / 255


def make_windows(folder: Path, sources: Sources, seed: int, *, quiet: bool = False) -> Windows:
    """Return a window of each photograph, made unless the folder holds them already.

    A photograph that cannot be read, or is too small, is left out and named in ``windows.json``.

    Parameters
    ----------
    folder
        To fill.
    sources
        Of :func:`~trainers.restoring.references.references`.
    seed
        Of sizes and places.
    quiet
        No lines of progress.

    Raises
    ------
    OptionError
        If the folder holds other windows, or no photograph can be used.
    ImageWriteError
        If it cannot be written.
    """
    if not sources:
        raise OptionError("there is no clean photograph of this split to learn restoring from")
    wanted = {"seed": seed, "photographs": [scene.name for scene, _ in sources]}
    if (folder / "windows.json").is_file():
        found = Windows(folder)
        if any(found.said.get(key) != value for key, value in wanted.items()):
            raise OptionError(f"{folder} holds windows of other photographs: name another folder")
        return found
    kept, refused = [], dict[str, str]()
    began = told = time.monotonic()
    for number, (scene, factors) in enumerate(sources):
        try:
            kept.append(_window(scene, factors, stream(seed, "window", scene.name)))
        except HdrMetricsError as error:
            refused[scene.name] = str(error)
        if not quiet and time.monotonic() - told > _PATIENCE:
            told = time.monotonic()
            line = f"{number + 1}/{len(sources)} photographs, {told - began:.0f} s"
            print(line, file=sys.stderr, flush=True)
    if not kept:
        raise OptionError(f"no photograph can be used, first: {next(iter(refused.items()))}")
    draft = folder.with_name(f".{folder.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    np.save(draft / "clean.npy", np.stack(kept))
    write_text(draft / "windows.json", json_text({**wanted, "refused": refused}))
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)
    return Windows(folder)


def _window(
    scene: FileScene, factors: tuple[float, float], draw: np.random.Generator
) -> NDArray[np.uint8]:
    picture = scene.load()
    most = min(picture.shape[-2:]) / SIDE
    if most < _LEAST:
        raise OptionError(f"{scene.name} has {tuple(picture.shape[-2:])} pixels, too few")
    small = reduced(picture, min(float(draw.uniform(*factors)), most))
    return eight_bits(window(small, SIDE, draw)).movedim(0, -1).numpy()
