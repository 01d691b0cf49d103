"""Pictures that curves are learnt from: photographs and windows of HDR scenes, made small once."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datasets.area import area_resize
from datasets.scenes.scene import Split, room
from datasets.scenes.scene_files import FileScene, find_scenes
from datasets.scenes.scene_pixels import load_codes
from datasets.scenes.splits import split_of
from datasets.streams import stream
from hdrmetrics.errors import HdrMetricsError, ImageReadError, OptionError
from hdrmetrics.photometry.transfer import srgb_decode, srgb_encode
from hdrmetrics.text.textfile import json_text, write_text
from trainers.curves.exposing import metered
from trainers.opinions.biq2021 import biq2021

SIDE = 128
"""Pixels a side of what is learnt from."""

SPLITS: tuple[Split, ...] = ("train", "validation")

WINDOWS = 8
"""Windows of each HDR scene."""

_SMALLEST = 0.55  # part of a picture's shorter side that a window has at least
_BRIGHTEST = 6e4  # that half precision holds
_PATIENCE = 20.0

Taken = tuple[str, Callable[[], Tensor]]
"""A name, and what loads the picture ``(3, H, W)``."""


class Material:
    """What a folder holds of a split: codes of photographs and light of scenes.

    Parameters
    ----------
    folder
        That :func:`make_material` filled.

    Attributes
    ----------
    folder
        As given.
    codes
        uint8 ``(N, side, side, 3)``.
    light
        float16 ``(M, side, side, 3)``; 1 is full scale of a good exposure.

    Raises
    ------
    ImageReadError
        If it is no such folder, or not complete.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.said: dict[str, Any] = json.loads((folder / "material.json").read_text("utf-8"))
            self.codes: NDArray[np.uint8] = np.load(folder / "codes.npy", mmap_mode="r")
            self.light: NDArray[np.float16] = np.load(folder / "light.npy", mmap_mode="r")
        except (OSError, ValueError, EOFError) as error:
            raise ImageReadError(f"{folder}: is no folder of pictures ({error})") from error
        for one in (self.codes, self.light):
            if one.shape[1:] != (SIDE, SIDE, 3):
                raise ImageReadError(f"{folder}: its pictures are not of {SIDE} pixels a side")

    def photograph(self, place: int) -> Tensor:
        """Return the codes of a photograph ``(1, 3, side, side)`` in [0, 1]."""
        return torch.from_numpy(self.codes[place].copy()).movedim(-1, 0)[None].float() / 255

    def scene(self, place: int) -> Tensor:
        """Return the light of a window of a scene ``(1, 3, side, side)``."""
        return torch.from_numpy(self.light[place].copy()).movedim(-1, 0)[None].float()


def make_material(
    folder: Path,
    photographs: Path | None,
    scenes: Path | None,
    opinions: Path | None,
    seed: int,
    *,
    most: int = 1500,
    quiet: bool = False,
) -> dict[Split, Material]:
    """Return the pictures of each split, made unless the folder holds them already.

    A picture that cannot be read, or is too small, is left out and named in ``material.json``.

    Parameters
    ----------
    folder
        To fill: a folder in it for each split.
    photographs, scenes
        Folders of photographs, and of HDR scenes: those of the split, by scene.
    opinions
        A copy of BIQ2021; its table for training only, divided by name.
    seed
        Of windows.
    most
        Photographs of BIQ2021 at most, of each split.
    quiet
        No lines of progress.

    Raises
    ------
    OptionError
        If the folder holds other pictures, or none can be used.
    ImageReadError
        If a folder is none.
    ImageWriteError
        If it cannot be written.
    """
    return {
        split: _made(
            folder / split,
            _photographs(split, photographs, opinions, most),
            _scenes(split, scenes),
            seed,
            quiet=quiet,
        )
        for split in SPLITS
    }


def _photographs(
    split: Split, photographs: Path | None, opinions: Path | None, most: int
) -> list[Taken]:
    found: list[Taken] = []
    if photographs is not None:
        own = find_scenes(photographs, kinds=("sdr",))
        found += [(one.name, one.load) for one in own if one.split == split]
    if opinions is not None:
        # The authors' test photographs are for the test of others; ours divide the rest by name.
        table = biq2021(opinions).of("train")
        named = sorted(zip(table.group.tolist(), table.paths, strict=True))
        taken = [(n, p) for n, p in named if split_of(f"biq2021 {n}") == split]
        order = stream(0, "biq2021", split).permutation(len(taken))[:most]
        chosen = (taken[i] for i in sorted(order.tolist()))
        found += [(f"biq2021 {n}", lambda p=p: load_codes(p)) for n, p in chosen]  # type: ignore[misc]
    return found


