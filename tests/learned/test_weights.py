"""Weights files and cards: what is written is read, and hostile files are refused."""

from __future__ import annotations

import hashlib
import json
import struct
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from hdrmetrics.errors import OptionError, WeightsError
from hdrmetrics.learned import weights as module
from hdrmetrics.learned.architecture import OURS_NOR
from hdrmetrics.learned.card import Card, HeadCard, Interval
from hdrmetrics.learned.network import build_network
from hdrmetrics.learned.spread import Spread
from hdrmetrics.learned.tensorfile import card_path
from hdrmetrics.learned.weights import load_weights, save_weights
from tests.learned.small import NOR, VDP, alive, card_of, pictures

Change = Callable[[Path], Any]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "nor.safetensors"
    card = card_of(NOR)
    results = {"shares": {str(i): [i, 0.5] for i in range(4)}}
    heads = {**card.heads, "hdr-c": replace(card.heads["hdr-c"], results=results)}
    save_weights(path, alive(build_network(NOR, seed=1)), replace(card, heads=heads))
    return path


def test_round_trip(tmp_path: Path) -> None:
    network = alive(build_network(NOR, seed=1))
    light = pictures(1, 160, 160)
    card = replace(
        card_of(NOR, seed=7, recipe_sha256="ab" * 32, version="3", ppd=None),
        data=({"set": "hdr-c", "scenes_by_licence": {"CC0": ["a", "b"]}},),
        training={"seconds": 12.5, "machine": {"cpu": "x"}},
    )
    spread = Spread(("flat",), (0.1,), (0.2,), (-2.0, 0.5), (-3.0, 0.0), 1.1)
    wide = Interval(0.9, 0.15, 12, 0.3, adapts=spread, adapts_whole=replace(spread, factor=2.0))
    card = replace(card, heads={**card.heads, "hdr-c": replace(card.heads["hdr-c"], interval=wide)})
    path = tmp_path / "nor.safetensors"
    written = save_weights(path, network, card)
    assert written.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["nor.json", "nor.safetensors"]
    count = sum(p.numel() for p in network.parameters())
    assert path.stat().st_size < 2 * count + 8192, "two bytes a weight"
    again, read = load_weights(path)
    assert read == written
    assert read == replace(card, sha256=written.sha256)
    assert not again.training
    assert again.dtype == torch.float32
    for name, value in again.state_dict().items():
        own = network.state_dict()[name]
        assert torch.equal(value, own.half().float() if own.ndim > 1 else own), name
    with torch.no_grad():
        torch.testing.assert_close(
            again(light, domain="hdr"), network(light, domain="hdr"), rtol=0.01, atol=0.01
        )
    bytes_before = path.read_bytes()
    save_weights(path, again, read)
    assert path.read_bytes() == bytes_before, "the same weights give the same bytes"


def test_what_is_not_written(tmp_path: Path) -> None:
    network = build_network(NOR)
    path = tmp_path / "nor.safetensors"
    with pytest.raises(OptionError, match="ends in"):
        save_weights(tmp_path / "nor.pt", network, card_of(NOR))
    with pytest.raises(OptionError, match="not of this network"):
        save_weights(path, network, card_of(OURS_NOR))
    with pytest.raises(OptionError, match="JSON"):
        save_weights(path, network, card_of(NOR, training={"loss": float("nan")}))
    for bad in (float("nan"), 1e5):
        with torch.no_grad():
            network.stages[0].first.weight[0, 0, 0, 0] = bad
        with pytest.raises(OptionError, match="NaN or beyond half"):
            save_weights(path, network, card_of(NOR))
    assert list(tmp_path.iterdir()) == []


# -- hostile files ---------------------------------------------------------------------------


def signed(path: Path, content: bytes) -> None:
    """Write weights with a card that vouches for them: the checks behind the hash then show."""
    path.write_bytes(content)
    card = json.loads(card_path(path).read_text(encoding="utf-8"))
    card["sha256"] = hashlib.sha256(content).hexdigest()
    card_path(path).write_text(json.dumps(card), encoding="utf-8")


def with_header(
    path: Path, edit: Callable[[dict[str, Any]], Any], written: Callable[[str], str] = str
) -> None:
    content = path.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + length])
    edit(header)
    text = written(json.dumps(header)).encode()
    signed(path, struct.pack("<Q", len(text)) + text + content[8 + length :])


def with_card(path: Path, **entries: Any) -> None:
    card = json.loads(card_path(path).read_text(encoding="utf-8"))
    card_path(path).write_text(json.dumps(card | entries), encoding="utf-8")


