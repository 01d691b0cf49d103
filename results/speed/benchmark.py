"""Times the baseline metrics at 1920×1080 against other libraries, all in one run.

    python results/speed/benchmark.py            # needs piq and scikit-image beside the package

Writes ``results/speed/report.md`` and ``report.json`` (medians, ratios, peak memory). Each peak
memory is measured in a process of its own, as the growth of its resident set over the images, on
Linux.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

HERE = Path(__file__).parent
SHAPE = (1, 3, 1080, 1920)
THREADS = 2
Job = Callable[[], Any]


def pictures() -> tuple[torch.Tensor, torch.Tensor]:
    """Return a smooth random picture and a noisy version of it, in [0, 1]."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 3, 68, 120, generator=generator)
    reference = torch.nn.functional.interpolate(coarse, SHAPE[-2:], mode="bicubic").clamp(0, 1)
    noise = torch.randn(SHAPE, generator=generator)
    return (reference + 0.05 * noise).clamp(0, 1).contiguous(), reference.contiguous()


def jobs() -> dict[str, Job]:
    """Return what is timed, by name; peers are imported only here."""
    from hdrmetrics import create_metric
    from hdrmetrics import functional as hm

    test, reference = pictures()
    light = test * 1000, reference * 1000
    found: dict[str, Job] = {
        "torch.pow, out of place": lambda: torch.pow(light[0], 0.7),
        "ssim (ours)": lambda: hm.ssim(test, reference, data_range=1.0),
        "ms-ssim (ours)": lambda: hm.ms_ssim(test, reference, data_range=1.0),
    }
    for name in (
        "pu21-psnr", "pu21-psnr-y", "pu21-ssim", "pu21-ms-ssim", "pu21-vsi", "pu21-fsim",
        "pu21-fsimc", "mu-psnr", "pq-psnr", "mpsnr", "pu21-piqe",
    ):  # fmt: skip
        metric = create_metric(name)
        pair = light if metric.info.reference else light[:1]
        found[f"{name} (ours)"] = lambda metric=metric, pair=pair: metric(*pair)  # type: ignore[misc]
    return found | peers(test, reference)


def peers(test: torch.Tensor, reference: torch.Tensor) -> dict[str, Job]:
    """Return the other libraries' jobs, those that are installed."""
    found: dict[str, Job] = {}
    try:
        piq = import_piq()
        found["ssim (piq)"] = lambda: piq.ssim(test, reference, data_range=1.0, downsample=False)
        found["ms-ssim (piq)"] = lambda: piq.multi_scale_ssim(test, reference, data_range=1.0)
        found["vsi (piq)"] = lambda: piq.vsi(test, reference, data_range=1.0)
        found["fsimc (piq)"] = lambda: piq.fsim(test, reference, data_range=1.0)
    except ImportError as error:
        print(f"piq is not timed: {error}", file=sys.stderr)
    try:
        from skimage.metrics import structural_similarity

        arrays = [np.ascontiguousarray(x[0].permute(1, 2, 0).numpy()) for x in (test, reference)]
        found["ssim (scikit-image)"] = lambda: structural_similarity(
            *arrays, gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
            data_range=1.0, channel_axis=2,
        )  # fmt: skip
    except ImportError as error:
        print(f"scikit-image is not timed: {error}", file=sys.stderr)
    return found


def import_piq() -> Any:
    """Import piq, also where torchvision was built for another torch than the one installed."""
    try:
        import piq
    except RuntimeError:
        # Its compiled operators are missing, and piq does not use them: declaring their names is
        # enough for the import.
        for name in ("nms", "qnms"):
            schema = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            torch.library.define(f"torchvision::{name}", schema)
        for module in [m for m in sys.modules if m.split(".")[0] in ("piq", "torchvision")]:
            del sys.modules[module]
        import piq
    return piq


def time_all(repeats: int) -> dict[str, list[float]]:
    """Return the seconds of each job, in rounds, so that a slow spell hits all alike."""
    torch.set_num_threads(THREADS)
    todo = jobs()
    times: dict[str, list[float]] = {name: [] for name in todo}
    with torch.no_grad():
        for job in todo.values():
            job()
        for round_ in range(repeats):
            for name, job in todo.items():
                start = time.perf_counter()
                job()
                times[name].append(time.perf_counter() - start)
            print(f"round {round_ + 1} of {repeats}", file=sys.stderr)
    return times


def _resident(key: str) -> float:
    """Return a line of this process's memory status, in MiB (Linux)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith(key)).split()[1]) / 1024


def _memory(name: str, queue: Any) -> None:
    torch.set_num_threads(THREADS)
    todo = jobs()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forget the peak so far
    before = _resident("VmRSS")
    with torch.no_grad():
        todo[name]()
    queue.put(_resident("VmHWM") - before)


def peak_memory(name: str) -> float:
    """Return by how many MiB one call raises the peak of a fresh process."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=_memory, args=(name, queue))
    process.start()
    grown: float = queue.get()
    process.join()
    return grown


def start_up() -> dict[str, float]:
    """Return the seconds of starting Python, importing the package, and showing the help."""
    found = {}
    for name, command in {
        "python -c pass": ["-c", "pass"],
        "import hdrmetrics": ["-c", "import hdrmetrics"],
        "hdrmetrics --help": ["-m", "hdrmetrics", "--help"],
    }.items():
        times = []
        for _ in range(7):
            start = time.perf_counter()
            subprocess.run([sys.executable, *command], check=True, capture_output=True)
            times.append(time.perf_counter() - start)
        found[name] = statistics.median(times)
    return found


def report(medians: dict[str, float], memory: dict[str, float], starts: dict[str, float]) -> str:
    """Return the page."""
    power = medians["torch.pow, out of place"]
    where = f"torch {torch.__version__}, Python {platform.python_version()}"
    lines = [
        "# Speed of the baselines",
        "",
        f"1920×1080 RGB float32, {THREADS} threads, median, one run; {where}.",
        "Made by `python results/speed/benchmark.py`.",
        "",
        "| job | ms | `torch.pow` calls on one image |",
        "|---|---:|---:|",
    ]
    lines += [f"| {name} | {t * 1e3:.1f} | {t / power:.1f} |" for name, t in medians.items()]
    lines += ["", "| ratio of times | |", "|---|---:|"]
    for metric in ("ssim", "ms-ssim"):
        for peer in ("piq", "scikit-image"):
            if f"{metric} ({peer})" in medians:
                ratio = medians[f"{metric} ({peer})"] / medians[f"{metric} (ours)"]
                lines.append(f"| {metric}: {peer} / ours | {ratio:.1f} |")
    lines += ["", "| peak memory over the two images | MiB |", "|---|---:|"]
    lines += [f"| {name} | {grown:.0f} |" for name, grown in memory.items()]
    lines += ["", "| start-up, median of 7 | s |", "|---|---:|"]
    lines += [f"| `{name}` | {seconds:.3f} |" for name, seconds in starts.items()]
    return "\n".join(lines) + "\n\n" + (HERE / "reading.md").read_text(encoding="utf-8")


def main() -> None:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9, help="rounds of timing")
    arguments = parser.parse_args()
    medians = {name: statistics.median(t) for name, t in time_all(arguments.repeats).items()}
    memory = {n: peak_memory(n) for n in ("ssim (ours)", "ssim (piq)") if n in medians}
    starts = start_up()
    data = {"seconds": medians, "peak_memory_mib": memory, "start_up_seconds": starts}
    (HERE / "report.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    page = report(medians, memory, starts)
    (HERE / "report.md").write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
