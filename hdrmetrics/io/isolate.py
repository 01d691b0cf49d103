"""Reading a picture in a process of its own, with limits on its time and memory."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from hdrmetrics import errors
from hdrmetrics.errors import ImageReadError, OptionError
from hdrmetrics.image import Calibration, Image, Origin

DEFAULT_TIMEOUT = 60.0
DEFAULT_MEMORY = 8 * 2**30


def read_isolated(
    path: str,
    *,
    part: str | int | None,
    max_pixels: int,
    timeout: float,
    memory: int,
) -> Image:
    """Read a file in a child process; see :func:`hdrmetrics.io.read_image` for the options.

    Raises
    ------
    ImageReadError
        As in this process; also if the child crashes or passes a limit.
    OptionError
        If a limit is not positive.
    """
    if not (timeout > 0 and memory > 0):
        raise OptionError(f"timeout and memory are positive, not {timeout!r} and {memory!r}")
    request = {
        "path": path,
        "part": part,
        "max_pixels": max_pixels,
        "memory": int(memory),
        "seconds": timeout,
    }
    package = str(Path(__file__).resolve().parents[2])
    environment = {
        **os.environ,
        # Threads of numerical libraries each reserve address space.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join([package, os.environ.get("PYTHONPATH", "")]).rstrip(
            os.pathsep
        ),
    }
    try:
        child = subprocess.run(
            [sys.executable, "-c", "from hdrmetrics.io.isolate import serve; serve()"],
            input=json.dumps(request).encode(),
            capture_output=True,
            timeout=timeout,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ImageReadError(f"not decoded within {timeout:g} s") from error
    except OSError as error:
        raise ImageReadError(f"no process could be started to decode it ({error})") from error
    head, separator, body = child.stdout.partition(b"\n")
    if child.returncode != 0 or not separator:
        raise ImageReadError(f"its decoder {_how_it_ended(child)}")
    return _image(json.loads(head), body)


def _how_it_ended(child: subprocess.CompletedProcess[bytes]) -> str:
    if child.returncode < 0:
        try:
            return f"crashed ({signal.Signals(-child.returncode).name})"
        except ValueError:
            return f"crashed (signal {-child.returncode})"
    last = child.stderr.decode(errors="replace").strip().rpartition("\n")[2]
    return f"failed ({last or f'exit code {child.returncode}'})"


def _image(head: dict[str, Any], body: bytes) -> Image:
    if "error" in head:
        raise getattr(errors, head["error"])(head["message"])
    pixels = np.frombuffer(body, np.float32).reshape(head["shape"]).copy()
    return Image(
        pixels,
        Calibration(**head["calibration"]),
        head["primaries"],
        Origin(**head["origin"]),
        tuple(head["notes"]),
    )


def _limit(memory: int, seconds: float) -> None:
    """Bound this process; where the platform has no such limits, the parent's clock remains."""
    try:
        import resource
    except ImportError:
        return
    limits = [(resource.RLIMIT_CORE, 0), (resource.RLIMIT_CPU, int(seconds) + 1)]
    if sys.platform == "linux":  # macOS refuses or ignores it
        limits.append((resource.RLIMIT_AS, memory))
    for kind, value in limits:
        _, hard = resource.getrlimit(kind)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, hard))


def serve() -> None:
    """Answer the request on standard input: one line of JSON, then the pixels."""
    from hdrmetrics.io.decoding import decode
    from hdrmetrics.io.source import load

    request = json.load(sys.stdin)
    # What decoders print must not end up among the pixels.
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _limit(request["memory"], request["seconds"])
    body: Any = b""
    try:
        source = load(
            request["path"],
            part=request["part"],
            max_pixels=request["max_pixels"],
            isolated=True,
        )
        image = decode(source)
    except errors.HdrMetricsError as error:
        head: dict[str, Any] = {"error": type(error).__name__, "message": str(error)}
    else:
        body = np.ascontiguousarray(image.pixels).data
        head = {
            "shape": image.pixels.shape,
            "calibration": image.calibration.to_dict(),
            "primaries": image.primaries,
            "origin": dataclasses.asdict(image.origin),
            "notes": image.notes,
        }
    with answer:
        answer.write(json.dumps(head).encode() + b"\n")
        answer.write(body)
