"""Measures files of equal size: the codec as it is, another curve, and the optimised base picture.

    python -m results.base_layer.measure SCENES [--count N] [--side PX] [--evaluations N]
                                         [--only page]

``SCENES`` is a folder of HDR files with the names of ``datasets/scenes/groups.csv``; files of its
test split at even distances are taken, averaged over area to a longer side of 384 px, their 99.9th
percentile of luminance at 1000 cd/m². What was measured before is kept: a run that was broken off
goes on. Writes ``measurements.json``, ``bases.jpg``, ``report.md`` and ``curves.png``; ``--only
page`` makes the last two again. One thread.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

import hdrmetrics as hm
from datasets.rows import read_rows
from datasets.scenes.groups import REGISTRY
from datasets.scenes.splits import split_of
from hdrmetrics.codecs import create_codec
from hdrmetrics.codecs.backward import BackwardCompatible
from hdrmetrics.metric import Metric
from hdrmetrics.optimize import Budget, Plan, optimize_base_layer
from hdrmetrics.optimize.base_layer import BASE_GOALS, JUDGES, LEAD, LIGHT_GOALS, OPERATOR
from hdrmetrics.optimize.filling import fill
from hdrmetrics.optimize.layers import Layers
from hdrmetrics.optimize.problem import reduced
from results.base_layer import page
from results.common.files import keep, kept
from results.common.pictures import as_picture, at_peak

HERE = Path(__file__).parent
CODECS = ("jpegxt-c", "gainmap")
RATES = (0.5, 1.0, 2.0, 4.0, 6.0)
"""Bits per pixel."""

WEIGHTS, TRADED = (0.01, 0.16), 2.0
"""Other weights of PU21-PSNR, tried at one rate."""

PEAK = 1000.0
CURVE = {"color": "per-channel"}


def scenes(folder: Path, count: int) -> list[Path]:
    """Return files of the test split at even distances in the order of their names."""
    groups = {row["scene"]: row["group"] for row in read_rows(REGISTRY)}
    every = sorted(p for p in folder.iterdir() if p.suffix.lower() in (".exr", ".hdr"))
    test = [p for p in every if split_of(groups.get(p.stem) or p.stem) == "test"]
    return [test[i * len(test) // count] for i in range(min(count, len(test)))]


class Gauge:
    """True measures of a file: none of them is optimised but PU21-PSNR."""

    def __init__(self, light: Tensor) -> None:
        self.light = light
        self.base: dict[str, Metric] = {n: hm.create_metric(n) for n in ("tmqi", "fsitm")}
        self.decoded: dict[str, Metric] = {
            "psnr": hm.create_metric("pu21-psnr"),
            "hdrvdp2": hm.create_metric("hdrvdp2", ppd=30),
        }

    def __call__(self, base: Tensor, decoded: Tensor) -> dict[str, float]:
        found = {name: float(metric(base, self.light)) for name, metric in self.base.items()}
        found |= {name: float(one(decoded, self.light)) for name, one in self.decoded.items()}
        return {name: float(f"{value:.5g}") for name, value in found.items()}


def measure(
    light: Tensor, codec: str, rate: float, evaluations: int, weight: float | None = None
) -> dict[str, Any]:
    """Return what three files of one size are worth; ``weight`` is that of PU21-PSNR."""
    pixels = light.shape[-1] * light.shape[-2]
    size = int(rate * pixels / 8)
    gauge = Gauge(light)
    plan = Plan(Budget(evaluations))
    goals = dict(LIGHT_GOALS) if weight is None else {"pu21-psnr": weight}
    found = optimize_base_layer(light, codec, size=size, light=goals, plan=plan)
    plain = fill(found.default, light.clamp(max=found.default.info.peak), size)
    other = create_codec(codec, base=OPERATOR, base_settings=CURVE)
    assert isinstance(other, BackwardCompatible)
    curve = fill(other, light.clamp(max=other.info.peak), size)
    assert plain is not None
    assert curve is not None
    one, two = Layers.of(plain), Layers.of(curve)
    return {
        "default": {**gauge(one.base, one.light), "qualities": plain.qualities},
        "curve": {**gauge(two.base, two.light), "qualities": curve.qualities},
        "optimized": {
            **gauge(found.base, found.light),
            "qualities": (found.codec.settings["quality"],
                          found.codec.settings[found.codec.second]),
        },
        "settings": found.found,
        "tuned": found.tuned,
        "reason": found.reason,
        "learned": [found.before["norvdpnet-tmo"], found.after["norvdpnet-tmo"]],
        "bytes": [len(plain.data), len(found.data), size],
        "seconds": round(found.seconds, 1),
    }  # fmt: skip


def sheet(lights: dict[str, Tensor], rows: list[dict[str, Any]]) -> Tensor:
    """Return the base pictures of all scenes at one rate, a row each, ``(3, h, w)``."""
    lines = []
    for name, light in lights.items():
        cells = []
        for codec in CODECS:
            key = {"scene": name, "codec": codec, "rate": TRADED}
            row = next(one for one in rows if key.items() <= one.items())
            own: dict[str, Any] = {}
            tuned: dict[str, Any] = {}
            if row["tuned"]:
                values = {k: v for k, v in row["settings"].items() if k != LEAD.name}
                tuned = {"base": OPERATOR, "base_settings": values | CURVE}
            for settings, variant in ((own, "default"), (tuned, "optimized")):
                one = create_codec(codec, **settings)
                assert isinstance(one, BackwardCompatible)
                one = one.with_qualities(*row[variant]["qualities"])
                cells.append(one.base_picture(one.encode(light.clamp(max=one.info.peak)))[0])
        lines.append(torch.cat(cells, dim=2))
    width = max(line.shape[2] for line in lines)
    return torch.cat([F.pad(line, (0, width - line.shape[2]), value=1.0) for line in lines], dim=1)


def library(light: Tensor) -> dict[str, float]:
    """Return what libultrahdr's own base picture is worth at its default quality."""
    codec = create_codec("ultrahdr")
    if codec.missing():
        return {}
    data = codec.encode(light)
    shown = create_codec("jpeg").decode(data)
    return {
        "tmqi": float(hm.create_metric("tmqi")(shown, light)),
        "psnr": float(hm.create_metric("pu21-psnr")(codec.decode(data).clamp(min=0), light)),
        "bpp": 8 * len(data) / (light.shape[-1] * light.shape[-2]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenes", nargs="?", type=Path)
    parser.add_argument("--count", type=int, default=5)
    parser.add_argument("--side", type=int, default=384)
    parser.add_argument("--evaluations", type=int, default=24)
    parser.add_argument("--only", choices=("page",))
    options = parser.parse_args()
    torch.set_num_threads(1)
    target = HERE / "measurements.json"
    found = {"rows": [], "trades": [], "library": {}} | kept(target)
    if options.only is None:
        paths = scenes(options.scenes, options.count)
        found["made"] = {
            "scenes": [path.stem for path in paths], "side": options.side, "peak": PEAK,
            "evaluations": options.evaluations, "base": dict(BASE_GOALS),
            "light": dict(LIGHT_GOALS), "judges": dict(JUDGES), "operator": OPERATOR,
        }  # fmt: skip
        lights = {
            path.stem: at_peak(
                reduced(hm.read_image(path).tensor().clamp(min=0), options.side), PEAK
            )
            for path in paths
        }
        for rate in sorted(RATES, key=lambda one: (one not in (1.0, 4.0), one)):
            for name, light in lights.items():
                for codec in CODECS:
                    key = {"scene": name, "codec": codec, "rate": rate}
                    if any(key.items() <= row.items() for row in found["rows"]):
                        continue
                    row = measure(light, codec, rate, options.evaluations)
                    found["rows"].append({**key, **row})
                    keep(target, found)
                    print(key, row, flush=True)
        for weight in WEIGHTS:
            for name, light in lights.items():
                for codec in CODECS:
                    key = {"scene": name, "codec": codec, "weight": weight}
                    if any(key.items() <= row.items() for row in found["trades"]):
                        continue
                    row = measure(light, codec, TRADED, options.evaluations, weight)
                    found["trades"].append({**key, "rate": TRADED, **row})
                    keep(target, found)
                    print(key, row, flush=True)
        found["library"] = {name: library(light) for name, light in lights.items()}
        keep(target, found)
        as_picture(sheet(lights, found["rows"])).save(HERE / "bases.jpg", quality=88)
    page.write(found, HERE)


if __name__ == "__main__":
    with torch.no_grad():
        main()
