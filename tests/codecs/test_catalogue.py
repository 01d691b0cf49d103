"""The list of codecs, and the settings that its ladders propose."""

from __future__ import annotations

import dataclasses
import doctest
import itertools

import pytest

import hdrmetrics.codecs
from hdrmetrics.codecs import catalogue, codec_info, create_codec, list_codecs, quality_at
from hdrmetrics.errors import OptionError, UnknownNameError

INFOS = list_codecs()


def test_the_list_is_sorted_and_filtered() -> None:
    names = [info.name for info in INFOS]
    assert names == sorted(names)
    by_domain = {domain: {i.name for i in list_codecs(domain)} for domain in ("hdr", "sdr")}
    assert by_domain["sdr"] == {"avif-sdr", "jpeg", "jpeg2000-sdr", "jpegxl-sdr", "webp"}
    assert by_domain["hdr"] | by_domain["sdr"] == set(names)
    assert by_domain["hdr"] >= {
        "avif", "htj2k", "jpeg2000", "jpegxl", "jpegxr", "jpegxt", "ultrahdr"
    }  # fmt: skip


def test_unknown_names_and_settings() -> None:
    with pytest.raises(UnknownNameError, match="did you mean jpeg2000"):
        create_codec("jpeg200")
    with pytest.raises(UnknownNameError, match="known: "):
        codec_info("zzzzzz")
    with pytest.raises(OptionError, match="has no parameter level; it has quality"):
        create_codec("jpeg", level=3)
    with pytest.raises(OptionError, match="between 1 and 100"):
        create_codec("jpeg", quality=0)
    with pytest.raises(OptionError, match="one of 4:4:4, 4:2:0"):
        create_codec("avif", subsampling="4:1:1")


@pytest.mark.parametrize("info", INFOS, ids=lambda info: info.name)
def test_descriptions_are_complete(info: hdrmetrics.codecs.CodecInfo) -> None:
    assert info.title
    assert info.citation
    assert create_codec(info.name).info is info
    for parameter in info.parameters:
        assert parameter.meaning
        assert parameter.default is not None or parameter.automatic


LADDERS = [info for info in INFOS if info.ladder]


def test_every_codec_of_another_library_has_a_ladder() -> None:
    assert {info.name for info in INFOS} - {info.name for info in LADDERS} <= {
        "jpegxt-a", "jpegxt-b", "jpegxt-c"
    }  # fmt: skip


@pytest.mark.parametrize("info", LADDERS, ids=lambda info: info.name)
def test_ladders_go_one_way_through_the_range_worth_searching(
    info: hdrmetrics.codecs.CodecInfo,
) -> None:
    first = info.parameters[0]
    steps = [b - a for a, b in itertools.pairwise(info.ladder)]
    assert len(info.ladder) >= 5
    assert all(step > 0 for step in steps) or all(step < 0 for step in steps)
    assert first.search == (min(info.ladder), max(info.ladder))
    assert [first.check(value) for value in info.ladder] == list(info.ladder)
    assert info.coding


@pytest.mark.parametrize("info", LADDERS, ids=lambda info: info.name)
def test_strengths_walk_down_the_ladder(info: hdrmetrics.codecs.CodecInfo) -> None:
    last = len(info.ladder) - 1
    assert [quality_at(info.name, i / last) for i in range(last + 1)] == list(info.ladder)
    between = quality_at(info.name, 0.5 / last)
    low, high = sorted(info.ladder[:2])
    assert low <= between <= high
    assert isinstance(between, int) == (info.parameters[0].kind == "integer")
    create_codec(info.name, **{info.parameters[0].name: between})


def test_a_codec_without_a_ladder_has_no_strengths(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = dataclasses.replace(codec_info("jpeg"), ladder=())
    monkeypatch.setattr(catalogue.codec_class("jpeg"), "info", bare)
    with pytest.raises(OptionError, match="no ladder"):
        quality_at("jpeg", 0.5)


@pytest.mark.parametrize("strength", [-0.01, 1.01, float("nan")])
def test_strengths_lie_between_0_and_1(strength: float) -> None:
    with pytest.raises(OptionError, match="strength"):
        quality_at("jpeg", strength)


@pytest.mark.parametrize("module", [catalogue, hdrmetrics.codecs])
def test_examples(module: object) -> None:
    result = doctest.testmod(module)  # type: ignore[arg-type]
    assert result.attempted > 0
    assert result.failed == 0
