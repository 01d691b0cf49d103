"""Options on the command line are read by their type."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from hdrmetrics import create_metric, list_metrics, metric_options
from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.cli import options
from hdrmetrics.errors import OptionError, UnknownNameError

REAL = Parameter("x", 30.0, (1.0, 1e3), "", "")
WHOLE = Parameter("x", None, (1, 1e6), "px", "", "integer")
FLAG = Parameter("x", False, None, "", "", "flag")
PAIR = Parameter("x", None, (-40, 40), "stops", "", "numbers")
CHOICE = Parameter("x", None, None, "", "", "choice", ("valid", "1"))


@pytest.mark.parametrize(
    ("parameter", "text", "value"),
    [
        (REAL, "60", 60.0),
        (REAL, "6e1", 60.0),
        (WHOLE, "256", 256),
        (WHOLE, "none", None),
        (FLAG, "true", True),
        (FLAG, "no", False),
        (PAIR, "-3,4", (-3, 4)),
        (PAIR, "None", None),
        (CHOICE, "1", "1"),
        (CHOICE, "valid", "valid"),
        (CHOICE, "None", None),
    ],
)
def test_values_get_their_type(parameter: Parameter, text: str, value: Any) -> None:
    got = options.read_option("m", parameter, text)
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize(
    ("parameter", "text", "takes"),
    [
        (REAL, "wide", "is a number"),
        (REAL, "2000", "lies between 1 and 1000"),
        (REAL, "none", "is a number"),
        (REAL, "nan", "lies between 1 and 1000"),
        (WHOLE, "2.5", "is a whole number"),
        (FLAG, "2", "is true or false"),
        (PAIR, "1,b", "is two whole numbers with a comma, -40 … 40 stops"),
        (PAIR, "1", "is two whole numbers"),
        (PAIR, "1,50", "lies between -40 and 40 stops"),
        (CHOICE, "same", "is one of valid, 1"),
        (REAL, "", "is a number"),
    ],
)
def test_other_values_are_refused(parameter: Parameter, text: str, takes: str) -> None:
    with pytest.raises(OptionError, match=f"m: x {takes}.* not"):
        options.read_option("m", parameter, text)


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
            words = {"choice": [*one.choices], "flag": ["true", "false"]}.get(one.kind, [])
            if one.kind == "integer":
                words = ["64"]
            for word in words + (["none"] if one.default is None else []):
                key = (f"{info.reference} {info.domain} {info.citation}", name, word)
                found.setdefault(key, pytest.param(info.name, name, word))
    return list(found.values())


@pytest.mark.parametrize(("metric", "option", "word"), offered())
def test_every_choice_that_is_offered_is_taken(metric: str, option: str, word: str) -> None:
    if word not in ("true", "false", "64", "none"):
        with pytest.raises((OptionError, UnknownNameError), match="zero-ish"):
            create_metric(metric, **{option: "zero-ish"})
    chosen = options.parse_options([f"{metric}.{option}={word}"], [metric])[metric]
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


@pytest.mark.parametrize("info", list_metrics(), ids=lambda info: info.name)
def test_bounds_that_are_offered_are_taken(info: Any) -> None:
    for name, one in metric_options(info.name).items():
        assert one.meaning
        for bound in one.bounds if one.kind == "real" and one.bounds else ():
            create_metric(info.name, **{name: bound})