def _scenes(split: Split, scenes: Path | None) -> list[FileScene]:
    if scenes is None:
        return []
    return [one for one in find_scenes(scenes, kinds=("hdr",)) if one.split == split]


def _made(
    folder: Path, photographs: list[Taken], scenes: Sequence[FileScene], seed: int, *, quiet: bool
) -> Material:
    wanted = {
        "seed": seed,
        "photographs": [name for name, _ in photographs],
        "scenes": [one.name for one in scenes],
    }
    if (folder / "material.json").is_file():
        found = Material(folder)
        if any(found.said.get(key) != value for key, value in wanted.items()):
            raise OptionError(f"{folder} holds other pictures: name another folder")
        return found
    codes, light, refused = [], [], dict[str, str]()
    began = told = time.monotonic()
    jobs = [("codes", *one) for one in photographs]
    jobs += [("light", one.name, one) for one in scenes]  # type: ignore[misc]
    for number, (kind, name, source) in enumerate(jobs):
        draw = stream(seed, "window", name)
        try:
            if kind == "codes":
                small = _window(srgb_decode(source()), draw)
                codes.append(_kept((255 * srgb_encode(small).clamp(0, 1)).round(), torch.uint8))
            else:
                light += scene_windows(source, draw, WINDOWS)  # type: ignore[arg-type]
        except HdrMetricsError as error:
            refused[name] = str(error)
        if not quiet and time.monotonic() - told > _PATIENCE:
            told = time.monotonic()
            text = f"{number + 1}/{len(jobs)} pictures, {told - began:.0f} s"
            print(text, file=sys.stderr, flush=True)
    if not codes and not light:
        raise OptionError(
            f"there is no picture of the split {folder.name} to learn from, "
            f"first: {next(iter(refused.items()), 'none was given')}"
        )
    draft = folder.with_name(f".{folder.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    empty = (0, SIDE, SIDE, 3)
    np.save(draft / "codes.npy", np.stack(codes) if codes else np.zeros(empty, np.uint8))
    np.save(draft / "light.npy", np.stack(light) if light else np.zeros(empty, np.float16))
    write_text(draft / "material.json", json_text({**wanted, "refused": refused}))
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)
    return Material(folder)


def scene_windows(
    scene: FileScene, draw: np.random.Generator, count: int, side: int = SIDE
) -> list[NDArray[np.float16]]:
    """Return metered windows of a scene, float16 ``(side, side, 3)``; black ones are left out.

    Parameters
    ----------
    scene
        Of light.
    draw
        Of their places and sizes.
    count
        How many.
    side
        In pixels.

    Raises
    ------
    OptionError
        If the scene is too small.
    """
    whole = scene.load()
    size = (int(whole.shape[-2]), int(whole.shape[-1]))
    top, height, _ = room(size, scene.panorama)
    whole = whole[:, top : top + height]
    if scene.panorama:
        whole = torch.cat([whole, whole[..., :height]], dim=-1)  # over the right edge
    found = []
    for _ in range(count):
        window = _window(whole, draw, side)[None]
        if float(window.max()) > 0:
            light = metered(window).clamp(max=_BRIGHTEST)[0]
            found.append(_kept(light, torch.float16))
    return found


def _window(image: Tensor, draw: np.random.Generator, side: int = SIDE) -> Tensor:
    """Return a square part of linear light, reduced by averaging over area."""
    short = min(image.shape[-2:])
    if short < side:
        raise OptionError(f"{tuple(image.shape[-2:])} pixels are too few: at least {side}")
    own = max(side, round(short * float(draw.uniform(_SMALLEST, 1.0))))
    top, left = (int(draw.integers(0, one - own + 1)) for one in image.shape[-2:])
    return area_resize(image[..., top : top + own, left : left + own], (side, side))


def _kept(image: Tensor, kind: torch.dtype) -> NDArray[Any]:
    return np.asarray(image.to(kind).movedim(0, -1).contiguous().numpy())
