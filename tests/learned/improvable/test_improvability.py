"""Improvability: what it does whatever its weights are."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from hdrmetrics.errors import DomainError, OptionError, PixelValueError, WeightsError
from hdrmetrics.learned.improvable.card import GainCard, Output
from hdrmetrics.learned.improvable.crops import crops_of
from hdrmetrics.learned.improvable.metric import Improvability, load_improvability
from hdrmetrics.learned.improvable.network import GainLayer, describe, statistics_of
from hdrmetrics.learned.improvable.weights import load_gains, read_gain_card, save_gains
from hdrmetrics.learned.restoring.card import RestorationCard
from hdrmetrics.learned.restoring.net import NetSize, RestorationNet, fresh_net
from hdrmetrics.learned.restoring.weights import save_restoration
from tests.learned.liked import small

TINY = NetSize((8, 8, 8), 1)


def net(seed: int = 0) -> RestorationNet:
    found = fresh_net(TINY, seed)
    torch.nn.init.normal_(found.last.weight, std=0.05, generator=torch.Generator().manual_seed(1))
    return found.eval()


COUNT = statistics_of(net())


def layer() -> GainLayer:
    torch.manual_seed(0)
    found = GainLayer(COUNT, 2)
    torch.nn.init.normal_(found.last.weight, std=0.02)
    torch.nn.init.zeros_(found.last.bias)
    return found.eval()


def card(trunk: str = "", **more: object) -> GainCard:
    outputs = (Output("all", 2.0, -0.5), Output("lens-blur"))
    return GainCard(outputs, COUNT, 64, 2, trunk, "restore 1", **more)  # type: ignore[arg-type]


def saved(folder: Path) -> tuple[Path, Path]:
    eyes = save_restoration(folder / "eyes.safetensors", net(), RestorationCard(TINY))
    path = folder / "gains.safetensors"
    save_gains(path, layer(), card(eyes.sha256))
    return path, folder / "eyes.safetensors"


def test_parts_are_of_the_picture_at_its_own_size_and_evenly_spread() -> None:
    picture = torch.arange(90 * 120.0).view(1, 1, 90, 120)
    parts = crops_of(picture, 20, 2)
    assert parts.shape == (4, 1, 20, 20)
    assert torch.equal(parts[0], picture[0, :, 12:32, 20:40])
    assert torch.equal(parts[3], picture[0, :, 58:78, 80:100])
    halves = crops_of(picture, 60, 2)  # of a picture that they cover they are quarters, or overlap
    assert torch.equal(halves[0], picture[0, :, :60, :60])
    assert torch.equal(halves[3], picture[0, :, 30:, 60:])
    assert torch.equal(crops_of(picture, 200, 2), picture)
    assert crops_of(torch.zeros(1, 3, 10, 4000), 64, 2).shape == (2, 3, 10, 64)


def test_statistics_are_means_and_logarithms_of_deviations_of_all_parts_together() -> None:
    pictures = small.pictures(2, 128, 128)
    found = describe(net(), pictures, 128, 1)
    assert found.shape == (2, COUNT)
    bands = net().split(pictures[:1])[0].flatten(1)
    torch.testing.assert_close(found[0, :12], bands.mean(dim=1))
    logs = (bands.var(dim=1, correction=0) + 1e-6).log() / 2
    torch.testing.assert_close(found[0, 12:24], logs, atol=1e-4, rtol=1e-4)
    levels = net().look(pictures[:1])
    added = net().rise(*levels)[-1][0].flatten(1)
    torch.testing.assert_close(found[0, -24:-12], added.mean(dim=1))
    large = small.pictures(1, 256, 256)
    parts = describe(net(), crops_of(large, 64, 2), 64, 1)
    torch.testing.assert_close(describe(net(), large, 64, 2)[0, :12], parts[:, :12].mean(dim=0))


def test_what_is_seen_is_what_restoration_does() -> None:
    picture = small.pictures(1, 64, 64)
    own = net()
    added = torch.nn.functional.conv2d(own.rise(*own.look(picture))[-1], own.pixels)
    restored = picture + torch.nn.functional.pixel_shuffle(added, 2)
    torch.testing.assert_close(restored, own(picture))


def test_noise_is_one_step_of_a_logarithm_each_time_it_doubles() -> None:
    noise = torch.randn(1, 3, 128, 128, generator=torch.Generator().manual_seed(3))
    found = torch.cat([describe(net(), 0.5 + s * noise, 64, 2) for s in (0.02, 0.04, 0.08)])
    steps = found[1:, 13:16] - found[:-1, 13:16]
    torch.testing.assert_close(steps, torch.full((2, 3), 2.0).log(), atol=1e-3, rtol=0)


def test_it_is_a_probability_calibrated_as_the_card_says() -> None:
    metric = Improvability(net(), layer(), card())
    pictures = small.pictures(3)
    value = metric(pictures)
    torch.testing.assert_close(value, torch.sigmoid(2 * metric.raw(pictures) - 0.5))
    assert bool(((value >= 0) & (value <= 1)).all())
    other = Improvability(net(), layer(), card(), "lens-blur")
    assert other.info.name == "improvability-lens-blur"
    assert not torch.equal(other(pictures), value)
    torch.testing.assert_close(metric(pictures[1:2])[0], value[1], atol=1e-5, rtol=1e-5)


def test_it_says_that_it_is_a_gain_and_of_what() -> None:
    metric = Improvability(net(), layer(), card())
    assert metric.info.axis == "gain"
    assert metric.conditions()["enhancer"] == "restore 1"
    assert metric.as_loss()(small.pictures(2)).ndim == 0
    black = torch.zeros(1, 3, 64, 64)
    (said,) = metric.assess(black).warnings
    assert said
    other = Improvability(net(), layer(), card(), "lens-blur")
    assert other.assess(black).warnings == (said,)  # so that it is told once


def test_outputs_of_one_network_look_once_and_others_for_themselves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = []
    whole = RestorationNet.look

    def look(self: RestorationNet, image: torch.Tensor) -> object:
        looks.append(1)
        return whole(self, image)

    monkeypatch.setattr(RestorationNet, "look", look)
    picture = small.pictures(1, 96, 96) * 0.93
    value = [Improvability(net(), layer(), card(), one)(picture) for one in ("all", "lens-blur")]
    assert len(looks) == 1
    assert not torch.equal(*value)
    assert not torch.equal(Improvability(net(7), layer(), card())(picture), value[0])
    assert not torch.equal(Improvability(net(), layer(), card())(picture + 0.01), value[0])
    assert len(looks) == 3
    slope = picture.clone().requires_grad_()
    Improvability(net(), layer(), card())(slope).sum().backward()
    assert len(looks) == 4
    assert bool(slope.grad.abs().sum() > 0)  # type: ignore[union-attr]


def test_a_mask_is_looked_into() -> None:
    metric = Improvability(net(), layer(), card())
    picture = small.pictures(2, 300, 320)
    mask = torch.zeros(300, 320)
    mask[24:72, 200:264] = 1
    inside = metric(picture[..., 24:72, 200:264])
    torch.testing.assert_close(metric(picture, mask=mask), inside, rtol=1e-4, atol=1e-6)
    weak = metric(picture, mask=0.5 * mask)
    torch.testing.assert_close(weak, inside, rtol=1e-4, atol=1e-6)
    # Each its own, also where it is nowhere near the parts that are looked at.
    corners = torch.zeros(2, 1, 300, 320)
    corners[0, 0, 0, 0] = corners[0, 0, 299, 319] = corners[1, 0, 299, 0] = 1
    found = metric(picture, mask=corners)
    assert found.isfinite().all()
    torch.testing.assert_close(found[1:], metric(picture[1:], mask=corners[1:]))
    small_one, masks = picture[:1, :, :64, :64], torch.rand(2, 64, 64)
    many = torch.vmap(lambda one: metric(small_one, mask=one))(masks)
    alone = [metric(small_one, mask=one) for one in masks]
    torch.testing.assert_close(many, torch.stack(alone), rtol=1e-4, atol=1e-6)


def test_bad_pictures_are_refused() -> None:
    metric = Improvability(net(), layer(), card())
    with pytest.raises(PixelValueError):
        metric(torch.full((1, 3, 64, 64), float("nan")))
    with pytest.raises(DomainError):
        metric(torch.full((1, 3, 64, 64), 100.0))
    with pytest.raises(OptionError, match="no output"):
        Improvability(net(), layer(), card(), "rain")


def test_files_come_back_and_belong_to_their_network(tmp_path: Path) -> None:
    path, eyes = saved(tmp_path)
    metric = load_improvability(path, eyes)
    expected = Improvability(net(), layer(), card())(small.pictures())
    torch.testing.assert_close(metric(small.pictures()), expected, atol=0.02, rtol=0.02)
    assert read_gain_card(path.with_suffix(".json")) == metric.card
    save_gains(path, layer(), card("0" * 64))
    with pytest.raises(WeightsError, match="other weights"):
        load_improvability(path, eyes)


@pytest.mark.parametrize("cut", [0, 9, 200, -1])
def test_truncated_files_are_refused(tmp_path: Path, cut: int) -> None:
    path, _ = saved(tmp_path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(WeightsError, match="gains"):
        load_gains(path)


@pytest.mark.parametrize(
    "change",
    [
        {"outputs": []}, {"outputs": [{"name": "a"}, {"name": "a"}]}, {"statistics": 10**9},
        {"side": 1}, {"along": 99}, {"kind": "opinions"}, {"format": 0}, {"surprise": 1},
        {"outputs": [{"name": "a", "slope": -1}, {"name": "b"}]}, {"trunk_sha256": 3},
    ],
)  # fmt: skip
def test_cards_that_cannot_be_are_refused(tmp_path: Path, change: dict[str, object]) -> None:
    path, _ = saved(tmp_path)
    beside = path.with_suffix(".json")
    beside.write_text(json.dumps(json.loads(beside.read_text()) | change))
    with pytest.raises(WeightsError, match="gains"):
        load_gains(path)


def test_a_layer_of_another_shape_or_with_nan_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="outputs"):
        save_gains(tmp_path / "a.safetensors", layer(), replace(card(), outputs=(Output("all"),)))
    broken = layer()
    with torch.no_grad():
        broken.last.bias[0] = torch.inf
    with pytest.raises(OptionError, match="NaN"):
        save_gains(tmp_path / "a.safetensors", broken, card())
