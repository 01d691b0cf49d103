"""The gate: limits, baselines and their conditions, and the reports that CI systems read."""

from __future__ import annotations

import json
import math
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import hdrmetrics as hm
from hdrmetrics.errors import OptionError
from hdrmetrics.gate.baseline import differences, flatten, read_baseline, write_baseline
from hdrmetrics.gate.evaluation import evaluate_cases, evaluate_quality
from hdrmetrics.gate.limits import NOISE
from hdrmetrics.gate.report import to_json, to_junit, to_markdown, write_report
from hdrmetrics.gate.result import GateReport

SIZE = (24, 32)


def picture(seed: int = 0) -> NDArray[np.float64]:
    return 10 ** np.random.default_rng(seed).uniform(0, 2, (*SIZE, 3))


def worse(reference: NDArray[np.float64], error: float) -> NDArray[np.float64]:
    return reference * (1 + error * np.random.default_rng(9).uniform(-1, 1, reference.shape))


def cases(**errors: float) -> dict[str, Any]:
    """Return pairs in memory, by name, with an amount of noise each."""
    return {
        name: (worse(picture(i), error), picture(i))
        for i, (name, error) in enumerate(errors.items())
    }


def value(pair: Any, metric: str = "pu21-psnr") -> float:
    return hm.score(pair[0], metric, reference=pair[1]).value


def statuses(report: GateReport) -> dict[str, str]:
    return {check.file: check.status for check in report.checks}


# -- limits ------------------------------------------------------------------------------------


def test_a_limit_is_the_worst_value_that_passes() -> None:
    pairs = cases(a=0.1)
    exact = value(pairs["a"])
    for limit, status in ((exact, "pass"), (math.nextafter(exact, 99), "fail")):
        report = evaluate_cases(pairs, fail_below={"pu21-psnr": limit})
        assert (report.status, report.exit_code) == (status, {"pass": 0, "fail": 1}[status])
        assert report.checks[0].value == exact
        assert report.checks[0].margin == exact - limit


def test_limits_know_the_direction() -> None:
    pairs = cases(a=0.1)
    exact = value(pairs["a"], "pu21-mae")
    assert evaluate_cases(pairs, fail_above={"pu21-mae": exact}).status == "pass"
    report = evaluate_cases(pairs, fail_above={"pu21-mae": exact * 0.999})
    assert report.status == "fail"
    assert report.checks[0].margin == pytest.approx(-0.001 * exact)
    with pytest.raises(OptionError, match="pu21-mae is better when lower"):
        evaluate_cases(pairs, fail_below={"pu21-mae": 1})
    with pytest.raises(OptionError, match="pu21-psnr is better when higher"):
        evaluate_cases(pairs, fail_above={"pu21-psnr": 1})


def test_a_message_never_says_that_a_number_is_below_itself() -> None:
    pairs = cases(a=0.1)
    report = evaluate_cases(pairs, fail_below={"pu21-psnr": value(pairs["a"]) + 1e-4})
    low, high = (part.split()[0] for part in report.checks[0].message.split(" is below "))
    assert float(low) < float(high)


def test_the_worst_comes_first() -> None:
    pairs = cases(good=0.01, bad=0.5, middle=0.1, fine=0.001)
    report = evaluate_cases(pairs, fail_below={"pu21-psnr": value(pairs["middle"]) + 0.1})
    assert [check.file for check in report.checks] == ["bad", "middle", "good", "fine"]
    assert [check.status for check in report.checks] == ["fail", "fail", "pass", "pass"]


def test_identical_pictures_pass_any_limit() -> None:
    pairs = {"same": (picture(), picture())}
    report = evaluate_cases(pairs, fail_below={"pu21-psnr": 1000})
    assert report.status == "pass"
    assert report.checks[0].value == math.inf
    record = json.loads(to_json(report))["checks"][0]
    assert (record["value"], record["infinite"], record["margin"]) == (None, True, None)


