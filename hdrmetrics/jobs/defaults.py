"""The metrics that are used when the caller names none."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import PurePath

from hdrmetrics.picture.endings import RAW, SUFFIXES

WITH_REFERENCE = ("pu21-psnr", "pu21-ssim")
WITHOUT_REFERENCE = ("norvdpnet", "pu21-piqe")
"""Of HDR pictures, and of a build's verdict."""

LIKED, FAITHFUL = "nima", "norvdpnet"
"""Of photographs: how people like them, and how faithful they are."""

AXES = {"liked": LIKED, "faithful": FAITHFUL}
"""What people may say in place of a metric's name."""

_OF_LIGHT = ("exr", "hdr", "pfm", "jpegxr", "tiff")


def without_reference(files: Iterable[str | os.PathLike[str]]) -> tuple[str, ...]:
    """Return the metrics of pictures without a reference, by the endings of the files.

    Photographs are scored on both axes, HDR pictures by how faithful they are, since nobody was
    asked how they like them, and a mixture as HDR pictures are, with how they are liked behind.

    Parameters
    ----------
    files
        Names of files; one without an ending is taken for an HDR picture.

    Examples
    --------
    >>> without_reference(["a.jpg", "b.dng"]), without_reference(["a.exr"])
    (('nima', 'norvdpnet'), ('norvdpnet', 'pu21-piqe'))
    """
    endings = [PurePath(file).suffix.lower() for file in files]
    kinds = ["raw" if ending in RAW else SUFFIXES.get(ending, "exr") for ending in endings]
    light = sum(kind in _OF_LIGHT for kind in kinds)
    if kinds and not light:
        return LIKED, FAITHFUL
    return WITHOUT_REFERENCE if light == len(kinds) else (*WITHOUT_REFERENCE, LIKED)


def ranked_by(files: Iterable[str | os.PathLike[str]]) -> tuple[str, ...]:
    """Return the metrics that a ranking without one shows, of which the first decides.

    Parameters
    ----------
    files
        As for :func:`without_reference`.

    Examples
    --------
    >>> ranked_by(["a.jpg"]), ranked_by(["a.jpg", "b.exr"])
    (('nima', 'norvdpnet'), ('norvdpnet',))
    """
    found = without_reference(files)
    return found if found[0] == LIKED else found[:1]
