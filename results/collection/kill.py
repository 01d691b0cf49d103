"""What killing ``rank`` at random moments loses, and how the next run ends.

Each trial runs the command over small photographs with a cache of its own, kills it with SIGKILL
when a random number of them is done, and a part of the next, three times, and then lets it end.
What was kept at a kill must not be scored again, and the tables in the end must be those of an
undisturbed run, byte for byte.

Run with ``python -m results.collection.kill [--kills 20]``.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from hdrmetrics.collection.keeping.cache import usual_file

PICTURES, SIDE = 60, 128
PART = 0.03  # seconds that one takes
METRIC = "piqe,nima"
TABLES = ("out.csv", "out.json")


def make(folder: Path) -> None:
    """Write photographs of smooth colours and noise."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for index in range(PICTURES):
        small = Image.fromarray(rng.integers(0, 255, (4, 5, 3), dtype=np.uint8))
        smooth = np.asarray(small.resize((SIDE, SIDE), Image.Resampling.BICUBIC), float)
        noisy = smooth + rng.normal(0, 2 + index % 9, smooth.shape)
        Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(folder / f"{index:02d}.jpg")
    time.sleep(3.5)  # until the times of the files are trusted


def start(folder: Path, cache: str) -> subprocess.Popen[bytes]:
    """Start the command there."""
    words = ["rank", "photos", "--by", METRIC, "--csv", TABLES[0], "--json", TABLES[1]]
    return subprocess.Popen(
        [sys.executable, "-m", "hdrmetrics", *words],
        cwd=folder,
        env=os.environ | {"HDRMETRICS_CACHE": str(folder / cache), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
    )


def kept(folder: Path, cache: str) -> dict[str, int]:
    """Return what a cache holds, by picture and part, with when it came there."""
    file = folder / cache / usual_file().name
    if not file.exists():
        return {}
    with sqlite3.connect(file, timeout=10) as db:
        try:
            rows = db.execute("SELECT hex(digest) || hex(key), rowid FROM parts").fetchall()
        except sqlite3.OperationalError:  # killed before there were tables
            rows = []
    db.close()
    return dict(rows)


def tables(folder: Path) -> list[bytes | None]:
    """Return the tables that are there."""
    files = [folder / name for name in TABLES]
    return [file.read_bytes() if file.exists() else None for file in files]


def main() -> int:
    """Print a line for each trial; return 1 if one failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder / "photos")
        began = time.perf_counter()
        start(folder, "whole").wait()
        length = time.perf_counter() - began
        whole = tables(folder)
        assert all(whole)
        print(f"{PICTURES} photographs in {length:.1f} s, undisturbed", flush=True)
        kills = failed = trial = 0
        while kills < arguments.kills:
            trial += 1
            for table in TABLES:
                (folder / table).unlink(missing_ok=True)
            moments: list[tuple[int, int]] = []
            for until in sorted(draw.uniform(0, PICTURES) for _ in range(3)):
                before = kept(folder, f"cache{trial}")
                run = start(folder, f"cache{trial}")
                while run.poll() is None and len(kept(folder, f"cache{trial}")) // 2 < int(until):
                    time.sleep(0.001)
                time.sleep(until % 1 * PART)
                if run.poll() is not None:
                    break
                run.send_signal(signal.SIGKILL)
                run.wait()
                after = kept(folder, f"cache{trial}")
                # A row that was made again would have another number.
                lost = {key for key, number in before.items() if after.get(key) != number}
                moments.append((len(after) // 2, len(lost)))
            before = kept(folder, f"cache{trial}")
            start(folder, f"cache{trial}").wait()
            after = kept(folder, f"cache{trial}")
            lost = {key for key, number in before.items() if after.get(key) != number}
            good = tables(folder) == whole and not lost and not any(n for _, n in moments)
            kills += len(moments)
            failed += not good
            print("ok  " if good else "FAIL", "pictures kept at each kill, and lost:", moments,
                  flush=True)  # fmt: skip
        print(f"{kills} kills, {failed} trials failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
