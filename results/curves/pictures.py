"""Windows of test scenes, well exposed and badly, through a camera with noise."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from datasets.scenes.scene import Split
from datasets.scenes.scene_files import find_scenes
from datasets.streams import digest, stream
from hdrmetrics.errors import OptionError
from trainers.curves.exposing import photographed
from trainers.curves.material import scene_windows

SIDE = 192
"""Pixels a side."""

STOPS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0)
"""Exposures, in stops from the good one."""

WELL = 20_000.0
"""Electrons that a pixel of full scale collects."""


def windows(folder: Path, split: Split = "test") -> dict[str, Tensor]:
    """Return the metered light of a window of each scene of a split, ``(1, 3, side, side)``.

    Scenes that are too small are left out, and named.
    """
    found = {}
    for scene in find_scenes(folder, kinds=("hdr",)):
        if scene.split != split:
            continue
        try:
            (kept,) = scene_windows(scene, stream(1, "window", scene.name), 1, SIDE)
        except OptionError as error:
            print(f"left out: {scene.name}: {error}", flush=True)
            continue
        found[scene.name] = torch.from_numpy(kept).movedim(-1, 0)[None].float()
    return found


def good(light: Tensor) -> Tensor:
    """Return the good exposure of light, without noise: the original."""
    return photographed(light, 0.0, well=None, seed=0)


def bad(light: Tensor, name: str, stops: float) -> Tensor:
    """Return a photograph at a wrong exposure, with noise; at 0 stops with noise alone."""
    seed = digest("curves", name, f"{stops:g}") >> 33
    return photographed(light, stops, well=WELL, seed=seed)
