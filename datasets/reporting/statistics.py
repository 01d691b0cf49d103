"""What a label table holds, in numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datasets.labelling.transform import BINS, coverage
from datasets.reporting.correlation import RankStudy
from datasets.statistics.bootstrap import Interval
from datasets.streams import stream
from hdrmetrics.errors import OptionError
from hdrmetrics.text.markdown import markdown_table

if TYPE_CHECKING:
    import pandas as pd

LABELS = (
    "hdrvdp_q", "hdrvdp_q_mos", "hdrvdp_p_det", "hdrvdp_c_max", "pu21_psnr", "pu21_ssim",
    "tmqi_q", "tmqi_s", "tmqi_n",
)  # fmt: skip
"""Columns that are labels, where a table has them."""

LEAST_SHARE = 0.04
"""No tenth of the target's range should hold less of the items."""

_NEEDED = ("item", "scene", "split", "source", "frame", "crop", "distortion", "strength", "target")
_QUANTILES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
_CROP = ["source", "scene", "frame", "crop"]
_RESAMPLES = 400


@dataclass(frozen=True, slots=True, eq=False)
class Problems:
    """What should not be in a table.

    Parameters
    ----------
    repeated_items
        Rows whose item is in the table already.
    repeated_pixels
        Rows whose test crop equals an earlier one of the same reference crop; 0 where the table
        has no digests.
    errors
        Rows with an error.
    missing
        Labels and targets that are NaN, by column.
    infinite
        Labels that are infinite, by column: PSNR is where test and reference are equal.
    scenes_in_two_splits
        Names of the scenes that leak from one split into another.
    """

    repeated_items: int
    repeated_pixels: int
    errors: int
    missing: dict[str, int]
    infinite: dict[str, int]
    scenes_in_two_splits: tuple[str, ...]

    @property
    def none(self) -> bool:
        """Whether nothing is wrong; infinite labels are not."""
        counts = (self.repeated_items, self.repeated_pixels, self.errors, *self.missing.values())
        return not any(counts) and not self.scenes_in_two_splits


@dataclass(frozen=True, slots=True, eq=False)
class SetStatistics:
    """The statistics of a label table.

    Parameters
    ----------
    name
        Of the set; empty where it is not known.
    items, scenes, crops
        How many.
    splits
        By split: ``items``, ``scenes``, ``crops``, ``share`` of the items.
    per_scene
        Items by scene, most first.
    distortions
        By distortion: ``items``, ``scenes``, ``share``, the quartiles ``q25``, ``median``, ``q75``
        of the target, and the share of its items in each tenth of the target's range, ``0.0`` to
        ``0.9``.
    coverage
        Share of all items in each tenth of the target's range, ``(10,)``.
    coverage_by_split
        The same by split, columns ``0.0`` to ``0.9``.
    labels
        By label: ``items`` with a finite value, and its quantiles ``0`` to ``1``.
    strength
        By distortion that has strengths: ``items``; ``pooled``, Spearman's correlation of strength
        and target over all of them; ``crops`` with two strengths or more; ``within``, the mean
        over these of the correlation inside one crop; for both, ``_low`` and ``_high``, 95 %
        intervals from drawing scenes again.
    problems
        See there.
    """

    name: str
    items: int
    scenes: int
    crops: int
    splits: pd.DataFrame
    per_scene: pd.Series
    distortions: pd.DataFrame
    coverage: NDArray[np.float64]
    coverage_by_split: pd.DataFrame
    labels: pd.DataFrame
    strength: pd.DataFrame
    problems: Problems


