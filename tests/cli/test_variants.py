"""Operators and the values of their settings, multiplied out."""

from __future__ import annotations

import pytest

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.cli.variants import Variant, chosen_operators, make_variants, setting_text
from hdrmetrics.errors import OptionError

KEY = Parameter("key", 0.18, (0.01, 1.0), "", "middle grey")
WHITE = Parameter("white", None, (0.1, 1e6), "cd/m²", "white", automatic="the largest luminance")
PASSES = Parameter("passes", 3, (1, 9), "", "how often", kind="integer")
MODE = Parameter("mode", "fast", None, "", "how", kind="choice", choices=("fast", "slow"))
TWO = {"a": (KEY, WHITE), "b": (WHITE, PASSES, MODE)}


def labels(texts: list[str], operators: dict[str, tuple[Parameter, ...]] = TWO) -> list[str]:
    return [variant.label for variant in make_variants(operators, texts)[0]]


def test_one_value_names_the_operator_alone() -> None:
    variants, notes = make_variants({"a": (KEY,)}, ["key=0.5"])
    assert variants == [Variant("a", {"key": 0.5})]
    assert (variants[0].label, variants[0].typed, notes) == ("a", "key=0.5", [])


def test_values_multiply_with_the_last_key_fastest() -> None:
    assert labels(["passes=1,2", "mode=fast,slow"]) == [
        "a",
        "b.passes=1.mode=fast",
        "b.passes=1.mode=slow",
        "b.passes=2.mode=fast",
        "b.passes=2.mode=slow",
    ]


def test_a_key_goes_to_the_operators_that_have_it() -> None:
    variants, notes = make_variants(TWO, ["key=0.1,0.2", "white=5"])
    assert [(v.operator, dict(v.settings)) for v in variants] == [
        ("a", {"key": 0.1, "white": 5.0}),
        ("a", {"key": 0.2, "white": 5.0}),
        ("b", {"white": 5.0}),
    ]
    assert notes == ["key=0.1,0.2 does not concern b: no such parameter"]


def test_a_key_of_one_operator_counts_before_the_general_one() -> None:
    variants, notes = make_variants(TWO, ["white=5", "b.white=7,8"])
    assert [(v.operator, v.settings["white"]) for v in variants] == [("a", 5), ("b", 7), ("b", 8)]
    assert notes == []


def test_equal_values_are_one() -> None:
    assert labels(["key=0.5,0.50, 5e-1"], {"a": (KEY,)}) == ["a"]


def test_names_are_short_but_tell_values_apart() -> None:
    assert [setting_text(v) for v in (0.09, 1.0, 1e6, 0.1234567, 3, "slow")] == [
        "0.09", "1", "1e+06", "0.1234567", "3", "slow",
    ]  # fmt: skip


def test_operators_in_one_word_or_several() -> None:
    assert chosen_operators([], "x", ["a", "b"]) == ["x"]
    assert chosen_operators(["b, a", "b"], "x", ["a", "b"]) == ["b", "a"]
    assert chosen_operators(["b,all"], "x", ["a", "b"]) == ["a", "b"]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["key"], "KEY=VALUE"),
        (["=3"], "KEY=VALUE"),
        (["key="], "KEY=VALUE"),
        (["key=0.1,,0.2"], "comma too many"),
        (["key=0.1,bright"], "is a number"),
        (["key=0.1", "key=0.2"], "key=0.1,0.2 makes a picture of each"),
        (["colour=3"], "none of a, b has a parameter colour"),
        (["c.key=1"], "is for c, but chosen are a, b"),
        (["b.key=0.1"], "b has no parameter key; it has white, passes, mode"),
        (["key=2"], r"a: key lies between 0.01 and 1, not 2 \(for one operator: a.key="),
        (["white=0"], "between 0.1 and 1e"),
        (["passes=1.5"], "whole number"),
        (["mode=loud"], "fast, slow"),
        (["key=nan"], "between 0.01 and 1"),
        (["key=" + ",".join(str(i / 1000) for i in range(100, 400))], "at most 256"),
    ],
)
def test_what_cannot_be(texts: list[str], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        make_variants(TWO, texts)


def test_too_many_pictures_are_counted_before_they_are_listed() -> None:
    values = ",".join(str(i / 1000) for i in range(100, 200))
    many = {"a": tuple(Parameter(f"p{i}", 0.5, (0.0, 1.0), "", "") for i in range(9))}
    with pytest.raises(OptionError, match="1000000000000000000 pictures"):
        make_variants(many, [f"p{i}={values}" for i in range(9)])
