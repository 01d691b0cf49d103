"""What calls cost: time of the clock and of the processor, and memory (Linux)."""

from __future__ import annotations

import math
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def best(
    job: Callable[[], Any], *, least: int = 3, budget: float = 0.0, most: float = math.inf
) -> float:
    """Return the shortest time of a call in seconds, after one that does not count.

    Parameters
    ----------
    job
        What is called.
    least, most
        How often.
    budget
        Seconds that further calls may take.
    """
    job()
    seconds: list[float] = []
    while len(seconds) < least or (sum(seconds) < budget and len(seconds) < most):
        start = time.perf_counter()
        job()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def processor_time() -> float:
    """Return the processor seconds of this process and of those it started and has ended.

    Unlike the time of the clock, it hardly depends on what else the machine does.
    """
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def forget_peak() -> None:
    """Let :func:`resident` begin anew with the peak of this process."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def resident(key: str = "VmHWM") -> int:
    """Return the KiB of memory that this process has (``VmRSS``), or had at most.

    Not ``ru_maxrss``: a child starts with that of its parent, however much it lets go of.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith(key)).split()[1])
