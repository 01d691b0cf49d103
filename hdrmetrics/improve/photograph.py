"""A photograph as enhancers take it, and what they return as a photograph again."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from hdrmetrics.errors import DomainError, PixelValueError, ShapeError
from hdrmetrics.improve.enhancer import Enhancer
from hdrmetrics.io import read_image
from hdrmetrics.picture.image import Image, pixel_tensor


def read_photograph(path: Path, *, isolate: bool | None = None) -> Image:
    """Return the photograph of a file: of an Ultra HDR file, as telephones make them, its SDR one.

    Parameters
    ----------
    path
        The file.
    isolate
        As for :func:`hdrmetrics.read_image`.

    Returns
    -------
    Image
        Display-encoded; a note says if a gain map was left out.

    Raises
    ------
    DomainError
        If the picture is HDR.
    ImageReadError
        If the file cannot be read.
    """
    image = read_image(path, isolate=isolate)
    if image.origin.format == "ultrahdr":
        image = read_image(path, part="base", isolate=isolate)
    check_photograph(image)
    return image


def check_photograph(image: Image) -> None:
    """Raise :class:`DomainError` for a picture that holds light, or codes of HDR."""
    coding = image.calibration.transfer
    if coding is None or coding in ("pq", "hlg"):
        what = "linear light" if coding is None else f"{coding.upper()}-encoded HDR"
        raise DomainError(
            f"this is {what}; enhancement is for photographs as cameras make them (SDR): tone-map "
            "it first (hdrmetrics tonemap)"
        )


def bits_of(image: Image) -> Literal[8, 16]:
    """Return in how many bits a photograph was stored, as far as PNG can: 16 where over 8.

    Examples
    --------
    >>> import hdrmetrics as hm, numpy as np
    >>> bits_of(hm.as_image(np.zeros((4, 4, 3), np.uint8)))
    8
    """
    found = re.fullmatch(r"[a-z]+(\d+)", image.origin.depth)
    return 16 if found and int(found[1]) > 8 else 8


def enhanced(image: Image, enhancer: Enhancer, device: torch.device | str | None = None) -> Image:
    """Return a photograph after enhancement, in the coding and with the channels it had.

    Parameters
    ----------
    image
        Display-encoded; grey is given to the enhancer as three equal channels.
    enhancer
        See :class:`Enhancer`. Values that it returns outside [0, 1] are clipped.
    device
        Where the enhancer finds its pixels; the CPU by default.

    Raises
    ------
    DomainError
        If the picture is HDR.
    ShapeError, PixelValueError
        If the enhancer returns another shape, or values that are not finite.

    Examples
    --------
    >>> import hdrmetrics as hm, numpy as np
    >>> grey = hm.as_image(np.full((4, 4), 51, np.uint8))
    >>> brighter = enhanced(grey, lambda codes: 2 * codes)
    >>> brighter.pixels.shape, round(float(brighter.pixels.max()), 3)
    ((4, 4, 1), 0.4)
    """
    check_photograph(image)
    codes = pixel_tensor(image).float().expand(-1, 3, -1, -1).contiguous()
    with torch.no_grad():
        made = enhancer(codes.to(device=device))
    _check(made, codes)
    made = made.detach().to("cpu", torch.float32).clamp(0.0, 1.0)
    if image.channels == 1:
        made = made.mean(dim=1, keepdim=True)
    return image.replace(pixels=made[0].movedim(0, 2).contiguous().numpy())


def _check(made: object, codes: Tensor) -> None:
    if not isinstance(made, Tensor) or made.shape != codes.shape:
        what = tuple(made.shape) if isinstance(made, Tensor) else type(made).__name__
        raise ShapeError(
            f"the enhancer returned {what} for {tuple(codes.shape)}: it has to return a tensor of "
            "the shape that it was given"
        )
    if not bool(torch.isfinite(made).all()):
        raise PixelValueError("the enhancer returned values that are NaN or infinite")