def describe(
    frame: pd.DataFrame, metadata: Mapping[str, Any] | None = None, *, resamples: int = _RESAMPLES
) -> SetStatistics:
    """Return the statistics of a label table.

    Parameters
    ----------
    frame
        One row per item, with the columns of :data:`datasets.table.COLUMNS` and ``target``;
        ``error`` and digests may be missing.
    metadata
        Of the table: its ``name``, and the columns that are ``labels`` (default: those of
        :data:`LABELS` that are there).
    resamples
        How often scenes are drawn again for an interval. Groups of near-duplicate scenes are
        drawn together where the table names them.

    Raises
    ------
    OptionError
        If the table is empty or lacks a column, or ``resamples`` is under 2.
    """
    import pandas as pd

    metadata = metadata or {}
    names = metadata.get("labels") or [name for name in LABELS if name in frame.columns]
    absent = [name for name in (*_NEEDED, *names) if name not in frame.columns]
    if absent:
        raise OptionError(f"the table lacks the column {', '.join(absent)}")
    if frame.empty:
        raise OptionError("the table has no items, so there is nothing to count")
    if resamples < 2:
        raise OptionError(f"an interval needs at least two resamples, not {resamples}")
    frame = frame.reset_index(drop=True)
    crops = np.asarray(frame.groupby(_CROP, dropna=False, sort=True).ngroup(), dtype=np.int64)
    return SetStatistics(
        name=str(metadata.get("name", "")),
        items=len(frame),
        scenes=int(frame["scene"].nunique()),
        crops=len(np.unique(crops)),
        splits=_counts(frame, "split", crops).drop(columns="number"),
        per_scene=frame["scene"].value_counts(sort=True).rename("items"),
        distortions=_distortions(frame, crops),
        coverage=coverage(frame["target"]),
        coverage_by_split=pd.DataFrame(
            {name: coverage(part["target"]) for name, part in frame.groupby("split")},
            index=_tenths(),
        ).T,
        labels=_label_quantiles(frame, [*names, "target"]),
        strength=_strength(frame, crops, resamples),
        problems=_problems(frame, names),
    )


def _counts(frame: pd.DataFrame, by: str, crops: NDArray[np.int64]) -> pd.DataFrame:
    found = (
        frame.assign(number=crops)
        .groupby(by)
        .agg(items=("item", "size"), scenes=("scene", "nunique"), crops=("number", "nunique"))
    )
    return found.assign(share=found["items"] / len(frame), number=0)


def _distortions(frame: pd.DataFrame, crops: NDArray[np.int64]) -> pd.DataFrame:
    import pandas as pd

    found = _counts(frame, "distortion", crops)[["items", "scenes", "share"]]
    groups = frame.groupby("distortion")["target"]
    for name, level in (("q25", 0.25), ("median", 0.5), ("q75", 0.75)):
        found[name] = groups.quantile(level)
    shares = {name: coverage(part) for name, part in groups}
    return found.join(pd.DataFrame(shares, index=_tenths()).T)


