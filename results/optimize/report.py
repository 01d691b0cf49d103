"""The page of what tuning brings: ``report.md`` and its plot, from measurements and ``seen.md``.

    python -m results.optimize.report [--work DIR]

Run ``results.optimize.measure`` and ``results.optimize.standing`` before.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.statistics.bootstrap import Interval, SceneBootstrap
from datasets.statistics.weighted import weighted_mean
from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from results.common.files import kept
from results.learned.tables import cell
from results.optimize.measure import FILE, OPERATORS
from results.optimize.scenes import HERE
from results.optimize.standing import FILE as STANDING

Values = NDArray[np.float64]
TOLERANCES = (0.0, 0.005, 0.01, 0.02)
RESAMPLES = 2000
ENOUGH = 0.002
KINDS = {"hdr": "test scenes", "sdr": "photographs of the test split, made HDR"}

INTRO = """# Tone mapping tuned by a learned score

`hdrmetrics tonemap --optimize norvdpnet-tmo`, on whole pictures that nothing was trained on; truth
is TMQI of the pictures as 8-bit files, FSITM was never optimised. *Learned*: settings found along
`norvdpnet-tmo`, which sees no reference. *True*: along TMQI itself with the same budget (60
pictures tried), the most that this could bring. Means with 95 % intervals, bootstrap over groups of
scenes ({resamples} resamples). Nothing was refused, unless a row says so."""

WHAT = """*Gain* is that above the operator as it is; *share* what the learned score brings of what
TMQI would have; *improved* counts pictures that gain more than {enough} of TMQI."""

SAID = (
    "Of all these pictures it says {mean:+.1f} of 100 more than TMQI on average, and at most "
    "{most:.1f} otherwise. (The published examples had predicted .84 to .997 where TMQI was .77 to "
    ".98.)"
)


class Some:
    """Pictures of one kind.

    Parameters
    ----------
    found
        Of ``results.optimize.measure``.
    """

    def __init__(self, found: Mapping[str, Any]) -> None:
        self.names = list(found)
        self.rows = [one["rows"] for one in found.values()]
        groups = np.array([one["group"] for one in found.values()])
        self.draws = SceneBootstrap(groups, resamples=RESAMPLES)

    def values(self, row: str, key: str = "q") -> Values:
        """Return one number of each picture."""
        return np.array([rows[row][key] for rows in self.rows])

    def mean(self, values: Values) -> Interval:
        """Return the mean with its interval."""
        return self.draws.interval(weighted_mean(values))

    def ratio(self, above: Values, below: Values) -> Interval:
        """Return the ratio of two means with its interval."""

        def statistic(counts: Values) -> Values:
            found: Values = (counts @ above) / (counts @ below)
            return found

        return self.draws.interval(statistic)


def share_cell(found: Interval) -> str:
    """Return a share in per cent."""
    value, low, high = (100 * number for number in found)
    return f"{value:.0f} % [{low:.0f}, {high:.0f}]"


def operators_table(some: Some) -> str:
    """Return how each operator gains."""
    rows = []
    key = some.values("key")
    for operator in OPERATORS:
        plain = some.values(operator)
        for goal in ("learned", "true"):
            tuned = some.values(f"{operator} {goal}")
            gain, above = tuned - plain, tuned - key
            share = "–"
            if goal == "learned":
                share = share_cell(some.ratio(gain, some.values(f"{operator} true") - plain))
            phase = some.values(f"{operator} {goal}", "fsitm")
            rows.append([
                f"`{operator}`, {goal}", f"{plain.mean():.3f}", cell(some.mean(tuned)),
                cell(some.mean(gain), 4), share, cell(some.mean(above), 4),
                f"{(gain > ENOUGH).mean():.0%}",
                cell(some.mean(phase - some.values(operator, "fsitm")), 4),
                cell(some.mean(phase - some.values("key", "fsitm")), 4),
            ])  # fmt: skip
    titles = [
        "operator", "as it is", "tuned", "gain", "share", "above key 0.18", "improved",
        "FSITM, change", "FSITM, above key 0.18",
    ]  # fmt: skip
    return markdown_table(titles, rows)


def best_table(some: Some, standing: Mapping[str, Any]) -> str:
    """Return what the best operator of each picture brings."""
    every = [standing[name]["q"] for name in some.names]
    operators = sorted(set.intersection(*(set(one) for one in every)))
    table = {name: np.array([one[name] for one in every]) for name in operators}
    fixed = max(operators, key=lambda name: float(table[name].mean()))
    oracle = np.max([table[name] for name in operators], axis=0)
    key, phase = some.values("key"), some.values("key", "fsitm")
    tuned = {f"`{name}`, learned": some.values(f"{name} learned") for name in OPERATORS}
    single = max(tuned, key=lambda name: float(tuned[name].mean()))
    rows = [
        ["`reinhard02`, key 0.18", cell(some.mean(key)), "–", "–", "–"],
        [f"the best one for all, as it is: `{fixed}`", *_against(some, table[fixed], key, None)],
        ["as it is, chosen by the learned score",
         *_against(some, some.values("best as it is"), key,
                   some.values("best as it is", "fsitm") - phase)],
        ["as it is, chosen by TMQI itself", *_against(some, oracle, key, None)],
        [f"the best one for all, tuned: {single}", *_against(some, tuned[single], key, None)],
        ["**`--operator best`**",
         *_against(some, some.values("best"), key, some.values("best", "fsitm") - phase)],
    ]  # fmt: skip
    ahead = cell(some.mean(some.values("best") - table[fixed]), 4)
    names = [rows["best"]["operator"] for rows in some.rows]
    counts = {name: names.count(name) for name in sorted(set(names), key=names.count)[::-1]}
    said = ", ".join(f"`{name}` {count}" for name, count in counts.items())
    titles = ["", "TMQI", "above key 0.18", "improved", "FSITM, above key 0.18"]
    return "\n\n".join([
        markdown_table(titles, rows),
        f"`--operator best` is above `{fixed}` as it is by {ahead}. It chose {said}.",
    ])  # fmt: skip


def _against(some: Some, values: Values, key: Values, phase: Values | None) -> list[str]:
    change = "–" if phase is None else cell(some.mean(phase), 4)
    improved = f"{(values - key > ENOUGH).mean():.0%}"
    return [cell(some.mean(values)), cell(some.mean(values - key), 4), improved, change]


def judge_table(every: Some, tried: Some | None) -> str:
    """Return what a judge refuses, and what is left; of the best operator where it was tried."""
    rows = []
    for operator in (*OPERATORS, *(["best"] if tried else [])):
        some = tried if tried is not None and operator == "best" else every
        plain = "key" if operator == "best" else operator
        name = operator if operator == "best" else f"{operator} learned"
        before, after = some.values(plain, "fsitm"), some.values(name, "fsitm")
        for tolerance in (*TOLERANCES, np.inf):
            refused = after < before - tolerance
            q = np.where(refused, some.values(plain), some.values(name))
            phase = np.where(refused, before, after)
            rows.append([
                f"`{operator}`", "no judge" if np.isinf(tolerance) else f"{tolerance:g}",
                f"{refused.mean():.0%}", cell(some.mean(q - some.values(plain)), 4),
                cell(some.mean(phase - before), 4),
            ])  # fmt: skip
    return markdown_table(
        ["operator", "FSITM may fall by", "refused", "gain", "FSITM, change"], rows
    )


def scatter(found: Mapping[str, Any], path: Path) -> tuple[float, float]:
    """Draw what the learned score says against TMQI; return mean and largest difference."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 5.0), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    differences: list[float] = []
    for label, pick in _DOTS.items():
        dots = [
            (rows[name]["q"], rows[name]["learned"] / 100)
            for rows in (one["rows"] for one in found.values())
            for name in rows
            if pick(name)
        ]
        differences += [said - q for q, said in dots]
        x, y = zip(*dots, strict=True)
        axes.scatter(x, y, s=12, alpha=0.6, label=label)
    axes.plot([0.7, 1], [0.7, 1], color="#888", linewidth=0.8)
    axes.set_xlabel("TMQI")
    axes.set_ylabel("norvdpnet-tmo / 100")
    axes.legend(frameon=False, fontsize=8)
    figure.savefig(path)
    return float(np.mean(differences)), float(np.max(np.abs(differences)))


