"""What tuning a tone mapping by a learned score brings, judged by true TMQI and FSITM.

    python -m results.optimize.measure --scenes DIR [--photographs DIR] [--work DIR]

Whole pictures of test scenes, and of photographs made HDR, are tone-mapped by operators as they
are, tuned along ``norvdpnet-tmo``, tuned along TMQI itself (what the best teacher could bring with
the same budget), and by the best operator of all. Nothing is refused here: a judge's choice follows
from the numbers. A run that is stopped goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from hdrmetrics import create_metric
from hdrmetrics.metric import PreparedMetric
from hdrmetrics.metrics.tmqi import TMQI
from hdrmetrics.optimize import best_operator, optimize_tonemap
from hdrmetrics.optimize.result import Optimized
from hdrmetrics.tonemap import tonemap
from results.common.files import keep, kept
from results.optimize.scenes import light_of, measured_scenes, read_options

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


def said(judges: Judges, found: Optimized) -> dict[str, Any]:
    """Return what judges say of what a search found, and how it was found."""
    codes = tonemap(judges.light, found.name, **found.found)
    return {
        **judges(codes), "operator": found.name, "settings": found.found,
        "evaluations": found.evaluations, "seconds": found.seconds,
    }  # fmt: skip


def operators(light: Tensor) -> dict[str, Any]:
    """Return the measurements of one picture ``(1, 3, h, w)`` in cd/m² by single operators."""
    judges = Judges(light)
    key = judges(tonemap(light, "reinhard02", key=KEY))
    rows: dict[str, Any] = {"key": {**key, "settings": {"key": KEY}}}
    for operator in OPERATORS:
        rows[operator] = judges(tonemap(light, operator))
        for name, goal in GOALS.items():
            found = optimize_tonemap(light, operator, goal, judge=None)
            rows[f"{operator} {name}"] = said(judges, found)
    return rows


def best(light: Tensor) -> dict[str, Any]:
    """Return the measurements of one picture by the operator that suits it best."""
    judges = Judges(light)
    found = best_operator(light, judge=None)
    first = min(found.standing, key=_of(found.standing))
    return {
        "best": {**said(judges, found.chosen), "standing": found.standing},
        "best as it is": judges(tonemap(light, first)),
    }


PARTS: dict[str, Callable[[Tensor], dict[str, Any]]] = {"key": operators, "best": best}
"""What is measured, by a row that shows whether it has been."""


def _of(standing: dict[str, float]) -> Callable[[str], float]:
    return lambda name: standing[name]


def main() -> None:
    """Measure what is not there already."""
    options = read_options(__doc__)
    place = options.work / FILE
    for part, measured in PARTS.items():
        for scene, kind in measured_scenes(options, part):
            found: dict[str, Any] = kept(place)
            rows = found.get(scene.name, {}).get("rows", {})
            if part in rows:
                continue
            rows |= measured(light_of(scene.load(), kind))
            found[scene.name] = {"kind": kind, "group": scene.group, "rows": rows}
            keep(place, found)


if __name__ == "__main__":
    main()
