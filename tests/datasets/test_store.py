"""Stores of crops: exact, bounded, and wary of broken files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from datasets.feeding.squeeze import squeeze, unsqueeze
from datasets.feeding.store import Store, StoreWriter
from hdrmetrics.errors import ImageReadError, OptionError, UnknownNameError


def crop(seed: int, kind: str) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    rng = np.random.default_rng(seed)
    smooth = np.cumsum(rng.normal(size=(3, 24, 24)), axis=-1)
    if kind == "uint8":
        return np.clip(smooth * 8 + 128, 0, 255).astype(np.uint8)
    return np.exp(smooth / 4).astype(np.float16)


@given(st.integers(0, 2**31), st.sampled_from(["uint8", "float16"]), st.integers(1, 9))
def test_squeezing_loses_nothing(seed: int, kind: str, width: int) -> None:
    rng = np.random.default_rng(seed)
    raw = rng.integers(0, 256, size=(2, 3, width * 2), dtype=np.uint8)
    pixels = raw if kind == "uint8" else raw.view("<f2")
    back = unsqueeze(squeeze(pixels), pixels.shape, kind)
    assert back.tobytes() == pixels.tobytes()


def test_squeezing_makes_photographs_smaller() -> None:
    for kind, most in (("uint8", 0.85), ("float16", 0.9)):
        pixels = np.stack([crop(i, kind) for i in range(4)])
        assert len(squeeze(pixels)) < most * pixels.nbytes


def test_broken_bytes_are_refused() -> None:
    pixels = np.stack([crop(0, "uint8")])
    data = squeeze(pixels)
    with pytest.raises(ImageReadError):
        unsqueeze(data[:-7], pixels.shape, "uint8")
    with pytest.raises(ImageReadError):
        unsqueeze(b"nonsense", pixels.shape, "uint8")
    with pytest.raises(ImageReadError, match="do not fill"):
        unsqueeze(data, (1, 3, 24, 25), "uint8")
    with pytest.raises(ImageReadError, match="do not fill"):
        unsqueeze(data, (1, 3, 24, 23), "uint8")  # a bomb is stopped one byte over
    with pytest.raises(ImageReadError, match="uint8 or float16"):
        unsqueeze(data, pixels.shape, "float64")
    with pytest.raises(OptionError):
        squeeze(np.zeros((2, 2)))


@pytest.mark.parametrize("squeezed", [True, False])
def test_crops_come_back(tmp_path: Path, squeezed: bool) -> None:
    writer = StoreWriter(tmp_path, squeezed=squeezed, shard_crops=3)
    wanted = {}
    for i in range(8):
        kind = "uint8" if i < 4 else "float16"
        wanted[f"c{i}"] = crop(i, kind)
        assert writer.add(f"c{i}", wanted[f"c{i}"])
        assert writer.add(f"c{i}", wanted[f"c{i}"])  # twice is once
    assert writer.close({"content": "tests"}) == 8
    store = Store(tmp_path)
    assert len(store) == 8
    assert store.metadata == {"content": "tests"}
    for name, pixels in wanted.items():
        scale = 255 if pixels.dtype == np.uint8 else 1
        assert torch.equal(store.get(name), torch.from_numpy(pixels.astype(np.float32) / scale))
    assert sum(p.stat().st_size for p in tmp_path.glob("shard-*")) == writer.size
    with pytest.raises(UnknownNameError):
        store.get("absent")


def test_kinds_do_not_break_each_others_shards(tmp_path: Path) -> None:
    writer = StoreWriter(tmp_path, squeezed=False, shard_crops=4)
    for i in range(8):
        assert writer.add(f"c{i}", crop(i, "uint8" if i % 2 else "float16"))
    assert writer.close({}) == 8
    assert len(list(tmp_path.glob("shard-*"))) == 2


@pytest.mark.parametrize("squeezed", [True, False])
def test_the_limit_holds(tmp_path: Path, squeezed: bool) -> None:
    limit = 20_000
    writer = StoreWriter(tmp_path, squeezed=squeezed, shard_crops=4, limit_bytes=limit)
    added = 0
    while writer.add(f"c{added}", crop(added, "float16")):
        added += 1
        assert added < 1000
    assert writer.close({}) == added
    total = sum(p.stat().st_size for p in tmp_path.glob("shard-*"))
    assert 0.7 * limit < total <= limit


def test_a_store_is_not_overwritten(tmp_path: Path) -> None:
    StoreWriter(tmp_path, squeezed=True).close({})
    with pytest.raises(OptionError, match="holds a store already"):
        StoreWriter(tmp_path, squeezed=True)


def test_broken_stores(tmp_path: Path) -> None:
    with pytest.raises(ImageReadError, match="holds no store"):
        Store(tmp_path)
    writer = StoreWriter(tmp_path, squeezed=True)
    writer.add("a", crop(1, "uint8"))
    writer.close({})
    shard = next(tmp_path.glob("shard-*"))
    data = bytearray(shard.read_bytes())
    data[10] ^= 1
    shard.write_bytes(bytes(data))
    with pytest.raises(ImageReadError, match="not what was written"):
        Store(tmp_path).get("a")
    shard.unlink()
    with pytest.raises(ImageReadError, match="cannot be read"):
        Store(tmp_path).get("a")
    (tmp_path / "store.json").write_text("{")
    with pytest.raises(ImageReadError, match="holds no store"):
        Store(tmp_path)
