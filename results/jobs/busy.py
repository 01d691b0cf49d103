"""How long ``rank`` and ``compare`` take, quiet and beside busy processes; start-up; peak memory.

Several versions of the package can be compared: each command is run with each of them in turn, so
that a machine whose speed drifts treats them alike.

Run with ``python -m results.jobs.busy --photos DIR --pairs DIR [--tree LABEL=CLONE …]
[--megapixels 24]``; ``DIR`` of pairs holds the folders ``test`` and ``ref``. Without ``--tree`` it
is the package that Python finds. Writes ``busy.json`` and ``busy.md`` beside this file.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from results.common.files import keep

HERE = Path(__file__).parent
BUSY = 2
PEAK = (
    "import resource, runpy, sys; sys.argv[0] = 'hdrmetrics'\n"
    "code = 0\n"
    "try:\n"
    "    runpy.run_module('hdrmetrics', run_name='__main__')\n"
    "except SystemExit as stop:\n"
    "    code = stop.code\n"
    "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)\n"
    "sys.exit(code)\n"
)


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Keep so many processes spinning."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def run(words: list[str], tree: str, *, peak: bool = False) -> tuple[float, int]:
    """Run Python with a version of the package; return seconds, and its peak memory in KiB."""
    environment = {**os.environ, "PYTHONPATH": tree} if tree else None
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *words],
        env=environment,
        cwd=tree or None,  # which Python looks into first
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(words)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return seconds, int(done.stderr.split()[-1]) if peak else 0


def command(*words: str) -> list[str]:
    """Return the words that run the command."""
    return ["-m", "hdrmetrics", *words]


def times(commands: dict[str, list[str]], trees: dict[str, str], repeats: int) -> dict[str, Any]:
    """Return the median seconds of each command with each version."""
    found: dict[str, Any] = {}
    for name, words in commands.items():
        seconds: dict[str, list[float]] = {label: [] for label in trees}
        for _ in range(repeats):
            for label, tree in trees.items():
                seconds[label].append(run(words, tree)[0])
                print(f"{name}: {label} {seconds[label][-1]:.2f} s", flush=True)
        found[name] = {label: statistics.median(values) for label, values in seconds.items()}
    return found


def memory(trees: dict[str, str], megapixels: float, folder: Path) -> dict[str, Any]:
    """Return the peak bytes a pixel of some commands, above those of a small picture."""
    side = round((megapixels * 1e6 / 1.5) ** 0.5)
    sizes = {"small": (64, 96), "large": (side, round(1.5 * side))}
    rng = np.random.default_rng(0)
    for name, (height, width) in sizes.items():
        coarse = rng.integers(0, 256, (-(-height // 8), -(-width // 8), 3), dtype=np.uint8)
        codes = coarse.repeat(8, axis=0).repeat(8, axis=1)[:height, :width]
        Image.fromarray(codes).save(folder / f"{name}.jpg", quality=95)
        Image.fromarray(codes).save(folder / f"{name}-test.jpg", quality=30)
    pixels = sizes["large"][0] * sizes["large"][1]
    found: dict[str, Any] = {}
    for title, metrics, pair in (
        ("norvdpnet", ["norvdpnet"], False),
        ("pu21-piqe", ["pu21-piqe"], False),
        ("norvdpnet and pu21-piqe", ["norvdpnet", "pu21-piqe"], False),
        ("a pair by pu21-psnr and pu21-ssim", ["pu21-psnr", "pu21-ssim"], True),
    ):
        found[title] = {}
        for label, tree in trees.items():
            peaks = []
            for name in sizes:
                words = ["compare", str(folder / f"{name}-test.jpg")] if pair else ["score"]
                words += [str(folder / f"{name}.jpg"), "-m", ",".join(metrics)]
                peaks.append(run(["-c", PEAK, *words], tree, peak=True)[1])
            found[title][label] = (peaks[1] - peaks[0]) * 1024 / pixels
            print(f"{title}: {label} {found[title][label]:.1f} bytes a pixel", flush=True)
    return found


def table(rows: dict[str, Any], labels: list[str], unit: str, digits: int) -> str:
    """Return a Markdown table with a column for each version."""
    return markdown_table(
        ["", *labels],
        [
            [name, *(f"{values[label]:.{digits}f} {unit}" for label in labels)]
            for name, values in rows.items()
        ],
    )


def main() -> None:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--photos", required=True)
    parser.add_argument("--pairs", required=True)
    parser.add_argument("--tree", action="append", default=[], metavar="LABEL=CLONE")
    parser.add_argument("--megapixels", type=float, default=24.0)
    parser.add_argument("--repeats", type=int, default=1)
    arguments = parser.parse_args()
    trees = dict(text.split("=", 1) for text in arguments.tree) or {"this version": ""}
    labels = list(trees)
    pairs, folder = Path(arguments.pairs).resolve(), Path(arguments.photos).resolve()
    photos = sorted(str(path) for path in folder.iterdir())
    with tempfile.TemporaryDirectory() as scratch:
        out = str(Path(scratch) / "out.csv")
        whole = {
            f"rank, {len(photos)} photographs": command("rank", str(folder), "--csv", out),
            f"compare, {len(list((pairs / 'ref').iterdir()))} pairs": command(
                "compare", str(pairs / "test"), "-r", str(pairs / "ref"), "--csv", out
            ),
        }
        start = {
            "import torch": ["-c", "import torch"],
            "hdrmetrics --help": command("--help"),
            "hdrmetrics metrics": command("metrics"),
            "hdrmetrics score photo.jpg": command("score", photos[0], "-m", "norvdpnet"),
        }
        record = {
            "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
            "quiet": times(whole, trees, arguments.repeats),
            "start": times(start, trees, max(3, arguments.repeats)),
            "memory": memory(trees, arguments.megapixels, Path(scratch)),
        }
        with busy(BUSY):
            record["busy"] = times(whole, trees, arguments.repeats)
    keep(HERE / "busy.json", record)
    text = [
        "# Busy machines, start-up and memory",
        f"{os.cpu_count()} cores, the versions in turn: times differ, so compare within a line.",
        "## Nothing else running",
        table(record["quiet"], labels, "s", 1),
        f"## Beside {BUSY} processes that never wait",
        table(record["busy"], labels, "s", 1),
        "## Start-up, median",
        table(record["start"], labels, "s", 2),
        f"## Peak memory above that of a small picture, {arguments.megapixels:g} megapixels",
        table(record["memory"], labels, "bytes a pixel", 0),
    ]
    write_text(HERE / "busy.md", "\n\n".join(text) + "\n")


if __name__ == "__main__":
    main()
