"""The process at the other end of ``workers.py``: it reads one picture after another."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from typing import Any

import numpy as np

from hdrmetrics import errors
from hdrmetrics.io.decoding import decode
from hdrmetrics.io.processes.workers import READY
from hdrmetrics.io.source import load
from hdrmetrics.resources.shortage import is_shortage

_GRACE = 5.0  # seconds after which this process ends itself, where the parent has not done so
_WORDS = 16 << 20  # bytes that decoders may print


def serve() -> None:
    """Answer requests on standard input, each a line of JSON, with a line of JSON and pixels.

    The process ends with its standard input, so also when the parent was killed, even in the
    midst of a picture: a thread waits for that.
    """
    # Ctrl-C at a terminal reaches this process, too: the parent decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What decoders print must not end up among the pixels.
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    _no_traces()
    try:
        answer.write(READY)
        answer.flush()
        while True:
            request = requests.get()
            with contextlib.suppress(OSError):  # what was printed about the last picture
                os.ftruncate(2, 0)
                os.lseek(2, 0, os.SEEK_SET)
            with _limits(request["memory"], request["seconds"]):
                head, body = _read(request)
            answer.write(json.dumps(head).encode() + b"\n")
            answer.write(body)
            answer.flush()
            del body
    except BrokenPipeError:
        os._exit(0)  # nobody is there any more
    except BaseException:
        # Not by the interpreter's own end, which would stumble over the thread that waits.
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


def _listen(requests: queue.SimpleQueue[dict[str, Any]]) -> None:
    for line in sys.stdin.buffer:
        requests.put(json.loads(line))
    os._exit(0)


def _read(request: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    try:
        asked = {key: request[key] for key in ("part", "at_least", "max_pixels")}
        source = load(request["file"], **asked, isolated=True)
        image = decode(dataclasses.replace(source, path=request["path"]))
    except errors.HdrMetricsError as error:
        # After that, little of the address space may be left for the next one.
        spent = is_shortage(error)
        return {"error": type(error).__name__, "message": str(error), "spent": spent}, b""
    except MemoryError:
        message = "not enough memory to read it"
        return {"error": "ImageAccessError", "message": message, "spent": True}, b""
    head = {
        "shape": image.pixels.shape,
        "calibration": image.calibration.to_dict(),
        "primaries": image.primaries,
        "origin": dataclasses.asdict(image.origin),
        "notes": image.notes,
    }
    return head, np.ascontiguousarray(image.pixels, np.float32).data.cast("B")


def _no_traces() -> None:
    """Let no crash leave a core file, and no decoder fill the disk with what it prints."""
    try:
        import resource
    except ImportError:
        return
    for kind, value in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, _WORDS)):
        resource.setrlimit(kind, (value, resource.getrlimit(kind)[1]))


@contextlib.contextmanager
def _limits(memory: int, seconds: float) -> Iterator[None]:
    """Bound this process; where the platform has no such limits, the parent's clock remains."""
    timer = getattr(signal, "setitimer", None)
    if timer is not None:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # whatever the parent had
    space = None
    if sys.platform == "linux":  # macOS refuses or ignores it
        import resource

        space = resource.getrlimit(resource.RLIMIT_AS)
        most = memory if space[1] == resource.RLIM_INFINITY else min(memory, space[1])
        resource.setrlimit(resource.RLIMIT_AS, (most, space[1]))
    if timer is not None:
        # Nobody catches this signal: it ends a decoder that hangs although the parent is gone.
        timer(signal.ITIMER_REAL, seconds + _GRACE)
    try:
        yield
    finally:
        if timer is not None:
            timer(signal.ITIMER_REAL, 0)
        if space is not None:
            resource.setrlimit(resource.RLIMIT_AS, space)
