"""How shortcuts of ranking change values: ``python -m results.ranking.measure PHOTOS --out FILE``.

Every photograph is scored as it is, and damaged at its full size, with all shortcuts and without:
one line of JSON for each picture, so that a run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from hdrmetrics import create_metric
from hdrmetrics.io import read_image
from hdrmetrics.jobs.batch import score_files
from hdrmetrics.metric import Metric
from results.ranking.damage import LOCAL, WHOLE, none

QUALITY = 92
DECODED = (1, 2, 4, 8)
ROUNDS = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--enlarged", type=int, help="make the longer side so many pixels")
    parser.add_argument("--only", choices=["nima", "norvdpnet"])
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    metrics = {"nima": create_metric("nima"), "norvdpnet": create_metric("norvdpnet")}
    if chosen.only:
        metrics = {chosen.only: metrics[chosen.only]}
    sampled = create_metric("norvdpnet", places="sampled")
    done = set()
    if chosen.out.exists():
        done = {tuple(json.loads(line)["key"]) for line in chosen.out.open()}
    scratch = chosen.out.with_suffix(".jpg")
    with chosen.out.open("a") as lines:
        for key, path, damage in cases(chosen.photos):
            if key in done:
                continue
            try:
                file = prepared(path, damage, key, scratch, chosen.enlarged)
            except OSError as error:  # a torn file, which Pillow does not read
                print(f"{path.name}: {error}")
                continue
            line = {"key": key, "damage": damage.__name__} | looked_at(file, metrics, sampled)
            lines.write(json.dumps(line) + "\n")
            lines.flush()
    scratch.unlink(missing_ok=True)


def cases(folder: Path) -> Iterator[tuple[tuple[str, int], Path, Any]]:
    """Yield photographs as they are between damaged ones, each once before any comes again."""
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    order = np.random.default_rng(0).permutation(len(paths)).tolist()
    damages = (*WHOLE, *LOCAL)
    for turn in range(1, ROUNDS):
        for place, index in enumerate(order):
            if turn == 1:
                yield (paths[index].name, 0), paths[index], none
            other = order[(place + len(order) // 2) % len(order)]
            damage = damages[(3 * place + turn) % len(damages)]
            yield (paths[other].name, turn), paths[other], damage


def prepared(
    path: Path, damage: Any, key: tuple[str, int], scratch: Path, longer: int | None
) -> Path:
    if damage is none and longer is None:
        return path
    seed = [ord(letter) for letter in key[0]] + [key[1]]
    with Image.open(path) as file:
        picture = file.convert("RGB")
    if longer is not None:
        scale = longer / max(picture.size)
        size = round(scale * picture.width), round(scale * picture.height)
        picture = picture.resize(size, Image.Resampling.BICUBIC)
    damage(picture, np.random.default_rng(seed)).save(scratch, "JPEG", quality=QUALITY)
    return scratch


def looked_at(path: Path, metrics: dict[str, Metric], sampled: Metric) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for scale in DECODED:
        image = reduced(path, scale)
        if scale == 1:
            found["size"] = [image.width, image.height]
        for name, metric in metrics.items():
            if name == "nima" or scale == 1:
                found[f"{name} 1/{scale}"] = timed(image, metric)
        if scale == 1 and "norvdpnet" in metrics:
            found["norvdpnet sampled"] = timed(image, sampled)
    return found


def reduced(path: Path, scale: int) -> Any:
    if scale == 1:
        return read_image(path)
    with Image.open(path) as file:
        shorter = min(file.size)
    return read_image(path, at_least=shorter // scale)


def timed(image: Any, metric: Metric) -> dict[str, Any]:
    began = time.process_time()
    row = score_files([(image, None)], [metric], jobs=1)[0]
    seconds = time.process_time() - began
    if row.errors:
        return {"error": row.errors}
    score = row.scores[metric.info.name]
    said = [text for text in score.warnings if text.startswith(score.metric)]
    return {
        "value": score.value, "low": score.low, "high": score.high, "doubts": said,
        "seconds": round(seconds, 3),
    }  # fmt: skip


if __name__ == "__main__":
    main()
