"""Several methods over the same references: what they are called, and how they differ."""

from __future__ import annotations

import glob
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hdrmetrics.cli.tables import Column, Grid
from hdrmetrics.jobs.pairing import Case, find_cases, look_for
from hdrmetrics.jobs.summary import (
    LEVEL,
    RESAMPLES,
    SEED,
    Difference,
    Summary,
    paired_difference,
    summary_of,
)
from hdrmetrics.text.formatting import heading, signed_text, value_text
from hdrmetrics.text.textfile import resolved

if TYPE_CHECKING:
    from hdrmetrics.jobs.batch import Row
    from hdrmetrics.metric import MetricInfo

_ALL_PAIRS = 4  # methods up to which every two of them are compared
_FEW = 10  # pictures below which a percentile interval is clearly too narrow

Values = Mapping[str, Mapping[str, Mapping[str, float]]]
"""By method, metric and picture."""

Deltas = Mapping[tuple[str, str, str], Difference]
"""By metric, method, and the method it is compared with."""


def find_methods(
    tests: Sequence[str], references: Sequence[str], *, recursive: bool
) -> dict[str, list[Case]] | None:
    """Return the cases of each method, or ``None`` when the tests are one set.

    Methods are several folders or patterns, or files of several folders, that hold pictures of the
    same name: results of different methods for one reference. Folders whose names have nothing in
    common are parts of one set.

    Raises
    ------
    ImageReadError
        As :func:`hdrmetrics.jobs.pairing.find_cases`.
    """
    groups = _groups(tests)
    if len(groups) < 2:
        return None
    seen: set[str] = set()
    shared = False
    for sources in groups.values():
        stems = {one.stem for one in look_for(sources, recursive=recursive)[0]}
        shared = shared or bool(stems & seen)
        seen |= stems
    if not shared:
        return None
    names = _method_names(list(groups))
    return {
        name: find_cases(sources, references, recursive=recursive)
        for name, sources in zip(names, groups.values(), strict=True)
    }


def _groups(tests: Sequence[str]) -> dict[str, list[str]]:
    """Return the sources by folder or pattern; files belong to the folder they are in."""
    groups: dict[str, list[str]] = {}
    for source in dict.fromkeys(tests):
        path = Path(source)
        alone = path.is_dir() or (glob.has_magic(source) and not path.exists())
        groups.setdefault(str(path if alone else path.parent), []).append(source)
    return groups


