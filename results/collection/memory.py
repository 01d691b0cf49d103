"""Memory and time of ranking ten thousand small photographs, and of ranking them again.

Run with ``python -m results.collection.memory FOLDER [--count 10000] [--by piqe]
[--page]``: the photographs
are made in FOLDER, which should be empty, with the cache beside them.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import resource
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from hdrmetrics.cli.ranking_page import PREVIEW
from hdrmetrics.collection.collect import Collecting
from hdrmetrics.collection.keeping.cache import Cache
from hdrmetrics.collection.keeping.meaning import meaning_of
from hdrmetrics.collection.listing import list_collection
from hdrmetrics.collection.local import Local
from hdrmetrics.collection.order import in_order
from hdrmetrics.collection.plan import Plan
from hdrmetrics.collection.record import Record
from hdrmetrics.collection.tables import csv_text
from hdrmetrics.report.rankings import ranking_page
from hdrmetrics.report.rendering import write_page

AT = (100, 1000, 2500, 5000, 7500, 10000)


def make(folder: Path, count: int) -> None:
    """Write photographs of 64 to 128 pixels."""
    rng = np.random.default_rng(0)
    for index in range(count):
        file = folder / f"{index // 500:03d}" / f"{index:05d}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists():
            continue
        small = Image.fromarray(rng.integers(0, 255, (4, 5, 3), dtype=np.uint8))
        size = int(rng.integers(64, 129)), int(rng.integers(64, 129))
        out = io.BytesIO()
        small.resize(size, Image.Resampling.BICUBIC).save(out, "JPEG", quality=85)
        file.write_bytes(out.getvalue())


def held() -> float:
    """Return the megabytes that this process holds now."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> int:
    """Print memory by pictures done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--by", default="piqe")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--page", action="store_true", help="with previews, and the page of them")
    arguments = parser.parse_args()
    photos = arguments.folder / "photos"
    make(photos, arguments.count)
    preview = PREVIEW if arguments.page else 0
    meaning = meaning_of(Plan(tuple(arguments.by.split(",")), preview=preview))
    for what in ("first", "second"):
        began, used = time.perf_counter(), time.process_time()
        listing = list_collection(photos)
        print(f"{what} run: {len(listing.items)} files listed in "
              f"{time.perf_counter() - began:.2f} s, {held():.0f} MB", flush=True)  # fmt: skip
        with Cache(arguments.folder / "cache.sqlite", print) as cache:
            collecting = Collecting(listing.items, meaning.plan, meaning.parts, cache)

            def tell(record: Record, so_far: Collecting = collecting) -> None:
                if so_far.done in AT:
                    print(f"  {so_far.done} done, {held():.0f} MB", flush=True)

            collecting.run(Local(arguments.jobs), tell)
            ranking = in_order(collecting.records, meaning.infos)
            text = csv_text(ranking)
            if arguments.page:
                target = arguments.folder / "page.html"
                write_page(target, ranking_page(ranking, target, preview=collecting.preview))
                print(
                    f"  page of {target.stat().st_size / 1e6:.1f} MB, {held():.0f} MB", flush=True
                )
            info = cache.info()
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        print(
            f"{what} run: {time.perf_counter() - began:.1f} s, {time.process_time() - used:.1f} s "
            f"of a core, {held():.0f} MB, at most {most:.0f} MB; cache {info.size / 1e6:.1f} MB; "
            f"table {len(text) / 1e6:.1f} MB, {hashlib.sha256(text.encode()).hexdigest()[:12]}",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
