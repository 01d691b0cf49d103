"""Why TIFF is not read with tifffile: damaged and hostile files, read by it and by hdrmetrics.

Run from the root of a clone: ``python -m results.readers.tiff_choice``; with ``--core`` as if
``imagecodecs`` were not installed. Linux only.
"""

from __future__ import annotations

import argparse
import io
import logging
import multiprocessing
import resource
import signal
import struct
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable

import numpy as np

from results.common.costs import resident

MAX_PIXELS, MEMORY, SECONDS, COUNT = 2**22, 2 * 2**30, 10, 300
TYPED = ("TiffFileError", "ImageReadError", "ImageLimitError", "MissingCodecError", "ValueError")


def with_tifffile(data: bytes) -> np.ndarray:
    """Read the first page with tifffile, after a look at its size."""
    import tifffile

    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0].aspage()
        if page.imagewidth * page.imagelength > MAX_PIXELS:
            raise ValueError("too large")
        return np.asarray(page.asarray(maxworkers=1))


def with_hdrmetrics(data: bytes) -> np.ndarray:
    """Read it with hdrmetrics."""
    from hdrmetrics import read_image

    with tempfile.NamedTemporaryFile(suffix=".tif") as file:
        file.write(data)
        file.flush()
        return read_image(file.name, max_pixels=MAX_PIXELS, isolate=False).pixels


READERS: dict[str, Callable[[bytes], np.ndarray]] = {
    "tifffile": with_tifffile,
    "hdrmetrics": with_hdrmetrics,
}


def outcome(read: Callable[[bytes], np.ndarray], data: bytes) -> tuple[str, bytes]:
    """Return a word for what became of a file, and the pixels."""
    signal.alarm(SECONDS)
    try:
        return "read", read(data).tobytes()
    except TimeoutError:
        return "hang", b""
    except MemoryError:
        return "memory", b""
    except Exception as error:
        return "error" if type(error).__name__ in TYPED else "other exception", b""
    finally:
        signal.alarm(0)


def _on_alarm(*_: object) -> None:
    raise TimeoutError


def directory(body: bytes, **changes: int) -> bytes:
    """Return a file of 64 × 64 eight-bit pixels in one strip; ``t279=5`` changes a tag."""
    tags = {256: 64, 257: 64, 258: 8, 259: 1, 262: 1, 273: 200, 277: 1, 278: 64, 279: len(body)}
    tags |= {int(key[1:]): value for key, value in changes.items()}
    head = struct.pack("<2sHIH", b"II", 42, 8, len(tags))
    head += b"".join(struct.pack("<HHII", tag, 4, 1, tags[tag]) for tag in sorted(tags))
    return head + bytes(200 - len(head)) + body


def hostile() -> dict[str, bytes]:
    """Return files that promise less, or far more, than they hold."""
    return {
        "a strip of no bytes": directory(bytes(4096), t279=0),
        "one strip of four": directory(bytes(4096), t278=16),
        "1.5 GB deflated into a strip of 4096": directory(zlib.compress(bytes(3 << 29)), t259=8),
        "a tile of 60000 x 60000": directory(zlib.compress(bytes(99)), t259=8, t322=60000,
                                             t323=60000, t324=200, t325=20),
    }  # fmt: skip


def measure(name: str, core: bool, queue: multiprocessing.Queue[str]) -> None:
    """Put the lines of one reader into a queue, in a process with limits."""
    if core:
        sys.modules["imagecodecs"] = None  # type: ignore[assignment]
    logging.disable(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, _on_alarm)
    from results.fuzz.fuzz_readers import changes, truncations
    from results.fuzz.fuzz_seeds import seeds

    read = READERS[name]
    for kind in ("tiff, float", "tiff, deflate", "tiff, LZW"):
        data = seeds()[kind]
        word, whole = outcome(read, data)
        for damage in (truncations, changes) if word == "read" else ():
            rng = np.random.default_rng([0, zlib.crc32(kind.encode())])
            counts: Counter[str] = Counter()
            for damaged in damage(data, COUNT, rng):
                word, pixels = outcome(read, damaged)
                counts["same" if word == "read" and pixels == whole else word] += 1
            queue.put(f"| {kind}, {damage.__name__} | {name} | "
                      + ", ".join(f"{n} {word}" for word, n in counts.most_common()) + " |")  # fmt: skip  # noqa: E501
        if not whole:
            queue.put(f"| {kind} | {name} | not read without imagecodecs |")
    for kind, data in hostile().items():
        start = time.monotonic()
        word, pixels = outcome(read, data)
        more = (
            f" as {len(pixels)} bytes" + " of zeros" * (not any(pixels)) if word == "read" else ""
        )
        seconds, peak = time.monotonic() - start, resident() // 1024
        queue.put(f"| {kind} | {name} | {word}{more}, {seconds:.1f} s, peak {peak} MiB |")
    queue.put("")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core", action="store_true", help="as if imagecodecs were absent")
    core = parser.parse_args().core
    print("| file | reader | outcome |\n|---|---|---|")
    for name in READERS:
        context = multiprocessing.get_context("spawn")
        queue = context.Queue()
        process = context.Process(target=measure, args=(name, core, queue))
        process.start()
        while line := queue.get():
            print(line, flush=True)
        process.join()


if __name__ == "__main__":
    main()