def _method_names(sources: Sequence[str]) -> list[str]:
    """Return the last parts of the folders' paths: as few as tell all of them apart."""
    paths = []
    for source in sources:
        path = Path(source)
        if glob.has_magic(source) and not path.exists():  # named by the folders before the pattern
            fixed = list(itertools.takewhile(lambda part: not glob.has_magic(part), path.parts))
            path = Path(*fixed)
        paths.append(resolved(path))
    for depth in range(1, max(len(path.parts) for path in paths) + 1):
        names = ["/".join(path.parts[-depth:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    return list(sources)  # two patterns of one folder


def values_by_picture(
    sets: Mapping[str, Sequence[Row]], keys: Mapping[str, Sequence[str]], metrics: Sequence[str]
) -> dict[str, dict[str, dict[str, float]]]:
    """Return the values by method, metric and picture.

    Parameters
    ----------
    sets
        Rows by method.
    keys
        By method, what each row's picture is called in all of them.
    metrics
        Names.
    """
    return {
        method: {
            name: {
                key: row.scores[name].value
                for key, row in zip(keys[method], rows, strict=True)
                if name in row.scores
            }
            for name in metrics
        }
        for method, rows in sets.items()
    }


def method_pairs(methods: Sequence[str]) -> list[tuple[str, str]]:
    """Return which methods are compared: every two of a few, else each with the first."""
    if len(methods) <= _ALL_PAIRS:
        return [(b, a) for a, b in itertools.combinations(methods, 2)]
    return [(other, methods[0]) for other in methods[1:]]


def method_differences(
    values: Values, infos: Sequence[MetricInfo]
) -> dict[tuple[str, str, str], Difference]:
    """Return the difference of each pair of :func:`method_pairs`."""
    return {
        (info.name, a, b): paired_difference(values[a][info.name], values[b][info.name])
        for info in infos
        for a, b in method_pairs(list(values))
    }


def method_grids(
    sets: Mapping[str, Sequence[Row]], deltas: Deltas, infos: Sequence[MetricInfo]
) -> list[Grid]:
    """Return the table of methods, and one of the further pairs where there are any."""
    methods = list(sets)
    first = methods[0]
    sums = {
        (info.name, method): summary_of(rows, info)
        for info in infos
        for method, rows in sets.items()
    }
    apart = any(not found.covers_all for found in sums.values())
    columns = [
        Column("metric"), Column("method", shrinks="end"), Column("n", right=True),
        Column("mean", right=True), Column("worst", right=True),
        Column(f"− {first} [95 %]", right=True),
    ]  # fmt: skip
    if apart:
        columns.append(Column("not in the mean"))
    lines = []
    for info in infos:
        for method in methods:
            found = sums[info.name, method]
            difference = ""
            if method != first:
                difference = difference_text(deltas[info.name, method, first], found, info)
            line = [
                heading(info) if method == first else "", method, count_text(found),
                value_text(found.mean, info), value_text(found.worst, info), difference,
            ]  # fmt: skip
            lines.append([*line, found.apart] if apart else line)
    grids = [Grid(columns, lines, keep=2)]
    further = [(a, b) for a, b in method_pairs(methods) if b != first]
    if further:
        pairs = [Column("metric"), Column("methods"), Column("n", right=True)]
        pairs.append(Column("difference [95 %]", right=True))
        rows = []
        for info in infos:
            for index, (a, b) in enumerate(further):
                delta = deltas[info.name, a, b]
                title = "" if index else heading(info)
                rows.append([title, f"{a} − {b}", str(delta.n), difference_text(delta, None, info)])
        grids.append(Grid(pairs, rows, keep=2))
    return grids


def count_text(found: Summary) -> str:
    """Return how many pictures a mean covers, and of how many."""
    return str(found.n) if found.covers_all else f"{found.n} of {found.of}"


def difference_text(delta: Difference, found: Summary | None, info: MetricInfo) -> str:
    """Return a difference with its sign, its interval, and its n where it is another one."""
    if delta.mean is None:
        return "–"
    text = signed_text(delta.mean, info)
    if delta.low is not None and delta.high is not None:
        text += f" [{signed_text(delta.low, info)}, {signed_text(delta.high, info)}]"
    return text if found is None or found.n == delta.n else f"{text} (n {delta.n})"


def method_facts(
    values: Values, deltas: Deltas, infos: Sequence[MetricInfo]
) -> list[tuple[str, str]]:
    """Return what must be known to read the table of methods."""
    methods = list(values)
    first = methods[0]
    text = (
        "mean of the differences, file by file; in brackets the 95 % interval of that mean "
        f"(percentile bootstrap over files, {RESAMPLES} resamples, seed {SEED})"
    )
    facts = [(f"− {first}", text)]
    if min((delta.n for delta in deltas.values()), default=_FEW) < _FEW:
        facts.append(("caution", f"intervals from fewer than {_FEW} files are too narrow"))
    covered = {
        info.name: {frozenset(_finite(values[m][info.name])) for m in methods} for info in infos
    }
    if uneven := [name for name, sets in covered.items() if len(sets) > 1]:
        text = (
            f"the means of {', '.join(uneven)} are of different files: compare the methods by "
            "their differences, which are of the files they share"
        )
        facts.append(("caution", text))
    return facts


def _finite(values: Mapping[str, float]) -> list[str]:
    return [key for key, value in values.items() if abs(value) < float("inf")]


def difference_records(deltas: Deltas) -> list[dict[str, Any]]:
    """Return the differences of methods, JSON-ready."""
    return [
        {
            "metric": metric, "method": a, "minus": b, "n": delta.n, "of": delta.of,
            "mean": delta.mean, "low": delta.low, "high": delta.high, "level": LEVEL,
            "resamples": RESAMPLES, "seed": SEED,
        }
        for (metric, a, b), delta in deltas.items()
    ]  # fmt: skip