def _label_quantiles(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    rows = {}
    for name in names:
        values = frame[name].to_numpy(dtype=np.float64)
        values = values[np.isfinite(values)]
        quantiles = np.quantile(values, _QUANTILES) if values.size else [np.nan] * len(_QUANTILES)
        rows[name] = [values.size, *quantiles]
    found = pd.DataFrame.from_dict(
        rows, orient="index", columns=["items", *(f"{q:g}" for q in _QUANTILES)]
    )
    return found.astype({"items": int})


def _strength(frame: pd.DataFrame, crops: NDArray[np.int64], resamples: int) -> pd.DataFrame:
    import pandas as pd

    cluster = frame["group"] if "group" in frame.columns else frame["scene"]
    clusters = pd.factorize(cluster, sort=True)[0]
    known = frame["strength"].notna() & frame["target"].notna()
    rows: dict[str, dict[str, Any]] = {}
    for name, part in frame[known].groupby("distortion"):
        where = part.index.to_numpy()
        study = RankStudy(
            part["strength"].to_numpy(np.float64),
            part["target"].to_numpy(np.float64),
            clusters=clusters[where],
            groups=crops[where],
        )
        rng = stream(0, "statistics", str(name))
        pooled, within = study.pooled(rng, resamples), study.within(rng, resamples)
        rows[str(name)] = {
            "items": len(part),
            **_columns("pooled", pooled),
            "crops": study.usable_groups,
            **_columns("within", within),
        }
    columns = ["items", *_columns("pooled"), "crops", *_columns("within")]
    found = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return found.astype({"items": int, "crops": int})


def _columns(name: str, interval: Interval | None = None) -> dict[str, float]:
    value, low, high = interval or (np.nan, np.nan, np.nan)
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def _problems(frame: pd.DataFrame, labels: Sequence[str]) -> Problems:
    digests = ["reference_digest", "test_digest"]
    repeated = frame.duplicated(digests) if set(digests) <= set(frame.columns) else None
    errors = 0
    if "error" in frame.columns:
        errors = int(frame["error"].fillna("").astype(str).str.strip().ne("").sum())
    splits = frame.groupby("scene")["split"].nunique()
    numbers = {name: frame[name].to_numpy(dtype=np.float64) for name in (*labels, "target")}
    return Problems(
        repeated_items=int(frame["item"].duplicated().sum()),
        repeated_pixels=0 if repeated is None else int(repeated.sum()),
        errors=errors,
        missing={k: int(np.isnan(v).sum()) for k, v in numbers.items() if np.isnan(v).any()},
        infinite={k: int(np.isinf(v).sum()) for k, v in numbers.items() if np.isinf(v).any()},
        scenes_in_two_splits=tuple(sorted(map(str, splits[splits > 1].index))),
    )


def _tenths() -> list[str]:
    return [f"{index / BINS:.1f}" for index in range(BINS)]


# -- as text -------------------------------------------------------------------------------------


def format_statistics(statistics: SetStatistics, *, scenes: int = 0) -> str:
    """Return statistics as text with Markdown tables, under the set's name.

    Parameters
    ----------
    statistics
        Of :func:`describe`.
    scenes
        How many scenes, those with most items first, get a line each.
    """
    found = statistics
    blocks = [f"# {found.name}"] if found.name else []
    blocks.append(
        f"{found.items} items: {len(found.distortions)} kinds of distortion on {found.crops} crops "
        f"of {found.scenes} scenes; {int(found.per_scene.min())} to {int(found.per_scene.max())} "
        "items of one scene."
    )
    blocks += [_problem_text(found.problems), "## Splits", _table(found.splits, "split")]
    least = float(found.coverage.min())
    verdict = "no tenth is under" if least >= LEAST_SHARE else "a tenth is under"
    blocks += [
        "## Coverage of the target's range",
        (
            f"Share of items in each tenth, in %. The smallest is {least:.1%}: {verdict} "
            f"{LEAST_SHARE:.0%}. The target is 1 where quality is best."
        ),
        _coverage_table(found),
        "## Quantiles of labels",
        _table(found.labels, "label"),
        "## Distortions",
        "Share of the items and quartiles of the target.",
        _table(found.distortions[["items", "scenes", "share", "q25", "median", "q75"]], "kind"),
        "## Strength and target",
        (
            "Spearman's correlation of a distortion's strength and the target (−1: quality always "
            "falls), with 95 % intervals over scenes: pooled over all crops, and the mean over "
            "crops of the correlation inside one crop."
        ),
        _strength_table(found.strength),
    ]
    if scenes > 0:
        blocks += ["## Scenes", _table(found.per_scene.head(scenes).to_frame(), "scene")]
    return "\n\n".join(blocks) + "\n"


def _problem_text(problems: Problems) -> str:
    lines = {
        "rows that repeat an item": problems.repeated_items,
        "rows that repeat the pixels of another": problems.repeated_pixels,
        "rows with an error": problems.errors,
        **{f"missing values of {name}": count for name, count in problems.missing.items()},
        **{
            f"infinite values of {name} (test equal to reference)": count
            for name, count in problems.infinite.items()
        },
    }
    texts = [f"- {text}: {count}" for text, count in lines.items() if count]
    if problems.scenes_in_two_splits:
        texts.append(f"- scenes in two splits: {', '.join(problems.scenes_in_two_splits)}")
    return "\n".join(texts) or "No repeated items, no missing labels, no scene in two splits."


def _coverage_table(found: SetStatistics) -> str:
    import pandas as pd

    whole = pd.DataFrame([found.coverage], index=["all"], columns=_tenths())
    kinds = found.distortions[_tenths()]
    percent = pd.concat([whole, found.coverage_by_split, kinds]) * 100
    return _table(percent.map(lambda share: f"{share:.1f}"), "from")


def _strength_table(strength: pd.DataFrame) -> str:
    import pandas as pd

    if strength.empty:
        return "No distortion of this set has a strength."
    shown = pd.DataFrame({"items": strength["items"]})
    for name in ("pooled", "within"):
        if name == "within":
            shown["crops"] = strength["crops"]
        shown[name] = [
            "" if np.isnan(value) else f"{value:.3f} ({low:.3f} to {high:.3f})"
            for value, low, high in strength[[name, f"{name}_low", f"{name}_high"]].to_numpy()
        ]
    return _table(shown, "kind")


def _table(frame: pd.DataFrame, corner: str) -> str:
    rows = zip(frame.index, frame.itertuples(index=False, name=None), strict=True)
    return markdown_table(
        [corner, *map(str, frame.columns)],
        [[str(name), *map(_cell, row)] for name, row in rows],
        right=range(1, 1 + frame.shape[1]),
        padded=True,
    )


def _cell(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else f"{value:.4g}"
    return str(value).replace("|", "\\|")
