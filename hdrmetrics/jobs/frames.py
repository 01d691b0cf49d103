"""Rows as flat records: what CSV files and data frames hold."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hdrmetrics.errors import MissingPackageError

if TYPE_CHECKING:
    import pandas as pd

    from hdrmetrics.jobs.batch import Row


EXPLAINED = "_faults"
"""End of the columns that say what is wrong."""


def flat_records(
    rows: Sequence[Row] | Mapping[str, Sequence[Row]], metrics: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """Return a record for each row, all with the same keys in the same order.

    Parameters
    ----------
    rows
        Of :func:`hdrmetrics.score_files` or :func:`hdrmetrics.rank`; by method where several are
        compared.
    metrics
        Names, in order. Default: those that the rows have.

    Returns
    -------
    list of dict
        ``method`` (where rows are by method), ``test``, ``reference``; the value of each metric
        under its name, with ``NAME_low`` and ``NAME_high`` for a metric that gives intervals and
        ``NAME_faults``, in words, for one that was asked what is wrong;
        ``errors`` and ``warnings`` in words, ``conditions`` as JSON by metric. ``None`` where
        there is no value.
    """
    sets: list[tuple[str | None, Row]]
    if isinstance(rows, Mapping):
        sets = [(method, row) for method, many in rows.items() for row in many]
    else:
        sets = [(None, row) for row in rows]
    names = metrics
    if names is None:
        known = (name for _, row in sets for name in (*row.scores, *row.errors))
        aside = ("file", "map of ")
        names = [name for name in dict.fromkeys(known) if not name.startswith(aside)]
    ranged = {
        name
        for name in names
        if any(name in row.scores and row.scores[name].low is not None for _, row in sets)
    }
    explained = {
        name
        for name in names
        if any(name in row.scores and row.scores[name].explanation for _, row in sets)
    }
    head = [{"method": method} if isinstance(rows, Mapping) else {} for method, _ in sets]
    return [
        own | _record(row, names, ranged, explained)
        for own, (_, row) in zip(head, sets, strict=True)
    ]


def _record(
    row: Row, names: Sequence[str], ranged: set[str], explained: set[str]
) -> dict[str, Any]:
    record: dict[str, Any] = {"test": row.test, "reference": row.reference}
    for name in names:
        score = row.scores.get(name)
        record[name] = None if score is None else score.value
        if name in ranged:
            record[f"{name}_low"] = None if score is None else score.low
            record[f"{name}_high"] = None if score is None else score.high
        if name in explained:
            faults = {} if score is None or score.explanation is None else score.explanation
            record[f"{name}{EXPLAINED}"] = faults.get("text", "")
    found = dict.fromkeys(w for score in row.scores.values() for w in score.warnings)
    errors = [e if what == "file" else f"{what}: {e}" for what, e in row.errors.items()]
    conditions = {name: score.conditions for name, score in row.scores.items()}
    return record | {
        "errors": "; ".join(errors),
        "warnings": "; ".join(found),
        "conditions": json.dumps(conditions, ensure_ascii=False) if conditions else "",
    }


def rows_to_dataframe(rows: Sequence[Row] | Mapping[str, Sequence[Row]]) -> pd.DataFrame:
    """Return rows as a pandas data frame, a line for each picture (and method).

    Parameters
    ----------
    rows
        Of :func:`hdrmetrics.score_files` or :func:`hdrmetrics.rank`. Several methods are given as
        a mapping from their names to their rows.

    Returns
    -------
    pandas.DataFrame
        With the columns of the files that ``--csv`` writes: ``method`` (where rows are by method),
        ``test``, ``reference``, each metric in its own unit (NaN where it failed) with
        ``NAME_low`` and ``NAME_high`` for metrics that give intervals, ``NAME_faults`` (words) for
        those that were asked what is wrong, ``errors``, ``warnings`` and ``conditions`` (JSON by
        metric).

    Raises
    ------
    MissingPackageError
        If pandas is not installed.

    Examples
    --------
    >>> import hdrmetrics as hm
    >>> files = [(path, None) for path in hm.sample_images().values()]
    >>> frame = hm.rows_to_dataframe(hm.score_files(files[:1], ["norvdpnet"]))
    >>> list(frame.columns)[2:5]
    ['norvdpnet', 'norvdpnet_low', 'norvdpnet_high']
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingPackageError(
            "rows_to_dataframe needs pandas: pip install 'hdrmetrics[report]'"
        ) from error
    records = flat_records(rows)
    frame = pd.DataFrame.from_records(records)
    texts = ("method", "test", "reference", "errors", "warnings", "conditions")
    for name in frame.columns:
        if name not in texts and not name.endswith(EXPLAINED):
            frame[name] = frame[name].astype("float64")
    return frame
