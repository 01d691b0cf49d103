"""The clean photographs that restoring is learnt from, and those kept aside."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from torch import Tensor

from datasets.area import area_resize
from datasets.scenes.biq2021 import biq2021_scenes
from datasets.scenes.scene import Split
from datasets.scenes.scene_files import FileScene, find_scenes
from hdrmetrics.photometry.transfer import srgb_decode, srgb_encode
from trainers.opinions.biq2021 import biq2021
from trainers.opinions.copies import groups_of, thumbnails

HALVED = 2.0
"""How much smaller photographs of BIQ2021 are made: nothing of their compression is left to see."""

REDUCED = (1.5, 2.0)
"""How much smaller others are made, between."""


@lru_cache(maxsize=2)  # asked for once per split, and looking for copies takes a while
def opinion_scenes(folder: Path) -> tuple[FileScene, ...]:
    """Return the clean photographs of BIQ2021's table for training, with their splits.

    Those that show what one of its test table shows are left out: nothing may learn from them.
    Those that show what a photograph of another split shows are left out of training.

    Parameters
    ----------
    folder
        What the authors publish.

    Raises
    ------
    OptionError
        If it is not.
    """
    scenes = biq2021_scenes(folder)
    tested = biq2021(folder).of("test").paths
    group = groups_of(thumbnails([*(Path(one.path) for one in scenes), *tested]))
    own, theirs = group[: len(scenes)], set(group[len(scenes) :].tolist())
    kept_aside = {g for one, g in zip(scenes, own, strict=True) if one.split != "train"}
    return tuple(
        one
        for one, g in zip(scenes, own.tolist(), strict=True)
        if g not in theirs and not (one.split == "train" and g in kept_aside)
    )


def references(
    split: Split, photographs: Path | None, opinions: Path | None
) -> list[tuple[FileScene, tuple[float, float]]]:
    """Return the photographs of a split, with how much smaller each is made: at least, at most.

    Parameters
    ----------
    split
        By the rule of :mod:`datasets.scenes.splits`.
    photographs
        A folder of pictures of high quality.
    opinions
        A copy of BIQ2021.

    Raises
    ------
    ImageReadError, OptionError
        If a folder is not what it should be.
    """
    found: list[tuple[FileScene, tuple[float, float]]] = []
    if opinions is not None:
        found += [(one, (HALVED, HALVED)) for one in opinion_scenes(opinions)]
    if photographs is not None:
        found += [(one, REDUCED) for one in find_scenes(photographs, kinds=("sdr",))]
    return [(scene, factors) for scene, factors in found if scene.split == split]


def reduced(codes: Tensor, factor: float) -> Tensor:
    """Return a picture ``(3, H, W)`` in [0, 1] made smaller by averaging light over area."""
    height, width = (max(1, round(side / factor)) for side in codes.shape[-2:])
    return srgb_encode(area_resize(srgb_decode(codes), (height, width))).clamp(0.0, 1.0)


def window(image: Tensor, side: int, draw: np.random.Generator) -> Tensor:
    """Return a random part of at most ``side`` pixels a side."""
    height, width = image.shape[-2:]
    top = int(draw.integers(0, max(0, height - side) + 1))
    left = int(draw.integers(0, max(0, width - side) + 1))
    return image[..., top : top + side, left : left + side]
