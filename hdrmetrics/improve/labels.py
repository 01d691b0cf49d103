"""The labels of pairs: what they mean, and reading their file."""

from __future__ import annotations

import os
from typing import NamedTuple

from hdrmetrics.errors import TableError
from hdrmetrics.improve.pairs import check_name
from hdrmetrics.text.csvtable import parse_table, read_bytes

LABELS = {2: "significantly better", 1: "moderately better", 0: "no difference", -1: "worse"}
"""What an enhancement did to a photograph, by label."""

COLUMNS = ("name", "label", "seconds", "side", "labelled_at")
"""Of the files that ``hdrmetrics annotate`` writes."""

_NEEDED = COLUMNS[:2]
_BY_TEXT = {str(label): label for label in LABELS}


class Labelled(NamedTuple):
    """What a file of labels holds, and where it can be added to.

    Parameters
    ----------
    labels
        By name, in the order of the names' last rows.
    end
        Bytes that stay when rows are added: a torn last line goes.
    """

    labels: dict[str, int]
    end: int


def read_labels(path: str | os.PathLike[str]) -> dict[str, int]:
    r"""Return the labels of a file by name; the last row of a name counts.

    The file is CSV in UTF-8 with the columns ``name`` and ``label`` and any others. A last line
    without a line break that is no whole row was torn when its writer was killed, and is left out.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    dict
        Labels (keys of :data:`LABELS`: 2, 1, 0, −1) by name, in the order of their last rows.

    Raises
    ------
    TableError
        If the file cannot be read or lacks a column; with its line, if a name is no name of a pair
        or a label none of the four.

    References
    ----------
    WO2024076611A1: labels of significant, moderate, no and negative improvement.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "labels.csv"
    >>> _ = path.write_text("name,label\nroof,2\nlake,0\nroof,1\nbri")
    >>> read_labels(path)
    {'lake': 0, 'roof': 1}
    """
    return parse_labels(read_bytes(path), os.fspath(path)).labels


def parse_labels(data: bytes, name: str) -> Labelled:
    """Return what the bytes of a file of labels say; as :func:`read_labels`.

    Parameters
    ----------
    data
        The file; no byte, or the beginning of the header, is a file without labels.
    name
        Of the file, for messages.

    Raises
    ------
    TableError
        As :func:`read_labels`.

    Examples
    --------
    >>> parse_labels(b"name,label", "labels.csv")
    Labelled(labels={}, end=0)
    """
    end = data.rfind(b"\n") + 1
    if not end and ",".join(COLUMNS).encode().startswith(data):
        return Labelled({}, 0)
    whole, tail = data[:end], data[end:]
    if tail.strip():
        try:
            return Labelled(_labels(data, name), len(data))
        except TableError:
            if not end:
                raise  # the line of columns
    # The last line is torn, if those before it are right.
    return Labelled(_labels(whole, name), end)


def _labels(data: bytes, name: str) -> dict[str, int]:
    labels: dict[str, int] = {}
    for number, cells in parse_table(data, name, _NEEDED):
        label = _BY_TEXT.get(cells["label"].strip())
        if label is None:
            known = ", ".join(f"{value} {words}" for value, words in LABELS.items())
            raise TableError(f"{name}, line {number}: {cells['label']!r} is no label; {known}")
        try:
            pair = check_name(cells["name"])
        except TableError as error:
            raise TableError(f"{name}, line {number}: {error}") from None
        labels.pop(pair, None)  # the order is that of the last rows
        labels[pair] = label
    return labels
