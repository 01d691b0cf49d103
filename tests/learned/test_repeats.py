"""Pictures that repeat themselves."""

from __future__ import annotations

import pytest
import torch

from hdrmetrics.learned.repeats import tile


@pytest.mark.parametrize("times", [(1, 1), (4, 4), (3, 2), (6, 9), (5, 1), (1, 7)], ids=str)
def test_the_tile_is_found(times: tuple[int, int]) -> None:
    picture = torch.rand(3, 70, 90, generator=torch.Generator().manual_seed(0))
    assert tile(picture.repeat(1, *times), 64) == (70, 90)


@pytest.mark.parametrize("times", [(2, 1), (1, 2)], ids=str)
def test_two_halves_alike_are_no_texture(times: tuple[int, int]) -> None:
    """A field that was lost and filled with the other one looks so."""
    picture = torch.rand(3, 70, 90, generator=torch.Generator().manual_seed(0))
    assert tile(picture.repeat(1, *times), 64) == (70 * times[0], 90 * times[1])


def test_a_tile_is_repeated_value_by_value() -> None:
    picture = torch.rand(3, 70, 90, generator=torch.Generator().manual_seed(0)).repeat(1, 2, 2)
    picture[1, 100, 30] += 1e-6
    assert tile(picture, 64) == (140, 180)


def test_no_tile_is_smaller_than_asked_for() -> None:
    assert tile(torch.ones(3, 512, 200), 64) == (64, 100)
    assert tile(torch.ones(3, 512, 200), 300) == (512, 200)
