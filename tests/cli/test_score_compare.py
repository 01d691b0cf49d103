"""The commands ``score`` and ``compare``: the right numbers in every form of output."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import hdrmetrics as hm
from tests.cli.conftest import scene


def strict_json(text: str) -> dict:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def table(text: str) -> dict[str, list[str]]:
    """Return the cells of a printed table by the first word of each line, up to a blank line."""
    return {line.split()[0]: line.split()[1:] for line in text.split("\n\n")[0].splitlines()[1:]}


def test_compare_prints_what_score_returns(run, folders: Path) -> None:
    result = run("compare", "test", "ref")
    assert (result.code, result.err) == (0, "")
    cells = table(result.out)
    for name in "abc":
        expected = [
            float(hm.score(f"test/{name}.exr", metric, reference=f"ref/{name}.exr"))
            for metric in ("pu21-psnr", "pu21-ssim")
        ]
        assert cells[f"{name}.exr"] == [f"{expected[0]:.2f}", f"{expected[1]:.4f}"]
    assert cells["worst"] == cells["c.exr"]
    assert "pu21-psnr [dB] ↑" in result.out
    assert "99.9th percentile of the reference's luminance set to 1000 cd/m²" in result.out


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes by name")
def test_files_that_are_none_are_rows_with_an_error(run, folders: Path) -> None:
    os.mkfifo("test/pipe.exr")
    Path("test/round.exr").symlink_to("round.exr")
    result = run("score", "test", "-m", "pu21-piqe")
    assert result.code
    cells = table(result.out)
    assert (cells["pipe.exr"], cells["round.exr"]) == (["failed"], ["failed"])
    assert "pipe.exr: is not a regular file" in result.err
    assert "round.exr: cannot be opened" in result.err
    alone = run("score", "test/round.exr", "-m", "pu21-piqe", "--csv", "out.csv")
    assert "cannot be opened" in alone.err


def test_json_is_one_document_with_every_condition(run, folders: Path) -> None:
    document = strict_json(run("compare", "test", "ref", "-m", "pu21-psnr", "--json").out)
    assert document["hdrmetrics"] == hm.__version__
    assert [row["test"] for row in document["rows"]] == ["test/a.exr", "test/b.exr", "test/c.exr"]
    for row in document["rows"]:
        direct = hm.score(row["test"], "pu21-psnr", reference=row["reference"])
        assert row["scores"]["pu21-psnr"] == json.loads(json.dumps(direct.to_dict()))


def test_identical_pictures_print_inf_and_give_valid_json(run, folders: Path) -> None:
    assert table(run("compare", "ref/a.exr", "ref/a.exr").out)["a.exr"] == ["inf", "1.0000"]
    document = strict_json(run("compare", "ref/a.exr", "ref/a.exr", "--json", "-").out)
    found = document["rows"][0]["scores"]["pu21-psnr"]
    assert (found["value"], found["infinite"]) == (None, True)
    rows = list(csv.DictReader(io.StringIO(run("compare", "ref/a.exr", "ref/a.exr", "--csv").out)))
    assert float(rows[0]["pu21-psnr"]) == math.inf


def test_csv_has_a_row_for_each_file_with_full_precision(run, folders: Path) -> None:
    text = run("compare", "test", "ref", "-m", "pu21-psnr,mu-psnr", "--csv").out
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == [
        "test", "reference", "pu21-psnr", "mu-psnr", "errors", "warnings", "conditions",
    ]  # fmt: skip
    for row in rows:
        direct = hm.score(row["test"], "mu-psnr", reference=row["reference"])
        assert float(row["mu-psnr"]) == direct.value
        conditions = json.loads(row["conditions"])["mu-psnr"]
        assert conditions == json.loads(json.dumps(direct.conditions))


def test_files_may_be_written_beside_the_table(run, folders: Path) -> None:
    result = run("compare", "test", "ref", "--json", "o.json", "--csv", "o.csv")
    assert "a.exr" in table(result.out)
    assert len(strict_json(Path("o.json").read_text())["rows"]) == 3
    assert Path("o.csv").read_text().count("\n") == 4
    both = run("compare", "test", "ref", "--json", "--csv")
    assert both.code == 2
    assert "cannot both go to stdout" in both.err


def test_a_bad_file_is_a_row_and_the_rest_is_scored(run, folders: Path) -> None:
    data = Path("test/b.exr").read_bytes()
    Path("test/b.exr").write_bytes(data[: len(data) // 2])
    result = run("compare", "test", "ref")
    assert result.code == 2
    cells = table(result.out)
    assert cells["b.exr"] == ["failed", "failed"]
    assert float(cells["a.exr"][0]) > float(cells["c.exr"][0])
    assert result.err.count("\n") == 1
    assert "test/b.exr: " in result.err
    rows = list(csv.DictReader(io.StringIO(run("compare", "test", "ref", "--csv").out)))
    assert rows[1]["pu21-psnr"] == ""
    assert "test/b.exr" in rows[1]["errors"]
    document = strict_json(run("compare", "test", "ref", "--json").out)
    assert list(document["rows"][1]["errors"]) == ["file"]


def test_a_missing_file_is_a_row(run, folders: Path) -> None:
    result = run("compare", "test/a.exr", "nix.exr", "-r", "ref/a.exr")
    assert result.code == 2
    assert result.err == "hdrmetrics: error: nix.exr: no such file\n"
    assert table(result.out)["nix.exr"] == ["failed", "failed"]


def test_a_metric_that_refuses_leaves_the_others(run, folders: Path) -> None:
    result = run("compare", "test/a.exr", "ref/a.exr", "-m", "pu21-psnr", "-m", "pu21-ms-ssim")
    assert result.code == 2
    assert table(result.out)["a.exr"][1] == "failed"
    assert float(table(result.out)["a.exr"][0]) > 30
    assert "pu21-ms-ssim" in result.err


def test_patterns_and_several_files_pair_by_name(run, folders: Path) -> None:
    whole = run("compare", "test", "ref", "--csv").out
    assert run("compare", "test/*.exr", "ref/*.exr", "--csv").out == whole
    words = ["test/c.exr", "test/a.exr", "test/b.exr", "-r", "ref/a.exr", "ref/b.exr", "ref/c.exr"]
    assert sorted(run("compare", *words, "--csv").out.splitlines()) == sorted(whole.splitlines())


def test_one_reference_serves_many(run, folders: Path) -> None:
    document = strict_json(run("compare", "test", "-r", "ref/a.exr", "--json").out)
    assert {row["reference"] for row in document["rows"]} == {"ref/a.exr"}
    values = [row["scores"]["pu21-psnr"]["value"] for row in document["rows"]]
    for row, value in zip(document["rows"], values, strict=True):
        assert value == hm.score(row["test"], "pu21-psnr", reference="ref/a.exr").value


def test_files_without_partner_are_listed(run, folders: Path) -> None:
    shutil.copy("test/a.exr", "test/extra.exr")
    shutil.copy("ref/a.exr", "ref/unused.exr")
    for command in (["compare", "test", "ref"], ["score", "test", "-r", "ref"]):
        result = run(*command)
        assert result.code == 2
        cells = table(result.out)
        assert cells["extra.exr"] == cells["unused.exr"] == ["failed", "failed"]
        assert float(cells["a.exr"][0]) > 30
        assert "test/extra.exr: no reference is called 'extra'" in result.err
        assert "test/unused.exr: missing; no test is there for the reference" in result.err
        assert result.err.count("\n") == 2


def test_a_mean_says_what_it_covers(run, folders: Path) -> None:
    values = [float(hm.score(f"test/{n}.exr", "pu21-psnr", reference=f"ref/{n}.exr")) for n in "bc"]
    assert table(run("compare", "test", "ref").out)["covers"] == ["3", "of", "3", "3", "of", "3"]
    shutil.copy("ref/a.exr", "test/a.exr")
    Path("test/d.exr").write_bytes(b"junk")
    result = run("compare", "test", "ref", "-m", "pu21-psnr", "-m", "pu21-ssim")
    cells = table(result.out)
    assert cells["mean"] == [f"{sum(values) / 2:.2f}", cells["mean"][1]]
    assert cells["worst"][0] == f"{min(values):.2f}"
    rows = {" ".join(line.split()[:2]): line.split()[2:] for line in result.out.splitlines()}
    assert cells["covers"] == ["2", "of", "4", "3", "of", "4"]
    assert rows["identical (inf)"] == ["1", "–"]
    assert cells["failed"] == ["1", "1"]
    summary = strict_json(run("compare", "test", "ref", "--json").out)["summary"]
    assert summary[0] == {
        "metric": "pu21-psnr", "n": 2, "of": 4, "mean": pytest.approx(sum(values) / 2),
        "worst": pytest.approx(min(values)), "infinite": 1, "not_a_number": 0, "failed": 1,
    }  # fmt: skip


def test_errors_that_are_alike_are_one_line(run, folders: Path) -> None:
    result = run("compare", "test", "ref", "-m", "pu21-psnr,pu21-ms-ssim")
    assert result.code == 2
    assert result.err.count("\n") == 1
    assert "a.exr: pu21-ms-ssim needs at least" in result.err  # its name stands there once
    assert "(likewise b.exr, c.exr)" in result.err


def test_three_files_without_a_named_reference_are_refused(run, folders: Path) -> None:
    result = run("compare", "test/a.exr", "test/b.exr", "ref/a.exr")
    assert result.code == 2
    assert "--reference" in result.err


def test_score_uses_no_reference_metrics_or_asks_for_one(run, folders: Path) -> None:
    result = run("score", "test", "-m", "pu21-piqe")
    assert result.code == 0
    assert table(result.out)["a.exr"] == [f"{float(hm.score('test/a.exr', 'pu21-piqe')):.2f}"]
    default = run("score", str(next(iter(hm.sample_images().values()))))
    assert default.code == 0
    assert default.out.split()[:5] == ["file", "norvdpnet", "↑", "pu21-piqe", "↓"]
    refused = run("score", "test", "-m", "pu21-psnr")
    assert refused.code == 2
    assert "pu21-psnr needs a reference: add --reference" in refused.err
    given = run(
        "score", "test", "--reference", "ref", "-m", "pu21-psnr", "-m", "pu21-piqe", "--csv"
    )
    assert given.code == 0
    assert given.out.startswith("test,reference,pu21-psnr,pu21-piqe,")


def test_conditions_reach_the_score(run, folders: Path) -> None:
    def value(*words: str) -> float:
        line = run("compare", "test/c.exr", "ref/c.exr", "-m", "pu21-psnr", *words, "--csv").out
        return float(next(csv.DictReader(io.StringIO(line)))["pu21-psnr"])

    files = ("test/c.exr", "pu21-psnr")
    reference = {"reference": "ref/c.exr"}
    assert value("--peak", "100") == hm.score(*files, **reference, peak=100).value
    assert value("--scale", "7") == hm.score(*files, **reference, scale=7).value
    assert value("--display", "linear-1000") == (
        hm.score(*files, **reference, display="linear-1000").value
    )
    assert (
        value("--region", "3,4,20,10") == hm.score(*files, **reference, region=(3, 4, 20, 10)).value
    )
    assert value("--option", "pu21-psnr.encoder=peaks") == (
        hm.score(*files, **reference, encoder="peaks").value
    )
    assert value("--crf-correction") == hm.score(*files, **reference, crf_correction=True).value
    mask = np.zeros((48, 64), np.uint8)
    mask[:, :20] = 255
    hm.write_image("mask.png", mask)
    assert value("--mask", "mask.png") == hm.score(*files, **reference, mask=mask > 0).value
    plain = value()
    assert plain not in (value("--peak", "100"), value("--mask", "mask.png"))
    assert value("--isolate") == plain


def test_linear_pictures_are_compared_with_coded_ones(run, folders: Path) -> None:
    truth = hm.read_image("ref/a.exr", scale=10.0)
    hm.write_image("cave.png", truth, transfer="pq", depth=16)
    files = ("cave.png", "ref/a.exr")

    def value(*words: str) -> float:
        line = run("compare", *files, "-m", "pu21-psnr", *words, "--csv").out
        return float(next(csv.DictReader(io.StringIO(line)))["pu21-psnr"])

    peak = str(truth.luminance().max())
    for words in (
        ("--scale", "10"),
        ("--reference-scale", "10"),
        ("--peak", peak),
        ("--reference-peak", peak),
        ("--display", "pq-10000", "--scale", "10"),
    ):
        assert value(*words) > 70
    printed = run("compare", *files, "--scale", "10").out
    assert "test: default display for pq (pq-10000); reference: scale: a pixel value" in printed
    other = tuple(reversed(files))
    assert run("compare", *other, "--test-scale", "10").code == 0
    wrong = run("compare", *other, "--reference-scale", "10")
    assert wrong.code == 2
    assert (
        "say how many cd/m² a 1 of the test image is with test_scale= (--test-scale)" in wrong.err
    )


@pytest.mark.parametrize("words", [(), ("--display", "pq-10000")])
def test_the_advice_of_the_command_works_as_it_stands(run, folders: Path, words) -> None:
    hm.write_image("cave.png", hm.read_image("ref/a.exr", scale=10.0), transfer="pq", depth=16)
    refused = run("compare", "cave.png", "ref/a.exr", *words)
    assert refused.code == 2
    flags = re.findall(r"\((--[\w-]+)\)", refused.err)
    assert set(flags) == {"--scale", "--peak"}
    for flag in flags:
        assert run("compare", "cave.png", "ref/a.exr", *words, flag, "10").code == 0


def test_the_advice_works_for_methods_of_which_one_is_linear(run, folders: Path) -> None:
    Path("coded").mkdir()
    for name in ("a", "b"):
        light = hm.read_image(f"ref/{name}.exr", scale=10.0)
        hm.write_image(f"coded/{name}.png", light, transfer="pq", depth=16)
    refused = run("compare", "coded", "test", "-r", "ref")
    assert refused.code == 2
    for flag in re.findall(r"\((--[\w-]+)\)", refused.err):
        followed = run("compare", "coded", "test", "-r", "ref", flag, "10")
        assert "absolute scale" not in followed.err


def test_factors_of_both_and_of_one_exclude_each_other(run, folders: Path) -> None:
    both = run("compare", "test", "ref", "--scale", "2", "--test-peak", "3")
    assert (both.code, both.out) == (2, "")
    assert "give --scale for both pictures or --test-peak for one, not both" in both.err
    twice = run("compare", "test", "ref", "--test-scale", "2", "--test-peak", "3")
    assert twice.code == 2
    alone = run("score", "test", "-m", "pu21-piqe", "--reference-scale", "2")
    assert alone.code == 2
    assert "there is none: leave it out" in alone.err
    beside = run(
        "score", "test", "-r", "ref", "-m", "pu21-piqe,pu21-psnr",
        "--test-scale", "2", "--reference-scale", "2",
    )  # fmt: skip
    assert beside.code == 0


def test_the_part_that_was_scored_is_named(run, folders: Path) -> None:
    out = run("compare", "test/a.exr", "ref/a.exr", "--region", "3,4,20,10").out
    assert "20×10 pixels at x = 3, y = 4" in out


def test_what_only_some_scores_depend_on_is_told_with_their_number(run, folders: Path) -> None:
    Image.new("RGB", (64, 64), (90, 120, 60)).save("test/photograph.png")
    files = ("test/a.exr", "test/b.exr", "test/photograph.png")
    out = " ".join(run("score", *files, "-m", "nima").out.split())
    assert "rendering three exposures (2 of 3)" in out
    assert "proven on photographs only, not with people who saw HDR (2 of 3)" in out
    assert "axis liked," in out
    alike = " ".join(run("score", *files[:2], "-m", "nima").out.split())
    assert "rendering three exposures, proven" in alike


def test_threads_change_nothing(run, folders: Path) -> None:
    one = run("compare", "test", "ref", "--json")
    many = run("compare", "test", "ref", "--json", "--jobs", "3")
    assert many.out == one.out


def test_warnings_come_once_and_quiet_silences_them(run, folders: Path) -> None:
    for name in "ab":
        picture = scene()
        picture[:3, :3] = -1
        picture[0, 0, 0] = 1.0 if name == "a" else -1  # another count in each
        hm.write_image(f"test/{name}.exr", picture)
    result = run("compare", "test", "ref")
    assert result.code == 0
    assert result.err.count("are negative; taken as 0") == 1
    assert "(a.exr, b.exr)" in result.err
    quiet = run("compare", "test", "ref", "--quiet")
    assert quiet.err == ""
    assert quiet.out == result.out.split("\n\n")[0] + "\n"
    rows = list(csv.DictReader(io.StringIO(run("compare", "test", "ref", "--csv").out)))
    assert "are negative" in rows[0]["warnings"]


def test_folders_in_folders_need_recursive(run, folders: Path) -> None:
    for folder in ("test", "ref"):
        (folders / folder / "deep").mkdir()
        shutil.copy(f"{folder}/a.exr", f"{folder}/deep/d.exr")
    assert "deep" not in run("compare", "test", "ref").out
    assert "deep/d.exr" in table(run("compare", "test", "ref", "--recursive").out)


@pytest.mark.parametrize(
    ("option", "needle"),
    [
        ("pu21-psnr", "METRIC.KEY=VALUE"),
        ("pu21-ssim.border=valid", "is for pu21-ssim, but computed are pu21-psnr"),
        ("pu21-psnr.foo=1", "has no option foo; it has encoder"),
        ("pu21-psnr.crf_correction=perhaps", "is true or false, not 'perhaps'"),
        ("pu21-psnr.encoder=foo", "encoder is one of banding"),
    ],
)
def test_options_are_checked(run, folders: Path, option: str, needle: str) -> None:
    result = run("compare", "test", "ref", "-m", "pu21-psnr", "--option", option)
    assert result.code == 2
    assert needle in result.err


def test_crf_correction_needs_a_metric_that_has_it(run, folders: Path) -> None:
    result = run("compare", "test", "ref", "-m", "mpsnr", "--crf-correction")
    assert result.code == 2
    assert "none of mpsnr has a CRF correction" in result.err


def test_names_that_a_terminal_would_obey_are_shown_harmless(run, folders: Path) -> None:
    odd = Path("test/\x1b[31mred\n.exr")
    try:
        shutil.copy("test/a.exr", odd)
    except OSError as error:  # some file systems refuse such names
        pytest.skip(f"this file system: {error}")
    result = run("compare", odd, "ref/a.exr")
    assert result.code == 0
    assert "\x1b" not in result.out
    assert "?[31mred?.exr" in result.out
