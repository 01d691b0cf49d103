"""The fixture ``hdr_quality``, used by test files of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import hdrmetrics as hm
import hdrmetrics.cli.output  # pytester forgets what is imported inside its runs only
import hdrmetrics.gate.report
from hdrmetrics.gate.evaluation import evaluate_quality

pytest_plugins = ["pytester"]

Run = Callable[..., pytest.RunResult]

HEAD = """
import numpy as np
import pytest
import hdrmetrics as hm

def picture(seed=0):
    return 10 ** np.random.default_rng(seed).uniform(0, 2, (24, 32, 3))

def worse(image, error):
    return image * (1 + error * np.random.default_rng(9).uniform(-1, 1, image.shape))
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs pytest on a test file with the given body."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # other plug-ins take seconds
    plugin = ("-p", "hdrmetrics.pytest_plugin")

    def test(body: str, *words: str) -> pytest.RunResult:
        pytester.makepyfile(test_render=HEAD + body)
        return pytester.runpytest_inprocess(*plugin, "-p", "no:cacheprovider", *words)

    return test


def test_good_pictures_pass_and_the_report_is_returned(run: Run) -> None:
    result = run("""
def test_it(hdr_quality):
    test, reference = worse(picture(), 0.1), picture()
    report = hdr_quality.check(test, reference, "pu21-psnr", at_least=20)
    assert report.checks[0].value == hm.score(test, "pu21-psnr", reference=reference).value
    hdr_quality.check(test, reference, at_least=20)
    hdr_quality.check(test, reference, "pu21-mae", at_most=50, encoder="peaks", scale=None)
    hdr_quality.check(test, metric="pu21-piqe", at_most=100)
    own = hdr_quality.check(test / 10, reference, at_least=20, test_scale=10)
    assert own.checks[0].value == pytest.approx(report.checks[0].value, abs=1e-3)
""")
    result.assert_outcomes(passed=1)


