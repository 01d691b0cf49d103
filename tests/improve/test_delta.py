"""Gains: what enhancement did to a metric's value."""

from __future__ import annotations

import pytest
import torch

from hdrmetrics import create_metric
from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.improve.delta import delta_score

PICTURES = torch.rand(3, 2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def test_a_gain_is_the_difference_and_turns_with_its_ends() -> None:
    before, after, original = PICTURES
    psnr = create_metric("psnr")
    found = delta_score(before, after, "psnr", reference=original)
    torch.testing.assert_close(found, psnr(after, original) - psnr(before, original))
    torch.testing.assert_close(delta_score(after, before, psnr, reference=original), -found)
    assert not delta_score(before, before, "psnr", reference=original).any()


def test_where_lower_is_better_a_fall_is_a_gain() -> None:
    before, after, original = PICTURES
    mse = create_metric("mse")
    found = delta_score(before, after, mse, reference=original)
    torch.testing.assert_close(found, mse(before, original) - mse(after, original))


def test_a_reference_is_given_where_one_is_needed() -> None:
    before, after, original = PICTURES
    with pytest.raises(OptionError, match="reference="):
        delta_score(before, after, "psnr")
    with pytest.raises(OptionError, match="no reference"):
        delta_score(before, after, "piqe", reference=original)


def test_what_is_left_to_gain_is_no_gain() -> None:
    before, after, _ = PICTURES
    for name in ("improvability", "enhancement-harm"):
        with pytest.raises(OptionError, match=f"{name} says what there is to gain"):
            delta_score(before, after, name)


def test_pictures_that_stay_perfect_gain_nothing_and_pairs_are_pairs() -> None:
    before, after, original = PICTURES
    assert delta_score(original, original, "psnr", reference=original).tolist() == [0, 0]
    assert delta_score(before, original, "psnr", reference=original).tolist() == [float("inf")] * 2
    with pytest.raises(ShapeError, match="2 pictures before, but 1 after"):
        delta_score(before, after[:1], "piqe")
