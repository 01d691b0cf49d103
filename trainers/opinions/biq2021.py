"""The loader of BIQ2021: 12,000 photographs of 512×512 with opinions from a laboratory."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trainers.opinions.opinions import Opinions
from trainers.opinions.photographs import in_folder, opinions_on
from trainers.opinions.scales import on_ten
from trainers.opinions.tables import first_of, numbers, read_table, texts

TABLES = {"train": "Train (Images and MOS).csv", "test": "Test (Images and MOS).csv"}
TERMS = "no licence file; its pages say: for research"


def biq2021(folder: Path) -> Opinions:
    """Return the photographs of a copy of BIQ2021; mean opinions in [0, 1] become 1 + 9·m.

    The set publishes no spreads: they are assumed.

    Raises
    ------
    OptionError
        If the folder has not the authors' tables, or the photographs they name, or it is another
        table.

    References
    ----------
    N. Ahmed, S. Asif, "BIQ2021: a large-scale blind image quality assessment database", Journal of
    Electronic Imaging 31(5), 2022.
    """
    names: list[str] = []
    means, splits = [], []
    for split, name in TABLES.items():
        table = first_of(folder, [name], "table of BIQ2021")
        rows = read_table(table, ["Image Name", "MOS"])
        names += texts(rows, "Image Name", table)
        means.append(on_ten(numbers(rows, "MOS", table), (0, 1), str(table)))
        splits += [split] * len(rows)
    photographs = first_of(folder, ["Images"], "photographs of BIQ2021")
    return opinions_on(
        "biq2021",
        names,
        # Names in the tables and of the files differ in case here and there.
        in_folder(photographs, names),
        mean=np.concatenate(means),
        split=np.array(splits),
        group=names,
        terms=TERMS,
    )
