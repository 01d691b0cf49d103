from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from datasets.labelling.transform import coverage
from datasets.reporting.figures import distortion_figure, label_figure, save_figure, strength_figure
from hdrmetrics.errors import ImageWriteError, OptionError

KINDS = ("blur", "jpeg", "noise", "contrast", "mix")


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    count = 500
    strength = rng.random(count)
    target = np.clip(1 - strength + 0.1 * rng.normal(size=count), 0.001, 0.999)
    kinds = np.array(KINDS)[np.arange(count) % len(KINDS)]
    return pd.DataFrame(
        {
            "distortion": kinds,
            "strength": np.where(kinds == "mix", math.nan, strength),
            "target": target,
            "hdrvdp_q": -1.3 - 0.4 * np.log(target / (1 - target)),
            "hdrvdp_q_mos": 100 * target,
        }
    )


def heights(axes: object, container: int = 0) -> list[float]:
    return [bar.get_height() for bar in axes.containers[container]]  # type: ignore[attr-defined]


def test_target_bars_are_the_coverage(table: pd.DataFrame) -> None:
    figure = label_figure(table, title="set")
    panels = figure.axes
    assert [axes.get_xlabel() for axes in panels] == [
        "target (1 is best)",
        "HDR-VDP-2 Q (low is good)",
        "HDR-VDP-2 Q_MOS",
    ]
    assert heights(panels[0]) == pytest.approx(coverage(table["target"]))
    assert sum(heights(panels[1])) == pytest.approx(1)


def test_each_distortion_has_its_histogram(table: pd.DataFrame) -> None:
    panels = [axes for axes in distortion_figure(table).axes if axes.get_visible()]
    assert [axes.get_title() for axes in panels] == [f"{name}  (100)" for name in sorted(KINDS)]
    whole = np.histogram(table["target"], bins=20, range=(0, 1))[0] / len(table)
    for axes, name in zip(panels, sorted(KINDS), strict=True):
        assert heights(axes) == pytest.approx(whole)
        outline = axes.patches[-1].get_path().vertices[:, 1]  # type: ignore[attr-defined]
        own = table.loc[table["distortion"] == name, "target"]
        assert max(outline) == pytest.approx(
            np.histogram(own, bins=20, range=(0, 1))[0].max() / len(own)
        )


def test_strength_curve_is_the_median(table: pd.DataFrame) -> None:
    panels = [axes for axes in strength_figure(table).axes if axes.get_visible()]
    assert [axes.get_title() for axes in panels] == [
        f"{name}  (100)" for name in sorted(KINDS) if name != "mix"
    ]
    part = table[table["distortion"] == "blur"].sort_values("strength")
    curve = panels[0].lines[-1]
    first = part.iloc[: math.ceil(100 / len(curve.get_xdata()))]  # type: ignore[arg-type]
    assert curve.get_xdata()[0] == pytest.approx(first["strength"].median())  # type: ignore[index]
    assert curve.get_ydata()[0] == pytest.approx(first["target"].median())  # type: ignore[index]


def test_few_items_are_dots_without_curve(table: pd.DataFrame) -> None:
    figure = strength_figure(table[table["distortion"] == "blur"].head(10))
    assert len(figure.axes[0].lines) == 1
    assert len(figure.axes[0].lines[0].get_xdata()) == 10  # type: ignore[arg-type]


def test_infinite_and_missing_labels_are_left_out(table: pd.DataFrame) -> None:
    broken = table.assign(hdrvdp_q=[math.inf, math.nan, *table["hdrvdp_q"][2:]])
    panels = label_figure(broken).axes
    assert sum(heights(panels[1])) == pytest.approx(1)


def test_one_distortion_with_equal_labels(table: pd.DataFrame) -> None:
    same = table.head(1).assign(hdrvdp_q=-3.6)
    panels = [a for a in distortion_figure(same, label="hdrvdp_q").axes if a.get_visible()]
    assert len(panels) == 1
    assert sum(heights(panels[0])) == pytest.approx(1)


def test_same_table_gives_the_same_bytes(table: pd.DataFrame, tmp_path: Path) -> None:
    for name in ("one.png", "other.png"):
        save_figure(strength_figure(table, title="set"), tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "other.png").read_bytes()
    with Image.open(tmp_path / "one.png") as image:
        assert image.width > 800
        assert np.asarray(image.convert("L")).std() > 10  # something is drawn


def test_unwritable_figure(table: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(ImageWriteError, match="cannot be written"):
        save_figure(label_figure(table), tmp_path / "figure.nosuch")


def test_bad_tables(table: pd.DataFrame) -> None:
    with pytest.raises(OptionError, match="lacks the column target"):
        label_figure(table.drop(columns="target"))
    with pytest.raises(OptionError, match="lacks the column tmqi_q"):
        distortion_figure(table, label="tmqi_q")
    with pytest.raises(OptionError, match="no items"):
        label_figure(table.iloc[:0])
    with pytest.raises(OptionError, match="has a strength"):
        strength_figure(table[table["distortion"] == "mix"])
