"""Time and memory of the learned predictors, beside HDR-VDP-2 and the papers' network.

    python -m results.learned.benchmark [--weights DIR] [--repeats 7] [--threads 2]

Writes ``speed.json`` and ``speed.md``. All is timed in one process, in rounds, so that a slow spell
hits all alike. Each peak of memory is that of a process of its own (Linux).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from hdrmetrics import create_metric
from hdrmetrics.catalogue.domain import Domain
from hdrmetrics.errors import OptionError
from hdrmetrics.learned.architecture import WINDOW
from hdrmetrics.learned.catalogue import WEIGHTS
from hdrmetrics.learned.describing import describe
from hdrmetrics.learned.network import build_network
from hdrmetrics.learned.predictor import LearnedMetric
from hdrmetrics.learned.weights import load_weights
from hdrmetrics.learned.whole_image import Axis
from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from results.common.costs import forget_peak, resident
from results.common.files import keep
from results.common.pictures import noisy_pair
from results.learned.data import weights_files
from trainers.nets.papers import PAPER_NOR

HERE = Path(__file__).parent
FULL_HD = (1080, 1920)
LARGE = 16384
HDRVDP = "hdrvdp2"
PAPER, PAPER_WINDOWS = "paper's network, whole picture", "paper's network, by windows"
NOTHING = "imports alone"
LARGE_JOB = f"{LARGE}×{LARGE}"

LEAST_OF_HDRVDP, LEAST_OF_PAPER, MOST_MB = 10.0, 8.0, 1000.0
"""Targets: HDR-VDP-2's time by ours, the papers' network's by ours, peak of a process in MB."""

Job = Callable[[], Any]


def pictures(domain: Domain) -> tuple[Tensor, Tensor]:
    """Return a smooth random picture with noise, and without, ``(1, 3, 1080, 1920)``."""
    test, reference = noisy_pair(FULL_HD)
    light = {"hdr": (1000.0, 1000.0), "sdr": (1.0, 1.0), "tonemapped": (1.0, 1000.0)}[domain]
    return test * light[0], reference * light[1]


def large_picture(domain: Domain) -> Tensor:
    """Return grey ``(1, 1, 16384, 16384)``, filled strip by strip: nothing else of its size."""
    picture = torch.empty(1, 1, LARGE, LARGE)
    generator = torch.Generator().manual_seed(0)
    row = torch.linspace(0, 60, LARGE).sin_().mul_(40).add_(50)
    for top in range(0, LARGE, 256):
        strip = picture[0, 0, top : top + 256]
        torch.rand(strip.shape, generator=generator, out=strip)
        strip.mul_(10).add_(row)  # 10 to 100 cd/m²
        if domain != "hdr":
            strip.div_(100)
    return picture


def jobs(weights: Path) -> dict[str, Callable[[], Job]]:
    """Return what is measured, by name: functions that load what is needed, and return the call."""

    def learned(path: Path, head: str) -> Job:
        metric = LearnedMetric(*load_weights(path), head)
        pair = pictures(metric.info.domain)
        return lambda: metric(*(pair if metric.info.reference else pair[:1]))

    def hdrvdp() -> Job:
        metric, pair = create_metric(HDRVDP), pictures("hdr")
        return lambda: metric(*pair)

    def paper(*, windows: bool) -> Job:
        network, test = build_network(PAPER_NOR).eval(), pictures("hdr")[0]
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if windows:
            rows, columns = (Axis.of(side) for side in FULL_HD)
            bands = [rows.take(test, 2, top, top + WINDOW) for top in rows.starts]
            parts = [columns.take(b, 3, s, s + WINDOW) for b in bands for s in columns.starts]
            return lambda: [network(part, domain="hdr") for part in parts]
        return lambda: network(test, domain="hdr")

    def large(path: Path, head: str) -> Job:
        metric = LearnedMetric(*load_weights(path), head)
        picture = large_picture(metric.info.domain)
        return lambda: metric(picture)

    found: dict[str, Callable[[], Job]] = {}
    for path, card in weights_files(weights):
        for head in card.heads:
            found[describe(card, head).name] = partial(learned, path, head)
            if card.architecture.inputs == "none" and LARGE_JOB not in found:
                found[LARGE_JOB] = partial(large, path, head)
    return found | {
        HDRVDP: hdrvdp,
        PAPER: partial(paper, windows=False),
        PAPER_WINDOWS: partial(paper, windows=True),
        NOTHING: lambda: lambda: None,
    }


def time_all(weights: Path, repeats: int) -> dict[str, list[float]]:
    """Return the seconds of each job by round."""
    ready = {name: make() for name, make in jobs(weights).items() if name not in _ONCE}
    times: dict[str, list[float]] = {name: [] for name in ready}
    with torch.inference_mode():
        for job in tqdm(ready.values(), desc="warming up", unit="job"):
            job()
        for _ in tqdm(range(repeats), desc="timing", unit="round"):
            for name, job in ready.items():
                start = time.perf_counter()
                job()
                times[name].append(time.perf_counter() - start)
    return times


def memory_of(name: str, weights: Path, threads: int) -> dict[str, float]:
    """Return memory and time of one call in a fresh process."""
    command = [sys.executable, "-m", "results.learned.benchmark", "--weights", str(weights)]
    command += ["--threads", str(threads), "--one", name]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise OptionError(f"{name} did not run:\n{run.stderr[-2000:]}")
    found: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return found