# -- baselines ---------------------------------------------------------------------------------


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    path = tmp_path / "quality.json"
    report = evaluate_cases(cases(a=0.1, b=0.2), baseline=path, update_baseline=True)
    assert report.updated
    return path


def test_the_same_pictures_pass_their_baseline(baseline: Path) -> None:
    report = evaluate_cases(cases(a=0.1, b=0.2), baseline=baseline)
    assert report.status == "pass"
    assert {check.info.name for check in report.checks} == {"pu21-psnr", "pu21-ssim"}
    assert all(check.change == pytest.approx(0, abs=1e-5) for check in report.checks)


def test_a_drop_fails_and_a_rise_passes(baseline: Path) -> None:
    report = evaluate_cases(cases(a=0.12, b=0.15), baseline=baseline, metrics=["pu21-psnr"])
    assert statuses(report) == {"a": "fail", "b": "pass"}
    assert report.exit_code == 1
    drop = value(cases(a=0.1)["a"]) - value(cases(a=0.12)["a"])
    assert report.checks[0].change == pytest.approx(-drop, abs=1e-4)
    assert "baseline" in report.checks[0].message


def test_max_drop_is_in_the_unit_of_the_metric(baseline: Path) -> None:
    pairs = cases(a=0.12, b=0.2)
    drop = value(cases(a=0.1)["a"]) - value(pairs["a"])
    for allowed, status in ((drop + 0.01, "pass"), (drop - 0.01, "fail")):
        for given in (allowed, {"pu21-psnr": allowed}):
            report = evaluate_cases(pairs, baseline=baseline, metrics=["pu21-psnr"], max_drop=given)
            assert report.status == status


def test_lower_is_better_metrics_drop_when_they_rise(tmp_path: Path) -> None:
    path = tmp_path / "q.json"
    evaluate_cases(cases(a=0.1), metrics=["pu21-mae"], baseline=path, update_baseline=True)
    assert evaluate_cases(cases(a=0.09), baseline=path).status == "pass"
    rise = value(cases(a=0.2)["a"], "pu21-mae") - value(cases(a=0.1)["a"], "pu21-mae")
    assert evaluate_cases(cases(a=0.2), baseline=path, max_drop=rise * 0.9).status == "fail"
    assert evaluate_cases(cases(a=0.2), baseline=path, max_drop=rise * 1.1).status == "pass"


def test_float_noise_is_no_drop(baseline: Path) -> None:
    record = json.loads(baseline.read_text())
    for factor, status in ((1 + NOISE / 2, "pass"), (1 + NOISE * 3, "fail")):
        changed = json.loads(json.dumps(record))
        changed["files"]["a"]["pu21-psnr"]["value"] *= factor
        baseline.write_text(json.dumps(changed))
        report = evaluate_cases(cases(a=0.1, b=0.2), metrics=["pu21-psnr"], baseline=baseline)
        assert report.status == status


@pytest.mark.parametrize("now", ["same", "worse"])
def test_infinite_baselines(tmp_path: Path, now: str) -> None:
    path = tmp_path / "q.json"
    same = {"a": (picture(), picture())}
    evaluate_cases(same, metrics=["pu21-psnr"], baseline=path, update_baseline=True)
    assert '"inf"' in path.read_text()
    pairs = same if now == "same" else cases(a=0.0001)
    report = evaluate_cases(pairs, baseline=path, max_drop=5)
    assert report.status == ("pass" if now == "same" else "fail")
    assert report.checks[0].change == (0.0 if now == "same" else -math.inf)
    json.loads(to_json(report), parse_constant=lambda c: pytest.fail(f"{c} is no JSON"))


def test_a_finite_baseline_passes_when_pictures_become_identical(baseline: Path) -> None:
    pairs = {name: (picture(i), picture(i)) for i, name in enumerate("ab")}
    assert evaluate_cases(pairs, baseline=baseline).status == "pass"


