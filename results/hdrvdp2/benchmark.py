"""Times HDR-VDP-2 on the CPU, beside the original under Octave where there is one.

    python -m results.hdrvdp2.benchmark [--original DIR] [--threads 2]

``DIR`` holds the original's ``hdrvdp.m``, made to run under Octave (with compiled corrDn, upConv
and pointOp). Writes ``timings.json``. All times are the best of several runs in one process; the
floor is what the arithmetic alone costs at the rates measured on the same machine just before.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import torch

from hdrmetrics.metrics.hdrvdp2 import HDRVDP2
from hdrmetrics.metrics.hdrvdp2.optics import fast_length
from results.common.costs import best, resident
from results.common.files import keep

HERE = Path(__file__).parent
SIZES = ((256, 256), (512, 512), (1080, 1920), (2160, 3840))
BUDGET = 1.5  # seconds of repeated calls
PACKAGES = "pkg load image statistics; "
OCTAVE = """
warning('off', 'all'); {packages}addpath('{folder}');
addpath([ '{folder}' '/matlabPyrTools_1.4_fixed' ]); cd('{folder}'); rand('seed', 1);
r = 10.^(2*rand({height}, {width})); t = r.*(1 + 0.05*(rand({height}, {width}) - 0.5));
best = Inf;
for k = 1:{runs}; tic; hdrvdp(t, r, 'luminance', 30); best = min(best, toc); end
printf('seconds=%.4f\\n', best);
"""


def pair(count: int, height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return luminance of 1 to 100 cd/m² with 2.5 % of noise, and without."""
    generator = torch.Generator().manual_seed(1)
    reference = 10 ** (2 * torch.rand(count, 1, height, width, generator=generator))
    noise = torch.rand(reference.shape, generator=generator) - 0.5
    return reference * (1 + 0.05 * noise), reference


def floor(height: int, width: int) -> dict[str, float]:
    """Return what the arithmetic of Q for one pair costs at this machine's measured rates."""
    pixels = height * width
    octaves = sum(4.0**-level for level in range(6))
    # Filters 15×15 and 9×9 once; per octave four of 9×9, and 17×17 at a quarter of the pixels.
    products = 2 * pixels * (15**2 + 9**2 + octaves * (4 * 9**2 + 17**2 / 4))
    left, right = torch.rand(1024, 1024), torch.rand(1024, 1024)
    product_time = best(lambda: left @ right, budget=0.5) / 1024**3
    # Excitation, and three kinds of masking, for each oriented band; two per sensitivity.
    powers = pixels * (4 * (1 + 4 * octaves) + 2 * (1 + octaves))
    sample = torch.rand(1 << 18) + 0.1
    power_time = best(lambda: sample.pow(3.5), budget=0.5) / sample.numel()
    rows, columns = fast_length(2 * height - 1), fast_length(2 * width - 1)
    padded = torch.zeros(rows, columns, dtype=torch.float64)
    transform_time = best(lambda: torch.fft.rfft2(padded), budget=1.0)
    parts = {
        "convolutions": products * product_time,
        "powers": powers * power_time,
        # Two images, there and back; half of the rows are empty.
        "transforms": 4 * transform_time * 0.75,
    }
    return {**parts, "total": sum(parts.values())}


def original(folder: Path, height: int, width: int) -> float | None:
    """Return the original's time for one pair in seconds."""
    octave = shutil.which("octave-cli")
    if octave is None:
        return None
    script = OCTAVE.format(
        packages=PACKAGES,
        folder=folder.resolve(),
        height=height,
        width=width,
        runs=1 if height > 600 else 3,
    )
    run = subprocess.run([octave, "--eval", script], capture_output=True, text=True, check=False)
    found = re.search(r"seconds=([\d.]+)", run.stdout)
    if found is None:
        raise SystemExit(f"the original did not run:\n{run.stderr}")
    return float(found[1])


def peak_memory(height: int, width: int, threads: int) -> float:
    """Return the peak resident size in MB of a process that scores one pair, images included."""
    job = f"memory_job({height}, {width}, {threads})"
    code = f"from results.hdrvdp2.benchmark import memory_job; {job}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(run.stdout)


def memory_job(height: int, width: int, threads: int) -> None:
    torch.set_num_threads(threads)
    images = pair(1, height, width)
    with torch.inference_mode():
        HDRVDP2()(*images)
    print(resident() / 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--original", type=Path, help="folder of hdrvdp.m, to be run by octave-cli")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    metric = HDRVDP2()
    report: dict[str, Any] = {
        "machine": platform.machine(),
        "threads": arguments.threads,
        "torch": torch.__version__,
        "load_before": os.getloadavg()[0],
        "sizes": [],
    }
    with torch.inference_mode():
        for height, width in SIZES:
            test, reference = pair(1, height, width)
            prepared = metric.prepare(reference)
            row: dict[str, Any] = {"height": height, "width": width}
            row["q"] = best(partial(metric, test, reference), budget=BUDGET)
            row["q_prepared"] = best(partial(prepared, test), budget=BUDGET)
            row["all_outputs"] = best(partial(metric.predict, test, reference), budget=BUDGET)
            row["floor"] = floor(height, width)
            row["peak_mb"] = peak_memory(height, width, arguments.threads)
            if arguments.original and height < 2000:
                row["original"] = original(arguments.original, height, width)
            report["sizes"].append(row)
            del test, reference, prepared
        tests, references = pair(8, 256, 256)
        prepared = metric.prepare(references[:1])
        report["batch_of_eight"] = {
            "own_references": best(partial(metric, tests, references), budget=BUDGET) / 8,
            "shared_reference": best(partial(metric, tests, references[:1]), budget=BUDGET) / 8,
            "prepared_reference": best(partial(prepared, tests), budget=BUDGET) / 8,
        }
    report["load_after"] = os.getloadavg()[0]
    keep(HERE / "timings.json", report)


if __name__ == "__main__":
    main()
