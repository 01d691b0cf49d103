"""The restoration net and its file: what is written is read, and hostile files are refused."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from hdrmetrics.enhance import create_enhancer
from hdrmetrics.errors import OptionError, WeightsError
from hdrmetrics.learned.restoring.card import RestorationCard
from hdrmetrics.learned.restoring.net import NetSize, RestorationNet, fresh_net
from hdrmetrics.learned.restoring.weights import SHIPPED, load_restoration, save_restoration
from hdrmetrics.learned.tensorfile import card_path
from tests.enhance.pictures import photograph

TINY = NetSize((8, 8, 8), 1)


def alive(size: NetSize = TINY) -> RestorationNet:
    """Return a network whose last layer does something."""
    net = fresh_net(size, seed=1)
    torch.nn.init.normal_(net.last.weight, std=0.02, generator=torch.Generator().manual_seed(2))
    return net.eval()


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "net.safetensors"
    save_restoration(path, alive(), RestorationCard(TINY))
    return path


def test_it_begins_as_the_identity() -> None:
    image = photograph(32, 40)
    with torch.no_grad():
        assert torch.equal(fresh_net()(image), image)
    before = torch.random.get_rng_state()
    assert torch.equal(fresh_net(TINY, 3).first.weight, fresh_net(TINY, 3).first.weight)
    assert not torch.equal(fresh_net(TINY, 3).first.weight, fresh_net(TINY, 4).first.weight)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("size", [TINY, NetSize((8, 8, 8), 2)])
def test_a_result_depends_on_no_more_than_it_says(size: NetSize) -> None:
    net = alive(size).double()
    for parameter in net.parameters():  # so that every path through a ReLU is open
        parameter.data.abs_()
    side = 2 * net.reach + 24
    image = torch.rand(1, 3, side, side, dtype=torch.float64).requires_grad_()
    at = side // 2
    for place in (at, at + 3):
        (gradient,) = torch.autograd.grad(net(image)[0, 0, place, place], image)
        seen = gradient[0].abs().amax(dim=0).nonzero()
        assert int((seen - place).abs().max()) <= net.reach
        assert int((seen - place).abs().max()) > net.reach - 16


def test_the_shipped_network() -> None:
    net, card = load_restoration()
    assert sum(x.numel() for x in net.parameters()) < 1_000_000
    assert SHIPPED.stat().st_size < 2_000_000
    assert card.steps > 0
    assert card.data
    assert all(one["terms"] for one in card.data)
    assert card.results
    assert card.failures
    assert net.reach <= 96
    assert create_enhancer("restore").card == card  # type: ignore[attr-defined]


def test_round_trip(tmp_path: Path) -> None:
    net = alive()
    card = RestorationCard(
        TINY, data=({"name": "x", "terms": "CC0"},), recipe={"rate": 1e-3}, seed=7, steps=100,
        training={"a": 1}, results={"b": [2.5]}, failures=("None known.",),
    )  # fmt: skip
    path = tmp_path / "net.safetensors"
    written = save_restoration(path, net, card)
    assert written.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net.json", "net.safetensors"]
    again, read = load_restoration(path)
    assert read == written == replace(card, sha256=written.sha256)
    for name, value in again.state_dict().items():
        own = net.state_dict()[name]
        assert torch.equal(value, own.half().float() if own.ndim > 1 else own), name
    image = photograph()
    restored = create_enhancer("restore", weights=str(path))(image)
    with torch.no_grad():
        torch.testing.assert_close(restored, again(image).clamp(0, 1), rtol=0, atol=1e-5)
    assert not torch.equal(restored, image)


def test_what_is_not_written(tmp_path: Path) -> None:
    net = alive()
    with pytest.raises(OptionError, match="ends in"):
        save_restoration(tmp_path / "net.pt", net, RestorationCard(TINY))
    with pytest.raises(OptionError, match="not of"):
        save_restoration(tmp_path / "net.safetensors", net, RestorationCard(NetSize()))
    with pytest.raises(OptionError, match="JSON"):
        save_restoration(
            tmp_path / "net.safetensors", net, RestorationCard(TINY, results={"a": float("nan")})
        )
    net.first.weight.data[0] = 1e6
    with pytest.raises(OptionError, match="half precision"):
        save_restoration(tmp_path / "net.safetensors", net, RestorationCard(TINY))
    assert list(tmp_path.iterdir()) == []


def _tamper(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the list of tensors, with a card that vouches for the new file."""
    content = path.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    content = struct.pack("<Q", len(text)) + text + content[8 + length :]
    path.write_bytes(content)
    _vouch(path, sha256=hashlib.sha256(content).hexdigest())


