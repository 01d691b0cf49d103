"""Tables of cards: what is packed is unpacked, what does not fit is refused, cards are short."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.catalogue import WEIGHTS
from hdrmetrics.learned.tables import Tables, names, pack, unpack
from hdrmetrics.text.jsontext import readable

RECORDS = [
    {"set": name, "statistic": "srocc", "value": 0.1 + 0.2 * i, "low": None, "items": 10 + i}
    for i, name in enumerate(("a", "b", "a", "c"))
]
HINTS = {name: [0.1, 1 / 3, -2.0, 1e-300] for name in ("flat", "dark", "low", "high")}
CARD: dict[str, Any] = {
    "version": "1",
    "heads": {"hdr": {"results": {"test": RECORDS}, "range": [0.0, 1.0], "hints": HINTS}},
    "faults": {"results": {"confusion": [[1, 2, 3]] * 4, "few": {"a": [1, 2]}}},
    "data": [
        {"set": "one", "items": 3, "scenes_by_licence": {"CC0": ["x", "z"], "MIT": ["y"]}},
        {"set": "two", "items": 4, "scenes_by_licence": {"CC0": ["x"], "MIT": ["y", "ÿ"]}},
        {"set": "three", "items": 5},
    ],
}


def test_what_is_packed_is_unpacked_bit_for_bit() -> None:
    packed, tables = pack(CARD)
    wanted = {
        "card/heads/hdr/results/test", "card/heads/hdr/hints", "card/faults/results/confusion",
        "card/scenes",
    }  # fmt: skip
    assert set(tables.numbers) == set(tables.texts) == set(names(packed)) == wanted
    assert all(x.dtype == torch.float64 for x in tables.numbers.values())
    assert packed["heads"]["hdr"]["range"] == [0.0, 1.0]
    assert "scenes_by_licence" not in json.dumps(packed)
    again = unpack(json.loads(json.dumps(packed)), Tables(tables.numbers, dict(tables.texts)))
    assert again == CARD
    assert CARD["data"][0]["scenes_by_licence"], "what was given stays as it is"
    nothing, none = pack({"heads": {}, "data": []})
    assert (nothing, none.numbers) == ({"heads": {}, "data": []}, {})


@pytest.mark.parametrize(
    "told", [["flat"], ["a"] * 4 + ["b"], {"x": None}, {k: ["only"] for k in "abcd"}, 3, [[], {}]]
)
def test_tables_that_do_not_fit(told: Any) -> None:
    packed, tables = pack(CARD)
    texts = {**tables.texts, "card/heads/hdr/hints": told}
    with pytest.raises(OptionError, match="does not fit"):
        unpack(packed, Tables(tables.numbers, texts))
    with pytest.raises(OptionError, match="does not fit"):
        unpack(packed, Tables({}, tables.texts))


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), 10**400, 2**60 + 1, True, "x", [1]])
def test_rows_that_would_not_come_back_are_no_table(odd: Any) -> None:
    card = {"heads": {"hdr": {"results": {"rows": [[1.0], [odd], [2.0], [3.0]]}}}, "data": []}
    packed, tables = pack(card)
    assert repr(packed) == repr(card)
    assert not tables.numbers


def test_a_column_is_of_texts_or_of_numbers() -> None:
    mixed = [{"a": "x"}, {"a": 1}, {"a": 2}, {"a": 3}]
    with pytest.raises(OptionError, match="not both"):
        pack({"heads": {"hdr": {"results": mixed}}})


def test_readable_json_says_the_same() -> None:
    text = readable(CARD | {"long": ["a sentence of some length"] * 9, "empty": {}, "none": []})
    assert json.loads(text) == CARD | {
        "long": ["a sentence of some length"] * 9, "empty": {}, "none": []
    }  # fmt: skip
    assert text.endswith("}\n")
    assert max(len(line) for line in text.splitlines()) <= 100
    assert len(text.splitlines()) < len(json.dumps(CARD, indent=1).splitlines()) / 3
    with pytest.raises(ValueError, match="JSON"):
        readable({"a": float("nan")})


@pytest.mark.parametrize("path", sorted(WEIGHTS.glob("*.json")), ids=lambda p: p.stem)
def test_cards_of_the_package_can_be_read_in_one_sitting(path: Any) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 300
    assert readable(json.loads(text)) == text
