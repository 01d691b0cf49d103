"""Processes that read pictures for this one: started when needed, used again, replaced when dead.

A pool of :mod:`concurrent.futures` would break as a whole when one process dies; Pebble's would
not, but leaves a process that hangs when the parent is killed, and took over a second to send 24
megapixels. Like every user of ``multiprocessing`` both start the caller's main module again. Here a
process is a plain ``python -c``; pixels come back through its pipe, which took a tenth of a second,
half the time of shared memory, and leaves nothing behind.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

READY = b"ready\n"
"""What a process says first."""

PROGRAM = "from hdrmetrics.io.processes.serving import serve; serve()"

_START = 120.0  # seconds in which even a busy machine starts a process
_LIFE = 500  # pictures after which a process is replaced, since decoders lose memory
_LAST = 4096  # bytes of what it printed
_PIPE = 1 << 20  # bytes
_HEAD = 16 << 20  # bytes of an answer without its pixels

Answer = tuple[dict[str, Any], NDArray[np.float32] | None]


class NoWorkerError(Exception):
    """No process could be started."""


class WorkerDiedError(Exception):
    """A process died over a picture, or was ended since it took too long."""


class Worker:
    """One process; used by one thread at a time.

    Raises
    ------
    NoWorkerError
        If the system starts none.
    """

    def __init__(self) -> None:
        self.count = 0
        self.late = False
        self.last = ""
        if not sys.executable:
            raise NoWorkerError("no process could be started to decode it (where is Python?)")
        try:
            self.words = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        except OSError as error:
            raise NoWorkerError(f"no process could be started to decode it ({error})") from error
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-c", PROGRAM],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.words,
                env=_environment(),
                cwd=Path(sys.executable).anchor or None,  # a folder that nobody wants to remove
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            self.words.close()
            raise NoWorkerError(f"no process could be started to decode it ({error})") from error
        _widen(self.process.stdout)

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.poll() is None

    def ask(self, request: dict[str, Any], max_pixels: int) -> Answer:
        """Return the head of the answer to a request, and its pixels.

        Raises
        ------
        WorkerDiedError
            If the process dies over it, or has to be ended.
        NoWorkerError
            If it dies before it can read anything.
        """
        try:
            if self.count == 0:
                self._wait_until_ready()
            self.count += 1
            with self._clock(request["seconds"]):
                return self._answer(request, max_pixels)
        except NoWorkerError:
            raise
        except (OSError, EOFError, ValueError) as error:
            self.end()
            if self.late:
                raise WorkerDiedError(f"not decoded within {request['seconds']:g} s") from error
            raise WorkerDiedError(f"its decoder {self._how_it_ended()}") from error
        except BaseException:  # Ctrl-C: half an answer would be taken for the next one
            self.end(kill=True)
            raise

    def end(self, *, kill: bool = False) -> None:
        """End the process; one that closed its end of the pipe is given a moment to die itself."""
        if not kill:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(2.0)
        self.process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5.0)
        with contextlib.suppress(OSError, ValueError):
            self.words.seek(max(0, self.words.seek(0, os.SEEK_END) - _LAST))
            self.last = self.words.read().decode(errors="replace").strip().rpartition("\n")[2]
        self.close()

    def close(self) -> None:
        """Let go of this end of the pipes, and of what was printed."""
        for stream in (self.process.stdin, self.process.stdout, self.words):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    @contextlib.contextmanager
    def _clock(self, seconds: float) -> Iterator[None]:
        timer = threading.Timer(seconds, self._too_late)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _too_late(self) -> None:
        self.late = True
        self.process.kill()

    def _wait_until_ready(self) -> None:
        try:
            with self._clock(_START):
                if self._line(len(READY)) == READY:
                    return
        except (OSError, EOFError):
            pass
        self.end()
        raise NoWorkerError(f"the process to decode it {self._how_it_ended()}")

    def _answer(self, request: dict[str, Any], max_pixels: int) -> Answer:
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert isinstance(stdout, io.BufferedReader)
        stdin.write(json.dumps(request).encode() + b"\n")
        stdin.flush()
        head: dict[str, Any] = json.loads(self._line(_HEAD))
        if "shape" not in head:
            return head, None
        height, width, channels = head["shape"]
        # The other process may have been taken over by what it reads.
        if not (0 < height * width <= max_pixels and channels in (1, 3)):
            raise ValueError("no picture")
        pixels = np.empty((height, width, channels), np.float32)
        rest = pixels.data.cast("B")
        while rest:
            count = stdout.readinto(rest)
            if not count:
                raise EOFError
            rest = rest[count:]
        return head, pixels

    def _line(self, most: int) -> bytes:
        assert self.process.stdout is not None
        line = self.process.stdout.readline(most)
        if not line.endswith(b"\n"):
            raise EOFError
        return line

    def _how_it_ended(self) -> str:
        code = self.process.returncode
        if code is not None and code < 0:
            try:
                name = signal.Signals(-code).name
            except ValueError:
                name = f"signal {-code}"
            return f"crashed ({name})"
        if code is not None and code >= 0xC0000000:  # Windows: an exception that nobody caught
            return f"crashed ({code:#x})"
        if self.last:
            return f"failed ({self.last})"
        return f"failed (exit code {code})"


_idle: list[Worker] = []
_lock = threading.Lock()


def borrow(*, fresh: bool = False) -> Worker:
    """Return a process that nobody uses, or a new one."""
    while not fresh:
        with _lock:
            worker = _idle.pop() if _idle else None
        if worker is None:
            break
        if worker.alive:
            return worker
        worker.end(kill=True)
    return Worker()


def give_back(worker: Worker, *, spent: bool = False) -> None:
    """Keep a process for the next picture, unless it has read enough or is dead."""
    if spent or worker.late or worker.count >= _LIFE or not worker.alive:
        worker.end(kill=True)
        return
    with _lock:
        _idle.append(worker)


def keep(count: int) -> None:
    """End all idle processes but some: after a job over many files, one is enough."""
    while True:
        with _lock:
            if len(_idle) <= count:
                return
            worker = _idle.pop(0)
        worker.end(kill=True)


def _forget() -> None:
    """In a fork: the processes are the parent's."""
    global _lock
    _lock = threading.Lock()
    for worker in _idle:
        worker.close()
        worker.process.returncode = 0  # not ours to wait for
    _idle.clear()


def _widen(stream: Any) -> None:
    """Let much pass at a time: where other processes want the cores, each turn is waited for."""
    try:
        import fcntl

        fcntl.fcntl(stream.fileno(), fcntl.F_SETPIPE_SZ, _PIPE)
    except (ImportError, AttributeError, OSError):  # not Linux, or not allowed
        pass


def _environment() -> dict[str, str]:
    package = str(Path(__file__).resolve().parents[3])
    # Where this process finds its packages; never the current folder, where the pictures may lie.
    path = [package, *(os.path.abspath(entry) for entry in sys.path if entry)]
    return {
        **os.environ,
        # Threads of numerical libraries each reserve address space.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(path)),
    }


atexit.register(keep, 0)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
