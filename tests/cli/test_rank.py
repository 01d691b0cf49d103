"""The command ``rank`` and the function behind it."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import hdrmetrics as hm
from hdrmetrics.cli import progress
from hdrmetrics.collection.keeping.cache import Cache, usual_file
from hdrmetrics.errors import ImageReadError, OptionError
from hdrmetrics.jobs.folders import MADE
from tests.collection.photographs import counted

ROOT = Path(__file__).parents[2]


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
    assert [line.split()[0] for line in lines[1:]] == ["1", "=2", "…", "=2", "=2"]
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


def test_axes_and_metrics_by_name(run, tmp_path: Path) -> None:
    folder = photographs(tmp_path / "photographs", 2)
    by = run("rank", folder, "--by", "liked,piqe")
    assert by.out == run("rank", folder, "-m", "nima", "-m", "piqe").out
    assert by.out.splitlines()[0].split()[2:6] == ["nima", "↑", "piqe", "↓"]
    assert run("rank", folder, "--by", "nonsense").code == 2
    assert "rank needs a FOLDER" in run("rank").err


def test_folders_in_folders(run, tmp_path: Path) -> None:
    photographs(tmp_path / "a", 1)
    photographs(tmp_path / "a" / "b", 2)
    words = ("rank", tmp_path / "a", "--by", "piqe", "--csv")
    assert run(*words).out.count("\n") == 4
    assert run(*words, "--no-recursive").out.count("\n") == 2


@pytest.mark.parametrize(
    "more", [[], ["--bursts"], ["--report", "page.html", "--no-bursts"], ["--report", "page.html"]]
)
@pytest.mark.parametrize("damaged", [False, True])
def test_a_second_run_scores_nothing_and_loads_no_torch(
    tmp_path: Path, more: list[str], damaged: bool
) -> None:
    if "--report" in more:
        pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
    folder = photographs(tmp_path / "photographs", 3)
    if damaged:
        (folder / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
        (folder / "empty.png").write_bytes(b"")
    code = (
        "import sys; from hdrmetrics.cli import main; code = main(sys.argv[1:]); "
        "print('torch' in sys.modules, code)"
    )
    words = ["rank", str(folder), "--by", "piqe", "--csv", "out.csv", "--json", "out.json", *more]
    tables = []
    for loaded in (True, False):
        found = subprocess.run(
            [sys.executable, "-c", code, *words], cwd=tmp_path, capture_output=True, text=True,
            check=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert found.stdout.splitlines()[-1] == f"{loaded} {2 * damaged}", found.stderr
        tables.append([(tmp_path / name).read_bytes() for name in ("out.csv", "out.json")])
    assert tables[0] == tables[1]


def test_the_cache_can_be_named_left_out_looked_at_and_removed(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = photographs(tmp_path / "photographs", 2)
    own = tmp_path / "own.sqlite"
    words = ("rank", folder, "--by", "piqe", "--csv")
    with counted(monkeypatch) as seen:
        whole = run(*words, "--no-cache").out
        assert "there is none" in run("rank", "--cache-info").out
        assert run(*words, "--cache", own).out == run(*words, "--cache", own).out == whole
        assert len(seen) == 4
        assert run(*words).out == whole
        assert len(seen) == 6
        assert run(*words, "--full-size").out == whole
        assert len(seen) == 8
    assert "2 pictures, 2 scores" in run("rank", "--cache-info", "--cache", own).out
    assert "2 pictures, 4 scores" in run("rank", "--cache-info").out
    assert "removed" in run("rank", "--clear-cache").out
    assert "there is none" in run("rank", "--clear-cache").out
    assert own.exists()
    assert run("rank", folder, "--clear-cache").code == 2
    assert run(*words, "--cache", own, "--no-cache").code == 2


def test_a_damaged_cache_is_one_note(run, tmp_path: Path) -> None:
    folder = photographs(tmp_path / "photographs", 2)
    words = ("rank", folder, "--by", "piqe", "--csv")
    whole = run(*words).out
    usual_file().write_bytes(b"nothing of the kind")
    again = run(*words)
    assert (again.code, again.out) == (0, whole)
    assert again.err.count("\n") == 1
    assert "set aside" in again.err
    assert run(*words, "--cache", folder / "0.png").err.count("is left alone") == 1


def test_parquet(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pq = pytest.importorskip("pyarrow.parquet", reason="the extra 'datasets' is not installed")
    folder = photographs(tmp_path / "photographs", 2)
    monkeypatch.chdir(tmp_path)
    words = ("rank", folder, "--by", "piqe", "--parquet")
    for _ in range(2):  # an older one is replaced
        assert run(*words, "out.parquet").code == 0
    assert pq.read_table("out.parquet").column("place").to_pylist() == [1, 2]
    Path("text.txt").write_text("not to be lost")
    assert "is no Parquet file" in run(*words, "text.txt").err
    assert "is a picture" in run(*words, "out.png").err


def test_an_interrupted_run_goes_on_by_itself(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = photographs(tmp_path / "photographs", 5)
    monkeypatch.chdir(tmp_path)
    words = ("rank", folder, "--by", "piqe", "--jobs", "1", "--csv", "out.csv")
    whole = run(*words, "--no-cache") and Path("out.csv").read_bytes()
    Path("out.csv").write_text("older\n")
    steps: list[object] = []

    def step(self: object, record: object) -> None:
        steps.append(record)
        if len(steps) == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(progress.Progress, "_step", step)
        stopped = run(*words)
    assert (stopped.code, stopped.out) == (130, "")
    assert "interrupted: 3 of 5 files were done; the same command goes on" in stopped.err
    assert Path("out.csv").read_text() == "older\n"
    with counted(monkeypatch) as seen:
        assert run(*words).code == 0
    assert len(seen) == 2
    assert Path("out.csv").read_bytes() == whole
    steps.clear()
    with monkeypatch.context() as patch:
        patch.setattr(progress.Progress, "_step", step)
        shown = run(*words[:-2], "--no-cache")
    assert "partial: 3 of 5 files" in shown.out
    assert "goes on" not in shown.err


def test_killed_and_beside_another_the_tables_are_the_same(run, tmp_path: Path) -> None:
    folder = photographs(tmp_path / "photographs", 12)

    def start(name: str, cache: str) -> subprocess.Popen[bytes]:
        words = ["rank", str(folder), "--by", "piqe", "--csv", name]
        return subprocess.Popen(
            [sys.executable, "-m", "hdrmetrics", *words], cwd=tmp_path, stdout=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": str(ROOT), "HDRMETRICS_CACHE": cache},
        )  # fmt: skip

    def kept(cache: str) -> int:
        file = tmp_path / cache / usual_file().name
        with Cache(file, lambda text: None) as one:
            return one.info().pictures if file.exists() else 0

    killed = start("killed.csv", "a")
    end = time.monotonic() + 100
    while kept("a") < 3 and killed.poll() is None and time.monotonic() < end:
        time.sleep(0.01)
    killed.kill()
    killed.wait()
    assert kept("a") >= 3
    both = [start("one.csv", "a"), start("two.csv", "a")]
    assert [one.wait(100) for one in both] == [0, 0]
    assert run("rank", folder, "--by", "piqe", "--csv", tmp_path / "whole.csv").code == 0
    tables = [(tmp_path / f"{name}.csv").read_bytes() for name in ("one", "two", "whole")]
    assert tables[0] == tables[1] == tables[2]


def test_many_errors_are_counted(run, tmp_path: Path) -> None:
    folder = photographs(tmp_path / "photographs", 1)
    for number in range(25):
        (folder / f"bad{number}.png").write_bytes(b"")
    result = run("rank", folder, "--by", "piqe")
    assert result.code == 2
    assert result.err.count("\n") == 21
    assert "and 5 errors more" in result.err
    assert "15 more that failed" in result.out
    document = json.loads(run("rank", folder, "--by", "piqe", "--json").out)
    assert [row["place"] for row in document["rows"]] == [1, *[None] * 25]
    assert all(row["errors"] for row in document["rows"][1:])


def test_shards_give_the_table_that_there_is_without_them(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyarrow", reason="the extra 'dask' or 'ray' is not installed")
    pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
    from hdrmetrics.collection.sharding import sharded
    from tests.collection.inline import Inline

    monkeypatch.chdir(tmp_path)
    photographs(tmp_path / "photographs")
    Path("photographs/torn.jpg").write_bytes(b"torn")
    photographs(Path("photographs/page_files"))  # of an earlier page: none of the collection
    Path("photographs/page_files", MADE).touch()
    words = ("rank", "photographs", "no-such-*.jpg", "-m", "piqe", "--no-bursts", "--quiet")
    words += ("--report", "photographs/page.html", "--csv")
    assert run(*words, "plain.csv").code == 2
    monkeypatch.setattr(sharded, "open_crew", lambda *_, **__: Inline())
    assert run(*words, "shards.csv", "--shards", "shards").code == 2
    table = Path("shards.csv").read_bytes()
    assert table == Path("plain.csv").read_bytes()
    assert table.count(b"\n") == 1 + 4 + 2  # the names of columns, photographs, and what is wrong


def test_a_list_is_ranked_as_the_folder_is(run, tmp_path: Path) -> None:
    folder = photographs(tmp_path / "photographs", 3)
    (tmp_path / "list.txt").write_text("".join(f"{one}\n" for one in sorted(folder.iterdir())))
    words = ("-m", "piqe", "--csv")
    rows = [
        [(row["place"], row["piqe"]) for row in csv.DictReader(io.StringIO(run(*one).out))]
        for one in (("rank", folder, *words), ("rank", tmp_path / "list.txt", *words))
    ]
    assert len(rows[0]) == 3
    assert rows[0] == rows[1]
    lost = run("rank", tmp_path / "list.txt", "-m", "piqe", "--csv", tmp_path / "list.txt")
    assert lost.code == 2
    assert "is read, too" in lost.err
    (tmp_path / "list.txt").write_text("s3://bucket/a.jpg\n")
    away = run("rank", tmp_path / "list.txt")
    assert away.code == 2
    assert "--shards DIR" in away.err


def test_what_cannot_be_drawn_is_a_warning_and_costs_nothing(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
    folder = photographs(tmp_path / "photographs", 2)

    def fails(path: str, *rest: object) -> bytes:
        raise RuntimeError("no memory for it")

    monkeypatch.setattr("hdrmetrics.collection.drawn.enhanced_preview", fails)
    page = tmp_path / "page.html"
    words = ("rank", folder, "--by", "piqe", "--no-bursts", "--report", page, "--enhance", "2")
    result = run(*words)
    assert result.code == 0
    assert result.err.count("no memory for it") == 2
    assert page.exists()
    assert "no memory" not in run(*words, "--quiet").err
