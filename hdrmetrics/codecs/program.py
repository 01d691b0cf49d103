"""Running another program on files, with a limit on its time."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

_TAIL = 4096


def run(command: Sequence[str], folder: Path, limit: float) -> tuple[str | None, str]:
    """Run a program inside a folder until it ends or its time is over.

    No shell comes between. The program reads nothing from the terminal; its standard output is
    dropped. When time is over, it ends with the processes that it started in its session.

    Parameters
    ----------
    command
        Path of the program, then its arguments.
    folder
        Where it works, and where its standard error is kept in the file ``stderr``.
    limit
        Seconds of the clock.

    Returns
    -------
    str or None, str
        What went wrong in words: it did not end in time, crashed, or returned another code than 0;
        and the last of what it wrote to its standard error.

    Raises
    ------
    OSError
        If it cannot be started.
    """
    log = folder / "stderr"
    with log.open("wb") as complaints:
        # A file and not a pipe: grandchildren that survive would hold a pipe open for ever.
        process = subprocess.Popen(
            list(command),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            start_new_session=True,
        )
        problem = None
        try:
            code = process.wait(timeout=limit)
            if code != 0:
                problem = _ending(code)
        except subprocess.TimeoutExpired:
            problem = f"did not end within {limit:g} s"
        finally:
            _end(process)
    return problem, _tail(log)


def _ending(code: int) -> str:
    if code > 0:
        return f"failed with exit code {code}"
    try:
        return f"crashed ({signal.Signals(-code).name})"
    except ValueError:
        return f"crashed (signal {-code})"


def _end(process: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "killpg"):
        # The group outlives its leader as long as a child of it runs.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    elif process.poll() is None:
        process.kill()
    process.wait()


def _tail(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL))
        return file.read().decode(errors="replace").strip()
