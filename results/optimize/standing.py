"""True TMQI of every operator as it is, which ``--operator best`` is compared with.

    python -m results.optimize.standing --scenes DIR [--photographs DIR] [--work DIR]

A run that is stopped goes on where it was.
"""

from __future__ import annotations

from typing import Any

import torch

from hdrmetrics.metrics.tmqi import TMQI
from hdrmetrics.tonemap import list_operators, tonemap
from results.common.files import keep, kept
from results.optimize.scenes import light_of, measured_scenes, read_options

FILE = "standing.json"
_SLOW = ("durand02_exact",)


def main() -> None:
    """Measure what is not there already."""
    options = read_options(__doc__)
    found: dict[str, Any] = kept(options.work / FILE)
    names = [info.name for info in list_operators() if info.name not in _SLOW]
    for scene, kind in measured_scenes(options, "as they are"):
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
        keep(options.work / FILE, found)


if __name__ == "__main__":
    main()