def _one(name: str, weights: Path) -> None:
    job = jobs(weights)[name]()
    forget_peak()
    before = resident("VmRSS") * 1024 / 1e6
    start = time.perf_counter()
    with torch.inference_mode():
        job()
    seconds = time.perf_counter() - start
    peak = resident() * 1024 / 1e6
    print(json.dumps({"before": before, "peak": peak, "seconds": seconds}))


def measure(weights: Path, *, repeats: int, threads: int) -> dict[str, Any]:
    """Return times, ratios and memory."""
    torch.set_num_threads(threads)
    load = os.getloadavg()[0]
    names = list(jobs(weights))
    memory = {
        name: memory_of(name, weights, threads)
        for name in tqdm(names, desc="memory", unit="process")
    }
    times = time_all(weights, repeats)
    return {
        "machine": platform.machine(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "threads": threads,
        "load": [round(load, 2), round(os.getloadavg()[0], 2)],
        "seconds": times,
        "memory": memory,
    }


def ratio(found: dict[str, Any], other: str, ours: str) -> float:
    """Return the median over rounds of another's time by ours."""
    pairs = zip(found["seconds"][other], found["seconds"][ours], strict=True)
    return float(statistics.median(a / b for a, b in pairs))


def write(found: dict[str, Any], folder: Path) -> None:
    """Write ``speed.json`` and ``speed.md``."""
    keep(folder / "speed.json", found)
    write_text(folder / "speed.md", page(found))


def page(found: dict[str, Any]) -> str:
    """Return the page."""
    memory = found["memory"]
    rows = []
    for name, seconds in found["seconds"].items():
        own = memory[name]
        ours = name.startswith(("norvdpnet", "diqm"))
        ratios = [f"{ratio(found, other, name):.1f}" for other in (HDRVDP, PAPER, PAPER_WINDOWS)]
        rows.append([
            f"**{name}**" if ours else name,
            f"{statistics.median(seconds) * 1e3:.0f}",
            f"{min(seconds) * 1e3:.0f} – {max(seconds) * 1e3:.0f}",
            *(ratios if ours else ["", "", ""]),
            f"{own['peak']:.0f}",
            f"{own['peak'] - own['before']:.0f}",
        ])  # fmt: skip
    times = markdown_table(
        ["1920×1080", "ms, median", "ms, range", "HDR-VDP-2 / it", "paper / it",
         "paper by windows / it", "peak, MB", "beyond before the call, MB"],
        rows,
    )  # fmt: skip
    large = memory[LARGE_JOB]
    size, hd = LARGE**2 * 4 / 1e6, 3 * FULL_HD[0] * FULL_HD[1] * 4 / 1e6
    imports = memory[NOTHING]["peak"]
    return f"""# Speed and memory of the learned predictors

A random smooth picture with noise, float32, {found["threads"]} threads, {_rounds(found)} rounds in
one process; ratios are medians over the rounds. Python {found["python"]}, torch {found["torch"]},
{found["machine"]}; load of the machine {found["load"][0]:.1f} before and {found["load"][1]:.1f}
after. *Paper* is the network of NoR-VDPNet++ in our code with fresh weights, in one pass over the
whole picture, which is the fastest way, or by windows as our metrics score. Memory is the peak of
the resident size of a fresh process, all included (imports alone: {imports:.0f} MB), and by how
much the call raised it over what was there before: imports, weights and pictures ({hd:.0f} MB
each). Made by `python -m results.learned.benchmark`.

{times}

{_targets(found)}

## A picture of {LARGE}×{LARGE} pixels

One channel, {size:.0f} MB by itself, scored without a reference in
{large["seconds"]:.1f} s. The peak is {large["peak"]:.0f} MB, of which the call took
{large["peak"] - large["before"]:.0f} MB: the rest, the picture included, was there before.
"""


def _targets(found: dict[str, Any]) -> str:
    nor = [name for name in found["seconds"] if name.startswith("norvdpnet")]
    rows = []
    for text, other, least in (
        (f"at most 1/{LEAST_OF_HDRVDP:.0f} of HDR-VDP-2's time", HDRVDP, LEAST_OF_HDRVDP),
        (f"at least {LEAST_OF_PAPER:.0f} times as fast as the paper's network", PAPER,
         LEAST_OF_PAPER),
    ):  # fmt: skip
        slowest = min((ratio(found, other, name), name) for name in nor)
        met = "met" if slowest[0] >= least else "**missed**"
        rows.append([text, f"{slowest[0]:.1f} times ({slowest[1]})", met])
    largest = max((found["memory"][name]["peak"], name) for name in nor)
    met = "met" if largest[0] < MOST_MB else "**missed**"
    rows.append(["peak under 1 GB", f"{largest[0]:.0f} MB ({largest[1]})", met])
    return markdown_table(["target of a score without reference", "the worst head", ""], rows)


def _rounds(found: dict[str, Any]) -> int:
    return len(next(iter(found["seconds"].values())))


_ONCE = (LARGE_JOB, NOTHING)


def main() -> None:
    """Measure and write, or measure the one job asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="default: the package's")
    parser.add_argument("--repeats", type=int, default=7, help="rounds of timing")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.one:
        _one(options.one, options.weights)
        return
    found = measure(options.weights, repeats=options.repeats, threads=options.threads)
    write(found, options.out)
    print(page(found))


if __name__ == "__main__":
    main()
