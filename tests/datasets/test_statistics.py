from __future__ import annotations

import math
import time

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from datasets.labelling.transform import LabelTransform
from datasets.reporting.correlation import RankStudy
from datasets.reporting.statistics import describe, format_statistics
from hdrmetrics.errors import OptionError, ShapeError

KINDS = ("blur", "noise", "jpeg", "flat")


def make_table(crops: int = 40, scenes: int = 8, per_kind: int = 3, seed: int = 1) -> pd.DataFrame:
    """Return a table as a build writes it, with made labels; ``flat`` ignores its strength."""
    rng = np.random.default_rng(seed)
    rows = []
    for crop in range(crops):
        scene = crop % scenes
        split = "train" if scene < scenes * 0.6 else "test"
        for number, kind in enumerate(np.repeat(KINDS, per_kind)):
            strength = float(rng.random())
            quality = 3.5 * strength if kind != "flat" else 2.0
            rows.append(
                {
                    "item": f"set/{crop}-{number}",
                    "scene": f"scene{scene}",
                    "group": f"scene{scene}",
                    "split": split,
                    "source": "hdr",
                    "frame": 0,
                    "crop": crop,
                    "distortion": kind,
                    "strength": strength,
                    "hdrvdp_q": quality - 3.6 + 0.4 * rng.normal() + 0.1 * scene,
                }
            )
    for crop in range(crops):
        rows.append(
            rows[crop * per_kind * len(KINDS)]
            | {
                "item": f"set/{crop}-mix",
                "distortion": "mix",
                "strength": math.nan,
                "hdrvdp_q": rng.normal(-1.5, 0.5),
            }
        )
    frame = pd.DataFrame(rows)
    transform = LabelTransform.fit(frame["hdrvdp_q"], higher_is_better=False)
    return frame.assign(target=transform(frame["hdrvdp_q"].to_numpy()))


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return make_table()


def study(x: list[float], y: list[float], *, clusters: list[int], groups: list[int]) -> RankStudy:
    return RankStudy(
        np.array(x, dtype=np.float64),
        np.array(y, dtype=np.float64),
        clusters=np.array(clusters),
        groups=np.array(groups),
    )


# -- correlations ------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("tied", [False, True])
def test_pooled_is_scipys_spearman(seed: int, tied: bool) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=200)
    y = x + rng.normal(size=200)
    if tied:
        x, y = np.round(x), np.round(y)
    found = RankStudy(x, y, clusters=rng.integers(0, 9, 200), groups=np.zeros(200, np.int64))
    value = found.pooled(np.random.default_rng(0), 10).value
    assert value == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)


def test_resamples_are_those_of_rows_repeated() -> None:
    # The truth: gather the rows of the drawn scenes and give them to SciPy.
    rng = np.random.default_rng(4)
    x = np.round(rng.normal(size=120), 1)
    y = np.round(x + rng.normal(size=120), 1)
    clusters = rng.integers(0, 6, 120)
    found = RankStudy(x, y, clusters=clusters, groups=np.zeros(120, np.int64))
    drawn = np.random.default_rng(7).multinomial(6, np.full(6, 1 / 6), size=50)
    values = []
    for counts in drawn:
        rows = np.repeat(np.arange(120), counts[clusters])
        values.append(stats.spearmanr(x[rows], y[rows]).statistic)
    interval = found.pooled(np.random.default_rng(7), 50)
    assert interval[1:] == pytest.approx(tuple(np.quantile(values, [0.025, 0.975])), abs=1e-12)


def test_within_is_the_mean_of_scipys_spearman() -> None:
    rng = np.random.default_rng(5)
    groups = np.sort(rng.integers(0, 30, 150))
    x = np.round(rng.normal(size=150), 1)
    y = np.round(x + 2 * rng.normal(size=150), 1)
    shuffle = rng.permutation(150)
    found = RankStudy(x[shuffle], y[shuffle], clusters=groups[shuffle] % 7, groups=groups[shuffle])
    parts = [(x[groups == g], y[groups == g]) for g in np.unique(groups)]
    truth = [stats.spearmanr(a, b).statistic for a, b in parts if np.ptp(a) > 0 and np.ptp(b) > 0]
    assert found.usable_groups == len(truth)
    interval = found.within(np.random.default_rng(0), 300)
    assert interval.value == pytest.approx(np.mean(truth), abs=1e-12)
    assert interval.low < interval.value < interval.high