def first(header: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = header[min(name for name in header if name.startswith("heads"))]
    return entry


def with_table(path: Path, **entries: Any) -> None:
    with_header(path, lambda h: h["card/heads/hdr-c/results/shares"].update(entries))


def with_texts(path: Path, text: str) -> None:
    with_header(path, lambda h: h.update(__metadata__={"tables": text}))


def not_a_number(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-2:] = b"\x00\x7e"  # a half-precision NaN
    signed(path, bytes(content))


HOSTILE: dict[str, tuple[Change, str]] = {
    "missing": (lambda p: p.unlink(), "cannot be read"),
    "card missing": (lambda p: card_path(p).unlink(), "cannot be read"),
    "empty": (lambda p: p.write_bytes(b""), "truncated"),
    "truncated": (lambda p: p.write_bytes(p.read_bytes()[:-100]), "truncated"),
    "truncated and signed": (lambda p: signed(p, p.read_bytes()[:-100]), "truncated"),
    "longer": (lambda p: signed(p, p.read_bytes() + b"0" * 64), "truncated"),
    "a bit flipped": (
        lambda p: p.write_bytes(p.read_bytes()[:-1] + b"\x11"),
        "SHA-256",
    ),
    "a header of 2⁶³ bytes": (
        lambda p: signed(p, struct.pack("<Q", 2**63) + p.read_bytes()[8:]),
        "truncated, or no safetensors",
    ),
    "no header": (lambda p: signed(p, b"\xff" * 4096), "no safetensors"),
    "a header that is no JSON": (
        lambda p: signed(p, struct.pack("<Q", 8) + b"notjson!" + b"0" * 100),
        "list of tensors",
    ),
    "a header that is a list": (
        lambda p: signed(p, struct.pack("<Q", 8) + b"[1,2,3] " + b"0" * 100),
        "list of tensors",
    ),
    "a deep header": (
        lambda p: signed(p, struct.pack("<Q", 200_000) + b"[" * 200_000 + b"0" * 100),
        "list of tensors",
    ),
    "a pickle": (lambda p: signed(p, b"\x80\x04cos\nsystem\n."), "truncated, or no"),
    "a tensor missing": (
        lambda p: with_header(p, lambda h: h.pop("heads.hdr-c.0.bias")),
        "do not agree",
    ),
    "another tensor": (
        lambda p: with_header(p, lambda h: h.update(extra=first(h))),
        "do not agree",
    ),
    "another shape": (
        lambda p: with_header(p, lambda h: first(h)["shape"].insert(0, 1)),
        "wanted is F16",
    ),
    "a huge shape": (
        lambda p: with_header(p, lambda h: first(h).update(shape=[2**62])),
        "wanted is F16",
    ),
    "another type": (
        lambda p: with_header(p, lambda h: first(h).update(dtype="I64")),
        "wanted is F16",
    ),
    "overlapping tensors": (
        lambda p: with_header(p, lambda h: first(h).update(data_offsets=[0, 2])),
        "safetensors",
    ),
    "offsets of no number": (
        lambda p: with_header(p, lambda h: first(h).update(data_offsets=None)),
        "list of tensors",
    ),
    "offsets beyond all numbers": (
        lambda p: with_header(
            p,
            lambda h: first(h).update(data_offsets=[0, "far"]),
            lambda text: text.replace('"far"', "1e999"),
        ),
        "list of tensors",
    ),
    "a type of no name": (
        lambda p: with_header(p, lambda h: first(h).update(dtype=[])),
        "list of tensors",
    ),
    "a type in an object": (
        lambda p: with_header(p, lambda h: first(h).update(dtype={"F16": 1})),
        "list of tensors",
    ),
    "not a number": (not_a_number, "NaN"),
    "tables of another type": (lambda p: with_table(p, dtype="F32"), "no table of a card"),
    "tables of three axes": (lambda p: with_table(p, shape=[2, 2, 1]), "no table of a card"),
    "texts that are no JSON": (lambda p: with_texts(p, "{"), "list of tensors"),
    "texts that are a list": (lambda p: with_texts(p, "[]"), "does not fit"),
    "texts of nothing": (lambda p: with_texts(p, "{}"), "does not fit"),
    "texts that are deep": (lambda p: with_texts(p, "[" * 100_000), "list of tensors"),
    "card no JSON": (lambda p: card_path(p).write_text("{"), "no card"),
    "card a list": (lambda p: card_path(p).write_text("[]"), "no card"),
    "card not text": (lambda p: card_path(p).write_bytes(b"\xff\xfe\xfa"), "no card"),
    "card with NaN": (lambda p: card_path(p).write_text('{"seed": NaN}'), "no card"),
    "card deep": (lambda p: card_path(p).write_text('{"a":' + "[" * 100_000), "no card"),
    "card huge": (lambda p: card_path(p).write_text(" " * (5 << 20)), "MiB"),
    "card of the future": (lambda p: with_card(p, format=9), "newer"),
    "card without network": (lambda p: card_path(p).write_text("{}"), "no card"),
    "card of a huge network": (
        lambda p: with_card(
            p,
            architecture=NOR.to_dict() | {"stages": [{"channels": 2048, "blocks": 8}] * 8},
        ),
        "weights; at most",
    ),
    "card of an unknown front end": (
        lambda p: with_card(p, architecture=NOR.to_dict() | {"front": {"light": "pu21"}}),
        "a front end is one of",
    ),
    "card of another format": (lambda p: with_card(p, format=1), "train it again"),
    "card with a spread of a thousand hints": (
        lambda p: with_card(
            p, heads={"hdr-c": VDP_HEAD.to_dict() | {"interval": CROWDED, "results": SHARES}}
        ),
        "up to 64 hints",
    ),
    "card with an unknown entry": (lambda p: with_card(p, extra=1), "no entry extra"),
    "card with a head too many": (
        lambda p: with_card(p, heads={"nima": VDP_HEAD.to_dict()}),
        "lacks",
    ),
    "card with heads in a list": (lambda p: with_card(p, heads=["hdr-c"]), "named entries"),
    "card with a bad seed": (lambda p: with_card(p, seed="1"), "seed"),
    "card with a bad ppd": (lambda p: with_card(p, ppd=[30]), "not the card"),
    "card with bad data": (lambda p: with_card(p, data=7), "not the card"),
}
SHARES = {"shares": {"table": "card/heads/hdr-c/results/shares"}}
SPREAD = {
    "hints": {"flat": [0.1, 0.2, 0.5, 0.0]},
    "bias": [-2.0, -3.0],
    "factor": 1.1,
    "opens": 0.6,
}
CROWDED = {
    "coverage": 0.9,
    "half_width": 0.1,
    "scenes": 12,
    "adapts": SPREAD | {"hints": {f"{i}": [] for i in range(1000)}},
}
ADAPTS = {"coverage": 0.9, "half_width": 0.1, "scenes": 12}
VDP_HEAD = HeadCard(domain="hdr", teacher="hdrvdp2", target=VDP)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files(saved: Path, name: str) -> None:
    change, message = HOSTILE[name]
    change(saved)
    tracemalloc.start()
    try:
        with pytest.raises(WeightsError, match=message):
            load_weights(saved)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_a_file_too_large_is_not_read(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 1 << 20)
    with saved.open("r+b") as file:
        file.truncate(1 << 34)  # 16 GiB of nothing
    tracemalloc.start()
    with pytest.raises(WeightsError, match="over 1 MiB"):
        load_weights(saved)
    assert tracemalloc.get_traced_memory()[1] < 4 << 20
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"domain": "film"}, "a domain is one of"),
        ({"teacher": 3}, "teacher is a text"),
        ({"shown": "ssim"}, "a scale is one of"),
        ({"transform": []}, "transform is an object"),
        ({"transform": {"kind": "linear"}}, "a transform has the kind"),
        ({"quality_range": [1, 0]}, "range not empty"),
        ({"quality_range": 3}, "not the card"),
        ({"sets": "hdr-c"}, "not one text"),
        ({"interval": {"coverage": 2, "half_width": 0.1, "scenes": 3}}, "coverage"),
        ({"interval": {"coverage": 0.9, "half_width": -1, "scenes": 3}}, "half_width"),
        ({"interval": {"coverage": 0.9, "half_width": "x", "scenes": 3}}, "a number"),
        ({"interval": {"coverage": 0.9, "half_width": None, "scenes": -3}}, "scenes"),
        ({"interval": {"coverage": 0.9, "half_width": 0.1, "scenes": True}}, "scenes"),
        ({"interval": {"coverage": 0.9, "half_width": 0.1, "scenes": 3.0}}, "scenes"),
        ({"interval": {"cover": 0.9}}, "not the card"),
        ({"interval": ADAPTS | {"adapts": 3}}, "adapts is an object"),
        ({"interval": ADAPTS | {"adapts": SPREAD | {"factor": 0.0}}}, "factor"),
        ({"interval": ADAPTS | {"adapts": SPREAD | {"opens": 0}}}, "opens"),
        ({"interval": ADAPTS | {"adapts": SPREAD | {"factor": "x"}}}, "part of a spread"),
        ({"interval": ADAPTS | {"adapts": SPREAD | {"bias": [1.0]}}}, "description of a spread"),
        ({"interval": ADAPTS | {"adapts": SPREAD | {"bias": [1e300, 0.0]}}}, "part of a spread"),
        ({"interval": ADAPTS | {"adapts": SPREAD | {"hints": {"odd": [0, 1, 0, 0]}}}}, "no hint"),
        ({"interval": ADAPTS | {"adapts": SPREAD | {"hints": {"flat": [0, 0, 0, 0]}}}}, "scales"),
        ({"interval": ADAPTS | {"adapts": {"hints": {}}}}, "hints, bias, factor and opens"),
        ({"colour": 1}, "no entry colour"),
    ],
)
def test_heads_that_cannot_be(entries: dict[str, Any], message: str) -> None:
    data = card_of(NOR).to_dict()
    data["heads"]["hdr-c"] |= entries
    with pytest.raises(OptionError, match=message):
        Card.from_dict(data)


def test_an_interval_may_be_unknown() -> None:
    card = card_of(NOR)
    wide = replace(card.heads["tmo"], interval=Interval(0.9, None, 4))
    none = replace(card.heads["tmo"], interval=None)
    for head in (wide, none):
        assert HeadCard.from_dict(json.loads(json.dumps(head.to_dict()))) == head
