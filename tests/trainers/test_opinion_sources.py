"""Sets of opinions: what their tables say, on one scale, and what is wrong with a copy."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from datasets.scenes.splits import split_of
from hdrmetrics.errors import HdrMetricsWarning, MissingPackageError, OptionError
from trainers.opinions import tables
from trainers.opinions.opinions import Opinions, assumed_spread
from trainers.opinions.scales import are_deviations
from trainers.opinions.sources import SOURCES, load_opinions

from .opinion_sets import (
    SPAQ_HEADER,
    SPAQ_ROWS,
    ava_copy,
    biq_copy,
    kadid_copy,
    koniq_copy,
    photographs,
    spaq_copy,
    table,
    tid_copy,
)

KADID = [
    ("I01_01_01.png", 4.57, 0.496),  # 17 fives, 13 fours
    ("I01_01_02.png", 1.0, 0.0),
    ("I02_25_05.png", 3.0, 1.0),
]
# Deviations of means: of single whole numbers with a mean of 5.51429 they are 0.4998 at least.
TID = [
    ("I01_01_1.bmp", 5.51429, 0.13),
    ("i01_01_2.bmp", 0.5, 0.1),
    ("i25_24_5.bmp", 9.0, 0.0),
]
COPIES: dict[str, Callable[[Path], Path]] = {
    "ava": ava_copy,
    "biq2021": biq_copy,
    "kadid10k": lambda folder: kadid_copy(folder, KADID),
    "koniq10k": koniq_copy,
    "spaq": spaq_copy,
    "tid2013": lambda folder: tid_copy(folder, TID),
}


def test_ava_has_its_distributions_and_its_authors_test(tmp_path: Path) -> None:
    found = load_opinions("ava", ava_copy(tmp_path))
    assert [path.name for path in found.paths] == ["953619.jpg", "953958.jpg", "954184.jpg"]
    np.testing.assert_allclose(found.mean, [5, 5.5, 5])
    # All said 5, which becomes the least spread; a 1 and a 10; 4, 5, 6 as 2:4:2.
    np.testing.assert_allclose(found.spread, [0.1, 4.5, np.sqrt(0.5)])
    assert found.distribution is not None
    np.testing.assert_allclose(found.distribution[1], [0.5, 0, 0, 0, 0, 0, 0, 0, 0, 0.5])
    np.testing.assert_allclose(found.distribution[2, 3:6], [0.25, 0.5, 0.25])
    assert list(found.split) == ["train", "test", "train"]
    assert found.measured
    tested = found.of("test")
    assert tested.distribution is not None
    np.testing.assert_array_equal(tested.distribution, found.distribution[[1]])


def test_ava_without_lists_is_split_by_names(tmp_path: Path) -> None:
    found = load_opinions("ava", ava_copy(tmp_path, listed=False))
    assert list(found.split) == [split_of(path.name) for path in found.paths]


@pytest.mark.parametrize("divided", [True, False])
def test_koniq_takes_spreads_of_votes_from_one_to_five(tmp_path: Path, divided: bool) -> None:
    found = load_opinions("koniq10k", koniq_copy(tmp_path, divided=divided))
    np.testing.assert_allclose(found.mean, [10, 1, 5.5])  # of 100, 1, 50.5
    # 3 and 4 as 1:3; 1 and 5 as 1:1; all 5. A point of five is 9/4 of ten.
    expected = [2.25 * np.sqrt(3 / 16), 2.25 * 2, 0.1]
    np.testing.assert_allclose(found.spread, expected)
    assert found.measured
    assert found.distribution is None
    if divided:
        assert list(found.split) == ["train", "validation", "test"]
    else:
        assert list(found.split) == [split_of(path.name) for path in found.paths]


def test_koniq_refuses_means_from_one_to_five(tmp_path: Path) -> None:
    path = koniq_copy(tmp_path) / "koniq10k_distributions_sets.csv"
    path.write_text(path.read_text().replace(",100,100,", ",100,4.5,").replace(",50.5,", ",3,"))
    with pytest.raises(OptionError, match=r"not 1 to 100: .* MOS_zscore"):
        load_opinions("koniq10k", tmp_path)


def test_spaq_from_csv(tmp_path: Path) -> None:
    found = load_opinions("spaq", spaq_copy(tmp_path))
    np.testing.assert_allclose(found.mean, [1, 10, 3.925])
    np.testing.assert_array_equal(found.spread, assumed_spread(found.mean))
    assert not found.measured
    assert "no commercial product" in found.terms


def test_spaq_from_excel_without_its_reader_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = spaq_copy(tmp_path) / "Annotations" / "MOS and Image attribute scores.csv"
    path.rename(path.with_suffix(".xlsx"))
    monkeypatch.setattr(
        tables,
        "find_spec",
        lambda name: None if name == "openpyxl" else importlib.util.find_spec(name),
    )
    with pytest.raises(MissingPackageError, match=r"save its sheet as .*scores\.csv"):
        load_opinions("spaq", tmp_path)


def test_spaq_from_excel(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl, which writes the sheet, is absent")
    pytest.importorskip("pandas", reason="the extra 'report' is not installed")
    path = spaq_copy(tmp_path) / "Annotations" / "MOS and Image attribute scores.csv"
    expected = load_opinions("spaq", tmp_path)
    path.unlink()
    book = openpyxl.Workbook()
    for row in (SPAQ_HEADER, *SPAQ_ROWS):
        name, *rest = row.split(",")
        book.active.append([name, *(float(x) if x[0].isdigit() else x for x in rest)])
    book.save(path.with_suffix(".xlsx"))
    found = load_opinions("spaq", tmp_path)
    assert found.paths == expected.paths
    np.testing.assert_array_equal(found.mean, expected.mean)
    path.with_suffix(".xlsx").write_bytes(b"PK no workbook")
    with pytest.raises(OptionError, match="cannot be read as a table"):
        load_opinions("spaq", tmp_path)


def test_kadid_is_split_by_reference(tmp_path: Path) -> None:
    found = load_opinions("kadid10k", kadid_copy(tmp_path, KADID))
    np.testing.assert_allclose(found.mean, [1 + 2.25 * 3.57, 1, 5.5])
    np.testing.assert_allclose(found.spread, [2.25 * 0.496, 0.1, 2.25])
    assert list(found.group) == ["i01", "i01", "i02"]
    assert list(found.split) == [split_of(one) for one in ("i01", "i01", "i02")]
    assert found.measured


def test_kadid_tells_deviations_from_variances(tmp_path: Path) -> None:
    rows = [(name, mean, spread**2) for name, mean, spread in KADID]
    found = load_opinions("kadid10k", kadid_copy(tmp_path, rows))
    np.testing.assert_allclose(found.spread, [2.25 * 0.496, 0.1, 2.25])


def test_tid_makes_deviations_of_means_those_of_opinions(tmp_path: Path) -> None:
    found = load_opinions("tid2013", tid_copy(tmp_path, TID))
    # The names' case is the other one on disk.
    assert [path.name for path in found.paths] == ["i01_01_1.BMP", "I01_01_2.BMP", "I25_24_5.BMP"]
    np.testing.assert_allclose(found.mean, [6.51429, 1.5, 10])
    root = np.sqrt(971 / 25)
    np.testing.assert_allclose(found.spread, [0.13 * root, 0.1 * root, 0.1])
    assert list(found.group) == ["i01", "i01", "i25"]
    assert len(set(found.split[:2])) == 1


def test_tid_leaves_deviations_of_opinions(tmp_path: Path) -> None:
    rows = [("i01_01_1.bmp", 5.5, 0.9), ("i02_01_1.bmp", 4.0, 1.1)]
    found = load_opinions("tid2013", tid_copy(tmp_path, rows))
    np.testing.assert_allclose(found.spread, [0.9, 1.1])


def test_whole_numbers_have_the_deviations_that_are_expected_of_them() -> None:
    draw = np.random.default_rng(0)
    votes = draw.integers(1, 6, (200, 30)) ** 1.0
    votes[:100] = np.where(draw.random((100, 30)) < 0.5, 4, 5)  # as near to each other as can be
    mean, spread = votes.mean(axis=1).round(2), votes.std(axis=1).round(3)
    assert are_deviations(spread, mean, (1, 5))
    assert are_deviations(votes.std(axis=1, ddof=1), mean, (1, 5))
    assert not are_deviations(spread**2, mean, (1, 5))
    assert not are_deviations(spread / np.sqrt(30), mean, (1, 5))
    assert not are_deviations(spread * np.sqrt(30), mean, (1, 5))


def test_anyones_means(tmp_path: Path) -> None:
    photographs(tmp_path / "in", ["a.jpg", "b.png"])
    path = table(
        tmp_path / "mine.csv",
        "path,mean,spread,group,split",
        ["in/a.jpg,20,10,one,train", "in/b.png,100,5,two,test"],
    )
    found = load_opinions("csv", path, scale=(0, 100))
    assert found.name == "mine"
    assert found.paths == (tmp_path / "in/a.jpg", tmp_path / "in/b.png")
    np.testing.assert_allclose(found.mean, [2.8, 10])
    np.testing.assert_allclose(found.spread, [0.9, 0.45])
    assert list(found.split) == ["train", "test"]
    assert list(found.group) == ["one", "two"]
    assert found.measured
    # Where less is better the worst comes first.
    turned = load_opinions("csv", path, scale=(100, 0))
    np.testing.assert_allclose(turned.mean, [8.2, 1])
    np.testing.assert_allclose(turned.spread, [0.9, 0.45])


def test_anyones_counts(tmp_path: Path) -> None:
    photographs(tmp_path, ["a.jpg", "b.jpg"])
    header = "path,group," + ",".join(str(score) for score in range(1, 11))
    table(
        tmp_path / "opinions.csv",
        header,
        ["a.jpg,same,0,0,1,1,0,0,0,0,0,0", "./b.jpg,same,0,0,0,0,0,0,0,0,0,7"],
    )
    found = load_opinions("csv", tmp_path)
    np.testing.assert_allclose(found.mean, [3.5, 10])
    np.testing.assert_allclose(found.spread, [0.5, 0.1])
    assert found.distribution is not None
    np.testing.assert_allclose(found.distribution[0, 2:4], [0.5, 0.5])
    assert found.split[0] == found.split[1] == split_of("same")
    assert found.select(np.array([1])).distribution is not None
    with pytest.raises(OptionError, match="no other scale"):
        load_opinions("csv", tmp_path, scale=(1, 10))


@pytest.mark.parametrize(
    ("header", "rows", "scale", "message"),
    [
        ("file,mean", ["a.jpg,1"], (0, 5), "lacks the column path"),
        ("path;mean", ["a.jpg;1"], (0, 5), "separated by commas"),
        ("path,mean", [], (0, 5), "no rows"),
        ("path,mean", ["a.jpg,1"], None, "--scale"),
        ("path,mean", ["a.jpg,1"], (3, 3), "from its worst opinion to its best"),
        ("path,mean", ["a.jpg,1"], (0, float("inf")), "from its worst opinion to its best"),
        ("path,mean", ["a.jpg,6"], (0, 5), r"outside \[0, 5\], 6 for one"),
        ("path,mean", ["a.jpg,good"], (0, 5), "'good' under mean, which is no number"),
        ("path,mean", ["a.jpg,nan"], (0, 5), "no number"),
        ("path,mean", ["a.jpg"], (0, 5), "'' under mean"),
        ("path,mean", [",3"], (0, 5), "row 1 says nothing under path"),
        ("path,mean,spread", ["a.jpg,3,-1"], (0, 5), "negative"),
        ("path,mean", ["a.jpg,3", "./a.jpg,4"], (0, 5), "names a.jpg twice"),
        ("path,mean", ["a.jpg,3", "z.jpg,4"], (0, 5), "1 of 2 photographs are absent, z.jpg"),
        ("path,mean", ["a.jpg,3", "empty.jpg,4"], (0, 5), "photographs are absent, empty.jpg"),
        ("path,mean", ["a.jpg,3,5"], (0, 5), "row 1 has more cells .* numbers with points"),
        ("path,mean,mean", ["a.jpg,3,4"], (0, 5), "two columns 'mean'"),
        ("path,mean,spread", ["a.jpg,3,4"], (0, 5), "deviation of 7.2 .* not variances"),
        ("path,mean,split", ["a.jpg,3,dev"], (0, 5), "split is one of train, validation, test"),
        (
            "path,mean,group,split",
            ["a.jpg,3,x,train", "b.jpg,3,x,test"],
            (0, 5),
            "the group x is in train and in test",
        ),
        ("path", ["a.jpg"], (0, 5), "either a column mean or the ten columns"),
        ("path,mean,1", ["a.jpg,3,1"], (0, 5), "either a column mean or the ten columns"),
        ("path,1,2", ["a.jpg,3,1"], None, "lacks the counts of 3, 4"),
        ("path,1,2,3,4,5,6,7,8,9,10", ["a.jpg" + ",0" * 10], None, "some are above 0"),
        ("path,1,2,3,4,5,6,7,8,9,10", ["a.jpg,-1" + ",1" * 9], None, "0 or more"),
    ],
)
def test_what_is_wrong_with_anyones_table(
    tmp_path: Path,
    header: str,
    rows: list[str],
    scale: tuple[float, float] | None,
    message: str,
) -> None:
    photographs(tmp_path, ["a.jpg", "b.jpg"])
    (tmp_path / "empty.jpg").touch()
    path = table(tmp_path / "mine.csv", header, rows)
    with pytest.raises(OptionError, match=message):
        load_opinions("csv", path, scale=scale)


@pytest.mark.parametrize("name", COPIES)
def test_every_set(tmp_path: Path, name: str) -> None:
    found = load_opinions(name, COPIES[name](tmp_path))
    assert len(found) == 3
    assert found.name == name
    assert found.terms
    assert all(path.is_file() for path in found.paths)
    with pytest.raises(OptionError, match="has its own scale"):
        load_opinions(name, tmp_path, scale=(0, 1))
    # Photographs that are absent, and a file that a broken download left.
    found.paths[0].write_bytes(b"")
    with pytest.raises(OptionError, match="1 of 3 photographs are absent"):
        load_opinions(name, tmp_path)
    found.paths[0].unlink()
    with pytest.raises(OptionError, match="1 of 3 photographs are absent"):
        load_opinions(name, tmp_path)


@pytest.mark.parametrize("name", COPIES)
def test_every_set_in_a_folder_of_something_else(tmp_path: Path, name: str) -> None:
    with pytest.raises(OptionError, match="name the folder that holds"):
        load_opinions(name, tmp_path)
    with pytest.raises(OptionError, match="does not exist"):
        load_opinions(name, tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "file", "old", "new", "message"),
    [
        ("ava", "AVA.txt", " 1396\n", "\n", "14 columns, not 15"),
        ("ava", "AVA.txt", "0 10 0", "0 ten 0", "'ten' under counts"),
        ("ava", "aesthetics_image_lists/generic_test.jpgl", "953958", "1", "names no photograph"),
        ("biq2021", "Test (Images and MOS).csv", "c.jpg", "a.jpg", "names a.jpg twice"),
        ("biq2021", "Test (Images and MOS).csv", "0.5", "50", r"outside \[0, 1\], 50"),
        ("biq2021", "Test (Images and MOS).csv", ",0.5", "", "'' under MOS"),
        ("koniq10k", "koniq10k_distributions_sets.csv", "c3", "d3", "lacks the column c3"),
        ("koniq10k", "koniq10k_distributions_sets.csv", ",MOS,", ",mos,", "neither MOS_zscore"),
        ("koniq10k", "koniq10k_distributions_sets.csv", "training", "dev", "set is one of"),
        ("koniq10k", "koniq10k_distributions_sets.csv", ",50.5,", ",101,", "outside .1, 100."),
        ("kadid10k", "dmos.csv", "var", "std", "lacks the column var"),
        ("kadid10k", "dmos.csv", ",4.57,", ",5.57,", r"outside \[1, 5\], 5.57"),
        ("kadid10k", "dmos.csv", ",0.496", ",-0.496", "var is negative in 1 rows"),
        ("tid2013", "mos_with_names.txt", "9.00000", "9.10000", r"outside \[0, 9\], 9.1"),
        ("tid2013", "mos_with_names.txt", " I01_01_1.bmp", "", "row 1 is no opinion and a name"),
        ("tid2013", "mos_std.txt", "0.13000\n", "", "has 2 rows, mos_with_names.txt 3"),
        ("tid2013", "mos_std.txt", "0.13000", "-0.13", "deviation is negative"),
    ],
)
def test_what_is_wrong_with_a_copy(
    tmp_path: Path, name: str, file: str, old: str, new: str, message: str
) -> None:
    path = COPIES[name](tmp_path) / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(OptionError, match=message):
        load_opinions(name, tmp_path)


def test_a_few_absent_photographs_are_a_warning(tmp_path: Path) -> None:
    names = [f"{number:05}.jpg" for number in range(100)]
    table(tmp_path / "MOS and Image attribute scores.csv", SPAQ_HEADER, [f"{n},50" for n in names])
    photographs(tmp_path / "TestImage", names[:98])
    with pytest.warns(HdrMetricsWarning, match=r"2 of 100 photographs are absent, 00098\.jpg"):
        found = load_opinions("spaq", tmp_path)
    assert len(found) == 98
    assert found.paths[-1].name == "00097.jpg"


def test_groups_decide_where_authors_do_not(tmp_path: Path) -> None:
    rows = [(f"I{ref:02}_01_{level:02}.png", 3.0, 1.0) for ref in range(1, 82) for level in (1, 2)]
    found = load_opinions("kadid10k", kadid_copy(tmp_path, rows))
    by_group = dict(zip(found.group, found.split, strict=True))
    assert all(by_group[g] == s for g, s in zip(found.group, found.split, strict=True))
    shares = Counter(by_group.values())
    assert shares["train"] > shares["test"] > shares["validation"] > 0


def test_names_that_no_set_has(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="one of ava, biq2021, csv, kadid10k, koniq10k, spaq"):
        load_opinions("live", tmp_path)
    assert list(SOURCES) == sorted(SOURCES)


def test_commas_at_the_ends_of_lines_are_no_cells(tmp_path: Path) -> None:
    for split in ("Train", "Test"):  # as its authors publish one of them
        path = biq_copy(tmp_path) / f"{split} (Images and MOS).csv"
        path.write_text(path.read_text().replace("\n", ",\n"))
    np.testing.assert_allclose(load_opinions("biq2021", tmp_path).mean, [1, 10, 5.5])


def test_what_opinions_are_made_of() -> None:
    one = np.ones(1)
    group = np.array(["a"])

    def made(**more: object) -> Opinions:
        said = {"mean": 5 * one, "spread": one, "split": group, "group": group, **more}
        return Opinions(name="x", paths=(Path("a"),), terms="", **said)  # type: ignore[arg-type]

    made()
    made(distribution=np.full((1, 10), 0.1))
    for wrong in (np.full((1, 9), 1 / 9), np.full((1, 10), 0.2), np.array([[2.0, -1] + [0] * 8])):
        with pytest.raises(OptionError, match="ten parts that add up to one"):
            made(distribution=wrong)
    with pytest.raises(OptionError, match="for each photograph"):
        made(mean=np.full(2, 5.0))
    for wrong in (0 * one, np.inf * one, np.nan * one):
        with pytest.raises(OptionError, match="spreads above 0"):
            made(spread=wrong)


@pytest.mark.parametrize("name", ["scales", "photographs", "sources"])
def test_examples(name: str) -> None:
    found = doctest.testmod(importlib.import_module(f"trainers.opinions.{name}"))
    assert found.attempted > 0
    assert found.failed == 0
