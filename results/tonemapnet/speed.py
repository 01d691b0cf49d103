"""Measures what each form costs at 3840×2160.

    python -m results.tonemapnet.speed [--threads N]

Writes ``speed.json``: milliseconds, the shortest of several calls in one process.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from hdrmetrics.learned.tonemapping.weights import load_tone_net, shipped
from hdrmetrics.tonemap import create_operator
from hdrmetrics.tonemap.exposure_grid import tone_by_grid
from results.common.costs import best
from results.common.files import keep

HERE = Path(__file__).parent
SIZE = (2160, 3840)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 3, 68, 120, generator=generator) * 9 - 3
    light = torch.exp(torch.nn.functional.interpolate(coarse, SIZE, mode="bilinear"))
    grid = torch.full((1, 8, 8, 8), math.log(0.18))
    net = load_tone_net(shipped("reinhard_net"))[0]
    forms: dict[str, Callable[[], Tensor]] = {
        name: lambda name=name: create_operator(name)(light)  # type: ignore[misc]
        for name in ("reinhard_free", "reinhard_net", "reinhard_free_local", "reinhard_grid")
    }
    forms["tone_by_grid"] = lambda: tone_by_grid(light, grid)
    forms["network of reinhard_net alone"] = lambda: net(light).exposure
    with torch.no_grad():
        told = {name: 1000 * best(job, least=3) for name, job in forms.items()}
    keep(HERE / "speed.json", {"threads": options.threads, "size": SIZE, "milliseconds": told})


if __name__ == "__main__":
    main()
