"""What tuning a tone mapping by a learned score brings, judged by true TMQI and FSITM.

    python -m results.optimize.measure --scenes DIR [--photographs DIR] [--work DIR]

Whole pictures of test scenes, and of photographs made HDR, are tone-mapped by operators as they
are, tuned along ``norvdpnet-tmo``, tuned along TMQI itself (what the best teacher could bring with
the same budget), and by the best operator of all. Nothing is refused here: a judge's choice follows
from the numbers. A run that is stopped goes on where it was.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from datasets.framing.calibration import calibrate
from datasets.scenes.scene import Kind
from hdrmetrics import create_metric
from hdrmetrics.expand import get_expansion
from hdrmetrics.metric import PreparedMetric
from hdrmetrics.metrics.tmqi import TMQI
from hdrmetrics.optimize import best_operator, optimize_tonemap
from hdrmetrics.optimize.result import Optimized
from hdrmetrics.tonemap import tonemap
from results.common.files import keep, kept
from results.learned.whole import PEAK, WIDENED, chosen

HERE = Path(__file__).parent
FILE = "measurements.json"
OPERATORS = ("reinhard02", "reinhard_free", "drago03")
GOALS = {"learned": "norvdpnet-tmo", "true": "tmqi"}
KEY = 0.18


class Judges:
    """True TMQI, FSITM and the learned score of pictures of one scene."""

    def __init__(self, light: Tensor) -> None:
        self.light = light
        self.teacher = TMQI()
        self.prepared = self.teacher.prepare(light)
        self.fsitm: PreparedMetric = create_metric("fsitm").prepare(light)
        self.learned = create_metric("norvdpnet-tmo")

    def __call__(self, codes: Tensor) -> dict[str, float]:
        """Return what they say of code values, rounded to 8 bits as a file has them."""
        with torch.no_grad():
            test = (codes * 255).round() / 255
            truth = self.teacher.predict(test, self.prepared)
            return {
                "q": float(truth.q),
                "s": float(truth.s),
                "n": float(truth.n),
                "fsitm": float(self.fsitm(test)),
                "learned": float(self.learned(test)),
            }


def measure(light: Tensor) -> dict[str, Any]:
    """Return the measurements of one picture ``(1, 3, h, w)`` in cd/m²."""
    judges = Judges(light)

    def of(found: Optimized) -> dict[str, Any]:
        codes = tonemap(light, found.name, **found.found)
        return {
            **judges(codes), "operator": found.name, "settings": found.found,
            "evaluations": found.evaluations, "seconds": found.seconds,
        }  # fmt: skip

    key = judges(tonemap(light, "reinhard02", key=KEY))
    rows: dict[str, Any] = {"key": {**key, "settings": {"key": KEY}}}
    for operator in OPERATORS:
        rows[operator] = judges(tonemap(light, operator))
        for name, goal in GOALS.items():
            rows[f"{operator} {name}"] = of(optimize_tonemap(light, operator, goal, judge=None))
    best = best_operator(light, judge=None)
    rows["best"] = {**of(best.chosen), "standing": best.standing}
    rows["best as it is"] = judges(tonemap(light, min(best.standing, key=_of(best.standing))))
    return rows


def _of(standing: dict[str, float]) -> Callable[[str], float]:
    return lambda name: standing[name]


def light_of(pixels: Tensor, kind: Kind) -> Tensor:
    """Return a whole scene, or a photograph made HDR, as light ``(1, 3, h, w)``."""
    if kind == "sdr":
        pixels = get_expansion(WIDENED)(pixels[None], peak=PEAK)[0]
    return calibrate(pixels, PEAK).clamp(min=1e-3)[None]


def collect(folder: Path, kind: Kind, most: int, place: Path) -> None:
    """Measure scenes of the test split, those that are there already not again."""
    found: dict[str, Any] = kept(place)
    for scene in tqdm(chosen(folder, kind, "test", most), desc=kind):
        if scene.name in found:
            continue
        rows = measure(light_of(scene.load(), kind))
        found[scene.name] = {"kind": kind, "group": scene.group, "rows": rows}
        keep(place, found)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--photographs", type=Path, help="photographs to make HDR")
    parser.add_argument("--most", type=int, default=16, help="scenes")
    parser.add_argument("--widened", type=int, default=40, help="photographs")
    parser.add_argument("--work", type=Path, default=HERE, help="where measurements are kept")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    collect(options.scenes, "hdr", options.most, options.work / FILE)
    if options.photographs is not None:
        collect(options.photographs, "sdr", options.widened, options.work / FILE)


if __name__ == "__main__":
    main()
