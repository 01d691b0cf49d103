"""Measures how far exposures move when a picture does, as in a film.

    python -m results.tonemapnet.steady --scenes DIR --photographs DIR [--work DIR]

Pictures of the test split are shifted by ±2 pixels, turned by ±1°, scaled by .97 and 1.03 (the
inner nine tenths, so that no border comes in), and halved. Writes ``steady.json``.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from datasets.area import area_resize
from hdrmetrics.learned.tonemapping.tone import START, Tone
from hdrmetrics.learned.tonemapping.weights import load_tone_net, shipped
from hdrmetrics.photometry.color import luminance
from hdrmetrics.tonemap.statistics import log_mean
from results.common.files import keep
from results.tonemapnet.measure import NETS, chosen
from trainers.tonemapping.frames import light_of
from trainers.tonemapping.views import transformed

HERE = Path(__file__).parent
_TURN = math.radians(1.0)
MOVES: dict[str, tuple[tuple[float, float], float, float]] = {
    **{f"shift {x:+d} {y:+d}": ((float(x), float(y)), 0.0, 1.0)
       for x, y in ((2, 0), (-2, 0), (0, 2), (0, -2))},
    "turned +1°": ((0.0, 0.0), _TURN, 1.0),
    "turned −1°": ((0.0, 0.0), -_TURN, 1.0),
    "scaled .97": ((0.0, 0.0), 0.0, 0.97),
    "scaled 1.03": ((0.0, 0.0), 0.0, 1.03),
}  # fmt: skip


def apart(one: Tone, other: Tone) -> float:
    """Return by what part exposures differ, as root mean square over a grid's cells."""
    change = torch.expm1((one.exposure - one.centre) - (other.exposure - other.centre))
    return float(change.square().mean().sqrt())


def photographic(light: Tensor) -> Tone:
    """Return the key 0.18 over the log mean: what moves where nothing is predicted."""
    return Tone(torch.log(log_mean(luminance(light))), torch.full((1, 1, 1, 1), START))


def moved(light: Tensor, net: Callable[[Tensor], Tone]) -> dict[str, float]:
    """Return by what part exposures change under each move of light ``(1, 3, H, W)``."""
    still = net(transformed(light, (0.0, 0.0), 0.0, 1.0))
    found = {
        name: apart(still, net(transformed(light, *move).clamp(min=0.0)))
        for name, move in MOVES.items()
    }
    height, width = light.shape[-2:]
    found["half size"] = apart(net(light), net(area_resize(light, (height // 2, width // 2))))
    return found


def main() -> None:
    """Measure both networks, and the key 0.18."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--photographs", type=Path, required=True)
    parser.add_argument("--most", type=int, default=40, help="photographs")
    parser.add_argument("--work", type=Path, default=HERE)
    options = parser.parse_args()
    torch.set_num_threads(1)
    nets: dict[str, Callable[[Tensor], Tone]] = {"key 0.18": photographic}
    nets |= {name: load_tone_net(shipped(operator))[0] for name, operator in NETS.items()}
    found: dict[str, Any] = {name: {} for name in nets}
    for scene in tqdm(chosen(options.scenes, options.photographs, options.most)):
        light = light_of(scene)
        with torch.no_grad():
            for name, net in nets.items():
                found[name][scene.name] = moved(light, net)
    told = {}
    for name, pictures in found.items():
        moves = next(iter(pictures.values()))
        told[name] = {
            move: {
                "within": float(np.mean([one[move] <= 0.02 for one in pictures.values()])),
                "median": float(np.median([one[move] for one in pictures.values()])),
                "worst": float(np.max([one[move] for one in pictures.values()])),
            }
            for move in moves
        }
        every = [max(moves.values()) for moves in pictures.values()]
        told[name]["all of them"] = {
            "within": float(np.mean(np.array(every) <= 0.02)),
            "median": float(np.median(every)),
            "worst": float(np.max(every)),
        }
    keep(options.work / "steady.json", {"pictures": len(next(iter(found.values()))), "moves": told})


if __name__ == "__main__":
    main()
