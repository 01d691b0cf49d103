"""How much faster ``rank`` is over a folder that it has seen: the command, from start to end.

Run with ``python -m results.collection.rerun FOLDER [words of rank …]``: the folder is ranked with
a cache of its own three times.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NEWLINE = b"\n"


def main() -> int:
    """Print wall clock and processor time of each run."""
    folder, *more = sys.argv[1:]
    words = ["rank", folder, "--quiet", "--csv", "out.csv", *more]
    tables = []
    with tempfile.TemporaryDirectory() as place:
        os.environ["HDRMETRICS_CACHE"] = str(Path(place) / "cache")
        for number in range(3):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            began = time.perf_counter()
            subprocess.run(
                [sys.executable, "-m", "hdrmetrics", *words],
                cwd=place,
                check=False,
                stdout=subprocess.DEVNULL,
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            core = sum(getattr(after, k) - getattr(before, k) for k in ("ru_utime", "ru_stime"))
            tables.append((Path(place) / "out.csv").read_bytes())
            print(
                f"run {number + 1}: {time.perf_counter() - began:.1f} s, {core:.2f} s of a core, "
                f"{tables[-1].count(NEWLINE) - 1} pictures, "
                f"same table: {tables[-1] == tables[0]}",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
