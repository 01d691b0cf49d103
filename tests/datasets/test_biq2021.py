"""The clean photographs of BIQ2021: which they are, and what they are called."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datasets.cli import find_sources
from datasets.scenes.biq2021 import OPINIONS, biq2021_scenes
from datasets.scenes.splits import split_of
from hdrmetrics.errors import OptionError

ROWS = """\ufeffImage Name,MOS,,
ss03 (37).jpg,0.8471,,
ss01 (1726).jpg,0.9,,
ss03 (12).jpg,0.7,,
ss03 (4).jpg,0.7001,,
"""


def collection(folder: Path) -> Path:
    (folder / OPINIONS).write_text(ROWS, encoding="utf-8")
    (folder / "Images").mkdir()
    codes = np.random.default_rng(0).integers(0, 256, (512, 512, 3), dtype=np.uint8)
    for name in ("ss03 (37).jpg", "ss03 (4).jpg"):
        Image.fromarray(codes).save(folder / "Images" / name)
    return folder


def test_liked_photographs_of_the_third_part_are_scenes(tmp_path: Path) -> None:
    scenes = biq2021_scenes(collection(tmp_path))
    assert [scene.name for scene in scenes] == ["biq2021_0004", "biq2021_0037"]
    for scene in scenes:
        assert (scene.kind, scene.panorama, scene.size) == ("sdr", False, (512, 512))
        assert scene.group == scene.name
        assert scene.split == split_of(scene.name)
        assert scene.load().shape == (3, 512, 512)
    assert find_sources([f"biq2021:{tmp_path}"]) == scenes


@pytest.mark.parametrize(
    "text", [None, "", "name,opinion\na,1\n", "Image Name,MOS\nss03 (1).jpg,x\n"]
)
def test_another_table_is_refused(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / OPINIONS).write_text(text)
    with pytest.raises(OptionError, match="BIQ2021"):
        biq2021_scenes(tmp_path)
