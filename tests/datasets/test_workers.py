"""Worker processes: results, deaths, hangs, orphans."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datasets.workers import WorkerError, run_jobs
from hdrmetrics.errors import OptionError


def set_up(argument: Any) -> Callable[[Any], Any]:
    if argument == "broken":
        raise ValueError("no such thing")

    def work(job: Any) -> Any:
        if job == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if job == "hang":
            time.sleep(60)
        if job == "once":  # dies the first time only
            path = Path(argument)
            if not path.exists():
                path.write_text("met")
                os._exit(3)
        return f"{job} done"

    return work


def test_results_deaths_and_hangs(tmp_path: Path) -> None:
    jobs = ["a", "die", "b", "hang", "once", "c"]
    argument = str(tmp_path / "met")
    outcomes = {
        outcome.job: outcome for outcome in run_jobs(set_up, argument, jobs, workers=2, limit_s=4)
    }
    assert set(outcomes) == set(jobs)
    for job in ("a", "b", "c", "once"):
        assert outcomes[job].result == f"{job} done"
        assert not outcomes[job].reason
    assert "died twice" in outcomes["die"].reason
    assert "longer than 4 s" in outcomes["hang"].reason


def leave_soon(argument: Any) -> Callable[[Any], Any]:
    """Answer, then die while there is nothing to do."""

    def work(job: int) -> int:
        threading.Timer(0.1, os._exit, [1]).start()
        return job

    return work


def test_a_worker_that_dies_idle_is_replaced() -> None:
    found = []
    for outcome in run_jobs(leave_soon, None, [1, 2], workers=1):
        found.append(outcome.result)
        time.sleep(0.5)
    assert found == [1, 2]


def test_a_set_up_that_fails_is_an_error() -> None:
    with pytest.raises(WorkerError, match="ValueError: no such thing"):
        list(run_jobs(set_up, "broken", ["a"], workers=1))


def test_at_least_one_worker() -> None:
    with pytest.raises(OptionError, match="at least one worker"):
        list(run_jobs(set_up, "", ["a"], workers=0))


ORPHANS = """
import os
from tests.datasets.test_workers import set_up
from datasets.workers import run_jobs
if __name__ == "__main__":
    for outcome in run_jobs(set_up, "", ["a", "hang"], workers=1):
        print(os.getpid(), flush=True)
"""


def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "orphans.py"
    script.write_text(ORPHANS)
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    parent = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, cwd=root, env=environment
    )
    assert parent.stdout is not None
    parent.stdout.readline()  # the first job is done, the second hangs
    children = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(parent.pid)], capture_output=True, text=True, check=True
    ).stdout.split()
    assert children
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(alive(int(child)) for child in children):
        time.sleep(0.2)
    assert not any(alive(int(child)) for child in children)


def alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
