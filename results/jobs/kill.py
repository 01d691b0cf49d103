"""What stopping ``score`` and ``compare`` at random moments loses, and how a rerun ends.

Each trial starts the command, stops it (SIGKILL, every other time SIGINT) at a random moment
while its rows come, looks at the rows it has kept, and runs it again with ``--resume``. The
table must then be that of an undisturbed run, byte for byte; an older table must have been there
all the time; and no kept row may be computed twice.

Run with ``python -m results.jobs.kill [--trials 10]``.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from hdrmetrics import write_image

PICTURES, SIZE = 24, 320
OLD = "an older table\n"


def make(folder: Path) -> None:
    """Write references and tests of random texture."""
    rng = np.random.default_rng(0)
    for name in ("ref", "test"):
        (folder / name).mkdir()
    for index in range(PICTURES):
        light = (10 ** rng.uniform(-1, 3, (SIZE, SIZE, 3))).astype(np.float32)
        noise = (1 + 0.1 * rng.standard_normal(light.shape)).clip(0).astype(np.float32)
        write_image(folder / "ref" / f"{index:02d}.exr", light, depth="float")
        write_image(folder / "test" / f"{index:02d}.exr", light * noise, depth="float")


def hear() -> None:
    """Hear SIGINT, which a job in the background of a shell would not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(folder: Path, words: list[str]) -> subprocess.Popen[str]:
    """Start the command there."""
    return subprocess.Popen(
        [sys.executable, "-m", "hdrmetrics", *words],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear,
    )


def rows(journal: Path) -> list[str]:
    """Return the tests whose rows a journal holds whole."""
    if not journal.exists():
        return []
    lines = journal.read_bytes().split(b"\n")[1:-1]
    return [json.loads(line)["row"]["test"] for line in lines]


def wait(run: subprocess.Popen[str], journal: Path) -> float:
    """Return when the first rows may come: the journal is there."""
    while not journal.exists() and run.poll() is None:
        time.sleep(0.005)
    return time.perf_counter()


def trial(folder: Path, words: list[str], whole: str, after: float, sign: int) -> dict[str, object]:
    """Return what became of one run that was stopped after so many rows (and a part of one)."""
    table = folder / "out.csv"
    journal = folder / "out.csv.partial.jsonl"
    table.write_text(OLD)
    run = start(folder, [*words, "--csv", "out.csv"])
    began = wait(run, journal)
    while run.poll() is None and len(rows(journal)) < int(after):
        time.sleep(0.001)
    time.sleep((time.perf_counter() - began) * (after % 1) / max(1, int(after)))
    run.send_signal(sign)
    _, said = run.communicate()
    kept = rows(journal)
    # The signal may come after the table is complete, while the process ends.
    untouched = table.read_text() == whole or (run.returncode != 0 and table.read_text() == OLD)
    again = start(folder, [*words, "--csv", "out.csv", "--resume"])
    _, note = again.communicate()
    going = f"going on: {len(kept)} of {PICTURES}" in note
    return {
        "signal": signal.Signals(sign).name, "after_rows": round(after, 1), "exit": run.returncode,
        "kept": len(kept), "twice": len(kept) - len(set(kept)), "older_table_safe": untouched,
        "resumed_from_kept": going or not kept, "same_table": table.read_text() == whole,
        "nothing_left": not journal.exists(), "said": said.strip().splitlines()[-1:] or [""],
    }  # fmt: skip


def main() -> int:
    """Print a line for each trial; return 1 if one failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    failed = 0
    for words in (
        ["score", "test", "-m", "pu21-piqe"],
        ["compare", "test", "ref", "-m", "pu21-psnr,pu21-ms-ssim,pu21-fsim"],
    ):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            make(folder)
            run = start(folder, [*words, "--csv", "out.csv"])
            began = wait(run, folder / "out.csv.partial.jsonl")
            run.communicate()
            length = time.perf_counter() - began
            whole = (folder / "out.csv").read_text()
            print(f"{words[0]}: {PICTURES} files in {length:.1f} s after the start-up")
            for index in range(arguments.trials):
                sign = signal.SIGINT if index % 2 else signal.SIGKILL
                found = trial(folder, words, whole, draw.uniform(0, PICTURES), sign)
                good = found["twice"] == 0 and not any(v is False for v in found.values())
                failed += not good
                print("ok  " if good else "FAIL", found)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
