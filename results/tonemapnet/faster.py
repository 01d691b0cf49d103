"""Measures how much sooner the network says an exposure than a search finds it.

    python -m results.tonemapnet.faster --scenes DIR --photographs DIR

Twelve whole test pictures, one thread, all four ways by turns: the network alone, the operator with
encoding, the search of ``tuning.py`` (17 evaluations), and ``optimize_tonemap`` as it is called
without further words. Writes ``faster.json``.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch
from tqdm import tqdm

from hdrmetrics import create_metric
from hdrmetrics.learned.tonemapping.predicted import predicted
from hdrmetrics.optimize import optimize_tonemap
from hdrmetrics.tonemap import tonemap
from results.common.costs import best
from results.common.files import keep
from results.tonemapnet.measure import LEARNED, chosen
from results.tonemapnet.tuning import FORMS, tuned
from trainers.tonemapping.frames import light_of

HERE = Path(__file__).parent
PICTURES = 12


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--photographs", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    loss = create_metric(LEARNED).as_loss()
    found = {}
    for scene in tqdm(chosen(options.scenes, options.photographs, 40)[:PICTURES]):
        light, zero = light_of(scene), {"stops": torch.zeros(1)}
        with torch.no_grad():
            deciding = best(lambda: predicted("reinhard_net", light, zero))  # noqa: B023
            whole = best(lambda: tonemap(light, "reinhard_net"))  # noqa: B023
        began = time.perf_counter()
        tuned(FORMS["free"], lambda code, _: loss(code), light)
        searched = time.perf_counter() - began
        began = time.perf_counter()
        optimize_tonemap(light, "reinhard_free", LEARNED)
        optimized = time.perf_counter() - began
        found[scene.name] = {
            "size": list(light.shape[-2:]), "deciding": deciding, "whole": whole,
            "tuned": searched, "optimized": optimized,
        }  # fmt: skip
        keep(HERE / "faster.json", found)


if __name__ == "__main__":
    main()
