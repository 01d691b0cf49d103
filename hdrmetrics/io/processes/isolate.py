"""Reading a picture in a process of its own kind, with limits on its time and memory."""

from __future__ import annotations

import os
from typing import Any

from hdrmetrics import errors
from hdrmetrics.errors import HdrMetricsError, ImageAccessError, ImageReadError, OptionError
from hdrmetrics.io.limits import MAX_BYTES_PER_PIXEL
from hdrmetrics.io.processes import workers
from hdrmetrics.io.signatures import identify
from hdrmetrics.io.source import Source, load_head
from hdrmetrics.picture.image import Calibration, Image, Origin

DEFAULT_MEMORY = 8 * 2**30

_SECONDS, _MOST_SECONDS = 60.0, 600.0
_BYTES_PER_SECOND = 100_000  # of a file on top, as slow as AVIF on a busy machine

_STURDY = frozenset({"hdr", "pfm", "pnm", "png", "jpeg", "webp"})
"""What is read by our own code on NumPy and zlib, or by the JPEG and WebP libraries that every
browser has and that Pillow brings. Large or rarely used C and C++ libraries read the rest."""


def is_fragile(path: str, max_pixels: int) -> bool:
    """Whether a file's decoder may crash, by the file's first bytes.

    Raises
    ------
    ImageReadError
        As :func:`hdrmetrics.io.source.load`.
    """
    head = load_head(path)
    try:
        return identify(Source(path, head, max_pixels)) not in _STURDY
    except ImageReadError:
        return True  # what it is shows further inside, if at all


def read_isolated(
    path: str,
    *,
    part: str | int | None,
    max_pixels: int,
    at_least: int | None = None,
    timeout: float | None = None,
    memory: int | None = None,
) -> Image:
    """Read a file in another process; see :func:`hdrmetrics.io.read_image` for the options.

    A process that dies over a picture is not blamed on it if it had read others before: one of
    them may have broken its memory. The picture is then tried once more in a new process.

    Raises
    ------
    ImageReadError
        As in this process.
    ImageAccessError
        Likewise; also if the other one crashes or passes a limit.
    NoWorkerError
        If there can be no other process.
    OptionError
        If a limit is not positive.
    """
    if (timeout is not None and not timeout > 0) or (memory is not None and not memory > 0):
        raise OptionError(f"timeout and memory are positive, not {timeout!r} and {memory!r}")
    if part is not None and not isinstance(part, (str, int)):
        raise OptionError(f"part is a number or a name, not {part!r}")
    most = memory or max(DEFAULT_MEMORY, MAX_BYTES_PER_PIXEL * max_pixels)
    request = {
        "path": path,
        "file": os.path.abspath(path),
        "part": part,
        "at_least": at_least,
        "max_pixels": max_pixels,
        "memory": int(most),
        "seconds": timeout or _patience(path),
    }
    head, pixels = _ask(request, max_pixels)
    if pixels is None:
        raise _error(head)
    return Image(
        pixels,
        Calibration(**head["calibration"]),
        head["primaries"],
        Origin(**head["origin"]),
        tuple(head["notes"]),
    )


def _ask(request: dict[str, Any], max_pixels: int) -> workers.Answer:
    fresh = False
    while True:
        worker = workers.borrow(fresh=fresh)
        fresh = worker.count == 0
        try:
            head, pixels = worker.ask(request, max_pixels)
        except workers.WorkerDiedError as error:
            if fresh or worker.late:
                raise ImageAccessError(str(error)) from error
            fresh = True
        else:
            workers.give_back(worker, spent=bool(head.get("spent")))
            return head, pixels


def _patience(path: str) -> float:
    try:
        size = os.path.getsize(path)
    except (OSError, ValueError):
        size = 0
    return min(_SECONDS + size / _BYTES_PER_SECOND, _MOST_SECONDS)


def _error(head: dict[str, Any]) -> HdrMetricsError:
    kind = getattr(errors, str(head.get("error")), None)
    if not (isinstance(kind, type) and issubclass(kind, HdrMetricsError)):
        kind = ImageReadError
    return kind(str(head.get("message")))
