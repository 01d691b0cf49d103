"""The loader of AVA: 255,530 photographs of contests, each with all of its scores from 1 to 10."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hdrmetrics.errors import OptionError
from trainers.opinions.opinions import Opinions
from trainers.opinions.photographs import in_folder, opinions_on
from trainers.opinions.scales import moments, on_ten, shares
from trainers.opinions.tables import first_of, number, read_lines

TERMS = "no licence in its files; the photographs are their authors', from dpchallenge.com"
TABLE = "AVA.txt"
TESTED = "aesthetics_image_lists/generic_test.jpgl"
"""The authors' list of test photographs. What is in none of their lists is learnt from too."""

_COLUMNS = 15  # index, identifier, ten counts, two tags, contest


def ava(folder: Path) -> Opinions:
    """Return the photographs of a copy of AVA with the distributions of their scores.

    Parameters
    ----------
    folder
        With ``AVA.txt`` (or ``AVA_dataset/AVA.txt``) and the photographs ``ID.jpg`` in ``images``,
        ``image`` or ``ava_images``. Where the authors' list of test photographs is beside the
        table it is the test, and all others are for training; otherwise names decide.

    Raises
    ------
    OptionError
        If the table, or the photographs it names, are not there, or it is another table.

    References
    ----------
    N. Murray, L. Marchesotti, F. Perronnin, "AVA: a large-scale database for aesthetic visual
    analysis", CVPR 2012.
    """
    table = first_of(folder, (TABLE, f"AVA_dataset/{TABLE}"), "table of AVA")
    names: list[str] = []
    counts: list[list[float]] = []
    for row, line in enumerate(read_lines(table), start=1):
        cells = line.split()
        if len(cells) != _COLUMNS:
            raise OptionError(
                f"{table}: row {row} has {len(cells)} columns, not {_COLUMNS}: name the folder of "
                "AVA.txt as its authors publish it"
            )
        names.append(f"{cells[1]}.jpg")
        counts.append([number(cell, "counts", row, table) for cell in cells[2:12]])
    parts = shares(np.array(counts), str(table))
    mean, spread = moments(parts, np.arange(1.0, 11.0))
    photographs = first_of(
        folder,
        [
            f"{base}{name}"
            for base in ("", "AVA_dataset/")
            for name in ("images", "image", "ava_images")
        ],
        "photographs of AVA",
    )
    split = None
    if (table.parent / TESTED).exists():
        tested = {f"{one}.jpg" for one in read_lines(table.parent / TESTED)}
        split = np.array(["test" if one in tested else "train" for one in names])
        if "test" not in split:
            raise OptionError(f"{table.parent / TESTED} names no photograph of {table}")
    return opinions_on(
        "ava",
        names,
        in_folder(photographs, names),
        mean=on_ten(mean, (1, 10), str(table)),
        spread=spread,
        distribution=parts,
        split=split,
        group=names,
        terms=TERMS,
    )
