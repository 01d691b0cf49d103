from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from results.learned import loss
from results.learned.loss import DAMAGED, DOMAINS, PLAIN, STARTS, Outcome, Study, ways


def _study(monkeypatch: pytest.MonkeyPatch, work: Path, weights: str = "one") -> Study:
    class Head:
        class card:  # noqa: N801
            sha256 = weights

    monkeypatch.setattr(loss, "learned", lambda name: Head())
    return Study(Path("nowhere"), work, 2)


def _rows(after: float) -> list[Outcome]:
    return [
        Outcome(name, (95.0, 99.0), (0.3, 0.1), (80.0, after), (30.0, 31.0), 100)
        for name in ("a", "b")
    ]


def test_every_start_has_the_plain_way() -> None:
    assert all(PLAIN in ways(start) for start in STARTS)
    assert ways("untouched")[0] == PLAIN
    assert set(DAMAGED) < set(ways("noisy"))


def test_outcomes_are_kept_until_the_weights_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _study(monkeypatch, tmp_path).put("hdr", "noisy", PLAIN, _rows(85.0))
    (first, second) = _study(monkeypatch, tmp_path).get("hdr", "noisy", PLAIN)
    assert first.scene == "a"
    assert list(asdict(second)["teacher"]) == [80.0, 85.0]
    assert _study(monkeypatch, tmp_path, "two").get("hdr", "noisy", PLAIN) == []


def test_the_page_tells_gain_and_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = _study(monkeypatch, tmp_path)
    for domain in DOMAINS:
        for start in STARTS:
            study.put(domain, start, PLAIN, _rows(80.4 if start == "blurred" else 85.0))
    text = study.page()
    before = "| HDR | nothing | 95.0 → 99.0 | 0.300 → 0.100 | 80.0 → "
    assert before + "85.0 | +5.0 | 31.0 | 100 |" in text
    assert before + "80.4 | +0.4 | 30.0 → 31.0 | 0 of 2 |" in text
    assert before + "85.0 | +5.0 | 30.0 → 31.0 | 2 of 2 |" in text


def test_a_judge_is_a_loss_whichever_way_it_points() -> None:
    torch.manual_seed(0)
    smooth = torch.rand(1, 3, 8, 8).repeat_interleave(12, -1).repeat_interleave(12, -2)
    noisy: Any = (smooth + 0.1 * torch.randn(1, 3, 96, 96)).clamp(0, 1)
    from hdrmetrics import create_metric

    piqe = create_metric("piqe")
    assert torch.equal(loss.judged_by("piqe")(noisy), piqe(noisy))
    head = create_metric("norvdpnet-sdr")
    judge = loss.judged_by("norvdpnet-sdr")
    both = torch.cat([smooth, noisy])
    assert bool((judge(both).diff() > 0).item()) == bool((head(both).diff() < 0).item())