def test_the_message_is_a_table_with_the_worst_first(run: Run) -> None:
    result = run("""
def test_it(hdr_quality):
    images = {n: picture(i) for i, n in enumerate("abc")}
    errors = {"a": 0.3, "b": 0.01, "c": 0.6}
    tests = {name: worse(images[name], error) for name, error in errors.items()}
    hdr_quality.check(tests, images, "pu21-psnr", at_least=40)
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            '*hdr_quality.check(tests, images, "pu21-psnr", at_least=40)',
            "E *AssertionError: image quality fell: 2 of 3 picture(s) by pu21-psnr [[]dB] ↑",
            "E *picture *value *baseline *change *limit *missed by",
            "E *c * ≥ 40.00 *",
            "E *a * ≥ 40.00 *",
            "E *conditions: *encoder = banding_glare*",
        ]
    )
    # The traceback ends at the user's line, not inside the package.
    assert "pytest_plugin.py" not in result.stdout.str()


def test_the_table_holds_value_and_deficit(run: Run) -> None:
    result = run("""
def test_it(hdr_quality):
    hdr_quality.check(worse(picture(), 0.3), picture(), "pu21-psnr", at_least=40)
""")
    rng = np.random.default_rng(0)
    reference = 10 ** rng.uniform(0, 2, (24, 32, 3))
    test = reference * (1 + 0.3 * np.random.default_rng(9).uniform(-1, 1, reference.shape))
    value = hm.score(test, "pu21-psnr", reference=reference).value
    line = next(x for x in result.outlines if x.startswith("E") and "≥ 40.00" in x)
    assert line.split()[1:] == [
        "image",
        f"{value:.2f}",
        "–",
        "–",
        "≥",
        "40.00",
        f"{40 - value:.2f}",
    ]


BASELINE = """
def test_it(hdr_quality):
    hdr_quality.check(worse(picture(), {error}), picture(), "pu21-psnr", within=0.3)
"""


def test_baselines_live_beside_the_test(run: Run, pytester: pytest.Pytester) -> None:
    first = run(BASELINE.format(error=0.1))
    first.assert_outcomes(failed=1)
    where = "hdr_baselines/test_render/test_it.pu21-psnr.json"
    command = "pytest --hdr-update-baseline 'test_render.py::test_it'"
    first.stdout.fnmatch_lines([f"*there is no baseline {where} yet*{command}"])
    path = pytester.path / "hdr_baselines" / "test_render" / "test_it.pu21-psnr.json"
    assert not path.exists()

    made = run(BASELINE.format(error=0.1), "--hdr-update-baseline")
    made.assert_outcomes(passed=1)
    made.stdout.fnmatch_lines([f"hdrmetrics: baseline written: {path}"])
    assert list(json.loads(path.read_text())["files"]) == ["image"]

    run(BASELINE.format(error=0.1)).assert_outcomes(passed=1)
    run(BASELINE.format(error=0.101)).assert_outcomes(passed=1)
    run(BASELINE.format(error=0.05)).assert_outcomes(passed=1)
    fell = run(BASELINE.format(error=0.2))
    fell.assert_outcomes(failed=1)
    fell.stdout.fnmatch_lines(
        ["E *baseline: hdr_baselines/test_render/test_it.pu21-psnr.json",
         "E *if the change is meant: pytest --hdr-update-baseline 'test_render.py::test_it'"]
    )  # fmt: skip


def test_a_baseline_of_other_conditions_is_no_verdict(run: Run) -> None:
    run(BASELINE.format(error=0.1), "--hdr-update-baseline")
    other = BASELINE.format(error=0.1).replace("within=0.3", "within=0.3, scale=2.0")
    result = run(other)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *image quality could not be judged*", "E *calibration.factor*"])


def test_each_case_of_a_parametrised_test_has_its_baseline(
    run: Run, pytester: pytest.Pytester
) -> None:
    body = """
import pytest

class TestAll:
    @pytest.mark.parametrize("name", ["x/y", "x_y"])
    def test_it(self, hdr_quality, name):
        error = 0.1 if name == "x_y" else 0.4
        hdr_quality.check(worse(picture(), error), picture(), "pu21-psnr", within=0.3)
"""
    run(body, "--hdr-update-baseline").assert_outcomes(passed=2)
    files = list((pytester.path / "hdr_baselines" / "test_render").iterdir())
    assert len(files) == 2
    assert all(file.name.startswith("TestAll.test_it_x_y_") for file in files)
    run(body).assert_outcomes(passed=2)


def test_two_checks_of_one_test_do_not_share_a_baseline(run: Run) -> None:
    body = """
def test_it(hdr_quality, tmp_path):
    image = picture()
    hdr_quality.check(worse(image, 0.1), image, "pu21-psnr", within=0.3)
    hdr_quality.check(worse(image, 0.4), image, "pu21-psnr", within=0.3 {more})
"""
    result = run(body.format(more=""), "--hdr-update-baseline")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *give the second check() a baseline= of its own"])
    own = body.format(more=', baseline=tmp_path / "own.json"')
    run(own, "--hdr-update-baseline").assert_outcomes(passed=1)


def test_files_folders_and_lists(run: Run, pytester: pytest.Pytester) -> None:
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        image = (10 ** rng.uniform(0, 2, (24, 32, 3))).astype(np.float32)
        for folder, factor in (("out", 1.02), ("ref", 1.0)):
            (pytester.path / folder).mkdir(exist_ok=True)
            hm.write_image(pytester.path / folder / f"{name}.exr", image * np.float32(factor))
    result = run("""
from pathlib import Path

def names(report):
    return sorted(check.file for check in report.checks)

def test_folder(hdr_quality):
    assert names(hdr_quality.check("out", "ref", at_least=20)) == ["a.exr", "b.exr"]
    assert names(hdr_quality.check("out/*.exr", Path("ref"), at_least=20)) == ["a.exr", "b.exr"]
    assert names(hdr_quality.check(["out/b.exr"], "ref/b.exr", at_least=20)) == ["b.exr"]

def test_lists_in_memory(hdr_quality):
    images = [picture(0), picture(1)]
    assert names(hdr_quality.check(images, images, at_least=20)) == ["image 1", "image 2"]
    image = hm.read_image("ref/a.exr")
    assert names(hdr_quality.check({"x": image}, "ref/a.exr", at_least=20)) == ["x"]

def test_unreadable(hdr_quality):
    Path("bad.exr").write_bytes(b"junk")
    hdr_quality.check(["bad.exr"], "ref/a.exr", at_least=20)

def test_unpaired(hdr_quality):
    hdr_quality.check([picture()], [picture(), picture()], at_least=20)
""")
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["E *image quality could not be judged*", "E *bad.exr*bad.exr*"])
    result.stdout.fnmatch_lines(["E *PairingError: *differ in number or name"])


def test_a_missing_render_does_not_hide_the_others(run: Run, pytester: pytest.Pytester) -> None:
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        image = (10 ** rng.uniform(0, 2, (24, 32, 3))).astype(np.float32)
        for folder in ("out", "ref"):
            (pytester.path / folder).mkdir(exist_ok=True)
            hm.write_image(pytester.path / folder / f"{name}.exr", image)
    (pytester.path / "out" / "b.exr").rename(pytester.path / "out" / "c.exr")
    result = run("""
def test_it(hdr_quality):
    hdr_quality.check("out", "ref", at_least=20)

def test_nothing(hdr_quality):
    hdr_quality.check("gone", "ref", at_least=20)
""")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["E *image quality could not be judged: 2 of 3 picture(s)*"])
    result.stdout.fnmatch_lines(["E *b.exr: *missing; no test is there for the reference*"])
    result.stdout.fnmatch_lines(["E *c.exr: *no reference is called 'c'*"])
    result.stdout.fnmatch_lines(["E *gone: no such file or folder*"])


@pytest.mark.parametrize(
    ("call", "needle"),
    [
        ("picture(), picture()", "check() needs a limit: at_least=, at_most= or within="),
        ("picture(), picture(), at_most=3", "pu21-psnr is better when higher: use at_least="),
        ("picture(), picture(), 'mae', at_least=3", "mae is better when lower: use at_most="),
        ("picture(), picture(), at_least=3, baseline='x.json'", "give within="),
        ("picture(), picture(), 'nonsense', at_least=3", "unknown metric 'nonsense'"),
        ("picture(), picture(), at_least=3, foo=1", "pu21-psnr has no option foo"),
        ("picture(), None, 'pu21-psnr', at_least=3", "needs a reference"),
        ("[], [], at_least=3", "there are no pictures"),
    ],
)
def test_wrong_calls_say_what_is_wrong(run: Run, call: str, needle: str) -> None:
    result = run(f"""
def test_it(hdr_quality):
    hdr_quality.check({call})
""")
    result.assert_outcomes(failed=1)
    assert any(needle in line for line in result.outlines if line.startswith("E")), needle


def test_it_is_listed_among_the_fixtures_and_options(run: Run) -> None:
    result = run("", "--fixtures")
    result.stdout.fnmatch_lines(["hdr_quality*"])
    assert any("--hdr-update-baseline" in line for line in run("", "--help").outlines)


def test_baselines_may_be_shared_by_the_shell(run: Run, pytester: pytest.Pytester) -> None:
    rng = np.random.default_rng(0)
    image = (10 ** rng.uniform(0, 2, (24, 32, 3))).astype(np.float32)
    hm.write_image(pytester.path / "r.exr", image)
    hm.write_image(pytester.path / "t.exr", image * np.float32(1.1))
    test, reference = (Path(pytester.path) / name for name in ("t.exr", "r.exr"))
    evaluate_quality(
        test, reference=reference, metrics=["pu21-psnr"], baseline=pytester.path / "q.json",
        update_baseline=True,
    )  # fmt: skip
    run("""
def test_it(hdr_quality):
    hdr_quality.check("t.exr", "r.exr", within=0.0, baseline="q.json")
""").assert_outcomes(passed=1)
