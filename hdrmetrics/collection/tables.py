"""A ranking as plain columns: for CSV and Parquet files and data frames, the same every time."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from hdrmetrics.collection.ranking import Place, Ranking
from hdrmetrics.collection.sharding.arrow import arrow
from hdrmetrics.errors import MissingPackageError
from hdrmetrics.text.csvline import csv_line
from hdrmetrics.text.textfile import readable, replacing

if TYPE_CHECKING:
    import pandas as pd

_WORDS = {True: "true", False: "false"}


def columns_of(ranking: Ranking, *, previews: bool = False) -> dict[str, tuple[str, list[Any]]]:
    """Return the columns of a ranking in their order, with the type and the values of each.

    Parameters
    ----------
    ranking
        The pictures, a line for each.
    previews
        Whether to add those.

    Returns
    -------
    dict
        By name ``(type, values)``, where a type is ``whole``, ``number``, ``truth``, ``text`` or
        ``bytes``, and ``None`` stands where there is no value: ``place``, ``test`` (the file);
        each metric under its name, with ``NAME_low`` and ``NAME_high``; ``tied``,
        ``disagreement``, ``group``, ``keeper``, ``why`` as in
        :class:`~hdrmetrics.collection.ranking.Place`; ``width``, ``height``; ``errors`` and
        ``warnings`` in words, ``conditions`` as JSON by metric; ``sha256`` of the file; and
        ``preview``.
    """
    places = ranking.places
    columns: dict[str, tuple[str, list[Any]]] = {
        "place": ("whole", [one.number for one in places]),
        "test": ("text", [readable(one.record.path) for one in places]),
    }
    for info in ranking.metrics:
        scores = [one.record.scores.get(info.name) for one in places]
        for end, name in (("", "value"), ("_low", "low"), ("_high", "high")):
            values = [None if one is None else getattr(one, name) for one in scores]
            columns[f"{info.name}{end}"] = ("number", values)
    texts: dict[str, str] = {}  # equal ones once: there are as many as there are pictures
    columns |= {
        "tied": ("truth", [one.tied for one in places]),
        "disagreement": ("text", [one.disagreement for one in places]),
        "group": ("whole", [one.group for one in places]),
        "keeper": ("truth", [one.keeper for one in places]),
        "why": ("text", [one.why for one in places]),
        "width": ("whole", [one.record.width or None for one in places]),
        "height": ("whole", [one.record.height or None for one in places]),
        "errors": ("text", [_errors(one) for one in places]),
        "warnings": ("text", [_warnings(one) for one in places]),
        "conditions": (
            "text",
            [texts.setdefault(text, text) for text in (_conditions(one) for one in places)],
        ),
        "sha256": ("text", [one.record.digest for one in places]),
    }
    if previews:
        columns["preview"] = ("bytes", [one.record.preview for one in places])
    return columns


def csv_text(ranking: Ranking, delimiter: str = ",") -> str:
    """Return a ranking as CSV with a line of names on top."""
    columns = columns_of(ranking)
    lines = zip(*(values for _, values in columns.values()), strict=True)
    table = [csv_line(columns, delimiter)]
    table += [csv_line([_cell(cell) for cell in line], delimiter) for line in lines]
    return "".join(table)


def write_parquet(ranking: Ranking, path: str | os.PathLike[str]) -> None:
    """Write a ranking as a Parquet file, which appears complete or not at all.

    Raises
    ------
    MissingPackageError
        If pyarrow is not installed.
    ImageWriteError
        If the file cannot be written.
    """
    pa = arrow()
    types = {
        "whole": pa.int64(), "number": pa.float64(), "truth": pa.bool_(), "text": pa.string(),
    }  # fmt: skip
    table = pa.table(
        {
            name: pa.array(values, types[kind])
            for name, (kind, values) in columns_of(ranking).items()
        }
    )
    with replacing(path) as draft:
        pa.parquet.write_table(table, draft, compression="zstd")


def check_pandas() -> None:
    """Raise :class:`MissingPackageError` before any work if there can be no data frame."""
    try:
        import pandas  # noqa: F401
    except ImportError as error:
        raise MissingPackageError(
            "rank_collection needs pandas: pip install 'hdrmetrics[report]'"
        ) from error


def to_dataframe(ranking: Ranking, *, previews: bool = False) -> pd.DataFrame:
    """Return a ranking as a pandas data frame with the columns of :func:`columns_of`.

    Raises
    ------
    MissingPackageError
        If pandas is not installed.
    """
    check_pandas()
    import pandas as pd

    types = {
        "whole": "Int64", "number": "float64", "truth": "bool", "text": "object", "bytes": "object",
    }  # fmt: skip
    return pd.DataFrame(
        {
            name: pd.Series(values, dtype=types[kind])
            for name, (kind, values) in columns_of(ranking, previews=previews).items()
        }
    )


def _cell(value: Any) -> Any:
    return _WORDS[value] if isinstance(value, bool) else value


def _errors(place: Place) -> str:
    found = place.record.errors.items()
    return readable(
        "; ".join(text if what == "file" else f"{what}: {text}" for what, text in found)
    )


def _warnings(place: Place) -> str:
    found = dict.fromkeys(w for score in place.record.scores.values() for w in score.warnings)
    return readable("; ".join(found))


def _conditions(place: Place) -> str:
    found = {name: score.conditions for name, score in place.record.scores.items()}
    return json.dumps(found, ensure_ascii=False) if found else ""