def _vouch(path: Path, **entries: Any) -> None:
    card = json.loads(card_path(path).read_text())
    card_path(path).write_text(json.dumps(card | entries))


def _shape(header: dict[str, Any]) -> None:
    header["first.bias"]["shape"] = [1 << 40]


def _kind(header: dict[str, Any]) -> None:
    header["first.bias"]["dtype"] = "I8"


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda p: p.unlink(), "cannot be read"),
        (lambda p: card_path(p).unlink(), "cannot be read"),
        (lambda p: p.write_bytes(p.read_bytes()[:-100]), "truncated"),
        (lambda p: p.write_bytes(p.read_bytes()[:5]), "truncated"),
        (lambda p: p.write_bytes(b"\xff" * 8 + p.read_bytes()[8:]), "truncated"),
        (lambda p: p.write_bytes(p.read_bytes()[:-1] + b"\x01"), "SHA-256"),
        (lambda p: card_path(p).write_text("{"), "no card"),
        (lambda p: card_path(p).write_text("[]"), "no card"),
        (lambda p: card_path(p).write_text("[" * 100_000), "no card"),
        (lambda p: card_path(p).write_text('{"format": NaN}'), "no card"),
        (lambda p: card_path(p).write_bytes(b" " * (1 << 21)), "over 1 MiB"),
        (lambda p: _vouch(p, format=9), "format"),
        (lambda p: _vouch(p, surplus=1), "form"),
        (lambda p: _vouch(p, seed="x"), "seed"),
        (lambda p: _vouch(p, sha256="x"), "digest"),
        (lambda p: _vouch(p, failures=[1]), "sentences"),
        (lambda p: _vouch(p, results=3), "objects"),
        (lambda p: _vouch(p, size={"widths": [8, 8, 9], "middle": 1}), "is F16"),
        (lambda p: _vouch(p, size={"widths": [8, 8, 8], "middle": 2}), "do not agree"),
        (lambda p: _vouch(p, size={"widths": [512, 512, 512], "middle": 16}), "at most"),
        (lambda p: _vouch(p, size={"widths": [10**9, 8, 8], "middle": 1}), "widths"),
        (lambda p: _vouch(p, size={"widths": 3, "middle": 1}), "no size"),
        (lambda p: _tamper(p, lambda h: h.pop("last.bias")), "do not agree"),
        (lambda p: _tamper(p, _shape), "wanted is"),
        (lambda p: _tamper(p, _kind), "wanted is"),
    ],
)
def test_damaged_files_are_refused(saved: Path, harm: Callable[[Path], Any], message: str) -> None:
    load_restoration(saved)
    harm(saved)
    with pytest.raises(WeightsError, match=message):
        load_restoration(saved)


def test_weights_that_are_not_numbers(saved: Path) -> None:
    content = bytearray(saved.read_bytes())
    content[-2:] = b"\xff\xff"  # the last half or single number becomes NaN
    content[-4:-2] = b"\xff\xff"
    saved.write_bytes(bytes(content))
    _vouch(saved, sha256=hashlib.sha256(bytes(content)).hexdigest())
    with pytest.raises(WeightsError, match="NaN"):
        load_restoration(saved)
    with pytest.raises(OptionError, match="path"):
        create_enhancer("restore", weights=3)
