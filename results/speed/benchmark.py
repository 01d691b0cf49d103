"""Times the baseline metrics at 1920×1080 against other libraries, all in one run.

    python -m results.speed.benchmark            # needs piq and scikit-image beside the package

Writes ``results/speed/report.md`` and ``report.json`` (medians, ratios, peak memory). Each peak
memory is measured in a process of its own, as the growth of its resident set over the images, on
Linux.
"""

from __future__ import annotations

import argparse
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

from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from results.common.costs import forget_peak, resident
from results.common.files import keep
from results.common.pictures import noisy_pair

HERE = Path(__file__).parent
SIZE = (1080, 1920)
THREADS = 2
Job = Callable[[], Any]


def jobs() -> dict[str, Job]:
    """Return what is timed, by name; peers are imported only here."""
    from hdrmetrics import create_metric
    from hdrmetrics import functional as hm

    test, reference = noisy_pair(SIZE)
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
        found["ssim (scikit-image)"] = lambda: structural_similarity(  # type: ignore[no-untyped-call]
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


def _memory(name: str, queue: Any) -> None:
    torch.set_num_threads(THREADS)
    todo = jobs()
    forget_peak()
    before = resident("VmRSS")
    with torch.no_grad():
        todo[name]()
    queue.put((resident() - before) / 1024)


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
        "Made by `python -m results.speed.benchmark`.",
        "",
        _table(
            ["job", "ms", "`torch.pow` calls on one image"],
            [[name, f"{t * 1e3:.1f}", f"{t / power:.1f}"] for name, t in medians.items()],
        ),
        "",
    ]
    ratios = []
    for metric in ("ssim", "ms-ssim"):
        for peer in ("piq", "scikit-image"):
            if f"{metric} ({peer})" in medians:
                ratio = medians[f"{metric} ({peer})"] / medians[f"{metric} (ours)"]
                ratios.append([f"{metric}: {peer} / ours", f"{ratio:.1f}"])
    grown = [[name, f"{mebibytes:.0f}"] for name, mebibytes in memory.items()]
    started = [[f"`{name}`", f"{seconds:.3f}"] for name, seconds in starts.items()]
    for head, rows in (
        (["ratio of times", ""], ratios),
        (["peak memory over the two images", "MiB"], grown),
        (["start-up, median of 7", "s"], started),
    ):
        lines += [_table(head, rows), ""]
    return "\n".join(lines) + "\n" + (HERE / "reading.md").read_text(encoding="utf-8")


def _table(head: list[str], rows: list[list[str]]) -> str:
    return markdown_table(head, rows, right=range(1, len(head)))


def main() -> None:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9, help="rounds of timing")
    arguments = parser.parse_args()
    medians = {name: statistics.median(t) for name, t in time_all(arguments.repeats).items()}
    compared: tuple[str, ...] = ("ssim (ours)", "ssim (piq)")
    memory = {name: peak_memory(name) for name in compared if name in medians}
    starts = start_up()
    data = {"seconds": medians, "peak_memory_mib": memory, "start_up_seconds": starts}
    keep(HERE / "report.json", data)
    page = report(medians, memory, starts)
    write_text(HERE / "report.md", page)
    print(page)


if __name__ == "__main__":
    main()
