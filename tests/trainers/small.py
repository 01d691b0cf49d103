"""Sets so small that networks learn them in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from datasets.feeding.store import StoreWriter
from datasets.labelling.transform import LabelTransform
from trainers.feeding.labels import Labels, save_labels

SIZE = 48
CONFIG = """
[architecture]
name = "tiny"
front = "log-pixels"
stages = [{ channels = 8, blocks = 1 }, { channels = 8, blocks = 0 }]
heads = ["any"]
hidden = 8

[optimiser]
batch = 16
learning_rate = 0.01
average = 0.9

[augmentation]
window = 32

[run]
precision = "float32"
layout = "contiguous"
validations = 2
log_every = 5
checkpoint_seconds = 0
"""

CELLS_CONFIG = """
[architecture]
name = "cells"
front = "cells"
stages = [{ channels = 8, blocks = 1 }]
heads = ["any"]
hidden = 8

[optimiser]
batch = 16
learning_rate = 0.01
average = 0.0
standardise = 0.05

[run]
precision = "float32"
layout = "contiguous"
validations = 2
log_every = 5
checkpoint_seconds = 0
"""
CELLS_SIZE = 80
"""Side of crops with nine cells."""

REFERENCE_CONFIG = CONFIG.replace('front = "', 'front = "compared-')
CELLS_REFERENCE_CONFIG = CELLS_CONFIG.replace('front = "', 'front = "compared-')
AUXILIARY = """
[auxiliary]
distortion = 0.1
strength = 0.1
columns = { extra = 0.1 }
"""


def make_set(
    folder: Path,
    name: str = "small",
    *,
    domain: str = "sdr",
    scenes: int = 24,
    per_scene: int = 8,
    seed: int = 0,
    squeezed: bool = False,
    size: int = SIZE,
) -> Labels:
    """Write labels and crops whose quality is the strength of noise, or of averaging, in them."""
    rng = np.random.Generator(np.random.PCG64(seed))
    rows: dict[str, list[Any]] = {key: [] for key in _COLUMNS}
    folder.mkdir(parents=True, exist_ok=True)
    writer = StoreWriter(folder / name, squeezed=squeezed, shard_crops=32)
    for scene in range(scenes):
        split = ("train", "train", "validation", "test")[scene % 4]
        y, x = np.mgrid[0:size, 0:size] / size
        wave = np.sin(rng.uniform(4, 9) * x + rng.uniform(4, 9) * y + rng.uniform(0, 6))
        clean = np.repeat((0.5 + 0.25 * wave)[None], 3, axis=0)
        for item in range(per_scene):
            strength = rng.uniform(0.02, 1.0)
            kind = ("noise", "grain")[item % 2]
            amount = strength * 0.2 * rng.normal(size=(1 if kind == "grain" else 3, size, size))
            test, reference = np.clip(clean + amount, 0, 1), clean
            key, reference_name = f"{name}/s{scene}-{item}", f"reference:{name}{scene}"
            writer.add(key, _stored(test, domain))
            writer.add(reference_name, _stored(reference, domain))
            quality = -3.0 + 2.0 * strength
            values = {
                "item": key, "scene": f"scene{scene}", "group": f"group{scene}", "split": split,
                "licence": "CC0-1.0", "source": "sdr", "distortion": kind, "test_name": key,
                "reference_name": reference_name, "frame": 0, "crop": item, "strength": strength,
                "target": float(TRANSFORM(quality)), "quality": quality, "extra": 40 * quality,
            }  # fmt: skip
            for column, value in values.items():
                rows[column].append(value)
    writer.close({"name": name})
    labels = Labels(
        {column: np.array(rows[column], dtype=kind) for column, kind in _COLUMNS.items()},
        {
            "name": name, "target": TRANSFORM.to_dict(), "target_of": "hdrvdp_q",
            "higher_is_better": False, "teacher": "hdrvdp2 1", "recipe_sha256": "0" * 64,
            "labels": ["extra"], "ppd": 30.0, "test_domain": domain, "reference_domain": domain,
        },
    )  # fmt: skip
    save_labels(folder / f"{name}.npz", labels)
    return labels


TRANSFORM = LabelTransform(-2.0, 0.5, higher_is_better=False)

_TEXT = (
    "item", "scene", "group", "split", "licence", "source", "distortion", "test_name",
    "reference_name",
)  # fmt: skip
_COLUMNS: dict[str, Any] = {
    **dict.fromkeys(_TEXT, np.str_),
    **dict.fromkeys(("frame", "crop"), np.int64),
    **dict.fromkeys(("strength", "target", "quality", "extra"), np.float32),
}


def _stored(crop: Any, domain: str) -> Any:
    if domain == "sdr":
        return np.round(crop * 255).astype(np.uint8)
    return (crop * 200 + 0.1).astype(np.float16)
