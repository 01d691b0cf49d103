"""Pictures of light that tone mapping is learnt from, kept as half-precision arrays in a folder."""

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
from hdrmetrics.errors import HdrMetricsError, ImageReadError, OptionError
from hdrmetrics.expand import expand
from hdrmetrics.photometry.color import luminance
from hdrmetrics.text.textfile import json_text, write_text
from hdrmetrics.tonemap.statistics import log_mean

WIDENED, PEAK = "kovaleski-oliveira14", 1000.0
"""How photographs are made HDR, and for a display of how many cd/m²."""

_LARGEST = 6e4  # of half precision, over the log mean: nothing a curve could tell apart
_TOLD = "frames.json"
_PATIENCE = 20.0


def light_of(scene: FileScene) -> Tensor:
    """Return the light of a scene ``(1, 3, H, W)``: relative, or in cd/m² of a widened photograph.

    Raises
    ------
    ImageReadError, DomainError, PixelValueError
        If its file cannot be read as what it is.
    """
    pixels = scene.load()[None]
    return pixels if scene.kind == "hdr" else expand(pixels, WIDENED, peak=PEAK)


class Frames:
    """Pictures in a folder: an array each, and ``frames.json``, which says what they are.

    Parameters
    ----------
    folder
        That :func:`make_frames` filled.

    Raises
    ------
    ImageReadError
        If it is no such folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.said: dict[str, Any] = json.loads((folder / _TOLD).read_text("utf-8"))
            self.names: dict[str, list[str]] = self.said["frames"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ImageReadError(f"{folder}: is no folder of frames ({error})") from error

    def frame(self, name: str) -> NDArray[np.float16]:
        """Return a picture ``(3, H, W)``, light over its log mean; pixels are read when used.

        Raises
        ------
        ImageReadError
            If it is missing or damaged.
        """
        path = self.folder / f"{name}.npy"
        try:
            found: NDArray[np.float16] = np.load(path, mmap_mode="r")
        except (OSError, ValueError, EOFError) as error:
            raise ImageReadError(f"{path}: cannot be read ({error})") from error
        return found

    def whole(self, name: str) -> Tensor:
        """Return a picture ``(1, 3, H, W)`` float32, light over its log mean."""
        return torch.from_numpy(np.array(self.frame(name), dtype=np.float32))[None]


def make_frames(folder: Path, scenes: Sequence[FileScene], *, quiet: bool = False) -> Frames:
    """Return the light of scenes, made unless the folder holds it already.

    A scene that cannot be read is left out and named in ``frames.json``.

    Parameters
    ----------
    folder
        To fill.
    scenes
        HDR scenes as they are, photographs made HDR.
    quiet
        No lines of progress.

    Raises
    ------
    OptionError
        If the folder holds other frames, or no scene can be used.
    ImageWriteError
        If it cannot be written.
    """
    wanted = [scene.name for scene in scenes]
    if (folder / _TOLD).is_file():
        kept = Frames(folder)
        if kept.said.get("scenes") != wanted:
            raise OptionError(f"{folder} holds frames of other scenes: name another folder")
        return kept
    draft = folder.with_name(f".{folder.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    found: dict[str, list[str]] = {"hdr": [], "sdr": []}
    refused: dict[str, str] = {}
    began = told = time.monotonic()
    for number, scene in enumerate(scenes):
        try:
            light = light_of(scene)
        except HdrMetricsError as error:
            refused[scene.name] = str(error)
            continue
        relative = (light / log_mean(luminance(light))).clamp(max=_LARGEST)
        np.save(draft / f"{scene.name}.npy", relative[0].half().numpy())
        found[scene.kind].append(scene.name)
        if not quiet and time.monotonic() - told > _PATIENCE:
            told = time.monotonic()
            line = f"{number + 1}/{len(scenes)} scenes, {told - began:.0f} s"
            print(line, file=sys.stderr, flush=True)
    if not any(found.values()):
        why = next(iter(refused.items()), "there are none of this split")
        raise OptionError(f"no scene can be learnt from: {why}")
    write_text(draft / _TOLD, json_text({"scenes": wanted, "frames": found, "refused": refused}))
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)
    return Frames(folder)
