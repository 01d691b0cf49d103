"""The guests that were trained here, and the page that says what they are worth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import hdrmetrics as hm
from datasets.area import area_resize
from results.common.files import keep
from results.guests import page
from results.guests.measure import WEIGHTS
from results.guests.methods import INPUT, clahe, gamma, methods
from trainers.guests.exposures import exposed, metered, well_exposed


def test_gamma_brings_the_mean_code_to_a_half() -> None:
    image = torch.full((1, 3, 4, 4), 0.25)
    torch.testing.assert_close(gamma(image), torch.full_like(image, 0.5))
    assert bool(gamma(torch.zeros(1, 3, 4, 4)).isfinite().all())


def test_clahe_keeps_ratios_of_channels() -> None:
    rng = np.random.default_rng(0)
    image = torch.from_numpy(0.1 + 0.3 * rng.random((1, 1, 64, 64))).float()
    image = image * torch.tensor([1.0, 0.5, 0.25])[:, None, None]
    made = clahe(image)
    inside = made[:, 0] < 1
    torch.testing.assert_close(made[:, 1][inside], 0.5 * made[:, 0][inside])
    assert float(made.std()) > float(image.std())


@pytest.mark.parametrize(("stops", "least"), [(-3.0, 3.0), (-2.0, 3.0)])
def test_the_guests_expose_a_scene_that_taught_nothing(stops: float, least: float) -> None:
    pixels = hm.read_image(hm.sample_images()["forest_path"]).tensor()[0]
    light = metered(area_resize(pixels[:, 60:380, 100:420], (160, 160)))
    wrong = exposed(light, stops, 1e-3, np.random.default_rng(0))[None]
    right = well_exposed(light)[None]

    def psnr(made: torch.Tensor) -> float:
        return float(hm.functional.psnr(made, right, data_range=1.0))

    found = {name: psnr(method(wrong)) for name, method in methods(WEIGHTS).items()}
    assert found["hdrnet"] > found[INPUT] + least
    assert found["pyramid"] > found[INPUT] + least


def test_the_page_says_what_was_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values: dict[str, Any] = {
        name: {"psnr": level, "ssim": 0.5, "pu21-psnr": level, "nima": 5.0}
        for name, level in ((INPUT, 10.0), ("hdrnet", 14.0), ("pyramid", 13.0))
    }
    pictures = {
        f"scene{i} {stops:+g}": {"group": f"g{i}", "kind": kind, "stops": stops, "values": values}
        for i, kind in enumerate(("hdr", "hdr", "sdr"))
        for stops in (-1.0, 1.0)
    }
    told = {"parameters": 1000, "steps": 5, "held_out": {"before": 10.0, "after": 12.0}}
    report = {"pictures": pictures, "noise": 1e-3, "short": 256, "display": "srgb-100",
              "guests": {"hdrnet": told, "pyramid": told}}  # fmt: skip
    keep(tmp_path / "report.json", report)
    monkeypatch.setattr(page, "HERE", tmp_path)
    page.main()
    text = (tmp_path / "report.md").read_text()
    assert "2 HDR scenes and 1 photographs" in text
    assert "| `hdrnet` | 14.00 (+4.00 [+4.00, +4.00])" in text
    assert "10.00 → 12.00" in text
