"""What a process may use of the machine, under containers and affinity."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from hdrmetrics.resources import machine


@pytest.mark.parametrize(
    ("quota", "cores"),
    [("max 100000", 64), ("250000 100000", 3), ("50000 100000", 1), ("rubbish", 64), ("1 0", 64)],
)
def test_a_container_grants_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str, cores: int
) -> None:
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    monkeypatch.setattr(os, "process_cpu_count", lambda: 64, raising=False)
    assert machine.usable_cores() == 64
    (tmp_path / "cpu.max").write_text(quota)
    assert machine.usable_cores() == cores


@pytest.mark.skipif(sys.platform != "linux", reason="other systems bind no process to a core")
def test_affinity_counts() -> None:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert machine.usable_cores() == 1
    finally:
        os.sched_setaffinity(0, before)


def test_a_container_grants_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    whole = machine.usable_memory()
    assert whole > 2**28
    (tmp_path / "memory.max").write_text("268435456\n")
    assert machine.usable_memory() == 2**28
    (tmp_path / "memory.max").write_text("max\n")
    assert machine.usable_memory() == whole
