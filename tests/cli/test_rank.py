"""The command ``rank`` and the function behind it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import hdrmetrics as hm
from hdrmetrics.errors import ImageReadError, OptionError


def scores(names: list[str]) -> dict[str, float]:
    return {name: hm.score(f"test/{name}.exr", "pu21-piqe").value for name in names}


def test_rank_puts_the_best_first(folders: Path) -> None:
    rows = hm.rank("test", "pu21-piqe")
    values = [row.scores["pu21-piqe"].value for row in rows]
    assert values == sorted(values)  # PIQE is better when lower
    expected = scores(["a", "b", "c"])
    assert [Path(r.test).stem for r in rows] == sorted(expected, key=lambda n: (expected[n], n))


def test_rank_puts_failures_last_and_ties_by_name(folders: Path) -> None:
    Path("test/0.exr").write_bytes(b"")
    Path("test/b.exr").write_bytes(Path("test/a.exr").read_bytes())
    rows = hm.rank(["test/b.exr", "test/a.exr", "test/0.exr", "test/c.exr"], "pu21-piqe")
    assert Path(rows[-1].test).stem == "0"
    assert not rows[-1].ok
    order = [Path(row.test).stem for row in rows]
    assert order.index("a") + 1 == order.index("b")


def test_rank_refuses_metrics_with_a_reference_and_empty_folders(
    folders: Path, tmp_path: Path
) -> None:
    with pytest.raises(OptionError, match="pu21-psnr compares with a reference"):
        hm.rank("test", "pu21-psnr")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImageReadError, match="holds no image file"):
        hm.rank("empty", "pu21-piqe")


def test_the_command_shows_best_and_worst(run, folders: Path) -> None:
    for index in range(4):
        Path(f"test/copy{index}.exr").write_bytes(Path("test/b.exr").read_bytes())
    result = run("rank", "test", "--metric", "pu21-piqe", "--top", "2")
    assert result.code == 0
    lines = result.out.split("\n\n")[0].splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["1", "2", "…", "6", "7"]
    assert "3 in between" in lines[3]
    whole = run("rank", "test", "-m", "pu21-piqe").out.split("\n\n")[0].splitlines()
    assert len(whole) == 8
    cells = [line.split() for line in whole]
    assert cells[1:3] == [line.split() for line in lines[1:3]]
    assert cells[6:] == [line.split() for line in lines[4:]]


def test_csv_and_json_hold_the_whole_order(run, folders: Path) -> None:
    expected = [row.test for row in hm.rank("test", "pu21-piqe")]
    words = ("rank", "test", "-m", "pu21-piqe")
    rows = list(csv.DictReader(io.StringIO(run(*words, "--top", "1", "--csv").out)))
    assert [row["test"] for row in rows] == expected
    document = json.loads(run(*words, "--json").out)
    assert [row["test"] for row in document["rows"]] == expected


def test_a_bad_file_has_no_place_but_a_row(run, folders: Path) -> None:
    Path("test/bad.exr").write_bytes(b"junk")
    result = run("rank", "test", "-m", "pu21-piqe")
    assert result.code == 2
    assert [line.split() for line in result.out.splitlines()][4] == ["–", "bad.exr", "failed"]


def test_the_learned_score_ranks_where_no_metric_is_named(run, tmp_path: Path) -> None:
    pictures = [str(path) for path in hm.sample_images().values()]
    rows = hm.rank(pictures)
    assert all(set(row.scores) == {"norvdpnet"} for row in rows)
    result = run("rank", *pictures)
    assert result.code == 0
    assert [line.split()[1] for line in result.out.splitlines()[1:4]] == [
        Path(row.test).name for row in rows
    ]


def test_a_picture_too_small_for_it_says_so(run, folders: Path) -> None:
    result = run("rank", "test")
    assert result.code == 2
    assert "at least 64×64 pixels" in result.err


def photographs(folder: Path, count: int = 4) -> Path:
    """Fill a folder with photographs, noisier with their number."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(count):
        small = Image.fromarray(rng.integers(0, 255, (6, 8, 3), dtype=np.uint8))
        smooth = np.asarray(small.resize((128, 96), Image.Resampling.BICUBIC), float)
        noisy = smooth + rng.normal(0, 20 * number, smooth.shape)
        Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(folder / f"{number}.png")
    return folder


