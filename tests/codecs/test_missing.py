"""What happens where a package or a program is not installed."""

from __future__ import annotations

import importlib
import sys
import types

import pytest
import torch
from PIL import features

import hdrmetrics.codecs
from hdrmetrics.codecs import create_codec, list_codecs
from hdrmetrics.codecs.catalogue import codec_class
from hdrmetrics.errors import MissingCodecError

PEERS = [
    "avif", "avif-sdr", "htj2k", "jpeg2000", "jpeg2000-sdr", "jpegxl", "jpegxl-sdr", "jpegxr",
    "ultrahdr",
]  # fmt: skip


def names(available: bool) -> set[str]:
    return {info.name for info in list_codecs(available=available)}


@pytest.mark.parametrize("name", PEERS)
def test_without_imagecodecs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    codec = create_codec(name)
    with pytest.raises(MissingCodecError, match=r"pip install 'hdrmetrics\[codecs\]'"):
        codec(torch.full((1, 3, 16, 16), 0.5))
    with pytest.raises(MissingCodecError, match="imagecodecs"):
        codec.decode(b"")


def test_without_imagecodecs_the_list_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    assert set(PEERS) <= names(available=False)
    assert {"jpeg", "webp"} <= names(available=True)
    assert names(available=True) | names(available=False) == {i.name for i in list_codecs()}


def test_a_build_of_imagecodecs_without_a_format(monkeypatch: pytest.MonkeyPatch) -> None:
    library = types.ModuleType("imagecodecs")
    library.AVIF = types.SimpleNamespace(available=False)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "imagecodecs", library)
    with pytest.raises(MissingCodecError, match="lacks AVIF"):
        create_codec("avif")(torch.ones(1, 1, 8, 8))


def test_without_the_program_jpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert "jpegxt" in names(available=False)
    with pytest.raises(MissingCodecError, match="libjpeg-tools"):
        create_codec("jpegxt")(torch.ones(1, 3, 8, 8))
    with pytest.raises(MissingCodecError, match="libjpeg-tools"):
        create_codec("jpegxt").decode(b"")


def test_a_build_of_pillow_without_webp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "check", lambda name: name != "webp")
    with pytest.raises(MissingCodecError, match="Pillow lacks WebP"):
        create_codec("webp")(torch.zeros(1, 3, 8, 8))


def test_every_description_tells_what_is_needed() -> None:
    for info in list_codecs():
        missing = codec_class(info.name).missing.__func__  # type: ignore[attr-defined]
        outside = info.name in PEERS or info.name == "jpegxt"
        assert bool(info.needs) == outside, info.name
        assert callable(missing)


def test_nothing_optional_is_imported_before_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hdrmetrics, "codecs", hdrmetrics.codecs)
    for name in [name for name in sys.modules if name.startswith("hdrmetrics.codecs")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "imagecodecs", None)  # importing it would now fail
    fresh = importlib.import_module("hdrmetrics.codecs")
    assert fresh.create_codec is not create_codec
    assert {info.name for info in fresh.list_codecs()} >= set(PEERS)
    assert repr(fresh.create_codec("avif")) == "<avif>"
