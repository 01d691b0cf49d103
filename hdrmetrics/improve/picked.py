"""Which photographs were asked for: by name, or by the list that an earlier alert wrote."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hdrmetrics.errors import OptionError
from hdrmetrics.jobs.pairing import Found, listed
from hdrmetrics.text.textfile import readable, resolved

_LISTS = (".csv", ".tsv", ".tab", ".json")
_WORTH_IT = ("alert", "recommended", "enhanced")


def picked(files: Sequence[Found], words: Sequence[str]) -> list[Found]:
    """Return the photographs that words name, in the order of the files.

    Parameters
    ----------
    files
        Those to choose from.
    words
        Paths, names below the folder, names without folders; or lists, by their ending: what
        ``hdrmetrics improve --csv`` or ``--json`` wrote, of which the photographs that would gain
        count, or a table of one's own with a column ``input``.

    Raises
    ------
    OptionError
        If a list cannot be read, a word names no photograph, or one names several.
    """
    chosen: set[Path] = set()
    for word in words:
        path = Path(word)
        if path.suffix.lower() in _LISTS and path.is_file():
            names = read_list(path)
            if not names:
                raise OptionError(f"{word!r} names no photograph that would gain")
        else:
            names = [word]
        chosen |= {one.path for one in _found(files, names, word)}
    return [one for one in files if one.path in chosen]


def read_list(path: Path) -> list[str]:
    """Return the photographs of a list that would gain, as it calls them.

    Raises
    ------
    OptionError
        If it cannot be read, or is no list.
    """
    try:
        # Names of files may hold breaks of lines of any kind, which stay as they are.
        with path.open(encoding="utf-8-sig", newline="") as file:
            text = file.read()
        records = _json(text) if path.suffix.lower() == ".json" else _table(path, text)
        return [str(record["input"]) for record in records if _worth_it(record)]
    except OSError as error:
        raise OptionError(f"cannot read {str(path)!r}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:
        raise OptionError(
            f"{str(path)!r} is no list of photographs: give what `hdrmetrics improve --csv` or "
            "--json wrote, or a CSV file with a column 'input'"
        ) from error


def _json(text: str) -> Iterable[Mapping[str, Any]]:
    rows: Iterable[Mapping[str, Any]] = json.loads(text)["rows"]
    return rows


def _table(path: Path, text: str) -> Iterable[Mapping[str, Any]]:
    delimiter = "," if path.suffix.lower() == ".csv" else "\t"
    return csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def _worth_it(record: Mapping[str, Any]) -> bool:
    status = record.get("status")
    return status is None or status in _WORTH_IT


def _found(files: Sequence[Found], names: Iterable[str], word: str) -> list[Found]:
    found, missing = [], []
    tests = (
        lambda one, name: readable(str(one.path)) == name or str(one.path) == name,
        lambda one, name: one.name == name,
        lambda one, name: resolved(one.path) == resolved(name),
        lambda one, name: one.path.name == name,
    )
    for name in names:
        matching: list[Found] = []
        for test in tests:
            matching = matching or [one for one in files if test(one, name)]
        if len(matching) > 1:
            several = listed([one.name for one in matching])
            raise OptionError(f"{name!r} is the name of several photographs ({several}): say which")
        if not matching:
            missing.append(name)
        found += matching
    if missing:
        where = "" if missing == [word] else f" of {word!r}"
        raise OptionError(f"there is no photograph {listed(missing)}{where} among those given")
    return found
