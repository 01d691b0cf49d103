"""What is drawn of single pictures shows what was scored."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from hdrmetrics.collection.drawn import LONGEST, maps_of
from hdrmetrics.collection.plan import Plan
from hdrmetrics.jobs.scoring import build_metric


def drawn(file: Path, small: bool = True, **viewing: object) -> bytes:
    plan = Plan(("piqe",), viewing, small=small)
    (found,) = maps_of(str(file), [build_metric("piqe", None, {})], plan).values()
    return found


def test_maps_are_of_the_part_that_was_scored(tmp_path: Path) -> None:
    file, mask = tmp_path / "a.jpg", tmp_path / "mask.png"
    codes = np.random.default_rng(0).integers(0, 255, (LONGEST + 100, LONGEST + 40), np.uint8)
    Pillow.fromarray(codes).save(file)
    part = np.zeros_like(codes)
    part[:64, :96] = 255
    Pillow.fromarray(part).save(mask)
    viewings: tuple[dict[str, object], ...] = ({"region": (0, 0, 96, 64)}, {"mask": str(mask)})
    for viewing in viewings:
        assert drawn(file, **viewing) == drawn(file, small=False, **viewing)
    assert drawn(file) == drawn(file, small=False)  # which is never decoded smaller
    with Pillow.open(io.BytesIO(drawn(file))) as shown:
        assert max(shown.size) < LONGEST + 400  # with its frame