@pytest.mark.parametrize(
    ("settings", "needle"),
    [
        ({"scale": 2.0}, "calibration.factor was not set, is 2"),
        ({"display": "linear-1000"}, "calibration.display.name was not set, is linear-1000"),
        ({"region": (0, 0, 20, 20)}, r"region was not set, is \[0, 0, 20, 20\]"),
        ({"options": {"pu21-psnr": {"encoder": "peaks"}}}, "encoder was banding_glare, is peaks"),
        ({"mask": np.eye(24, 32)}, "mask was not set"),
    ],
)
def test_other_conditions_are_an_error_that_names_them(
    baseline: Path, settings: dict[str, Any], needle: str
) -> None:
    report = evaluate_cases(
        cases(a=0.1, b=0.2), metrics=["pu21-psnr"], baseline=baseline, **settings
    )
    assert (report.status, report.exit_code) == ("error", 2)
    for check in report.checks:
        assert re.search(needle, check.message), check.message
        assert check.change is None


def test_another_version_of_the_metric_is_another_condition(baseline: Path) -> None:
    record = json.loads(baseline.read_text())
    record["metrics"]["pu21-psnr"]["conditions"]["version"] = "0"
    baseline.write_text(json.dumps(record))
    report = evaluate_cases(cases(a=0.1, b=0.2), baseline=baseline)
    assert {c.info.name: c.status for c in report.checks} == {
        "pu21-psnr": "error", "pu21-ssim": "pass",
    }  # fmt: skip
    assert "version was 0, is 1" in report.checks[0].message


def test_another_size_is_another_condition(baseline: Path) -> None:
    pairs = cases(a=0.1, b=0.2)
    pairs["b"] = tuple(one[:20] for one in pairs["b"])
    report = evaluate_cases(pairs, metrics=["pu21-psnr"], baseline=baseline)
    assert statuses(report) == {"b": "error", "a": "pass"}
    assert "size was [32, 24], is [32, 20]" in report.checks[0].message


def test_new_pictures_and_metrics_are_noticed_not_failed(baseline: Path) -> None:
    report = evaluate_cases(
        cases(a=0.1, b=0.2, c=0.9), metrics=["pu21-psnr", "pu21-mae"], baseline=baseline
    )
    assert report.status == "pass"
    assert "the baseline holds no pu21-mae: it was not compared" in report.notices
    assert "pu21-psnr: not in the baseline, so not compared with it: c" in report.notices
    assert "not computed, though the baseline holds it: pu21-ssim" in report.notices


def test_pictures_that_are_gone_are_errors(baseline: Path) -> None:
    report = evaluate_cases(cases(a=0.1), baseline=baseline)
    assert report.exit_code == 2
    gone = [check for check in report.checks if check.status == "error"]
    assert [(c.file, c.info.name) for c in gone] == [("b", "pu21-psnr"), ("b", "pu21-ssim")]
    assert all("not among the test files" in check.message for check in gone)


def test_a_max_drop_too_large_for_a_scale_is_noticed(baseline: Path) -> None:
    report = evaluate_cases(cases(a=0.1, b=0.2), baseline=baseline, max_drop=0.3)
    assert any("0.3 is large on the scale of pu21-ssim" in notice for notice in report.notices)
    own = {"pu21-psnr": 0.3, "pu21-ssim": 0.01}
    report = evaluate_cases(cases(a=0.1, b=0.2), baseline=baseline, max_drop=own)
    assert report.notices == ()


def test_updating_writes_the_same_bytes_and_says_what_changed(baseline: Path) -> None:
    before = baseline.read_bytes()
    evaluate_cases(cases(a=0.1, b=0.2), baseline=baseline, update_baseline=True)
    assert baseline.read_bytes() == before
    report = evaluate_cases(
        cases(a=0.9, c=0.2), metrics=["pu21-psnr"], baseline=baseline, update_baseline=True
    )
    assert (report.status, report.updated) == ("pass", True)  # an update does not compare
    assert "baseline written: 2 values, 1 of them new" in report.notices
    assert any("a (pu21-ssim), b (pu21-psnr), b (pu21-ssim)" in n for n in report.notices)
    assert sorted(read_baseline(baseline)) == ["a", "c"]


