from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from hdrmetrics import create_metric
from hdrmetrics.metric import Assessment
from results.learned import whole
from results.learned.order import TEACHER, falling, lifted, line, opinion, series

Q = {100.0: -3.0, 80.0: -1.3, 50.0: -0.8886, 20.0: -0.4}


def _scene(group: str, scores: list[float], q: list[float], where: str = "everywhere") -> Any:
    names = ["none", *["blur"] * (len(scores) - 1)]
    rows = [
        {
            "name": name, "where": where if i else "nowhere", "amount": i / 10, "q": q[i],
            "heads": {"h": score},
        }
        for i, (name, score) in enumerate(zip(names, scores, strict=True))
    ]  # fmt: skip
    return {"group": group, "versions": rows}


def test_the_opinion_is_that_of_the_teacher() -> None:
    q = torch.tensor(Q[50.0])
    assert float(opinion(q.numpy())) == pytest.approx(50)
    x = torch.rand(1, 3, 64, 64) * 100
    teacher = create_metric("hdrvdp2")
    y = x * (1 + 0.4 * torch.rand(1, 1, 64, 64))
    q = teacher.q(y, teacher.prepare(x)).numpy()  # type: ignore[operator]
    assert float(opinion(q)[0]) == pytest.approx(float(teacher(y, x)), abs=1e-3)


def test_order_is_spearmans_along_the_amount() -> None:
    falls = [-3.0, -2.0, -1.0, -0.5]
    found = {
        "a": _scene("a", [99, 80, 60, 40], falls),
        "b": _scene("b", [40, 60, 80, 99], falls),
        "c": _scene("c", [50, 50, 50, 50], falls),
        "d": _scene("d", [90, 95, 70, 60], falls),
    }
    orders = [falling(one) for one in series(found, "h")]
    assert orders == pytest.approx([1, -1, 0, 0.8])
    assert [falling(one) for one in series(found, TEACHER)] == pytest.approx([1] * 4)


def test_operations_that_the_teacher_does_not_see_are_left_out() -> None:
    found = {
        "a": _scene("a", [99, 80, 60, 40], [-3.0, -2.0, -1.0, -0.5]),
        "b": _scene("b", [40, 60, 80, 99], [-3.0, -2.9, -2.8, -2.7]),
    }
    assert line(found, "h", 50)[1].startswith("1.000")
    assert line(found, "h", 50)[2] == "–"  # nothing in places


def test_what_is_over_a_point_above_the_original_is_counted_where_damage_is_seen() -> None:
    found = {
        "a": _scene("a", [90, 99, 90.9, 91.1], [-3.0, -2.9, -1.0, -0.5]),
        "b": _scene("b", [90, 80, 70], [-3.0, -1.0, -0.5], "somewhere"),
    }
    flags, groups = lifted(found, "h")
    assert flags.tolist() == [0, 1, 0, 0]
    assert groups == ["a", "a", "b", "b"]
    assert line(found, "h", 50)[3].startswith("0.250")


class _Teacher:
    """Stands for HDR-VDP-2, which takes its time: the mean difference."""

    def __init__(self, **_: Any) -> None:
        pass

    def prepare(self, reference: Tensor) -> Tensor:
        return reference

    def q(self, test: Tensor, reference: Tensor) -> Tensor:
        return (test - reference).abs().mean() - 4


class _Head:
    """A head that counts how often it is asked."""

    class info:  # noqa: N801
        reference = False

    class card:  # noqa: N801
        sha256 = "one"

    asked = 0

    def assess(self, test: Tensor, reference: Tensor | None) -> Assessment:
        _Head.asked += 1
        value = torch.full((1,), 50.0)
        return Assessment(value, value - 1, value + 1)

    def __call__(self, test: Tensor) -> Tensor:
        return torch.full((1,), 50.0)


def test_scores_are_made_anew_for_other_weights_and_the_teachers_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datasets.scenes.screens import screen_scenes

    scene: Any = screen_scenes(1, size=(256, 256))[0]
    monkeypatch.setattr(whole, "learned", lambda name: _Head())
    monkeypatch.setattr(whole, "HDRVDP2", _Teacher)
    monkeypatch.setattr(_Head, "asked", 0)
    kept = tmp_path / "kept.json"
    monkeypatch.setitem(whole.HEADS, "sdr", ("h",))
    first = whole.collect([scene], "sdr", kept)
    count, rows = _Head.asked, first[scene.name]["versions"]
    assert count == len(rows) > 30
    assert rows[0]["q"] == -4
    assert all(row["q"] > -4 for row in rows[1:])
    assert rows[1]["low"]["h"] == 49
    whole.collect([scene], "sdr", kept)
    assert _Head.asked == count
    again = whole.collect([scene], "sdr", kept, again=True)
    assert _Head.asked == 2 * count
    changed = json.loads(kept.read_text())
    changed[scene.name]["versions"][0]["q"] = -1.5  # so that one sees where it comes from
    kept.write_text(json.dumps(changed))
    monkeypatch.setattr(_Head.card, "sha256", "two")
    last = whole.collect([scene], "sdr", kept)
    assert _Head.asked == 3 * count
    assert last[scene.name]["versions"][0]["q"] == -1.5
    assert again[scene.name]["versions"][1:] == last[scene.name]["versions"][1:]
    assert np.isfinite(list(last[scene.name]["framed"]["h"])).all()
    around = last[scene.name]["around"]
    assert len(around) == len(whole.SPOILT) * len(whole.FRAMES) * 2
    line = whole.frames(last, "h")
    assert [float(number) for number in line[1:5]] == [0.0] * 4
    assert float(line[5]) == float(line[7]) > 0