_DOTS: dict[str, Callable[[str], bool]] = {
    "as it is": lambda name: " " not in name or name == "best as it is",
    "tuned along the learned score": lambda name: name.endswith("learned") or name == "best",
    "tuned along TMQI": lambda name: name.endswith("true"),
}


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=Path, default=HERE, help="where measurements are kept")
    options = parser.parse_args()
    found, standing = kept(options.work / FILE), kept(options.work / STANDING)
    text = [INTRO.format(resamples=RESAMPLES), WHAT.format(enough=ENOUGH)]
    for kind, what in KINDS.items():
        some = Some({
            name: one for name, one in found.items() if one["kind"] == kind and name in standing
        })  # fmt: skip
        if not some.names:
            continue
        text += [f"## {len(some.names)} {what}", operators_table(some)]
        tried = {name: found[name] for name in some.names if "best" in found[name]["rows"]}
        if tried:
            of = f", of {len(tried)} of them" if len(tried) < len(some.names) else ""
            text += [f"### The best operator{of}", best_table(Some(tried), standing)]
        text += ["### The judge", judge_table(some, Some(tried) if tried else None)]
    mean, most = scatter(found, HERE / "scatter.png")
    seconds = np.array([
        row["seconds"] for one in found.values() for row in one["rows"].values() if "seconds" in row
    ])  # fmt: skip
    text += [
        "## What the learned score says of them",
        "![norvdpnet-tmo against TMQI](scatter.png)",
        SAID.format(mean=100 * mean, most=100 * most),
        f"Median time of a search: {np.median(seconds):.0f} s, on a machine that was busy.",
    ]
    text.append((HERE / "seen.md").read_text(encoding="utf-8").strip())
    write_text(HERE / "report.md", "\n\n".join(text) + "\n")


if __name__ == "__main__":
    main()
