"""The scenes and photographs that guests learn from, made small once and kept in memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from datasets.area import area_resize
from datasets.scenes.scene import Split
from datasets.scenes.scene_files import FileScene, find_scenes
from datasets.streams import fraction, stream
from hdrmetrics.errors import HdrMetricsError, OptionError
from hdrmetrics.photometry.transfer import srgb_decode, srgb_encode
from trainers.guests.exposures import (
    drawn,
    exposed,
    exposed_photograph,
    metered,
    well_exposed,
)

SIDE = 128
"""Pixels a side of a window."""

_SHORT = 320  # pixels of the shorter side that pictures are kept with
_MIDDLE = (0.2, 0.8)  # of a panorama's height: what is beyond is stretched


@dataclass(frozen=True, slots=True)
class Kept:
    """A small picture: light of a scene, or codes of a photograph, in half precision."""

    name: str
    pixels: Tensor
    light: bool


def scenes_of(folder: Path, split: Split, kind: str, most: int | None = None) -> list[FileScene]:
    """Return the scenes of a split, ``hdr`` or ``sdr``; the first ones of a fixed shuffle."""
    kinds = ("hdr",) if kind == "hdr" else ("sdr",)
    found = [one for one in find_scenes(folder, kinds=kinds) if one.split == split]  # type: ignore[arg-type]
    return sorted(found, key=lambda one: fraction("guests", one.name))[:most]


def small(scene: FileScene, short: int = _SHORT) -> Tensor:
    """Return a scene's pixels ``(3, H, W)``, its shorter side reduced; of panoramas the middle."""
    pixels = scene.load()
    if scene.panorama:
        low, high = (round(part * pixels.shape[-2]) for part in _MIDDLE)
        pixels = pixels[:, low:high]
    factor = max(1.0, min(pixels.shape[-2:]) / short)
    if factor == 1.0:
        return pixels
    size = (round(pixels.shape[-2] / factor), round(pixels.shape[-1] / factor))
    if scene.kind == "hdr":
        return area_resize(pixels, size)
    return srgb_encode(area_resize(srgb_decode(pixels), size)).clamp(0, 1)


class Material:
    """What one split gives to learn from.

    Parameters
    ----------
    scenes, photographs
        Folders of HDR scenes and of SDR photographs; one may be missing.
    split
        By the rule of :mod:`datasets.scenes.splits`.
    most
        Photographs at most.

    Raises
    ------
    OptionError
        If nothing can be used. A file that cannot be read is left out, and named in ``refused``.
    """

    def __init__(
        self, scenes: Path | None, photographs: Path | None, split: Split, most: int | None = None
    ) -> None:
        chosen: list[FileScene] = []
        if scenes is not None:
            chosen += scenes_of(scenes, split, "hdr")
        if photographs is not None:
            chosen += scenes_of(photographs, split, "sdr", most)
        self.light: list[Kept] = []
        self.codes: list[Kept] = []
        self.refused: dict[str, str] = {}
        for scene in chosen:
            try:
                pixels = small(scene)
            except HdrMetricsError as error:
                self.refused[scene.name] = str(error)
                continue
            if min(pixels.shape[-2:]) < SIDE:
                self.refused[scene.name] = f"less than {SIDE} pixels a side"
                continue
            if scene.kind == "hdr":
                # Half precision holds any light once it is near 1.
                pixels = metered(pixels).clamp(max=6e4)
                self.light.append(Kept(scene.name, pixels.half(), light=True))
            else:
                self.codes.append(Kept(scene.name, pixels.half(), light=False))
        if not self.light and not self.codes:
            raise OptionError(f"no picture of the split {split} can be used: {self.refused}")

    def batch(self, seed: int, step: int, size: int) -> tuple[Tensor, Tensor]:
        """Return wrongly exposed and well-exposed windows ``(size, 3, 128, 128)`` of one step."""
        draw = stream(seed, "guests", step)
        pairs = [self._pair(draw) for _ in range(size)]
        wrong, right = (torch.stack(some) for some in zip(*pairs, strict=True))
        return wrong, right

    def _pair(self, draw: np.random.Generator) -> tuple[Tensor, Tensor]:
        pool = self.light if self.light and (not self.codes or draw.random() < 0.5) else self.codes
        one = pool[int(draw.integers(len(pool)))]
        height, width = one.pixels.shape[-2:]
        top, left = (int(draw.integers(0, side - SIDE + 1)) for side in (height, width))
        part = one.pixels[:, top : top + SIDE, left : left + SIDE].float()
        if draw.random() < 0.5:
            part = part.flip(-1)
        stops, noise = drawn(draw)
        if one.light:
            light = metered(part)
            return exposed(light, stops, noise, draw), well_exposed(light)
        return exposed_photograph(part, stops, noise, draw), part
