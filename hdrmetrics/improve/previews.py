"""Reduced pictures of before and after, for people to look at."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path

import torch
from PIL import Image as Pillow

from hdrmetrics.codecs.samples import to_codes
from hdrmetrics.jobs.page_files import note
from hdrmetrics.picture.codes import in_srgb
from hdrmetrics.picture.image import Image, pixel_tensor
from hdrmetrics.text.textfile import replacing

SIDE = 480
"""Pixels of a preview's longer side, at most."""

_QUALITY = 82


def preview(image: Image, side: int = SIDE) -> bytes:
    r"""Return a JPEG file of a photograph in sRGB, reduced so that its longer side is ``side``.

    Parameters
    ----------
    image
        Display-encoded.
    side
        Pixels; smaller pictures keep their size.

    Raises
    ------
    DomainError
        If the picture is HDR.

    Examples
    --------
    >>> import hdrmetrics as hm, numpy as np
    >>> preview(hm.as_image(np.zeros((40, 60, 3), np.uint8)))[:2]
    b'\xff\xd8'
    """
    brought, _ = in_srgb(image)
    return jpeg_of(pixel_tensor(brought).float(), side)


def jpeg_of(codes: torch.Tensor, side: int) -> bytes:
    """Return a JPEG file of sRGB codes ``(1, C, H, W)``, reduced as :func:`preview` does."""
    file = io.BytesIO()
    array = to_codes(reduced(codes, side).clamp(0, 1), 8)
    Pillow.fromarray(array).save(file, "JPEG", quality=_QUALITY, optimize=True)
    return file.getvalue()


def reduced(planes: torch.Tensor, side: int) -> torch.Tensor:
    """Return planes ``(N, C, H, W)`` whose longer side is at most ``side`` pixels, averaged.

    Examples
    --------
    >>> tuple(reduced(torch.zeros(1, 3, 40, 60), 30).shape)
    (1, 3, 20, 30)
    """
    longest = max(planes.shape[-2:])
    if longest <= side:
        return planes
    size = [max(1, round(one * side / longest)) for one in planes.shape[-2:]]
    return torch.nn.functional.interpolate(planes, size, mode="bilinear", antialias=True)


def preview_paths(folder: Path, name: str) -> dict[str, Path]:
    """Return where a page keeps a photograph's thumbnails: names that fit any system.

    Examples
    --------
    >>> paths = preview_paths(Path("page_files"), "a/b.jpg")
    >>> paths["before"].name[-10:], paths["before"] != paths["after"]
    ('before.jpg', True)
    """
    label = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return {which: folder / f"{label}-{which}.jpg" for which in ("before", "after")}


def save_previews(
    paths: Mapping[str, Path], images: Mapping[str, bytes], *, of_page: bool = False
) -> dict[str, str]:
    """Write previews and return where they lie, by ``before`` and ``after``.

    Parameters
    ----------
    paths
        Where to.
    images
        The files.
    of_page
        Whether they are thumbnails of a page, and noted in the folder beside it
        (:func:`hdrmetrics.jobs.page_files.note`).

    Raises
    ------
    ImageWriteError
        If one cannot be written.
    """
    for which, data in images.items():
        if of_page:
            note(paths[which])
        with replacing(paths[which]) as draft:
            draft.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(data)
    return {which: str(paths[which]) for which in images}
