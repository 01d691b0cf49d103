"""The measurement of enhancers: values per photograph, and the tables made of them."""

from __future__ import annotations

import pytest
import torch

from results.enhance import measure as module
from results.enhance.page import every_method, table
from results.enhance.pictures import DEGRADATIONS, degraded, label
from tests.enhance.pictures import photograph


def test_each_degradation_grows_with_its_strength() -> None:
    picture = (255 * photograph(48, 48)).round() / 255
    for kind, each in DEGRADATIONS.items():
        errors = [float((degraded(picture, "x", s) - picture).square().mean()) for s in each]
        if not kind.endswith("in a file"):  # of which JPEG may take some of the damage away
            assert errors == sorted(errors), kind
        assert errors[1] > 0, kind
    assert label([("jpeg", 30.0), ("motion_blur", 0.5)]) == "Q 30, 0.5"


def test_rows_hold_every_photograph_and_the_tables_their_means(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "DEGRADATIONS", {"JPEG": ([("jpeg", 20.0)],)})
    clean = {name: (255 * photograph(40, 48, k)).round() / 255 for k, name in enumerate("ab")}
    rows = module.measure(clean)
    assert [row["degradation"] for row in rows] == ["clean", "JPEG"]
    assert set(rows[1]["values"]) == {"input", "restore", "deblocking"}
    error = (degraded(clean["a"], "a", [("jpeg", 20.0)]) - clean["a"]).square().mean()
    assert rows[1]["values"]["input"]["psnr"][0] == pytest.approx(
        float(-10 * torch.log10(error)), abs=1e-3
    )
    assert rows[0]["values"]["input"]["psnr"] == [60.0, 60.0]
    text = table(rows, "psnr")
    mean = sum(rows[1]["values"]["input"]["psnr"]) / 2
    assert f"| JPEG Q 20 | {mean:.2f} |" in text
    assert "(deblocking)" in text
    assert "unsharp_mask" in every_method(rows)
