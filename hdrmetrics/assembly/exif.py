"""How long a photograph was exposed, as its EXIF data say."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image as PillowImage

from hdrmetrics.errors import ImageReadError, OptionError

_EXIF_DIRECTORY = 0x8769
_TIME, _F_NUMBER, _SENSITIVITY = 33434, 33437, 34855


def read_exposures(paths: Sequence[str | os.PathLike[str]]) -> list[float]:
    """Return the exposure of each photograph: time · ISO/100 / f-number², proportional to codes.

    Parameters
    ----------
    paths
        Photographs with EXIF data, such as a camera's JPEG files.

    Returns
    -------
    list[float]
        Seconds at ISO 100 and f/1. A lens without f-number, or a camera without ISO, counts as
        f/1, or ISO 100, if that holds for all the photographs.

    Raises
    ------
    ImageReadError
        If a file cannot be read.
    OptionError
        If a photograph has no exposure time, or only some have an f-number or a sensitivity.
    """
    tags = [_read(os.fspath(path)) for path in paths]
    for path, said in zip(paths, tags, strict=True):
        if _TIME not in said:
            raise OptionError(
                f"{os.fspath(path)} does not say how long it was exposed: give the times"
            )
    for tag, what in ((_F_NUMBER, "f-number"), (_SENSITIVITY, "ISO sensitivity")):
        lacking = [os.fspath(p) for p, said in zip(paths, tags, strict=True) if tag not in said]
        if lacking and len(lacking) < len(tags):
            raise OptionError(f"{lacking[0]} does not say its {what}, others do: give the times")
    return [
        said[_TIME] * said.get(_SENSITIVITY, 100.0) / 100 / said.get(_F_NUMBER, 1.0) ** 2
        for said in tags
    ]


def _read(path: str) -> dict[int, float]:
    """Return the positive numbers among the three tags."""
    try:
        with PillowImage.open(path) as file:
            tags: Mapping[int, Any] = file.getexif().get_ifd(_EXIF_DIRECTORY)
            raw = {tag: tags[tag] for tag in (_TIME, _F_NUMBER, _SENSITIVITY) if tag in tags}
    except (OSError, ValueError, SyntaxError, PillowImage.DecompressionBombError) as error:
        raise ImageReadError(f"cannot read the EXIF data of {path}: {error}") from error
    said = {}
    for tag, value in raw.items():
        try:
            number = float(value[0] if isinstance(value, tuple) else value)
        except (TypeError, ValueError, ZeroDivisionError, IndexError):
            continue
        if math.isfinite(number) and number > 0:
            said[tag] = number
    return said
