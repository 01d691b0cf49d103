"""The curve networks: their size, what they see, and their files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from hdrmetrics.errors import OptionError, WeightsError
from hdrmetrics.learned.curves.card import CurveCard
from hdrmetrics.learned.curves.estimate import estimate, small_copy
from hdrmetrics.learned.curves.net import CurveNet, Kind, fresh_net
from hdrmetrics.learned.curves.weights import load_curves, save_curves

each = pytest.mark.parametrize(
    ("kind", "count", "maps"), [("full", 79_416, 24), ("light", 10_561, 3)]
)


@each
def test_size_and_maps(kind: Kind, count: int, maps: int) -> None:
    net = fresh_net(kind, 3)
    assert sum(one.numel() for one in net.parameters()) == count
    found = net(torch.rand(2, 3, 12, 17))
    assert found.shape == (2, maps, 12, 17)
    assert bool((found.abs() < 1).all())
    assert net.enhance(torch.rand(1, 3, 9, 8)).shape == (1, 3, 9, 8)


@each
def test_drawn_weights_are_nearly_the_identity(kind: Kind, count: int, maps: int) -> None:
    image = torch.rand(1, 3, 16, 16)
    torch.testing.assert_close(fresh_net(kind, 0).enhance(image), image, rtol=0, atol=5e-2)
    assert torch.equal(fresh_net(kind, 0, 0.0).enhance(image), image), "a last layer of zeros"
    a, b, c = (fresh_net(kind, seed).layers[0].state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(a[k], b[k]) for k in a)
    assert not all(torch.equal(a[k], c[k]) for k in a)


def test_it_sees_seven_pixels_to_each_side_and_borders_do_not_show() -> None:
    net = fresh_net("full", 0, 0.0)
    torch.nn.init.normal_(dict(net.named_parameters())["layers.6.weight"], 0, 0.1)
    image = torch.rand(1, 3, 31, 31, requires_grad=True)
    (grad,) = torch.autograd.grad(net(image)[0, :, 15, 15].sum(), image)
    seen = (grad[0].abs().sum(dim=0) > 0).nonzero()
    assert seen.amin(dim=0).tolist() == [8, 8]
    assert seen.amax(dim=0).tolist() == [22, 22]
    flat = net(torch.full((1, 3, 20, 30), 0.4))
    torch.testing.assert_close(flat, flat[..., :1, :1].expand_as(flat), rtol=0, atol=1e-6)


def test_small_copies_keep_shape_and_mean() -> None:
    image = torch.rand(1, 3, 480, 640)
    small = small_copy(image, 64)
    assert small.shape == (1, 3, 55, 74)
    assert float(small.mean()) == pytest.approx(float(image.mean()), abs=1e-3)
    assert small_copy(image[..., :64, :64], 64).shape[-2:] == (64, 64)
    assert small_copy(torch.rand(1, 3, 1, 100_000), 64).shape == (1, 3, 1, 20239)
    assert estimate(fresh_net("light"), image, 32).shape[1] == 3


def test_files_return_what_was_written(tmp_path: Path) -> None:
    net = fresh_net("light", 5)
    card = save_curves(tmp_path / "x.safetensors", net, CurveCard("light", 48, steps=7))
    again, read = load_curves(tmp_path / "x.safetensors")
    assert read == card
    image = torch.rand(1, 3, 16, 16)
    torch.testing.assert_close(again(image), net(image), rtol=0, atol=1e-4)
    with pytest.raises(OptionError, match="the network full"):
        save_curves(tmp_path / "y.safetensors", net, CurveCard("full", 48))
    with pytest.raises(OptionError, match="ends in"):
        save_curves(tmp_path / "y.pt", net, card)


def test_files_that_are_not_what_they_say(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    with pytest.raises(WeightsError, match="cannot be read"):
        load_curves(path)
    save_curves(path, fresh_net("light"), CurveCard("light", 48))
    said = json.loads(path.with_suffix(".json").read_text())
    content = path.read_bytes()
    for data in (content[:-5], content[:-1] + b"!", b""):
        path.write_bytes(data)
        with pytest.raises(WeightsError):
            load_curves(path)
    path.write_bytes(content)
    for change in ({"kind": "full"}, {"kind": "x"}, {"seen": "64"}, {"format": 2}, {"more": 1}):
        path.with_suffix(".json").write_text(json.dumps(said | change))
        with pytest.raises(WeightsError):
            load_curves(path)


def test_cards_that_cannot_be() -> None:
    good = CurveCard("full", 64)
    assert CurveCard.from_dict(good.to_dict()) == good
    for change in ({"seen": 3}, {"steps": -1}, {"sha256": "x"}, {"failures": (1,)}, {"data": (1,)}):
        with pytest.raises(OptionError):
            replace(good, **change)
    with pytest.raises(OptionError, match="full or light"):
        CurveNet("large")  # type: ignore[arg-type]
