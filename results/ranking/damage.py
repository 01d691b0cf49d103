"""What is done to a large photograph before shortcuts are tried on it."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

Random = np.random.Generator
Damage = Callable[[Image.Image, Random], Image.Image]

_PART = 0.1  # of each side: a small corner


def none(picture: Image.Image, random: Random) -> Image.Image:
    """Leave it as it is."""
    return picture


def blur(picture: Image.Image, random: Random) -> Image.Image:
    """Blur all of it."""
    return picture.filter(ImageFilter.GaussianBlur(float(random.uniform(1.0, 6.0))))


def noise(picture: Image.Image, random: Random) -> Image.Image:
    """Add noise to all of it."""
    codes = np.asarray(picture, np.float32)
    deviation = np.float32(random.uniform(4.0, 30.0))
    codes = codes + deviation * random.standard_normal(codes.shape, np.float32)
    return Image.fromarray(np.clip(codes + 0.5, 0, 255).astype(np.uint8))


def compression(picture: Image.Image, random: Random) -> Image.Image:
    """Compress it hard."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=int(random.integers(5, 40)))
    return Image.open(file).convert("RGB")


def exposure(picture: Image.Image, random: Random) -> Image.Image:
    """Expose it too little or too much."""
    factor = 2.0 ** float(random.choice([-2.0, -1.0, 0.8, 1.5]))
    return ImageEnhance.Brightness(picture).enhance(factor)


def crop(picture: Image.Image, random: Random) -> Image.Image:
    """Keep two thirds of each side."""
    width, height = (2 * side // 3 for side in picture.size)
    left, top = (
        int(random.integers(0, whole - part))
        for whole, part in zip(picture.size, (width, height), strict=True)
    )
    return picture.crop((left, top, left + width, top + height))


def _ruined(picture: Image.Image, random: Random, ruin: Damage) -> Image.Image:
    width, height = (round(_PART * side) for side in picture.size)
    left = int(random.choice([0, picture.width - width]))
    top = int(random.choice([0, picture.height - height]))
    box = left, top, left + width, top + height
    found = picture.copy()
    found.paste(ruin(found.crop(box), random), box)
    return found


def corner_noise(picture: Image.Image, random: Random) -> Image.Image:
    """Ruin a corner of a tenth of each side by noise."""
    return _ruined(picture, random, noise)


def corner_blur(picture: Image.Image, random: Random) -> Image.Image:
    """Ruin a corner by blur."""
    return _ruined(picture, random, blur)


def corner_blocks(picture: Image.Image, random: Random) -> Image.Image:
    """Ruin a corner by compression."""
    return _ruined(picture, random, compression)


def cut_off(picture: Image.Image, random: Random) -> Image.Image:
    """Lose what comes after some row, as a file that ends too early does."""
    found = picture.copy()
    top = int(random.uniform(0.5, 0.95) * picture.height)
    found.paste((128, 128, 128), (0, top, picture.width, picture.height))
    return found


def shifted(picture: Image.Image, random: Random) -> Image.Image:
    """Move all below some row aside, which leaves a seam."""
    codes: NDArray[np.uint8] = np.asarray(picture).copy()
    top = int(random.uniform(0.3, 0.7) * picture.height)
    codes[top:] = np.roll(codes[top:], int(random.integers(16, 400)), axis=1)
    return Image.fromarray(codes)


WHOLE: tuple[Damage, ...] = (blur, noise, compression, exposure, crop)
LOCAL: tuple[Damage, ...] = (corner_noise, corner_blur, corner_blocks, cut_off, shifted)
