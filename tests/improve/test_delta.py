"""Gains, and the sets of pairs they are asked of."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from hdrmetrics import create_metric, read_image
from hdrmetrics.errors import DomainError, OptionError, PixelValueError, ShapeError, TableError
from hdrmetrics.improve.delta import delta_score
from hdrmetrics.improve.pair_writer import PairWriter
from hdrmetrics.improve.pairs import read_pairs

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


def test_pictures_that_stay_perfect_gain_nothing_and_pairs_are_pairs() -> None:
    before, after, original = PICTURES
    assert delta_score(original, original, "psnr", reference=original).tolist() == [0, 0]
    assert delta_score(before, original, "psnr", reference=original).tolist() == [float("inf")] * 2
    with pytest.raises(ShapeError, match="2 pictures before, but 1 after"):
        delta_score(before, after[:1], "piqe")


def test_pairs_are_written_as_they_come_and_a_set_goes_on(tmp_path: Path) -> None:
    before, after = ((255 * x[0]).round() / 255 for x in PICTURES[:2])
    writer = PairWriter(tmp_path, ("degradation",))
    writer.add("b", before, after, {"degradation": "noise, much"})
    assert not (tmp_path / "pairs.csv").exists()
    with (tmp_path / "pairs.journal.csv").open("a") as file:
        file.write("c,hal")  # a kill
    again = PairWriter(tmp_path, ("degradation",))
    assert "b" in again
    assert "c" not in again
    again.add("a", after, before, {"degradation": ""})
    table = again.finish()
    assert table == tmp_path / "pairs.csv"
    first, second = read_pairs(tmp_path)
    assert (first.name, second.name) == ("a", "b")
    assert second.more == {"degradation": "noise, much"}
    torch.testing.assert_close(read_image(second.input).tensor()[0], before)
    torch.testing.assert_close(read_image(second.enhanced).tensor()[0], after)


def test_other_columns_and_names_that_lead_away_are_refused(tmp_path: Path) -> None:
    writer = PairWriter(tmp_path, ("x",))
    picture = PICTURES[0, 0]
    for name in ("../a", "a/b", "a\\b", "", "a\nb"):
        with pytest.raises((OptionError, TableError)):
            writer.add(name, picture, picture, {"x": "1"})
    with pytest.raises(OptionError, match="columns"):
        writer.add("a", picture, picture, {"y": "1"})
    writer.add("a", picture, picture, {"x": "1"})
    with pytest.raises(TableError, match="no line breaks"):
        writer.add("a", picture, picture, {"x": "1\n2"})
    with pytest.raises(PixelValueError, match="the enhanced image has"):
        writer.add("a", picture, picture * float("nan"), {"x": "1"})
    with pytest.raises(DomainError, match=r"the input image spans .* of the pair a"):
        writer.add("a", 255 * picture, picture, {"x": "1"})
    for strange in (picture[:1], picture[None]):
        with pytest.raises(ShapeError):
            writer.add("a", picture, strange, {"x": "1"})
    assert list(PairWriter(tmp_path, ("x",)).rows) == ["a"]
    with pytest.raises(OptionError, match="other columns"):
        PairWriter(tmp_path, ("x", "y"))
    for damaged in (b"name,x\na\n", b"name,x\n\xff,1\n", b"name,x\n\n"):
        (tmp_path / "pairs.journal.csv").write_bytes(damaged)
        with pytest.raises(OptionError, match="is damaged"):
            PairWriter(tmp_path, ("x",))
    with pytest.raises(TableError):
        PairWriter(tmp_path / "empty", ("x",)).finish()
