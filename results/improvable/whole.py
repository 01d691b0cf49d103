"""How improvability does on whole photographs, by where it looks and by how large they are.

    python -m results.improvable.whole --run RUN --photographs FOLDER --work FOLDER

RUN is that of ``python -m trainers improvability``; the degraded photographs are kept in the work
folder. Writes ``whole.json``, which ``python -m results.improvable.report`` shows.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from datasets.scenes.scene_files import find_scenes
from hdrmetrics import create_metric
from hdrmetrics.improve.gains import gain_metrics
from hdrmetrics.improve.pairs import read_pairs
from hdrmetrics.improve.trigger import decide
from hdrmetrics.learned.improvable.card import ALL
from hdrmetrics.learned.improvable.metric import Improvability
from hdrmetrics.learned.improvable.weights import load_gains
from hdrmetrics.learned.restoring.weights import load_restoration
from results.common.files import keep
from results.improvable.judging import Test, judged, recipe_told
from trainers.improving.features import Gains
from trainers.improving.material import load_picture, make_pairs
from trainers.improving.run import Thresholds

HERE = Path(__file__).parent
_ROOM, _TAKES, _SEED, _REDUCED, _SHOWN = 1280, (20, 20, 120), 1, 448, 5


def main() -> None:
    """Make the photographs, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--run", type=Path, required=True, help="of improvability")
    parser.add_argument("--photographs", type=Path, required=True, help="folder of clean ones")
    parser.add_argument("--work", type=Path, required=True, help="keeps what is degraded")
    options = parser.parse_args()
    torch.set_num_threads(1)
    layer, card = load_gains(options.run / "improvability.safetensors")
    recipe = recipe_told(card)
    wider = replace(recipe, room=_ROOM, takes=_TAKES)
    folder = options.work / "whole"
    if not (folder / "pairs.csv").exists():
        as_they_are = (1.0, 1.0)  # so that what is looked at is a small part of them
        make_pairs(folder, wider, options.photographs, None, _SEED, factors=as_they_are)
    net, _ = load_restoration()
    ways = {
        f"{card.along**2} parts of {card.side} px, as it ships": (card.side, card.along, False),
        f"9 parts of {card.side} px": (card.side, 3, False),
        "all of it, as one": (1024, 1, False),
        f"made smaller to {_REDUCED} px": (1024, 1, True),
    }
    metrics = {
        name: Improvability(net, layer, replace(card, side=side, along=along), ALL)
        for name, (side, along, _) in ways.items()
    }
    rows, sides, values = [], list[int](), {name: list[float]() for name in ways}
    pairs = [pair for pair in read_pairs(folder) if pair.more["split"] == "test"]
    with torch.no_grad():
        for pair in tqdm(pairs, unit="photograph"):
            picture = load_picture(pair.input)
            sides.append(max(picture.shape[-2:]))
            rows.append((pair.name, float(pair.more["before"]) - float(pair.more["after"])))
            for name, metric in metrics.items():
                own = reduced(picture, _REDUCED) if ways[name][2] else picture
                values[name].append(float(metric(own)))
    names, gain = (np.array(x) for x in zip(*rows, strict=True))
    words = np.array([pair.more["photograph"] for pair in pairs])
    kinds = np.array([pair.more["degradation"] for pair in pairs])
    empty = np.zeros((len(rows), 0))
    gains = Gains(
        empty, gain, gain, gain.astype(np.float64), np.full(len(rows), "test"), words, kinds, names
    )
    limits = card.labels
    labels = Thresholds(limits["moderate"], limits["significant"], limits["harmed"]).labels(gain)
    test = Test(gains, labels, {name: np.array(x) for name, x in values.items()})
    found: dict[str, Any] = {
        "alarms": alarms(options.photographs),
        "photographs": len(rows),
        "sides": [int(np.median(sides)), max(sides)],
        "moderate": round(float(np.mean(labels >= 1)), 3),
        "ways": {name: judged(test, name) for name in ways},
    }
    keep(HERE / "whole.json", found)
    print(HERE / "whole.json")


def alarms(folder: Path) -> dict[str, Any]:
    """Return how many photographs of good quality would trigger, and which do most."""
    metrics = {name: create_metric(metric) for name, metric in gain_metrics().items()}
    found: dict[str, float] = {}
    scenes = find_scenes(folder, kinds=("sdr",))
    with torch.no_grad():
        for scene in tqdm(scenes, unit="photograph"):
            picture = scene.load()[None]
            values = {name: float(metric(picture)) for name, metric in metrics.items()}
            if decide(values).enhance:
                found[scene.name] = round(max(values.values()), 2)
    most = sorted(found, key=lambda name: -found[name])[:_SHOWN]
    return {"photographs": len(scenes), "trigger": len(found),
            "most": {name: found[name] for name in most}}  # fmt: skip


def reduced(picture: Tensor, side: int) -> Tensor:
    """Return a picture made smaller to a longer side, as image libraries do it."""
    height, width = picture.shape[-2:]
    part = min(1.0, side / max(height, width))
    size = (max(8, round(part * height)), max(8, round(part * width)))
    return F.interpolate(picture, size, mode="bicubic", antialias=True).clamp(0, 1)


if __name__ == "__main__":
    main()
