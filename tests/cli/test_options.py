"""Options on the command line are read by their type."""

from __future__ import annotations

import inspect
from typing import Any, Literal

import pytest
import torch

from hdrmetrics import create_metric, list_metrics, metric_options
from hdrmetrics.cli import options
from hdrmetrics.errors import OptionError, UnknownNameError

Border = Literal["valid", "replicate"]


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
        (str | tuple[tuple[float, ...], ...] | None, None, "1,2", "1,2"),
        (tuple[int, int] | None, None, "-3,4", (-3, 4)),
        (Border | None, None, "valid", "valid"),
        (Border | None, None, "none", None),
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


def test_names_of_sdr_metrics_may_say_so() -> None:
    found = options.parse_options(["sdr-ssim.border=valid", "ssim.channels=rgb"], ["ssim"])
    assert found == {"ssim": {"border": "valid", "channels": "rgb"}}


# -- what is offered can be had -----------------------------------------------------------------


def offered() -> list[Any]:
    """Return every choice of every option of every metric, one family of names once."""
    found: dict[tuple[str, str, str], Any] = {}
    for info in list_metrics():
        for name, one in metric_options(info.name).items():
            words = options.option_type(one).split(" or ")
            if "text" in words or "number" in words or "numbers with commas" in words:
                continue
            for word in words:
                key = (f"{info.reference} {info.domain} {info.citation}", name, word)
                found.setdefault(key, pytest.param(info.name, name, word))
    return list(found.values())


@pytest.mark.parametrize(("metric", "option", "word"), offered())
def test_every_choice_that_is_offered_is_taken(metric: str, option: str, word: str) -> None:
    if word not in ("true", "false", "whole number", "none"):
        with pytest.raises((OptionError, UnknownNameError), match="zero-ish"):
            create_metric(metric, **{option: "zero-ish"})
    text = "64" if word == "whole number" else word
    chosen = options.parse_options([f"{metric}.{option}={text}"], [metric])[metric]
    model = create_metric(metric, **chosen)
    info = model.info
    grey = chosen.get("encoding") in ("luminance", "luma-display") or word == "d65"
    size = max(info.minimum_size, 64)
    generator = torch.Generator().manual_seed(0)
    code = torch.rand(1, 1 if grey else 3, size, size, generator=generator)
    shown = info.domain == "hdr" and "display" not in str(chosen.get("encoding"))
    reference = code if info.domain == "sdr" or (not shown and info.domain == "hdr") else 300 * code
    test = code if info.domain == "tonemapped" else 0.9 * reference
    value = model(test, reference) if info.reference else model(test)
    assert torch.isfinite(value).all()
    assert option in str(model) or option == "precision"