def test_photographs_are_ranked_by_liking_and_shown_on_both_axes(run, tmp_path: Path) -> None:
    folder = photographs(tmp_path / "photographs")
    rows = hm.rank(folder)
    assert all(set(row.scores) == {"nima", "norvdpnet"} for row in rows)
    values = [row.scores["nima"].value for row in rows]
    assert values == sorted(values, reverse=True)
    result = run("rank", str(folder))
    assert result.code == 0
    head = result.out.splitlines()[0].split()
    assert head[2:][:4] == ["nima", "↑", "norvdpnet", "↑"]
    assert [line.split()[1] for line in result.out.splitlines()[1:5]] == [
        Path(row.test).name for row in rows
    ]


def test_photographs_among_light_are_ranked_as_light_is(tmp_path: Path) -> None:
    folder = photographs(tmp_path / "mixed", 1)
    light = next(iter(hm.sample_images().values()))
    (folder / "light.exr").write_bytes(Path(light).read_bytes())
    assert {name for row in hm.rank(folder) for name in row.scores} == {"norvdpnet"}


def test_the_first_of_several_metrics_decides(run, tmp_path: Path) -> None:
    folder = photographs(tmp_path / "photographs")
    rows = hm.rank(folder, ["piqe", "nima"])
    values = [row.scores["piqe"].value for row in rows]
    assert values == sorted(values)
    result = run("rank", str(folder), "-m", "piqe,nima")
    assert [line.split()[1] for line in result.out.splitlines()[1:5]] == [
        Path(row.test).name for row in rows
    ]
    with pytest.raises(OptionError, match="name one"):
        hm.rank(folder, [])


@pytest.mark.parametrize(
    ("words", "needle"),
    [
        (["-m", "pu21-psnr"], "compares with a reference"),
        (["--top", "0"], "whole number from 1"),
    ],
)
def test_wrong_use(run, folders: Path, words: list[str], needle: str) -> None:
    result = run("rank", "test", *words)
    assert result.code == 2
    assert needle in result.err


def test_intervals_stand_beside_the_places(run) -> None:
    pictures = [str(path) for path in hm.sample_images().values()]
    result = run("rank", *pictures)
    assert result.out.splitlines()[0].split()[-1] == "interval"
    best = hm.rank(pictures)[0].scores["norvdpnet"]
    assert f"{best.low:.2f} to {best.high:.2f}" in result.out.splitlines()[1]
    assert "2 of 2 neighbours have intervals that overlap" in result.out
    rows = list(csv.DictReader(io.StringIO(run("rank", *pictures, "--csv").out)))
    assert float(rows[0]["norvdpnet_low"]) == best.low
    assert float(rows[0]["norvdpnet_high"]) == best.high


def test_intervals_stand_at_the_end_of_a_table_of_scores(run) -> None:
    pictures = [str(path) for path in hm.sample_images().values()]
    result = run("score", *pictures, "-m", "norvdpnet,pu21-piqe")
    lines = result.out.splitlines()
    assert lines[0].split() == ["file", "norvdpnet", "↑", "pu21-piqe", "↓", "interval"]
    score = hm.score(pictures[0], "norvdpnet")
    (line,) = [one for one in lines if one and one.split()[0] in pictures[0] and " to " in one]
    assert line.rstrip().endswith(f"{score.low:.2f} to {score.high:.2f}")
    assert not any(" to " in one for one in lines if one.startswith(("mean", "worst")))
    both = run("score", pictures[0], "-m", "norvdpnet-hdr,norvdpnet-hdr-c")
    assert "interval of norvdpnet-hdr-c" in both.out
    plain = run("score", pictures[0], "-m", "pu21-piqe")
    assert "interval" not in plain.out
