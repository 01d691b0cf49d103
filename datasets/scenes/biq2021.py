"""The clean photographs of BIQ2021, which are references of SDR-P."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from datasets.scenes.scene_files import FileScene
from datasets.scenes.splits import split_of
from hdrmetrics.errors import OptionError

OPINIONS = "Train (Images and MOS).csv"
"""The table of opinions on the photographs that the authors train on; their test is left alone."""

LEAST_OPINION = 0.7
"""Mean opinion, of [0, 1], above which a photograph is clean enough to be a reference."""

LICENCE = "none stated: for research"
"""The collection has no licence file; its pages say what it is for."""

_NAME = re.compile(r"ss03 \((\d+)\)\.jpg", re.IGNORECASE)


def biq2021_scenes(folder: Path) -> list[FileScene]:
    """Return the photographs of a copy of BIQ2021 that people liked, of its third part.

    The third part is stock photographs, 512×512 JPEG files of quality 75 or so: a recipe that takes
    them as references halves them, which leaves nothing of the compression to see. Each is a scene
    of its own.

    Parameters
    ----------
    folder
        What the authors publish: the tables, and the photographs in ``Images``.

    Raises
    ------
    OptionError
        If the folder has no such table, or the table is not theirs or names none of these.

    References
    ----------
    N. Ahmed, S. Asif, "BIQ2021: a large-scale blind image quality assessment database", Journal of
    Electronic Imaging 31(5), 2022.
    """
    table = Path(folder) / OPINIONS
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = [
                (row["Image Name"] or "", float(row["MOS"] or "nan"))
                for row in csv.DictReader(file)
            ]
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, ValueError) as error:
        raise OptionError(
            f"{table} is not the table of opinions of BIQ2021 ({error!r}): name the folder that "
            f"holds it and the photographs, as biq2021:FOLDER"
        ) from error
    scenes: list[FileScene] = []
    for name, opinion in rows:
        number = _NAME.fullmatch(name)
        if number is None or not opinion > LEAST_OPINION:
            continue
        scene = f"biq2021_{int(number[1]):04d}"
        scenes.append(
            FileScene(
                name=scene,
                kind="sdr",
                panorama=False,
                licence=LICENCE,
                group=scene,
                split=split_of(scene),
                path=str(Path(folder) / "Images" / name),
                size=(512, 512),
            )
        )
    if not scenes:
        raise OptionError(f"{table} names no photograph of its third part: is it BIQ2021's?")
    return sorted(scenes, key=lambda scene: scene.name)
