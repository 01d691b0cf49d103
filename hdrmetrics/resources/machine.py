"""What this process may use of the machine, where containers and affinity grant less than all."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_UNKNOWN_MEMORY = 8 << 30  # bytes, where the system does not say


def usable_cores() -> int:
    """Return how many cores this process may use at once, at least 1."""
    count = os.cpu_count() or 1
    if hasattr(os, "process_cpu_count"):  # from Python 3.13
        count = os.process_cpu_count() or count
    elif hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    quota = _words("cpu.max")
    if len(quota) == 2 and quota[0].isdigit() and quota[1].isdigit() and int(quota[1]):
        count = min(count, math.ceil(int(quota[0]) / int(quota[1])))
    return max(1, count)


def usable_memory() -> int:
    """Return how many bytes of memory there are for this process and its neighbours."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        total = 0
    total = total if total > 0 else _UNKNOWN_MEMORY
    limit = _words("memory.max")
    return min(total, int(limit[0])) if limit and limit[0].isdigit() else total


@contextlib.contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Let PyTorch use so many threads, at least 1, for a while."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(max(1, count))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _words(name: str) -> list[str]:
    try:
        return (_CGROUP / name).read_text().split()
    except (OSError, ValueError):
        return []
