"""True TMQI of every operator as it is, which ``--operator best`` is compared with.

    python -m results.optimize.standing --scenes DIR [--photographs DIR] [--work DIR]

A run that is stopped goes on where it was.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from datasets.scenes.scene import Kind
from hdrmetrics.metrics.tmqi import TMQI
from hdrmetrics.tonemap import list_operators, tonemap
from results.common.files import keep, kept
from results.learned.whole import chosen
from results.optimize.measure import HERE, light_of

FILE = "standing.json"
_SLOW = ("durand02_exact",)


def collect(folder: Path, kind: Kind, most: int, place: Path) -> None:
    """Measure scenes of the test split, those that are there already not again."""
    found: dict[str, Any] = kept(place)
    names = [info.name for info in list_operators() if info.name not in _SLOW]
    for scene in tqdm(chosen(folder, kind, "test", most), desc=kind):
        if scene.name in found:
            continue
        light = light_of(scene.load(), kind)
        with torch.no_grad():
            metric = TMQI().prepare(light)
            values = {}
            for name in names:
                codes = (tonemap(light, name) * 255).round() / 255
                values[name] = float(metric(codes))
        found[scene.name] = {"group": scene.group, "q": values}
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
    collect(options.scenes, "hdr", options.most, options.work / FILE)
    if options.photographs is not None:
        collect(options.photographs, "sdr", options.widened, options.work / FILE)


if __name__ == "__main__":
    main()
