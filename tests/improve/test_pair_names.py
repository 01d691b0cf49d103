"""Names of pairs: as files can be, each its own, and the same whatever else there is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hdrmetrics.improve.pair_names import pair_names
from hdrmetrics.jobs.pairing import Found


def found(*names: str) -> list[Found]:
    return [Found(Path(name), name, named=False) for name in names]


@pytest.mark.parametrize(
    ("names", "taken", "expected"),
    [
        (("roof.jpg", "lake.png"), (), ["roof", "lake"]),
        (("roof.jpg", "Roof.png"), (), ["roof.jpg", "Roof.png"]),
        (("caf\u00e9.jpg", "cafe\u0301.png"), (), ["caf\u00e9.jpg", "cafe\u0301.png"]),
        (("a/b.jpg", "a_b.jpg"), (), ["a_b.jpg", None]),
        (("roof.jpg",), ("ROOF",), ["roof.jpg"]),
        (("roof.jpg",), ("roof", "roof.jpg"), [None]),
        (("roof",), (), ["roof"]),
        ((os.fsdecode(b"caf\xe9.jpg"), "a\\b.jpg"), (), ["caf_xe9", "a_b"]),
    ],
)
def test_names(names: tuple[str, ...], taken: tuple[str, ...], expected: list[str | None]) -> None:
    assert pair_names(found(*names), taken) == expected
