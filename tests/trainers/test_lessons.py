"""The loop that runs share, with a lesson that takes no time: what is written, and when."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from hdrmetrics.errors import ImageReadError, OptionError, PixelValueError
from trainers.learning.average import WeightAverage
from trainers.running.lesson import Lesson, Pace
from trainers.running.plan import Plan
from trainers.running.run import check_wanted, read_run, take
from trainers.running.schedule import learning_rate


@dataclass(frozen=True)
class Asked:
    out: Path
    steps: int | None = None
    budget: float | None = None
    resume: bool = False
    quiet: bool = True


class Counter:
    """Its weight is how many steps it took."""

    def __init__(self) -> None:
        self.net = nn.Linear(1, 1, bias=False)
        nn.init.zeros_(self.net.weight)
        self.average = WeightAverage(self.net, 0.5)

    def state(self) -> dict[str, Any]:
        return {"net": self.net.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        self.net.load_state_dict(state["net"])


class Counting(Lesson[Counter]):
    pace = Pace(noted=2, judged=3, kept=1e9, warming=1, tried=3)
    terms = ("loss", "odd")
    looks = ("seen",)

    def __init__(self, breaks: int = 10**9) -> None:
        super().__init__(Counter, 1.0)
        self.breaks = breaks

    def step(self, step: int, steps: int, rate: float) -> Mapping[str, float]:
        with torch.no_grad():
            self.learner.net.weight += 1
        return {"loss": math.nan if step == self.breaks else step / 10, "odd": step % 2}

    def look(self) -> Mapping[str, float]:
        return {"seen": float(self.learner.net.weight.detach())}

    def seconds(self) -> tuple[float, dict[str, float]]:
        each, measured = super().seconds()
        assert measured == {"float32, contiguous": each}
        return 0.5, {"float32, contiguous": 0.5}

    def choose(self) -> dict[str, Any]:
        return {
            "weights": self.take_average(False),
            "count": float(self.learner.net.weight.detach()),
        }


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_run_writes_what_it_did(tmp_path: Path) -> None:
    asked = Asked(tmp_path / "run", steps=5)
    assert take(asked, Counting(), {"seed": 1}, {"train": 3})
    log = rows(asked.out / "log.csv")
    assert [row["step"] for row in log] == ["2", "4", "5"]
    assert [float(row["loss"]) for row in log] == pytest.approx([0.05, 0.25, 0.4])
    assert [float(row["odd"]) for row in log] == [0.5, 0.5, 0]
    rates = [learning_rate(step, 5, peak=1.0) for step in (1, 3, 4)]
    assert [float(row["learning_rate"]) for row in log] == pytest.approx(rates, rel=1e-5)
    assert rows(asked.out / "validation.csv") == [{"step": "3", "seen": "3"}]
    said = read_run(asked.out)
    assert list(said) == ["seed", "sources", "steps", "weights", "count", "environment"]
    assert (said["steps"], said["count"], said["sources"]) == (5, 5, {"train": 3})


def test_steps_that_were_timed_are_forgotten(tmp_path: Path) -> None:
    asked, lesson = Asked(tmp_path, budget=2.0), Counting()
    assert take(asked, lesson, {}, {})
    plan = Plan.load(tmp_path / "plan.json")
    assert (plan.steps, plan.seconds_per_step, plan.budget) == (4, 0.5, 2.0)
    assert read_run(tmp_path)["count"] == 4


def test_a_run_that_goes_on_does_so_where_it_was(tmp_path: Path) -> None:
    asked = Asked(tmp_path, steps=7)
    lesson = Counting(breaks=5)
    lesson.pace = replace(Counting.pace, kept=0)  # type: ignore[misc]
    with pytest.raises(PixelValueError, match="nan at step 6: take a lower rate"):
        take(asked, lesson, {"seed": 1}, {})
    with pytest.raises(ImageReadError, match="no finished run"):
        read_run(tmp_path)
    with pytest.raises(OptionError, match="--resume"):
        check_wanted(asked)
    asked = replace(asked, resume=True)
    check_wanted(asked)
    with pytest.raises(OptionError, match="another recipe or seed"):
        take(asked, Counting(), {"seed": 2}, {})
    assert take(asked, Counting(), {"seed": 1}, {})
    assert read_run(tmp_path)["count"] == 7
    assert [row["step"] for row in rows(tmp_path / "log.csv")] == ["2", "4", "6", "7"]


@pytest.mark.parametrize("how", [{}, {"steps": 3, "budget": 1.0}])
def test_how_long_is_said_once(tmp_path: Path, how: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match="how long"):
        check_wanted(Asked(tmp_path, **how))


def test_a_damaged_plan_is_told(tmp_path: Path) -> None:
    take(Asked(tmp_path, steps=1), Counting(), {}, {})
    (tmp_path / "plan.json").write_text(json.dumps({"steps": 0}))
    with pytest.raises(ImageReadError, match="plan"):
        take(Asked(tmp_path, steps=1, resume=True), Counting(), {}, {})
