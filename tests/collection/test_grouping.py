"""Bursts that are remembered: the same as those that are found, and only where nothing changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import hdrmetrics as hm
from hdrmetrics.collection.bursts.finding import find_groups
from hdrmetrics.collection.bursts.look import Look
from hdrmetrics.collection.keeping import grouping
from hdrmetrics.collection.keeping.cache import Cache
from hdrmetrics.collection.keeping.grouping import remembered_groups
from hdrmetrics.collection.record import Record
from hdrmetrics.result import Score

from .leaves import leaves, squeezed

INFOS = [one for one in hm.list_metrics() if one.name == "nima"]


def records() -> list[Record]:
    """Three pictures of each of two places, and one of a third."""
    made = []
    for index in range(7):
        small = squeezed(leaves(index // 3)).astype(np.uint8).tobytes()
        look = Look(small, bytes([index // 3 + 1]) * 128, detail=10.0 + index)
        score = Score("nima", 5 + index / 10, "", (1.0, 10.0), True)
        made.append(
            Record(f"/p/{index}.jpg", f"{index}.jpg", "", 30, 20, {"nima": score}, {}, look)
        )
    return made


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    with Cache(tmp_path / "a.sqlite", print) as one:
        yield one


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many records were compared, call by call."""
    seen: list[int] = []

    def counted(given: list[Record]) -> object:
        seen.append(len(given))
        return find_groups(given)

    monkeypatch.setattr(grouping, "find_groups", counted)
    return seen


def test_they_are_those_that_were_found(cache: Cache, count: list[int]) -> None:
    expected = find_groups(records())
    assert [one.members for one in expected] == [(0, 1, 2), (3, 4, 5)]
    assert [remembered_groups(records(), INFOS, cache) for _ in range(3)] == [expected] * 3
    assert len(count) == 1
    assert remembered_groups(records(), INFOS, None) == expected
    assert len(count) == 2


def changed(index: int, **what: object) -> list[Record]:
    made = records()
    made[index] = dataclasses.replace(made[index], **what)  # type: ignore[arg-type]
    return made


@pytest.mark.parametrize(
    "other",
    [
        records()[:-1],
        records()[::-1],
        changed(0, look=None),
        changed(0, look=Look(b"1" * 1024, b"1" * 128)),
        changed(0, look=Look(b"1" * 1024, b"1" * 128, taken="2026-01-01T10:00:00")),
        changed(0, scores={"nima": Score("nima", 9.0, "", (1.0, 10.0), True)}),
        changed(0, scores={}),
        changed(0, width=3000),
        changed(0, name="x.jpg"),
    ],
)
def test_whatever_is_new_is_looked_at(cache: Cache, count: list[int], other: list[Record]) -> None:
    remembered_groups(records(), INFOS, cache)
    assert remembered_groups(other, INFOS, cache) == find_groups(other)
    assert len(count) == 2


@pytest.mark.parametrize("text", ["", "[1]", "[[[0, 99], 0, []]]", "{}", "[[[0, 1], 0]]", "null"])
def test_what_is_damaged_is_found_again(
    cache: Cache, count: list[int], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "meaning", lambda key: text)
    assert remembered_groups(records(), INFOS, cache) == find_groups(records())


def test_another_package_finds_anew(
    cache: Cache, count: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    remembered_groups(records(), INFOS, cache)
    monkeypatch.setattr(grouping, "state", lambda: "another")
    remembered_groups(records(), INFOS, cache)
    assert len(count) == 2


def test_few_pictures_are_not_kept(cache: Cache, count: list[int]) -> None:
    for _ in range(2):
        assert remembered_groups(records()[:1], INFOS, cache) == []
    assert len(count) == 2
