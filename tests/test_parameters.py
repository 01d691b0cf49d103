"""Settings described as data: what they take, and what they refuse."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from hdrmetrics.catalogue.parameters import Parameter, resolve
from hdrmetrics.errors import OptionError

REAL = Parameter("gain", 2.0, (0.5, 8.0), "stops", "how much", search=(1.0, 4.0))
WHOLE = Parameter("count", 3, (1, 9), "", "how many", kind="integer")
CHOICE = Parameter("mode", "fast", None, "", "how", kind="choice", choices=("fast", "slow"))
FREE = Parameter("white", None, (0.0, 1e6), "cd/m²", "white, from the picture unless given")


def test_values_come_back_checked() -> None:
    resolved = resolve("op", (REAL, WHOLE, CHOICE, FREE), {"gain": 3, "mode": "slow"})
    assert resolved == {"gain": 3.0, "count": 3, "mode": "slow", "white": None}
    assert isinstance(resolved["gain"], float)
    assert resolve("op", (WHOLE,), {"count": 4.0})["count"] == 4


def test_tensors_keep_their_gradient() -> None:
    value = torch.tensor([1.0, 3.0], requires_grad=True)
    assert REAL.check(value) is value


def test_a_tensor_that_an_optimiser_moved_out_is_held_at_its_bound() -> None:
    inside, below, above = (torch.tensor(v, requires_grad=True) for v in (2.0, 0.1, 30.0))
    for leaf, want in ((inside, 2.0), (below, 0.5), (above, 8.0)):
        assert REAL.check(leaf) is leaf
        assert float(REAL.held(leaf).detach()) == want
    # A descent follows minus the gradient: what leads back passes, what leads on does not.
    for leaf, slope, gradient in (
        (inside, 3.0, 3.0), (inside, -3.0, -3.0), (below, -3.0, -3.0), (below, 3.0, 0.0),
        (above, 3.0, 3.0), (above, -3.0, 0.0),
    ):  # fmt: skip
        leaf.grad = None
        (slope * REAL.held(leaf)).backward()
        assert float(leaf.grad) == gradient  # type: ignore[arg-type]
    got = torch.func.grad(lambda v: REAL.held(v) * 3.0)(torch.tensor(30.0))
    assert float(got) == 3.0
    each = torch.func.vmap(torch.func.grad(lambda v: REAL.held(v) * -3.0))(
        torch.tensor([2.0, 30.0])
    )
    assert each.tolist() == [-3.0, 0.0]
    with torch.no_grad():
        assert float(REAL.held(above)) == 8.0, "to look at the result is no step of the descent"


def test_what_no_optimiser_moved_is_refused_out_of_bounds() -> None:
    for value in (9.0, torch.tensor(9.0), torch.tensor([1.0, 9.0])):
        with pytest.raises(OptionError, match=r"gain lies between 0.5 and 8 stops"):
            REAL.check(value)
    for bad in (float("nan"), float("inf")):
        with pytest.raises(OptionError, match="diverged"):
            REAL.check(torch.tensor(bad, requires_grad=True))


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        (REAL, 0.4),
        (REAL, 8.1),
        (REAL, float("nan")),
        (REAL, float("inf")),
        (REAL, "2"),
        (REAL, True),
        (REAL, None),
        (REAL, torch.tensor([1.0, 9.0])),
        (REAL, torch.tensor([1.0, float("nan")])),
        (REAL, torch.tensor([2])),
        (REAL, torch.zeros(0)),
        (WHOLE, 2.5),
        (WHOLE, 10),
        (WHOLE, float("nan")),
        (WHOLE, float("inf")),
        (WHOLE, torch.tensor(2.0)),
        (CHOICE, "medium"),
        (CHOICE, 1),
    ],
)
def test_impossible_values(parameter: Parameter, value: Any) -> None:
    with pytest.raises(OptionError, match=parameter.name):
        parameter.check(value)


def test_unknown_names_are_told_the_known_ones() -> None:
    with pytest.raises(OptionError, match="gain, count"):
        resolve("op", (REAL, WHOLE), {"gian": 2.0})


@pytest.mark.parametrize(
    "fields",
    [
        {"bounds": (2.0, 1.0)},
        {"bounds": None},
        {"default": 9.0},
        {"search": (0.1, 2.0)},
        {"choices": ("a",)},
        {"kind": "choice"},
    ],
)
def test_descriptions_do_not_contradict_themselves(fields: dict[str, Any]) -> None:
    good: dict[str, Any] = {
        "name": "x",
        "default": 1.0,
        "bounds": (0.5, 2.0),
        "unit": "",
        "meaning": "a thing",
    }
    assert Parameter(**good).search_range == (0.5, 2.0)
    with pytest.raises(OptionError):
        Parameter(**{**good, **fields})


def test_descriptions_are_json() -> None:
    for parameter in (REAL, WHOLE, CHOICE, FREE):
        assert json.loads(json.dumps(parameter.to_dict()))["name"] == parameter.name
    assert REAL.search_range == (1.0, 4.0)
    assert CHOICE.search_range is None


def test_typed_values_are_read_by_kind() -> None:
    from hdrmetrics.catalogue.parameters import parse_values

    found = parse_values("op", (REAL, WHOLE, CHOICE), ["gain=3", "count = 4", "mode=slow"])
    assert found == {"gain": 3.0, "count": 4, "mode": "slow"}
    assert parse_values("op", (REAL,), []) == {}


@pytest.mark.parametrize(
    "text", ["gain", "=3", "gain=", "gain=x", "gain=nan", "gain=99", "count=2.5", "mode=1", "a=1"]
)
def test_typed_values_that_cannot_be(text: str) -> None:
    from hdrmetrics.catalogue.parameters import parse_values

    with pytest.raises(OptionError):
        parse_values("op", (REAL, WHOLE, CHOICE), [text])