def test_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    # Normal pairs of correlation r have Spearman's 6/π·asin(r/2).
    truth = 6 / math.pi * math.asin(0.6 / 2)
    hits = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        x, y = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], size=400).T
        clusters = np.repeat(np.arange(40), 10)
        interval = RankStudy(x, y, clusters=clusters, groups=clusters).pooled(rng, 200)
        hits += interval.low <= truth <= interval.high
    assert 50 <= hits <= 60


def test_clusters_widen_the_interval() -> None:
    rng = np.random.default_rng(2)
    clusters = np.repeat(np.arange(10), 50)
    offset = rng.normal(size=10)[clusters] * 2
    x = rng.normal(size=500)
    y = x + offset
    x = x + offset * rng.normal(size=10)[clusters]
    together = RankStudy(x, y, clusters=clusters, groups=clusters).pooled(rng, 200)
    apart = RankStudy(x, y, clusters=np.arange(500), groups=clusters).pooled(rng, 200)
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_what_has_no_correlation_is_nan() -> None:
    rng = np.random.default_rng(0)
    equal = study([1, 2, 3, 4], [5, 5, 5, 5], clusters=[0, 0, 1, 1], groups=[0, 0, 1, 1])
    assert all(math.isnan(value) for value in equal.pooled(rng, 20))
    assert all(math.isnan(value) for value in equal.within(rng, 20))
    one = study([1, 2, 3], [1, 2, 4], clusters=[3, 3, 3], groups=[0, 0, 0])
    assert one.pooled(rng, 20).value == pytest.approx(1)
    assert math.isnan(one.pooled(rng, 20).low)
    assert one.within(rng, 20).value == pytest.approx(1)
    nothing = study([], [], clusters=[], groups=[])
    assert math.isnan(nothing.pooled(rng, 20).value)
    assert nothing.usable_groups == 0


def test_lengths_must_agree() -> None:
    with pytest.raises(ShapeError, match="one per item"):
        study([1, 2], [1, 2], clusters=[0], groups=[0, 0])


# -- tables ------------------------------------------------------------------------------------


def test_counts(table: pd.DataFrame) -> None:
    found = describe(table, resamples=20)
    assert (found.items, found.scenes, found.crops) == (520, 8, 40)
    assert found.splits.loc["train"].to_dict() == {
        "items": 325,
        "scenes": 5,
        "crops": 25,
        "share": 0.625,
    }
    assert found.splits["items"].sum() == 520
    assert found.distortions["items"].to_dict() == {
        "blur": 120,
        "flat": 120,
        "jpeg": 120,
        "mix": 40,
        "noise": 120,
    }
    assert found.per_scene.to_dict() == {f"scene{i}": 65 for i in range(8)}


def test_coverage_is_the_histogram(table: pd.DataFrame) -> None:
    found = describe(table, resamples=20)
    expected = np.histogram(table["target"], bins=10, range=(0, 1))[0] / len(table)
    assert found.coverage == pytest.approx(expected)
    blur = table.loc[table["distortion"] == "blur", "target"]
    shares = found.distortions.loc["blur", [f"0.{i}" for i in range(10)]].to_numpy(np.float64)
    assert shares == pytest.approx(np.histogram(blur, bins=10, range=(0, 1))[0] / len(blur))
    assert found.distortions.loc["blur", "median"] == pytest.approx(np.median(blur))
    assert found.coverage_by_split.sum(axis=1).to_numpy() == pytest.approx([1, 1])


def test_label_quantiles(table: pd.DataFrame) -> None:
    found = describe(table.assign(pu21_psnr=[math.inf, *range(519)]), resamples=20)
    assert found.labels.loc["hdrvdp_q", "0.95"] == pytest.approx(table["hdrvdp_q"].quantile(0.95))
    assert found.labels.loc["pu21_psnr", "items"] == 519
    assert found.labels.loc["pu21_psnr", "1"] == 518
    assert found.problems.infinite == {"pu21_psnr": 1}
    assert found.problems.none


def test_strength_follows_scipy(table: pd.DataFrame) -> None:
    found = describe(table, resamples=50).strength
    assert list(found.index) == ["blur", "flat", "jpeg", "noise"]
    for kind, row in found.iterrows():
        part = table[table["distortion"] == kind]
        pooled = stats.spearmanr(part["strength"], part["target"]).statistic
        inside = [
            stats.spearmanr(one["strength"], one["target"]).statistic
            for _, one in part.groupby("crop")
        ]
        assert row["pooled"] == pytest.approx(pooled, abs=1e-12)
        assert row["within"] == pytest.approx(np.mean(inside), abs=1e-12)
        assert row["crops"] == 40
        assert row["pooled_low"] <= row["pooled"] <= row["pooled_high"]
    assert found.loc["blur", "pooled_high"] < -0.8
    assert found.loc["flat", "within_low"] < 0 < found.loc["flat", "within_high"]


