"""Short runs on small sets, and what they leave behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from trainers.config import parse_config
from trainers.options import RunOptions
from trainers.run import run
from trainers.running.checkpoint import load_checkpoint
from trainers.running.processes import Processes

from .small import CONFIG

ROOT = Path(__file__).parents[2]
CPU = torch.device("cpu")


def options_of(data: Path, out: Path, **changes: object) -> RunOptions:
    """Return the options of a short run on ``small``."""
    fixed: dict[str, object] = {
        "predictor": "norvdpnet", "sets": ("small",), "tables": data, "stores": data, "out": out,
        "steps": 20, "quiet": True,
    }  # fmt: skip
    return RunOptions(**{**fixed, **changes})  # type: ignore[arg-type]


def run_of(options: RunOptions, text: str = CONFIG) -> Path:
    """Run to the end; returns the path of the weights."""
    path = run(options, parse_config(text), Processes("cpu"))
    assert path is not None
    return path


def command_of(data: Path, out: Path, *more: str) -> list[str]:
    """Return the arguments of a run of the configuration that lies with the data."""
    return [
        "norvdpnet", "--set", "small", "--tables", str(data), "--store", str(data),
        "--out", str(out), "--config", str(data / "config.toml"), "--device", "cpu", *more,
    ]  # fmt: skip


def start(arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start ``python -m trainers`` as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "trainers", *arguments],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def run_jointly(arguments: Sequence[str], processes: int) -> None:
    """Run ``python -m trainers`` in processes that share a batch."""
    joint = subprocess.run(
        [
            sys.executable, "-m", "torch.distributed.run", "--standalone",
            "--nproc-per-node", str(processes), "-m", "trainers", *arguments,
        ],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=180,
    )  # fmt: skip
    assert joint.returncode == 0, joint.stderr


def checkpoint_of(folder: Path) -> dict[str, torch.Tensor]:
    """Return all numbers that a run's checkpoint holds, by name."""
    state = load_checkpoint(folder / "checkpoint.pt", device=CPU)
    flat = {f"network.{k}": v for k, v in state["network"].items()}
    flat |= {f"standardiser.{k}": v for k, v in state["standardiser"].items()}
    flat |= {f"average.{k}": v for k, v in state["average"].items()}
    for place, moments in state["optimiser"]["state"].items():
        flat |= {f"optimiser.{place}.{k}": v for k, v in moments.items()}
    return flat


def same(a: Path, b: Path) -> bool:
    """Return whether two runs ended in the same bits."""
    one, two = checkpoint_of(a), checkpoint_of(b)
    return one.keys() == two.keys() and all(torch.equal(one[k], two[k]) for k in one)
