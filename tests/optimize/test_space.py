"""Settings as points of a cube: there and back, bounds, scales, kinds."""

from __future__ import annotations

import pytest
import torch

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.errors import OptionError
from hdrmetrics.optimize import Space

PARAMETERS = (
    Parameter("key", None, (1e-3, 10.0), "", "key", automatic="of the picture"),
    Parameter("bias", 0.85, (0.5, 0.99), "", "bias"),
    Parameter("passes", 3, (0, 7), "", "passes", "integer"),
    Parameter("mode", "b", None, "", "mode", "choice", ("a", "b", "c")),
    Parameter("fast", True, None, "", "fast", "flag"),
    Parameter("file", None, None, "", "file", "any"),
)
START = {"key": 0.2, "bias": 0.85, "passes": 3, "mode": "b", "fast": True}


def test_the_start_comes_back() -> None:
    space = Space(PARAMETERS, START)
    assert space.names == ("key", "bias", "passes", "mode", "fast")
    assert not space.smooth
    assert space.plain(space.start) == pytest.approx(START)


def test_a_wide_range_is_logarithmic_and_stays_near_the_start() -> None:
    space = Space(PARAMETERS, START, ["key"])
    low, middle, high = (space.plain(torch.tensor([x]))["key"] for x in (0.0, 0.5, 1.0))
    assert (low, high) == (pytest.approx(0.2 / 64), 10.0)  # six stops down; its bound upwards
    assert middle == pytest.approx((low * high) ** 0.5, rel=1e-5)


def test_a_narrow_range_is_linear() -> None:
    space = Space(PARAMETERS, START, ["bias"])
    assert [space.plain(torch.tensor([x]))["bias"] for x in (0.0, 1.0)] == [0.5, 0.99]
    assert space.plain(torch.tensor([0.5]))["bias"] == pytest.approx(0.745)


def test_every_whole_number_and_choice_has_the_same_room() -> None:
    space = Space(PARAMETERS, START, ["passes", "mode", "fast"])
    places = (torch.arange(2400, dtype=torch.float64) + 0.5) / 2400
    found = [space.plain(torch.stack([x, x, x])) for x in places]
    for name, values in (("passes", range(8)), ("mode", "abc"), ("fast", (False, True))):
        counts = [sum(one[name] == value for one in found) for value in values]
        assert max(counts) - min(counts) <= 1, name
    assert space.plain(torch.zeros(3)) == {"passes": 0, "mode": "a", "fast": False}
    assert space.plain(torch.ones(3)) == {"passes": 7, "mode": "c", "fast": True}


def test_real_settings_carry_their_gradient() -> None:
    space = Space(PARAMETERS, START, ["key", "bias"])
    point = space.start.clone().requires_grad_()
    values = space.values(point)
    (values["key"] + values["bias"]).backward()
    assert point.grad is not None
    # d key / d u = key · ln(high / low), of a logarithmic axis.
    assert float(point.grad[0]) == pytest.approx(
        0.2 * torch.log(torch.tensor(10 / (0.2 / 64))).item()
    )
    assert float(point.grad[1]) == pytest.approx(0.49)


def test_ends_never_leave_the_bounds_by_rounding() -> None:
    for start in (0.21, 0.3, 1e-3, 9.99, 10.0):
        space = Space(PARAMETERS, {"key": start}, ["key"])
        for x in (0.0, 1.0):
            point = torch.tensor([x], dtype=torch.float32)
            PARAMETERS[0].check(space.values(point)["key"])
            PARAMETERS[0].check(space.plain(point)["key"])


def test_what_cannot_be_moved_is_refused() -> None:
    with pytest.raises(OptionError, match="no setting that could be optimised"):
        Space(PARAMETERS[5:], {"file": "x"})
    with pytest.raises(OptionError, match="has no parameter colour"):
        Space(PARAMETERS, START, ["colour"])
