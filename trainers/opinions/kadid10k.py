"""The loader of KADID-10k: 81 photographs, each spoilt in 125 ways, with opinions from many."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hdrmetrics.errors import OptionError
from trainers.opinions.opinions import Opinions
from trainers.opinions.photographs import in_folder, opinions_on
from trainers.opinions.scales import are_deviations, on_ten, spread_on_ten
from trainers.opinions.tables import first_of, numbers, read_table, texts

TERMS = "no licence in its files; its paper: photographs of Pixabay, free to be edited and shared"
SCALE = (1.0, 5.0)


def kadid10k(folder: Path) -> Opinions:
    """Return the pictures of a copy of KADID-10k; mean opinions from 1 to 5 become 1 to 10.

    What the table calls ``dmos`` is higher for better pictures. What it calls ``var`` are standard
    deviations: 4.57 with 0.496 is what 17 fives and 13 fours have. A copy whose numbers cannot be
    that is taken to hold variances. All pictures of a reference are a group, in one split.

    Parameters
    ----------
    folder
        With ``dmos.csv``, and the pictures in ``images``.

    Raises
    ------
    OptionError
        If the table, or the pictures it names, are not there, or it is another table.

    References
    ----------
    H. Lin, V. Hosu, D. Saupe, "KADID-10k: a large-scale artificially distorted IQA database",
    QoMEX 2019.
    """
    table = first_of(folder, ("dmos.csv",), "table of KADID-10k")
    rows = read_table(table, ["dist_img", "ref_img", "dmos", "var"])
    names = texts(rows, "dist_img", table)
    opinion, said = numbers(rows, "dmos", table), numbers(rows, "var", table)
    mean = on_ten(opinion, SCALE, str(table))
    if np.any(said < 0):
        raise OptionError(f"{table}: var is negative in {int((said < 0).sum())} rows")
    deviation = said if are_deviations(said, opinion, SCALE) else np.sqrt(said)
    pictures = first_of(folder, ("images", "distorted_images"), "pictures of KADID-10k")
    return opinions_on(
        "kadid10k",
        names,
        in_folder(pictures, names),
        mean=mean,
        spread=spread_on_ten(deviation, SCALE),
        group=[Path(one).stem.lower() for one in texts(rows, "ref_img", table)],
        terms=TERMS,
    )
