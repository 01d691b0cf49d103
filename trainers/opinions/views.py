"""What training sees of a photograph: all of it made small, or a part, mirrored or spoilt."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.orientation import exif_orientation, upright

Pixels = NDArray[np.uint8]

LEAST_PART = 0.45
"""Part of the sides that a view of a part has at least; of a small part little can be said."""

_SPOILERS = ("dark", "dark", "dark", "bright", "blur", "noise", "jpeg")


def load(path: Path, most: int | None = 1024) -> Image.Image:
    """Return a photograph in RGB, upright as its Exif says.

    Parameters
    ----------
    path
        Of the file.
    most
        Pixels that are needed: a large JPEG file is read at half, a quarter or an eighth of its
        size, where that leaves so many. Without it a photograph is read as large as it is.

    Raises
    ------
    ImageReadError
        If it cannot be read to its end.
    """
    try:
        with Image.open(path) as image:
            if most is not None:
                image.draft("RGB", (most, most))
            found, exif = image.convert("RGB"), image.info.get("exif", b"")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ImageReadError(
            f"{path} cannot be read ({error}): copy it again, or leave it out of the table"
        ) from error
    turned = exif_orientation(exif)
    return found if turned == 1 else Image.fromarray(upright(np.asarray(found), turned))


def view(image: Image.Image, side: int, draw: np.random.Generator, whole: float) -> Pixels:
    """Return a view ``(side, side, 3)``: of all the photograph, or of a part of its own shape.

    Parameters
    ----------
    image
        In RGB.
    side
        In pixels.
    draw
        Of the augmentation.
    whole
        Probability that all of it is seen.
    """
    width, height = image.size
    if draw.random() < whole:
        box = (0.0, 0.0, float(width), float(height))
    else:
        part = float(np.sqrt(draw.uniform(LEAST_PART**2, 1.0)))
        w, h = part * width, part * height
        left, top = draw.uniform(0, width - w), draw.uniform(0, height - h)
        box = (left, top, left + w, top + h)
    small = image.resize((side, side), Image.Resampling.BICUBIC, box=box)
    if draw.random() < 0.5:
        small = small.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return np.asarray(small)


def framed(pixels: Pixels, draw: np.random.Generator) -> Pixels:
    """Return a view shrunk onto black: what people say of a photograph is not of its frame."""
    side = len(pixels)
    inner = int(side * draw.uniform(0.55, 0.9))
    small = np.asarray(Image.fromarray(pixels).resize((inner, inner), Image.Resampling.BICUBIC))
    found = np.zeros_like(pixels)
    top, left = (int(draw.integers(0, side - inner + 1)) for _ in range(2))
    found[top : top + inner, left : left + inner] = small
    return found


def spoil(pixels: Pixels, draw: np.random.Generator) -> Pixels:
    """Return a view made worse for sure: much too dark or bright, blurred, noisy, or compressed."""
    kind = _SPOILERS[int(draw.integers(len(_SPOILERS)))]
    if kind in ("dark", "bright"):
        stops = draw.uniform(-4.0, -0.8) if kind == "dark" else draw.uniform(1.0, 2.5)
        return exposed(pixels, float(stops))
    side = len(pixels)
    if kind == "blur":
        radius = draw.uniform(2.0, 9.0) * side / 512
        return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))
    if kind == "noise":
        noise = draw.normal(0.0, draw.uniform(12.0, 60.0), pixels.shape)
        return np.clip(pixels + noise, 0, 255).round().astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=int(draw.integers(4, 25)))
    return np.asarray(Image.open(stream).convert("RGB"))


def exposed(pixels: Pixels, stops: float) -> Pixels:
    """Return pixels in sRGB with their light multiplied by 2^stops, clipped at white."""
    codes = np.arange(256) / 255
    light = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)
    light = np.clip(light * 2.0**stops, 0, 1)
    out = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    found: Pixels = (255 * out).round().astype(np.uint8)[pixels]
    return found