def test_an_update_keeps_digits_that_only_noise_changed(baseline: Path) -> None:
    """Sums differ in the seventh digit with the number of threads; the file should not."""
    record = json.loads(baseline.read_text())
    entry = record["files"]["a"]["pu21-psnr"]
    entry["value"] = float(f"{entry['value'] * (1 + 3e-6):.7g}")  # as many digits as are written
    record["metrics"]["pu21-psnr"]["conditions"]["code_peak"] *= 1 + 1e-6
    text = json.dumps(record, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    baseline.write_text(text)
    again = evaluate_cases(cases(a=0.1, b=0.2), baseline=baseline, update_baseline=True)
    assert again.updated
    kept = json.loads(baseline.read_text())
    assert kept["files"]["a"] == json.loads(text)["files"]["a"]
    assert kept["metrics"] == json.loads(text)["metrics"]
    entry["value"] *= 1 + 3e-5
    baseline.write_text(json.dumps(record))
    evaluate_cases(cases(a=0.1, b=0.2), baseline=baseline, update_baseline=True)
    assert json.loads(baseline.read_text())["files"]["a"]["pu21-psnr"]["value"] != entry["value"]


def test_an_update_is_not_written_when_a_picture_failed(baseline: Path) -> None:
    before = baseline.read_bytes()
    pairs = cases(a=0.1, b=0.2)
    pairs["b"] = (np.full((*SIZE, 3), np.nan), pairs["b"][1])
    report = evaluate_cases(pairs, baseline=baseline, update_baseline=True)
    assert (report.exit_code, report.updated) == (2, False)
    assert baseline.read_bytes() == before


def test_an_update_still_holds_the_limits(baseline: Path) -> None:
    report = evaluate_cases(
        cases(a=0.5, b=0.2), baseline=baseline, update_baseline=True, fail_below={"pu21-psnr": 60}
    )
    assert (report.exit_code, report.updated) == (1, True)


@pytest.mark.parametrize(
    ("text", "needle"),
    [
        ("{", "is not a baseline"),
        ("[]", "is not a baseline"),
        ('{"format": 99}', "format 99"),
        ('{"format": 1, "metrics": {}, "files": {"a": {"x": {"value": 1}}}}', "is not a baseline"),
        ('{"format": 1, "metrics": {"x": {"conditions": {}}}, "files": {"a": {"x": {}}}}',
         "is not a baseline"),
    ],
)  # fmt: skip
def test_broken_baselines_are_refused_and_never_overwritten(
    tmp_path: Path, text: str, needle: str
) -> None:
    path = tmp_path / "q.json"
    path.write_text(text)
    for update in (False, True):
        with pytest.raises(OptionError, match=needle):
            evaluate_cases(cases(a=0.1), baseline=path, update_baseline=update)
    assert path.read_text() == text


def test_there_must_be_something_to_judge_by(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="nothing to judge by"):
        evaluate_cases(cases(a=0.1))
    with pytest.raises(OptionError, match="need a baseline file"):
        evaluate_cases(cases(a=0.1), max_drop=1)
    with pytest.raises(OptionError, match="there is no baseline"):
        evaluate_cases(cases(a=0.1), baseline=tmp_path / "no.json")
    path = tmp_path / "q.json"
    evaluate_cases(cases(a=0.1), baseline=path, update_baseline=True)
    with pytest.raises(OptionError, match="zero or more, not -1"):
        evaluate_cases(cases(a=0.1), baseline=path, max_drop=-1)
    with pytest.raises(OptionError, match="must be a number"):
        evaluate_cases(cases(a=0.1), fail_below={"pu21-psnr": math.nan})
    with pytest.raises(OptionError, match="improvability says what enhancement would bring"):
        evaluate_cases(cases(a=0.1), fail_below={"improvability": 0.5})
    with pytest.raises(OptionError, match="pu21-psnr needs a reference"):
        evaluate_cases({"a": (picture(), None)}, fail_below={"pu21-psnr": 1})


def test_no_reference_metrics_can_be_gated() -> None:
    image = picture()
    exact = hm.score(image, "pu21-piqe").value
    report = evaluate_cases({"a": (image, None)}, fail_above={"pu21-piqe": exact})
    assert report.status == "pass"


def test_conditions_flatten_and_differ() -> None:
    conditions = {"a": {"b": 1 / 3, "c": None}, "size": (3, 4), "on": True, "x": math.inf}
    flat = flatten(conditions)
    assert flat == {"a.b": 0.3333333, "a.c": None, "size": [3, 4], "on": True, "x": "inf"}
    assert differences(flat, flat | {"a.b": 0.33333331}) == []
    assert differences({"k": True}, {"k": 1}) == ["k was True, is 1"]
    assert differences({"k": [1, 2]}, {"k": [1, 3]}) == ["k was [1, 2], is [1, 3]"]


def test_common_conditions_are_written_once(baseline: Path, tmp_path: Path) -> None:
    record = json.loads(baseline.read_text())
    assert record["metrics"]["pu21-psnr"]["conditions"]["encoder"] == "banding_glare"
    assert list(record["files"]["a"]["pu21-psnr"]) == ["value"]
    held = read_baseline(baseline)
    held["b"]["pu21-psnr"].conditions["size"] = [1, 1]
    write_baseline(tmp_path / "two.json", held, {"pu21-psnr": "dB", "pu21-ssim": ""})
    assert read_baseline(tmp_path / "two.json") == held


# -- files -------------------------------------------------------------------------------------


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for name, (test, reference) in cases(a=0.1, b=0.2).items():
        for folder, pixels in (("test", test), ("ref", reference)):
            (tmp_path / folder).mkdir(exist_ok=True)
            hm.write_image(tmp_path / folder / f"{name}.exr", pixels.astype(np.float32))
    return tmp_path / "test", tmp_path / "ref"


def test_folders_are_paired_and_named(folders: tuple[Path, Path]) -> None:
    report = evaluate_quality(folders[0], reference=folders[1], fail_below={"pu21-psnr": 0})
    assert sorted(check.file for check in report.checks) == ["a.exr", "b.exr"]
    by_name = {check.file: check.value for check in report.checks}
    direct = hm.score(folders[0] / "a.exr", "pu21-psnr", reference=folders[1] / "a.exr")
    assert by_name["a.exr"] == direct.value


def test_files_without_partner_are_errors_and_the_others_are_judged(
    folders: tuple[Path, Path],
) -> None:
    (folders[1] / "b.exr").rename(folders[1] / "c.exr")
    report = evaluate_quality(folders[0], reference=folders[1], fail_below={"pu21-psnr": 0})
    assert {c.file: c.status for c in report.checks} == {
        "a.exr": "pass", "b.exr": "error", "c.exr": "error",
    }  # fmt: skip
    assert report.exit_code == 2
    messages = {c.file: c.message for c in report.checks}
    assert "b.exr: no reference is called 'b'" in messages["b.exr"]
    assert "c.exr: missing; no test is there for the reference" in messages["c.exr"]


def test_a_file_that_cannot_be_read_is_an_error(folders: tuple[Path, Path]) -> None:
    (folders[0] / "a.exr").write_bytes(b"")
    report = evaluate_quality(folders[0], reference=folders[1], fail_below={"pu21-psnr": 99})
    assert [(c.file, c.status) for c in report.checks] == [("a.exr", "error"), ("b.exr", "fail")]
    assert report.exit_code == 2  # an error hides whether quality fell


# -- reports -----------------------------------------------------------------------------------


@pytest.fixture
def mixed(tmp_path: Path) -> GateReport:
    """Return a report with passes, failures, errors, notices and names that need escaping."""
    path = tmp_path / "q.json"
    names = {"pass|`x`": 0.1, 'fail "<&>\x01': 0.2, "gone": 0.1}
    evaluate_cases(cases(**names), baseline=path, update_baseline=True)
    pairs = cases(**{"pass|`x`": 0.1, 'fail "<&>\x01': 0.4, "new": 0.1})
    return evaluate_cases(pairs, baseline=path, max_drop=0.3)


def test_junit_is_what_ci_systems_expect(mixed: GateReport) -> None:
    root = ET.fromstring(to_junit(mixed))
    assert root.tag == "testsuites"
    suites = root.findall("testsuite")
    assert len(suites) == 1
    suite_cases = suites[0].findall("testcase")
    for element in (root, suites[0]):
        assert int(element.attrib["tests"]) == len(suite_cases) == len(mixed.checks)
        assert int(element.attrib["failures"]) == len(suites[0].findall("testcase/failure"))
        assert int(element.attrib["errors"]) == len(suites[0].findall("testcase/error"))
    assert suites[0].find("testcase/failure") is not None
    assert suites[0].find("testcase/error") is not None
    for case in suite_cases:
        assert case.attrib["classname"] in ("pu21-psnr", "pu21-ssim")
        assert len(case.findall("failure")) + len(case.findall("error")) <= 1
    failure = suites[0].find("testcase/failure")
    assert " is below " in failure.attrib["message"]
    assert "baseline: " in failure.text
    names = {case.attrib["name"] for case in suite_cases}
    assert names == {"pass|`x`", 'fail "<&>?', "gone", "new"}
    # The order that the common schema wants: properties, cases, output.
    order = [child.tag for child in suites[0]]
    assert order == ["properties", *["testcase"] * len(suite_cases), "system-out"]
    properties = {p.attrib["name"] for p in suites[0].iter("property")}
    assert {"hdrmetrics", "pu21-psnr.encoder", "threshold.pu21-psnr"} <= properties


def test_markdown_has_one_table_with_the_worst_first(mixed: GateReport) -> None:
    text = to_markdown(mixed)
    assert text.startswith("## ⚠️ Quality gate not judged")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + len(mixed.checks)
    assert len({row.replace("\\|", "").count("|") for row in rows}) == 1
    verdicts = [row.split("|")[-2].strip() for row in rows[2:]]
    assert verdicts == sorted(verdicts, key=["ERROR", "FAIL", "pass"].index)
    assert "+0" not in text
    for needle in (
        "0.3 dB worse",
        "### Notices",
        "calibration.kind = absolute",
        "q.json` compared",
    ):
        assert needle in text
    short = to_markdown(mixed, most=2)
    assert f"… and {len(mixed.checks) - 2} more" in short


def test_json_is_strict_and_complete(mixed: GateReport) -> None:
    record = json.loads(to_json(mixed), parse_constant=lambda c: pytest.fail(f"{c} is no JSON"))
    assert record["hdrmetrics"] == hm.__version__
    assert (record["status"], record["exit_code"]) == ("error", 2)
    assert sum(record["counts"].values()) == len(record["checks"]) == len(mixed.checks)
    failed = next(check for check in record["checks"] if check["status"] == "fail")
    assert failed["change"] == pytest.approx(failed["value"] - failed["baseline"])
    assert failed["margin"] < 0
    assert failed["limit"] == pytest.approx(failed["baseline"] - 0.3, abs=1e-3)


def test_reports_are_written_where_they_are_wanted(mixed: GateReport, tmp_path: Path) -> None:
    write_report(
        mixed, junit=tmp_path / "r.xml", markdown=tmp_path / "r.md", json=tmp_path / "r.json"
    )
    assert (tmp_path / "r.xml").read_text(encoding="utf-8") == to_junit(mixed)
    assert (tmp_path / "r.md").read_text(encoding="utf-8") == to_markdown(mixed)
    assert (tmp_path / "r.json").read_text(encoding="utf-8") == to_json(mixed)