def test_same_rows_in_another_order_say_the_same(table: pd.DataFrame) -> None:
    shuffled = table.sample(frac=1, random_state=3)
    one, other = describe(table, resamples=50), describe(shuffled, resamples=50)
    pd.testing.assert_frame_equal(one.strength, other.strength)
    pd.testing.assert_frame_equal(one.distortions, other.distortions)


def test_problems_are_counted(table: pd.DataFrame) -> None:
    clean = describe(table, resamples=20).problems
    assert clean.none
    broken = pd.concat([table, table.iloc[[0, 1]]], ignore_index=True)
    broken["error"] = ["", "boom", None, *[""] * (len(broken) - 3)]
    broken.loc[5, ["hdrvdp_q", "target"]] = math.nan
    broken.loc[9, "split"] = "test"
    broken["reference_digest"] = [str(i) for i in range(len(broken) - 3)] + ["a", "a", "a"]
    broken["test_digest"] = [str(i) for i in range(len(broken) - 3)] + ["a", "a", "b"]
    found = describe(broken, resamples=20).problems
    assert not found.none
    assert found.repeated_items == 2
    assert found.repeated_pixels == 1
    assert found.errors == 1
    assert found.missing == {"hdrvdp_q": 1, "target": 1}
    assert found.scenes_in_two_splits == ("scene0",)


def test_scenes_of_a_group_are_drawn_together(table: pd.DataFrame) -> None:
    merged = table.assign(group=table["scene"].replace({f"scene{i}": "a" for i in range(7)}))
    together, apart = describe(merged, resamples=200), describe(table, resamples=200)
    assert together.strength.loc["blur", "pooled"] == apart.strength.loc["blur", "pooled"]
    assert together.strength.loc["blur", "pooled_low"] != apart.strength.loc["blur", "pooled_low"]
    without = describe(table.drop(columns="group"), resamples=200)
    pd.testing.assert_frame_equal(without.strength, apart.strength)


def test_set_without_strengths(table: pd.DataFrame) -> None:
    found = describe(table.assign(strength=math.nan), resamples=20)
    assert found.strength.empty
    assert "No distortion of this set has a strength" in format_statistics(found)


def test_text_names_the_numbers(table: pd.DataFrame) -> None:
    metadata = {"name": "hdr-c", "labels": ["hdrvdp_q"]}
    found = describe(table, metadata, resamples=20)
    text = format_statistics(found, scenes=2)
    assert text.startswith("# hdr-c\n\n520 items")
    assert f"The smallest is {found.coverage.min():.1%}" in text
    row = next(line for line in text.splitlines() if line.startswith("| blur") and "(" in line)
    assert f"{found.strength.loc['blur', 'pooled']:.3f}" in row
    tail = text[text.index("## Scenes") :]
    assert "| scene1 |" in tail
    assert "| scene2 |" not in tail
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in lines)
    assert "nan" not in text


def test_text_names_the_problems(table: pd.DataFrame) -> None:
    broken = pd.concat([table, table.iloc[[0]]]).assign(pu21_psnr=math.inf)
    text = format_statistics(describe(broken, resamples=20))
    assert "- rows that repeat an item: 1\n" in text
    assert "- infinite values of pu21_psnr (test equal to reference): 521" in text


def test_thin_tenths_are_named(table: pd.DataFrame) -> None:
    text = format_statistics(describe(table.assign(target=0.3 * table["target"]), resamples=20))
    assert "a tenth is under 4%" in text


def test_missing_column_is_named(table: pd.DataFrame) -> None:
    with pytest.raises(OptionError, match="lacks the column crop, tmqi_q"):
        describe(table.drop(columns="crop"), {"labels": ["tmqi_q"]})


def test_empty_table_and_too_few_resamples(table: pd.DataFrame) -> None:
    with pytest.raises(OptionError, match="no items"):
        describe(table.iloc[:0])
    with pytest.raises(OptionError, match="at least two"):
        describe(table, resamples=1)


def test_large_tables_take_seconds() -> None:
    large = make_table(crops=1900, scenes=75)
    start = time.process_time()
    describe(large)
    assert len(large) > 24_000
    assert time.process_time() - start < 20
