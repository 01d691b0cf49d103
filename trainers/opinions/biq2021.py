"""The loader of BIQ2021: 12,000 photographs of 512×512 with opinions from a laboratory."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np

from hdrmetrics.errors import OptionError
from trainers.opinions.opinions import Opinions, assumed_spread

TABLES = {"train": "Train (Images and MOS).csv", "test": "Test (Images and MOS).csv"}
TERMS = "no licence file; its pages say: for research"


def biq2021(folder: Path) -> Opinions:
    """Return the photographs of a copy of BIQ2021; mean opinions in [0, 1] become 1 + 9·m.

    The set publishes no spreads: they are assumed.

    Raises
    ------
    OptionError
        If the folder has not the authors' tables, or names no photographs.

    References
    ----------
    N. Ahmed, S. Asif, "BIQ2021: a large-scale blind image quality assessment database", Journal of
    Electronic Imaging 31(5), 2022.
    """
    found: list[tuple[str, str, float]] = []
    for split, name in TABLES.items():
        try:
            with (folder / name).open(newline="", encoding="utf-8-sig") as file:
                rows = [(row["Image Name"], float(row["MOS"])) for row in csv.DictReader(file)]
        except (OSError, UnicodeDecodeError, csv.Error, KeyError, TypeError, ValueError) as error:
            raise OptionError(
                f"{folder / name} is not the table of opinions of BIQ2021 ({error!r}): name the "
                "folder that holds it and Images"
            ) from error
        if any(not (math.isfinite(m) and 0 <= m <= 1) for _, m in rows):
            raise OptionError(f"{folder / name}: opinions of BIQ2021 lie in [0, 1]")
        found += [(split, image, opinion) for image, opinion in rows]
    # Names in the tables and of the files differ in case here and there.
    there = {path.name.lower(): path for path in (folder / "Images").glob("*.[jJ][pP][gG]")}
    missing = [image for _, image, _ in found if image.lower() not in there]
    if missing:
        raise OptionError(f"{folder / 'Images'} lacks {len(missing)} photographs: {missing[0]} …")
    mean = np.array([1 + 9 * opinion for _, _, opinion in found])
    return Opinions(
        name="biq2021",
        paths=tuple(there[image.lower()] for _, image, _ in found),
        mean=mean,
        spread=assumed_spread(mean),
        split=np.array([split for split, _, _ in found]),
        group=np.array([image for _, image, _ in found]),
        terms=TERMS,
    )
