"""The loader of TID2013: 25 photographs, each spoilt in 120 ways, with opinions of them all."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from hdrmetrics.errors import OptionError
from trainers.opinions.opinions import Opinions
from trainers.opinions.photographs import in_folder, opinions_on
from trainers.opinions.scales import are_deviations, on_ten, spread_on_ten
from trainers.opinions.tables import first_of, number, read_lines

TERMS = "its readme: for educational and research purposes only, without fee, with its notice"
SCALE = (0.0, 9.0)
READINGS = 971 / 25
"""How many people saw all pictures of a reference, on average."""

_NAME = re.compile(r"(i\d\d)_\d\d_\d\.bmp", re.IGNORECASE)


def tid2013(folder: Path) -> Opinions:
    """Return the pictures of a copy of TID2013; mean opinions from 0 to 9 become 1 to 10.

    An opinion is how many of nine comparisons a picture wins. What the authors call ``mos_std`` are
    deviations of the means, not of opinions: whole numbers with a mean of 5.5 cannot deviate by
    0.13. So they are multiplied by the root of :data:`READINGS`, unless they can be deviations of
    single opinions. All pictures of a reference are a group, in one split.

    Parameters
    ----------
    folder
        With ``mos_with_names.txt`` and ``mos_std.txt``, and the pictures in ``distorted_images``.
        Names differ in case here and there (``I01``, ``i01``).

    Raises
    ------
    OptionError
        If a table, or the pictures it names, are not there, or it is another table.

    References
    ----------
    N. Ponomarenko et al., "Image database TID2013: peculiarities, results and perspectives", Signal
    Processing: Image Communication 30, 2015.
    """
    table = first_of(folder, ("mos_with_names.txt",), "table of TID2013")
    deviations = first_of(folder, ("mos_std.txt",), "table of deviations of TID2013")
    names: list[str] = []
    group: list[str] = []
    found: list[float] = []
    for row, line in enumerate(read_lines(table), start=1):
        cells = line.split()
        match = _NAME.fullmatch(cells[-1]) if len(cells) == 2 else None
        if match is None:
            raise OptionError(
                f"{table}: row {row} is no opinion and a name like i01_01_1.bmp: name the folder "
                "of the file as its authors publish it"
            )
        found.append(number(cells[0], "opinions", row, table))
        # The file's own case differs from the table's here and there.
        names.append(cells[1].lower())
        group.append(match[1].lower())
    opinion = np.array(found)
    said = np.array(
        [number(x, "deviations", i, deviations) for i, x in enumerate(read_lines(deviations), 1)]
    )
    if len(said) != len(opinion):
        raise OptionError(f"{deviations} has {len(said)} rows, {table.name} {len(opinion)}")
    mean = on_ten(opinion, SCALE, str(table))
    if not are_deviations(said, opinion, SCALE):
        said = said * np.sqrt(READINGS)
    pictures = first_of(folder, ("distorted_images",), "pictures of TID2013")
    return opinions_on(
        "tid2013",
        names,
        in_folder(pictures, names),
        mean=mean,
        spread=spread_on_ten(said, SCALE),
        group=group,
        terms=TERMS,
    )
