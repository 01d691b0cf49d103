"""The settings that an operator takes for a picture: given back to it, they change nothing."""

from __future__ import annotations

import pytest
import torch

from hdrmetrics.errors import OptionError, PixelValueError
from hdrmetrics.tonemap import Operator, create_operator, list_operators

NAMES = [info.name for info in list_operators() if info.name != "durand02_exact"]


@pytest.mark.parametrize("name", NAMES)
def test_settings_given_back_make_the_same_picture(name: str) -> None:
    generator = torch.Generator().manual_seed(7)
    light = 10 ** (torch.rand(2, 3, 24, 30, generator=generator, dtype=torch.float64) * 4 - 1)
    operator = create_operator(name)
    found = operator.settings_of(light)
    assert list(found) == [parameter.name for parameter in operator.info.parameters]
    for index in range(2):
        one = light[index : index + 1]
        given = {key: float(value[index]) for key, value in found.items()}
        again = create_operator(name, **given)(one)
        torch.testing.assert_close(again, operator(one), rtol=1e-9, atol=1e-12)


def test_settings_follow_the_picture_where_they_were_left_to_it() -> None:
    light = torch.stack([torch.full((3, 4, 4), 10.0), torch.full((3, 4, 4), 40.0)])
    found = create_operator("reinhard_free", gamma=0.5).settings_of(light)
    assert [round(float(v), 3) for v in found["mu"]] == [10.0, 40.0]
    assert found["gamma"].tolist() == [0.5, 0.5]
    assert not found["mu"].requires_grad


def test_settings_of_bad_pictures() -> None:
    with pytest.raises(PixelValueError):
        create_operator("reinhard02").settings_of(torch.full((1, 3, 4, 4), float("nan")))


def test_an_operator_that_does_not_say_how_is_a_typed_error() -> None:
    class Silent(type(create_operator("ward94"))):  # type: ignore[misc]
        derive = Operator.derive

    with pytest.raises(OptionError, match="ward94 does not say what its world is"):
        Silent().settings_of(torch.full((1, 3, 4, 4), 10.0))
