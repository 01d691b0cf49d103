"""Measures what the guests gain on scenes and photographs that nothing learnt from.

    python -m results.guests.measure --scenes DIR --photographs DIR

Writes ``report.json`` picture by picture (a run that was stopped goes on; ``--anew`` begins
again), and ``report.md``.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from datasets.streams import stream
from hdrmetrics import create_metric
from hdrmetrics.photometry.display import get_display
from results.common.files import keep, kept
from results.guests.methods import INPUT, methods
from trainers.guests.exposures import (
    exposed,
    exposed_photograph,
    metered,
    well_exposed,
)
from trainers.guests.material import scenes_of, small

HERE = Path(__file__).parent
WEIGHTS = HERE.parents[1] / "trainers" / "guests" / "weights"
STOPS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0)
NOISE, SHORT, MOST = 1e-3, 256, 10
DISPLAY = "srgb-100"
CAP = 60.0  # dB


class Picture(NamedTuple):
    """One exposure of a scene, and what it should have been; ``(1, 3, h, w)`` in [0, 1]."""

    name: str
    group: str
    kind: str
    stops: float
    wrong: Tensor
    right: Tensor


def pictures(scenes: Path, photographs: Path, most: int = MOST) -> Iterator[Picture]:
    """Yield the exposures of scenes and photographs of the test split."""
    for kind, folder in (("hdr", scenes), ("sdr", photographs)):
        for scene in scenes_of(folder, "test", kind, most):
            pixels = _middle(small(scene, SHORT))
            light = metered(pixels) if kind == "hdr" else pixels
            right = well_exposed(light) if kind == "hdr" else pixels
            expose = exposed if kind == "hdr" else exposed_photograph
            for stops in STOPS:
                draw = stream(0, "guests test", scene.name, str(stops))
                wrong = expose(light, stops, NOISE, draw)
                yield Picture(f"{scene.name} {stops:+g}", scene.group, kind, stops,
                              wrong[None], right[None])  # fmt: skip


def _middle(pixels: Tensor) -> Tensor:
    """Return the middle of a picture, no longer than high, or the other way round."""
    top, left = (max(0, side - SHORT) // 2 for side in pixels.shape[-2:])
    return pixels[:, top : top + SHORT, left : left + SHORT]


class Judge:
    """The four scores of a result."""

    def __init__(self) -> None:
        self.pairs = {name: create_metric(name) for name in ("psnr", "ssim")}
        self.light = create_metric("pu21-psnr")
        self.liked = create_metric("nima")
        self.display = get_display(DISPLAY)

    @torch.no_grad()
    def scores(self, made: Tensor, right: Tensor) -> dict[str, float]:
        """Return PSNR, SSIM, PU21-PSNR of the light of a display, and how it would be liked."""
        found = {name: float(metric(made, right)) for name, metric in self.pairs.items()}
        light = (self.display.forward(one) for one in (made, right))
        found["pu21-psnr"] = float(self.light(*light))
        found["nima"] = float(self.liked(made))
        return {name: round(min(value, CAP), 4) for name, value in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--photographs", type=Path, required=True)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--most", type=int, default=MOST, help="scenes, and photographs")
    parser.add_argument("--anew", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    report: dict[str, Any] = {} if options.anew else kept(HERE / "report.json")
    found: dict[str, Any] = report.setdefault("pictures", {})
    every, judge = methods(options.weights), Judge()
    told = time.monotonic()
    for one in pictures(options.scenes, options.photographs, options.most):
        row = found.setdefault(
            one.name, {"group": one.group, "kind": one.kind, "stops": one.stops, "values": {}}
        )
        for name, method in every.items():
            if name not in row["values"]:
                made = (255 * method(one.wrong)).round() / 255 if name != INPUT else one.wrong
                row["values"][name] = judge.scores(made, one.right)
        if time.monotonic() - told > 20:
            told = time.monotonic()
            print(f"{len(found)} pictures", file=sys.stderr, flush=True)
            keep(HERE / "report.json", report)
    report |= {"noise": NOISE, "short": SHORT, "display": DISPLAY}
    report["guests"] = {
        name: kept(options.weights / f"{name}.json") for name in ("hdrnet", "pyramid")
    }
    keep(HERE / "report.json", report)
    from results.guests.page import main as write

    write()


if __name__ == "__main__":
    main()
