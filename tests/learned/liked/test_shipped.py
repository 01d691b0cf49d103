"""The weights of opinions in the package."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import hdrmetrics as hm
from hdrmetrics.distort import distort
from hdrmetrics.learned.liked import catalogue
from hdrmetrics.learned.liked.distribution import mean_score
from hdrmetrics.learned.liked.nima import Nima, load_nima
from hdrmetrics.photometry.transfer import srgb_decode, srgb_encode
from hdrmetrics.tonemap import tonemap

PATH = catalogue.WEIGHTS / "nima.safetensors"


@pytest.fixture(scope="module")
def metric() -> Nima:
    found = hm.create_metric("nima")
    assert isinstance(found, Nima)
    return found


@pytest.fixture(scope="module")
def photographs() -> list[torch.Tensor]:
    found = []
    for path in hm.sample_images().values():
        light = hm.read_image(path, peak=1000).tensor()
        found.append((255 * tonemap(light, "reinhard02")).round() / 255)
    return found


def test_they_are_small_and_their_card_tells_all() -> None:
    assert PATH.stat().st_size < 12e6
    card = load_nima(PATH).card
    assert "no licence" in card.licences["opinions"]
    assert "Apache" in card.licences["start"]
    assert card.interval is not None
    assert card.interval.coverage == 0.9
    test = card.results["test"]
    assert test["srocc"][1] > 0.84
    assert test["plcc"][1] > 0.85
    assert test["covered"] > 0.85  # of 0.9: the test's opinions are scaled by themselves
    assert card.failures
    assert card.opinions["photographs"]["copy"] > 200


def test_damage_that_anyone_sees_is_liked_less(
    metric: Nima, photographs: list[torch.Tensor]
) -> None:
    for photograph in photographs:
        best = float(metric(photograph))
        dark = srgb_encode(srgb_decode(photograph) / 8)
        assert float(metric(dark)) < best - 0.1
        for name in ("gaussian_blur", "gaussian_noise"):
            worse = distort(photograph, name, strength=1.0, domain="sdr", seed=0)
            assert float(metric(worse)) < best - 0.5


def test_a_score_has_an_interval_and_a_distribution_around_it(
    metric: Nima, photographs: list[torch.Tensor]
) -> None:
    found = metric.assess(photographs[0])
    assert found.low is not None
    assert found.high is not None
    assert 1 <= float(found.low) < float(found.value) < float(found.high) <= 10
    parts = metric.distribution(photographs[0])
    assert float(mean_score(parts)) == pytest.approx(float(found.value), abs=1e-4)


def test_light_is_rendered_and_said_to_be_unproven() -> None:
    path = next(iter(hm.sample_images().values()))
    score = hm.score(path, "nima")
    assert 1 <= score.value <= 10
    assert score.conditions["rendering"]
    assert "not with people" in score.conditions["proven"]
    assert score.low is None
    found = hm.score_map(path, "nima")
    assert found.score.value == score.value
    assert found.values.shape == (score.conditions["size"][1], score.conditions["size"][0])
    brighter = hm.score(path, "nima", peak=4000)
    assert brighter.value == pytest.approx(score.value, abs=0.05)  # exposures know no scale


def test_where_the_weights_are_missing_or_broken_the_others_stay(tmp_path: Path) -> None:
    assert catalogue.register(tmp_path) == []
    (tmp_path / "nima.safetensors").write_bytes(b"junk")
    (tmp_path / "nima.json").write_text("{}")
    with pytest.warns(hm.errors.HdrMetricsWarning, match="left out"):
        assert catalogue.register(tmp_path) == []
