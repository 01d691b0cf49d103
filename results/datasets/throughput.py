"""Items per second and core, stage by stage, and what a million items cost.

    python -m results.datasets.throughput --scenes DIR [--scenes DIR] [--units 24]

Runs units of each shipped recipe in one process with one thread and writes `throughput.md` here.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from datasets.build import plan
from datasets.cli import find_sources
from datasets.pixels import PixelSource
from datasets.recipe import find_recipe, read_recipe
from datasets.unit import STAGES, UnitRunner
from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text

RECIPES = ("hdr-c", "sdr-d", "tmo", "itmo")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--scenes", action="append", required=True)
    parser.add_argument("--units", type=int, default=24)
    options = parser.parse_args()
    torch.set_num_threads(1)
    scenes = find_sources(options.scenes)
    about = (
        "Made by `python -m results.datasets.throughput`: "
        f"{options.units} frames of each recipe in one process with one "
        f"thread ({platform.machine()}, torch {torch.__version__}), wall-clock time. Reading and "
        "making a frame is shared by its crops and versions, preparing a reference crop by its "
        "versions."
    )
    rows = []
    for name in RECIPES:
        recipe = read_recipe(find_recipe(name))
        units = plan(recipe, scenes)
        chosen = np.random.default_rng(0).permutation(len(units))[: options.units]
        runner = UnitRunner(recipe, PixelSource(scenes))
        runner.run(units[int(chosen[0])])  # what is done once
        spent: Counter[str] = Counter()
        items, start = 0, time.perf_counter()
        for i in tqdm(chosen, desc=name, unit="frame"):
            result = runner.run(units[int(i)])
            items += len(result.rows)
            spent.update(result.seconds)
        rate = items / (time.perf_counter() - start)
        stages = [f"{1000 * spent[stage] / items:.1f}" for stage in STAGES]
        rows.append([name, str(items), *stages, f"{rate:.1f}", f"{1e6 / rate / 3600:.1f}"])
    stages = [f"{stage}, ms" for stage in STAGES]
    heads = ["set", "items", *stages, "items/s per core", "a million items, core hours"]
    gpu = "No GPU was at hand; the teachers run on one, but its rate is not measured."
    text = "\n\n".join(["# Throughput", about, markdown_table(heads, rows), gpu]) + "\n"
    write_text(Path(__file__).parent / "throughput.md", text)
    print(text)


if __name__ == "__main__":
    main()
