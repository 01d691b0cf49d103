"""The loader of KonIQ-10k: 10,073 photographs of people's own with opinions from many."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hdrmetrics.errors import OptionError
from trainers.opinions.opinions import Opinions
from trainers.opinions.photographs import in_folder, opinions_on
from trainers.opinions.scales import moments, on_ten, shares, spread_on_ten
from trainers.opinions.tables import first_of, numbers, read_table, texts

TERMS = (
    "no licence in its files; photographs of YFCC100M, each under its own Creative Commons licence"
)
TABLES = ("koniq10k_distributions_sets.csv", "koniq10k_scores_and_distributions.csv")
"""With the authors' division, and without it."""

_SPLITS = {"training": "train", "validation": "validation", "test": "test"}
_ROOMS = [f"c{score}" for score in range(1, 6)]


def koniq10k(folder: Path) -> Opinions:
    """Return the photographs of a copy of KonIQ-10k; opinions from 1 to 100 become 1 to 10.

    The mean is the authors' (``MOS_zscore``, which the table with the division calls ``MOS``). The
    spread follows from ``c1`` to ``c5``, which people gave from 1 to 5: a column ``SD`` stands
    beside means of either scale.

    Parameters
    ----------
    folder
        With one of :data:`TABLES`, and the photographs in ``1024x768``, ``512x384`` or ``images``.

    Raises
    ------
    OptionError
        If a table, or the photographs it names, are not there, or it is another table.

    References
    ----------
    V. Hosu, H. Lin, T. Sziranyi, D. Saupe, "KonIQ-10k: an ecologically valid database for deep
    learning of blind image quality assessment", IEEE Trans. Image Processing 29, 2020.
    """
    table = first_of(folder, TABLES, "table of KonIQ-10k")
    rows = read_table(table, ["image_name", *_ROOMS])
    scored = next((name for name in ("MOS_zscore", "MOS") if name in rows[0]), None)
    if scored is None:
        raise OptionError(f"{table} has neither MOS_zscore nor MOS: name the authors' table")
    names = texts(rows, "image_name", table)
    opinion = numbers(rows, scored, table)
    if opinion.max() <= 5:
        raise OptionError(
            f"{table}: opinions under {scored} lie on 1 to 5, not 1 to 100: name the folder of a "
            f"table with MOS_zscore, or of {TABLES[0]}"
        )
    split = None
    if "set" in rows[0]:
        said = texts(rows, "set", table)
        if not set(said) <= set(_SPLITS):
            raise OptionError(f"{table}: set is one of {', '.join(_SPLITS)}")
        split = np.array([_SPLITS[one] for one in said])
    votes = np.stack([numbers(rows, room, table) for room in _ROOMS], axis=1)
    _, spread = moments(shares(votes, str(table)), np.arange(1.0, 6.0))
    photographs = first_of(folder, ("1024x768", "512x384", "images"), "photographs of KonIQ-10k")
    return opinions_on(
        "koniq10k",
        names,
        in_folder(photographs, names),
        mean=on_ten(opinion, (1, 100), str(table)),
        spread=spread_on_ten(spread, (1, 5)),
        split=split,
        group=names,
        terms=TERMS,
    )
