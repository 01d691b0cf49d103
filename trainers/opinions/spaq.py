"""The loader of SPAQ: 11,125 photographs of telephones with opinions from a laboratory."""

from __future__ import annotations

from pathlib import Path

from trainers.opinions.opinions import Opinions
from trainers.opinions.photographs import in_folder, opinions_on
from trainers.opinions.scales import on_ten
from trainers.opinions.tables import first_of, numbers, read_table, texts

TERMS = (
    "its readme: for educational and research purposes only, without fee, with its notice; no "
    "commercial product without the authors' permission"
)
TABLE = "MOS and Image attribute scores"


def spaq(folder: Path) -> Opinions:
    """Return the photographs of a copy of SPAQ; mean opinions from 0 to 100 become 1 to 10.

    The set publishes no spreads and no division: they are assumed, and follow from names.

    Parameters
    ----------
    folder
        With ``MOS and Image attribute scores`` in ``Annotations`` or beside it, as ``.csv`` or,
        where openpyxl is installed, as the authors' ``.xlsx``; and the photographs in
        ``TestImage``.

    Raises
    ------
    OptionError
        If the table, or the photographs it names, are not there, or it is another table.
    MissingPackageError
        If there is the Excel file alone, and what reads it is not installed.

    References
    ----------
    Y. Fang, H. Zhu, Y. Zeng, K. Ma, Z. Wang, "Perceptual quality assessment of smartphone
    photography", CVPR 2020.
    """
    tables = [
        f"{base}{TABLE}{suffix}"
        for suffix in (".csv", ".xlsx")
        for base in ("Annotations/", "annotations/", "")
    ]
    table = first_of(folder, tables, "table of SPAQ")
    rows = read_table(table, ["Image name", "MOS"])
    names = texts(rows, "Image name", table)
    photographs = first_of(folder, ("TestImage", "TestImages", "images"), "photographs of SPAQ")
    return opinions_on(
        "spaq",
        names,
        in_folder(photographs, names),
        mean=on_ten(numbers(rows, "MOS", table), (0, 100), str(table)),
        group=names,
        terms=TERMS,
    )
