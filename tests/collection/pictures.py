"""Small photographs on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def photograph(path: Path, seed: int) -> Path:
    """Write a JPEG file of 64 × 48 pixels."""
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(coarse).resize((64, 48), Image.Resampling.BICUBIC).save(path, quality=90)
    return path


def photographs(folder: Path, *names: str) -> list[Path]:
    return [photograph(folder / f"{name}.jpg", seed) for seed, name in enumerate(names)]
