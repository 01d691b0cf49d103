"""Options on the command line are read by their type."""

from __future__ import annotations

import inspect
from typing import Any, Literal

import pytest

from hdrmetrics.cli import options
from hdrmetrics.errors import OptionError


def parameter(annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(
        "x", inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default
    )


@pytest.mark.parametrize(
    ("annotation", "default", "text", "value"),
    [
        (float, 30.0, "60", 60.0),
        ("float", 30.0, "6e1", 60.0),
        ("int | None", None, "256", 256),
        ("int | None", None, "none", None),
        (bool, False, "true", True),
        ("bool", True, "no", False),
        ("tuple[int, int] | None", None, "-3,4", (-3, 4)),
        (Literal["a", "1"], "a", "1", "1"),
        ("Border | None", None, "valid", "valid"),
        ("Border | None", None, "None", None),
        (inspect.Parameter.empty, 2.5, "3", 3.0),
        (str, "x", "none", "none"),
        ("str | tuple[tuple[float, ...], ...] | None", None, "crt", "crt"),
    ],
)
def test_values_get_their_type(annotation: Any, default: Any, text: str, value: Any) -> None:
    found = options._value(text, parameter(annotation, default), "m.x")
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("annotation", "default", "text", "takes"),
    [
        (float, 30.0, "wide", "number"),
        ("int | None", None, "2.5", "whole number or none"),
        (bool, False, "2", "true or false"),
        ("tuple[int, int] | None", None, "1,b", "numbers with commas or none"),
        (float, 1.0, "", "number"),
    ],
)
def test_values_of_another_type_are_refused(
    annotation: Any, default: Any, text: str, takes: str
) -> None:
    with pytest.raises(OptionError, match=f"m.x takes {takes}, not"):
        options._value(text, parameter(annotation, default), "m.x")


def test_choices_are_named() -> None:
    assert options.option_type(parameter(Literal["rgb", "luminance"])) == "rgb or luminance"
    assert options.option_type(parameter("Literal['a'] | None", None)) == "a or none"


def test_options_are_collected_by_metric() -> None:
    found = options.parse_options(
        ["pu21-ssim.border=valid", "mpsnr.round-to-8bit=yes", "mpsnr.stops=0,8"],
        ["pu21-ssim", "mpsnr"],
    )
    assert found == {
        "pu21-ssim": {"border": "valid"},
        "mpsnr": {"round_to_8bit": True, "stops": (0, 8)},
    }
