"""Sampled places: what is looked at, and that it agrees with all where all is alike."""

from __future__ import annotations

import pytest
import torch

from hdrmetrics import create_metric
from hdrmetrics.errors import OptionError
from hdrmetrics.learned import sampled
from hdrmetrics.learned.fronts.cells import CELL, MARGIN
from hdrmetrics.learned.sampled import every, sampled_rows, sampled_windows
from hdrmetrics.learned.whole_image import score_windows


@pytest.fixture
def metric(monkeypatch: pytest.MonkeyPatch):
    """Return the metric, which takes pictures of 256 cells for large."""
    monkeypatch.setattr(sampled, "ENOUGH", 64)
    return create_metric("norvdpnet-sdr", places="sampled")


def texture(height: int, width: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, height // 8, width // 8, generator=generator)
    return torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1)


def test_small_pictures_are_seen_as_ever() -> None:
    picture = texture(256, 320)
    one, other = (create_metric("norvdpnet-sdr", places=p) for p in ("all", "sampled"))
    assert torch.equal(one(picture), other(picture))


@pytest.mark.parametrize(("height", "width"), [(300, 300), (304, 560), (333, 300), (900, 120)])
def test_windows_are_finite_whatever_the_size(metric, height, width) -> None:
    picture = texture(height, width)
    skip = every(height, width)
    assert skip > 1
    found = sampled_windows(metric.network, picture, domain="sdr", overlap=True, skip=skip)
    assert torch.isfinite(found.raw).all()
    assert (found.weight > 0).all()
    assert found.raw.shape[:2] == found.weight.shape


def test_where_all_pairs_are_seen_windows_are_those_of_all(monkeypatch) -> None:
    # One of one pair is all of them: the same numbers by another way.
    network = create_metric("norvdpnet-sdr").network
    picture = texture(320, 560)
    whole = score_windows(network, picture, domain="sdr", overlap=True)
    found = sampled_windows(network, picture, domain="sdr", overlap=True, skip=1)
    torch.testing.assert_close(found.raw, whole.raw, rtol=1e-3, atol=1e-3)
    share = whole.weight / whole.weight.sum()
    torch.testing.assert_close(found.weight / found.weight.sum(), share, rtol=0.1, atol=0.02)


def test_a_picture_alike_all_over_has_about_the_same_score(metric) -> None:
    picture = texture(512, 512)
    picture = picture + 0.1 * torch.rand(picture.shape, generator=torch.Generator().manual_seed(1))
    picture = picture.clamp(0, 1)
    whole = create_metric("norvdpnet-sdr")(picture)
    assert abs(float(metric(picture) - whole)) < 8


def test_damage_anywhere_is_seen(metric) -> None:
    picture = texture(512, 512)
    for top, left in ((0, 0), (416, 416), (200, 224)):
        damaged = picture.clone()
        damaged[..., top : top + 96, left : left + 96] = 0.5
        assert float(metric(damaged)) != float(metric(picture))


def test_panels_see_different_rows() -> None:
    first, second = (set(sampled._pairs(40, 4, panel)) for panel in (0, 1))
    assert not first & second
    union = set().union(*(sampled._pairs(40, 4, panel) for panel in range(4)))
    assert union == set(range(0, 40, 2))


def test_rows_of_traits_are_whole_blocks() -> None:
    rows = sampled_rows(1000, 3)
    assert rows[:33].tolist() == [*range(32), 96]
    assert int(rows[-1]) < 1000
    assert len(rows) % CELL == 0
    assert MARGIN == CELL


def test_conditions_name_it_and_other_places_are_refused() -> None:
    assert create_metric("norvdpnet", places="sampled").conditions()["places"] == "sampled"
    assert "places" not in create_metric("norvdpnet").conditions()
    with pytest.raises(OptionError, match="places"):
        create_metric("norvdpnet", places="some")
    with pytest.raises(OptionError):
        create_metric("diqm-hdr-c", places="sampled")


def test_gradients_are_of_all_places(metric) -> None:
    picture = texture(304, 304).requires_grad_()
    metric(picture).sum().backward()
    assert picture.grad is not None
    assert int((picture.grad.abs().sum(dim=1) > 0).sum()) > 0.5 * 304 * 304
