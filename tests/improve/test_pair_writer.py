"""Sets of pairs as they are written: a stop loses nothing, and what is no pair is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from hdrmetrics import read_image
from hdrmetrics.errors import (
    DomainError,
    ImageWriteError,
    OptionError,
    PixelValueError,
    ShapeError,
    TableError,
)
from hdrmetrics.improve.pair_writer import PairWriter
from hdrmetrics.improve.pairs import read_pairs

PICTURES = torch.rand(3, 2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
JOURNAL = "pairs.journal.csv"


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
    with pytest.raises(OptionError, match="other columns"):
        PairWriter(tmp_path, ("x", "y"))
    with pytest.raises(TableError):
        PairWriter(tmp_path / "empty", ("x",)).finish()


@pytest.mark.parametrize("kept", [0, 3, 9, 10])
def test_a_kill_in_the_header_costs_nothing(tmp_path: Path, kept: int) -> None:
    header = "name,steps\n"
    (tmp_path / JOURNAL).write_text(header[:kept])
    writer = PairWriter(tmp_path, ("steps",))
    writer.add("a", PICTURES[0, 0], PICTURES[1, 0], {"steps": "noise"})
    assert (tmp_path / JOURNAL).read_text() == f"{header}a,noise\n"
    assert PairWriter(tmp_path, ("steps",)).rows == {"a": {"steps": "noise"}}


def test_the_table_does_not_depend_on_the_order_or_on_stops(tmp_path: Path) -> None:
    names = ("c", "a", "b")
    for folder, order in (("one", names), ("other", sorted(names))):
        for name in order:
            writer = PairWriter(tmp_path / folder, ("of",))
            picture = PICTURES[0, 0] * (1 + names.index(name)) / 4
            writer.add(name, picture, picture, {"of": f'{name}, "quoted"'})
        writer.finish()
    one, other = ((tmp_path / folder / "pairs.csv").read_bytes() for folder in ("one", "other"))
    assert one == other
    assert [pair.more["of"] for pair in read_pairs(tmp_path / "one")] == [
        'a, "quoted"', 'b, "quoted"', 'c, "quoted"',
    ]  # fmt: skip


def test_values_are_rounded_and_others_than_codes_refused(tmp_path: Path) -> None:
    codes = torch.tensor([-1e-4, 0.0, 0.5 / 255 - 1e-4, 0.5 / 255 + 1e-4, 1.0, 1.0005])
    picture = codes.expand(3, 2, 6)
    PairWriter(tmp_path, ()).add("a", picture, picture, {})
    stored = 255 * read_image(tmp_path / "input" / "a.png").pixels[0, :, 0]
    assert stored.round().tolist() == [0, 0, 0, 1, 255, 255]
    with pytest.raises(DomainError, match="of the pair b"):
        PairWriter(tmp_path, ()).add("b", picture, 255 * picture, {})


@pytest.mark.parametrize(
    ("picture", "error"),
    [
        (torch.zeros(3, 4), ShapeError), (torch.zeros(1, 3, 4, 4), ShapeError),
        (torch.zeros(1, 4, 4), ShapeError), (torch.zeros(3, 0, 4), ShapeError),
        (torch.full((3, 4, 4), torch.nan), PixelValueError),
        (torch.full((3, 4, 4), torch.inf), PixelValueError),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_not_written(
    tmp_path: Path, picture: torch.Tensor, error: type[Exception]
) -> None:
    writer = PairWriter(tmp_path, ())
    with pytest.raises(error, match=r"a, enhanced|the enhanced image"):
        writer.add("a", torch.zeros(3, 4, 4), picture, {})
    assert "a" not in writer
    assert not list(tmp_path.glob("*/*"))


def test_what_the_table_could_not_hold_is_refused_at_once(tmp_path: Path) -> None:
    writer = PairWriter(tmp_path, ("steps",))
    for text in ("a\nb", "a\rb"):
        with pytest.raises(TableError, match="a: steps has a line break"):
            writer.add("a", PICTURES[0, 0], PICTURES[0, 0], {"steps": text})
    for columns in (("name",), ("input",), ("enhanced", "x"), ("x", "x")):
        with pytest.raises(OptionError, match="further columns differ"):
            PairWriter(tmp_path / "other", columns)
    assert not (tmp_path / "other").exists()


def test_a_journal_that_others_changed_is_named(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).write_text("name,x\na,1\nb\n")
    with pytest.raises(TableError, match=r"pairs\.journal\.csv: 'b' is no row"):
        PairWriter(tmp_path, ("x",))
    (tmp_path / JOURNAL).write_text("nothing")
    with pytest.raises(OptionError, match="other columns"):
        PairWriter(tmp_path, ("x",))


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ImageWriteError, match="file"):
        PairWriter(tmp_path / "file", ())
    writer = PairWriter(tmp_path / "set", ())
    (tmp_path / "set" / "input").rmdir()
    with pytest.raises(ImageWriteError, match="set"):
        writer.add("a", PICTURES[0, 0], PICTURES[0, 0], {})
    assert "a" not in writer
