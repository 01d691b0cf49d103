"""Patches before and after degradation, made once and kept as arrays that training maps."""

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
from datasets.streams import fraction, stream
from hdrmetrics.errors import HdrMetricsError, ImageReadError, OptionError
from hdrmetrics.text.textfile import json_text, write_text
from trainers.restoring.degrade import degrade, draw_steps, eight_bits
from trainers.restoring.recipe import Recipe
from trainers.restoring.references import reduced, window

Sources = Sequence[tuple[FileScene, tuple[float, float]]]

_ROOM = 256  # pixels a side that are degraded at a time: crops are far from most of their borders
_GRID = 8  # of JPEG
_ALIGNED = 0.5  # part of the crops that keep the grid of the file
_PATIENCE = 20.0


class Pack:
    """Pairs of patches in a folder: ``degraded.npy``, ``clean.npy`` and what they were made of.

    Parameters
    ----------
    folder
        That :func:`make_pack` filled.

    Raises
    ------
    ImageReadError
        If it is no such folder, or not complete.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self.said: dict[str, Any] = json.loads((folder / "pack.json").read_text("utf-8"))
            self.degraded: NDArray[np.uint8] = np.load(folder / "degraded.npy", mmap_mode="r")
            self.clean: NDArray[np.uint8] = np.load(folder / "clean.npy", mmap_mode="r")
        except (OSError, ValueError) as error:
            raise ImageReadError(f"{folder}: is no pack of patches ({error})") from error
        if self.degraded.shape != self.clean.shape or self.degraded.ndim != 4:
            raise ImageReadError(f"{folder}: its arrays do not belong together")

    def __len__(self) -> int:
        return len(self.clean)

    def pairs(self, places: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Return degraded and clean patches ``(N, 3, side, side)`` in [0, 1]."""
        found = (torch.from_numpy(one[places]) for one in (self.degraded, self.clean))
        a, b = (one.movedim(-1, 1).float() / 255 for one in found)
        return a, b


def make_pack(
    folder: Path, sources: Sources, recipe: Recipe, takes: int, seed: int, *, quiet: bool = False
) -> Pack:
    """Return a pack of patches, made unless the folder holds it already.

    Photographs take turns, in an order that follows from their names; each take is degraded anew
    and cut into ``recipe.crops`` patches. A photograph that cannot be read is left out, and named
    in ``pack.json``.

    Parameters
    ----------
    folder
        To fill.
    sources
        Of :func:`~trainers.restoring.references.references`.
    recipe
        Says what is done.
    takes
        How many.
    seed
        Of all draws.
    quiet
        No lines of progress.

    Raises
    ------
    OptionError
        If the folder holds another pack, or there is not a photograph to make one of.
    ImageWriteError
        If it cannot be written.
    """
    ordered = sorted(sources, key=lambda one: fraction("restoring", seed, one[0].name))
    if not ordered:
        raise OptionError("there is no clean photograph of this split to learn restoring from")
    wanted = {
        "recipe": recipe.patches,
        "seed": seed,
        "takes": takes,
        "photographs": [scene.name for scene, _ in ordered],
    }
    if (folder / "pack.json").is_file():
        pack = Pack(folder)
        if any(pack.said.get(key) != value for key, value in wanted.items()):
            raise OptionError(f"{folder} holds patches of another recipe: name another folder")
        return pack
    draft = folder.with_name(f".{folder.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    shape = (takes * recipe.crops, recipe.side, recipe.side, 3)
    arrays = [
        np.lib.format.open_memmap(draft / f"{name}.npy", "w+", np.uint8, shape)
        for name in ("degraded", "clean")
    ]
    done, refused = 0, dict[str, str]()
    began = told = time.monotonic()
    turn = 0
    while done < takes and len(refused) < len(ordered):
        scene, factors = ordered[turn % len(ordered)]
        draw = stream(seed, "restoring", scene.name, turn // len(ordered))
        turn += 1
        if scene.name in refused:
            continue
        try:
            own = _take(scene, factors, recipe, draw)
        except HdrMetricsError as error:
            refused[scene.name] = str(error)
            continue
        place = slice(done * recipe.crops, (done + 1) * recipe.crops)
        for array, patches in zip(arrays, own, strict=True):
            array[place] = patches
        done += 1
        if not quiet and time.monotonic() - told > _PATIENCE:
            told = time.monotonic()
            print(f"{done}/{takes} takes, {told - began:.0f} s", file=sys.stderr, flush=True)
    if done < takes:
        raise OptionError(f"no photograph can be used, first: {next(iter(refused.items()))}")
    for array in arrays:
        array.flush()
    write_text(draft / "pack.json", json_text({**wanted, "refused": refused}))
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)
    return Pack(folder)


def _take(
    scene: FileScene, factors: tuple[float, float], recipe: Recipe, draw: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return patches ``(crops, side, side, 3)`` of a photograph: degraded, and clean."""
    picture = reduced(scene.load(), float(draw.uniform(*factors)))
    clean = window(picture, _ROOM, draw)[None]
    height, width = clean.shape[-2:]
    if min(height, width) < recipe.side:
        raise OptionError(f"{scene.name} has {height}×{width} pixels, too few for a patch")
    steps = draw_steps(recipe, draw)
    degraded = degrade(clean, steps, int(draw.integers(2**31)))
    whole = eight_bits(clean)
    found: tuple[list[NDArray[np.uint8]], list[NDArray[np.uint8]]] = ([], [])
    for _ in range(recipe.crops):
        aligned = draw.random() < _ALIGNED
        top, left = (int(draw.integers(0, side - recipe.side + 1)) for side in (height, width))
        if aligned:
            top, left = top // _GRID * _GRID, left // _GRID * _GRID
        for patches, image in zip(found, (degraded, whole), strict=True):
            part = image[0, :, top : top + recipe.side, left : left + recipe.side]
            patches.append(part.movedim(0, -1).numpy())
    return np.stack(found[0]), np.stack(found[1])
