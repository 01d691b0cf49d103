"""The metric of opinions: what it does whatever its weights are."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from hdrmetrics.errors import DomainError, PixelValueError, ShapeError
from hdrmetrics.learned.liked.distribution import mean_score
from hdrmetrics.learned.liked.network import pooled
from hdrmetrics.learned.liked.nima import load_nima
from hdrmetrics.learned.liked.rendered import NimaOfLight
from hdrmetrics.learned.liked.views import look, view_size
from tests.learned.liked import small


def test_a_batch_is_its_pictures_and_the_score_the_mean_of_the_distribution() -> None:
    metric, pictures = small.metric(), small.pictures(3)
    together = metric(pictures)
    alone = torch.cat([metric(one) for one in pictures])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)
    found = metric.distribution(pictures)
    torch.testing.assert_close(found.sum(dim=1), torch.ones(3))
    torch.testing.assert_close(mean_score(found), together)
    assert together.std() > 1e-3


def test_small_pictures_stay_and_large_ones_are_seen_in_their_shape() -> None:
    assert view_size(100, 90, 128, 32) == (100, 90)
    assert view_size(3000, 4000, 384, 32) == (333, 443)
    height, width = view_size(500, 8000, 384, 32)
    assert width / height == pytest.approx(16, rel=0.05)
    assert height >= 96
    picture = small.pictures(1, 300, 200)
    assert look(picture, 512, 32) is picture
    assert look(picture, 64, 32).shape[-2:] == (78, 52)


def test_a_larger_file_of_the_same_picture_scores_alike() -> None:
    metric, picture = small.metric(), small.pictures(1, 192, 256)
    large = torch.nn.functional.interpolate(picture, scale_factor=4, mode="bicubic").clamp(0, 1)
    assert abs(float(metric(large) - metric(picture))) < 0.02


def test_a_plain_border_is_left_out() -> None:
    metric, picture = small.metric(), small.pictures(1, 160, 200)
    framed = torch.zeros(1, 3, 240, 320)
    framed[..., 40:200, 60:260] = picture
    torch.testing.assert_close(metric(framed), metric(picture), atol=1e-4, rtol=1e-4)


def test_a_mask_of_one_is_none_and_a_mask_weights_places() -> None:
    metric, picture = small.metric(), small.pictures(1, 128, 256)
    ones = torch.ones(1, 1, 128, 256)
    torch.testing.assert_close(metric(picture, mask=ones), metric(picture), atol=1e-4, rtol=1e-4)
    left = ones.clone()
    left[..., 128:] = 0
    assert abs(float(metric(picture, mask=left) - metric(picture))) > 1e-3
    maps = torch.randn(1, 5, 8, 16, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(pooled(maps, left), pooled(maps[..., :8]))


def test_the_map_has_the_size_of_the_picture_and_finds_what_is_odd() -> None:
    metric, picture = small.metric(), small.pictures(1, 192, 320)
    found = metric.map(picture)
    assert found.shape == (1, 1, 192, 320)
    assert bool(((found >= 0) & (found <= 9)).all())
    noisy = picture.clone()
    noisy[..., 200:] = torch.rand(1, 3, 192, 120, generator=torch.Generator().manual_seed(1))
    moved = (metric.map(noisy) - found).abs()[0, 0].mean(dim=0)
    assert float(moved[260:].mean()) > 2 * float(moved[:100].mean())


def test_the_loss_falls_along_its_gradient() -> None:
    metric = small.metric()
    picture = small.pictures(1, 96, 96).requires_grad_()
    loss = metric.as_loss()
    before = loss(picture)
    (slope,) = torch.autograd.grad(before, picture)
    assert bool(slope.isfinite().all())
    assert float(slope.abs().max()) > 0
    after = loss((picture - 0.02 * slope.sign()).clamp(0, 1))
    before, after = before.detach(), after.detach()
    assert float(after) < float(before)
    assert float(before.detach()) == pytest.approx(10 - float(metric(picture.detach())), abs=1e-5)


def test_a_training_loop_around_it_changes_no_score() -> None:
    metric, picture = small.metric(), small.pictures(1, 96, 96)
    value = metric(picture)
    around = torch.nn.Sequential(metric.as_loss(), NimaOfLight(metric)).train()
    assert torch.equal(metric(picture), value), "nothing is dropped out"
    torch.testing.assert_close(around[0](picture), 10 - value[0])


def test_its_gradient_is_that_of_differences() -> None:
    metric = small.metric()
    picture = (0.2 + 0.6 * small.pictures(1, 64, 64)).double().requires_grad_()
    (slope,) = torch.autograd.grad(metric(picture).sum(), picture)
    along = torch.randn(
        picture.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    step = 1e-7  # small: ReLU6 bends somewhere else at each place
    with torch.no_grad():
        ends = [metric(picture + sign * step * along) for sign in (1, -1)]
    assert float((ends[0] - ends[1]) / (2 * step)) == pytest.approx(
        float((slope * along).sum()), rel=1e-3
    )


def test_it_holds_under_torch_func_and_half_precision() -> None:
    metric, pictures = small.metric(), small.pictures(2, 96, 96)
    inner = torch.func.vmap(lambda one: metric(one[None])[0])(pictures)
    torch.testing.assert_close(inner, metric(pictures), atol=1e-4, rtol=1e-4)
    half = metric(pictures.bfloat16())
    torch.testing.assert_close(half, metric(pictures), atol=0.05, rtol=0.05)


def test_grey_pictures_are_as_colour() -> None:
    metric, grey = small.metric(), small.pictures(1)[:, :1]
    torch.testing.assert_close(metric(grey), metric(grey.expand(-1, 3, -1, -1)))


@pytest.mark.parametrize(
    ("picture", "error"),
    [
        (torch.full((1, 3, 64, 64), float("nan")), PixelValueError),
        (torch.full((1, 3, 64, 64), 300.0), DomainError),
        (torch.rand(1, 3, 8, 64), ShapeError),
        (torch.rand(1, 2, 64, 64), ShapeError),
    ],
)
def test_what_is_no_photograph_is_refused(picture: torch.Tensor, error: type) -> None:
    with pytest.raises(error):
        small.metric()(picture)


def test_an_empty_picture_is_doubted() -> None:
    (said,) = small.metric().assess(torch.zeros(1, 3, 64, 64)).warnings
    assert any("next to nothing to judge" in text for text in said)


def test_a_rendering_of_light_is_doubted_as_photographs_are() -> None:
    light = NimaOfLight(small.metric())
    picture = 100 * small.pictures(1, 96, 96) + 0.1
    flat, usual = light.assess(torch.cat([torch.full_like(picture, 50.0), picture])).warnings
    assert any("next to nothing to judge" in text for text in flat)
    assert all("next to nothing to judge" not in text for text in usual)


def test_a_rendering_of_light_has_a_distribution_around_its_mean() -> None:
    light = NimaOfLight(small.metric())
    picture = 100 * small.pictures(2, 96, 96) + 0.1
    parts = light.distribution(picture)
    assert parts.shape == (2, 10)
    torch.testing.assert_close(mean_score(parts), light(picture), atol=1e-4, rtol=0)


def test_it_says_where_its_score_comes_from(tmp_path: Path) -> None:
    metric = load_nima(small.saved(tmp_path))
    said = metric.conditions()
    assert said["axis"] == "liked"
    assert said["opinions"] == "tests"
    assert len(said["weights_sha256"]) == 64
    torch.testing.assert_close(
        metric(small.pictures()), small.metric()(small.pictures()), atol=0.02, rtol=0.01
    )
