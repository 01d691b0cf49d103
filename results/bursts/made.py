"""Bursts made of one photograph, with one picture that nothing was done to."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage, signal

Pixels = NDArray[np.float64]
"""Codes ``(H, W, 3)`` in [0, 1]."""

Draw = np.random.Generator


class Member(NamedTuple):
    """A picture of a burst: what was done to it (empty for the unspoiled one), and its codes."""

    done: str
    codes: NDArray[np.uint8]


def series(photograph: Pixels, draw: Draw) -> list[Member]:
    """Return what a camera held by hand takes one after the other: all shifted, five spoiled.

    Frames are 92 % of the photograph's sides, each at a place of its own, two turned by up to
    1.5 degrees. The last is the one that nothing else was done to.
    """
    spoiling = [_exposure, _exposure, _gaussian, _motion, _noise, _mixed]
    frames = []
    for index in draw.permutation(len(spoiling))[:5]:
        own = _turned(photograph, draw, 1.5)[0] if draw.random() < 0.4 else photograph
        codes, done = spoiling[index](_framed(own, 0.92, draw), draw)
        frames.append(Member(done, rounded(codes)))
    return [*frames, Member("", rounded(_framed(photograph, 0.92, draw)))]


def copies(photograph: Pixels, draw: Draw) -> list[Member]:
    """Return a photograph, last, and six copies: cut, turned, made smaller, compressed, edited."""
    ways = [
        _cut, _cut, _smaller, _compressed, _turned_slightly, _exposure, _gaussian, _mixed_copy,
    ]  # fmt: skip
    found = []
    for index in sorted(draw.permutation(len(ways))[:6]):
        codes, done = ways[index](photograph, draw)
        found.append(Member(done, rounded(codes)))
    return [*found, Member("", rounded(photograph))]


def rounded(codes: Pixels) -> NDArray[np.uint8]:
    """Return codes of 8 bits."""
    return np.round(255 * np.clip(codes, 0, 1)).astype(np.uint8)


Done = tuple[Pixels, str]


def _framed(codes: Pixels, part: float, draw: Draw) -> Pixels:
    height, width = codes.shape[:2]
    rows, columns = round(part * height), round(part * width)
    top, left = draw.integers(0, height - rows + 1), draw.integers(0, width - columns + 1)
    return codes[top : top + rows, left : left + columns]


def _cut(codes: Pixels, draw: Draw) -> Done:
    part = draw.uniform(0.90, 0.97)
    return _framed(codes, part, draw), f"cut to {100 * part:.0f} %"


def _exposure(codes: Pixels, draw: Draw) -> Done:
    stops = draw.uniform(0.3, 2.0) * draw.choice([-1.0, 1.0])
    codes = np.clip(codes, 0, 1)
    light = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)
    light = np.clip(light * 2.0**stops, 0, 1)
    made = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return made, f"{stops:+.1f} stops"


def _gaussian(codes: Pixels, draw: Draw) -> Done:
    width = math.exp(draw.uniform(math.log(0.7), math.log(4.0)))
    return ndimage.gaussian_filter(codes, (width, width, 0)), f"blurred, σ {width:.1f}"


def _motion(codes: Pixels, draw: Draw) -> Done:
    length, angle = draw.uniform(4, 20), draw.uniform(0, math.pi)
    side = int(length) // 2 * 2 + 3
    kernel = np.zeros((side, side))
    for place in np.linspace(-length / 2, length / 2, 8 * side):
        row = round(side // 2 + place * math.sin(angle))
        kernel[row, round(side // 2 + place * math.cos(angle))] += 1
    wide = np.pad(codes, ((side // 2,) * 2, (side // 2,) * 2, (0, 0)), mode="edge")
    made = signal.oaconvolve(wide, kernel[..., None] / kernel.sum(), mode="valid", axes=(0, 1))
    return made, f"moved by {length:.0f} px"


def _noise(codes: Pixels, draw: Draw) -> Done:
    width = draw.uniform(4, 20)
    return codes + draw.normal(0, width / 255, codes.shape), f"noise, σ {width:.0f}"


def _compressed(codes: Pixels, draw: Draw) -> Done:
    quality = int(draw.integers(30, 91))
    file = io.BytesIO()
    Image.fromarray(rounded(codes)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file), np.float64) / 255, f"JPEG {quality}"


def _smaller(codes: Pixels, draw: Draw) -> Done:
    part = draw.uniform(0.5, 0.95)
    size = round(part * codes.shape[1]), round(part * codes.shape[0])
    made = Image.fromarray(rounded(codes)).resize(size, Image.Resampling.LANCZOS)
    return np.asarray(made, np.float64) / 255, f"{100 * part:.0f} % of the size"


def _turned(codes: Pixels, draw: Draw, most: float) -> Done:
    """Return a photograph turned, and cut so that no corner is empty."""
    angle = draw.uniform(0.3, most) * draw.choice([-1.0, 1.0])
    height, width = codes.shape[:2]
    picture = Image.fromarray(rounded(codes)).rotate(angle, Image.Resampling.BICUBIC)
    turned = np.asarray(picture, np.float64) / 255
    slope = math.tan(math.radians(abs(angle)))
    rows, columns = math.ceil(slope * width / 2), math.ceil(slope * height / 2)
    return turned[rows : height - rows, columns : width - columns], f"turned by {angle:+.1f}°"


def _turned_slightly(codes: Pixels, draw: Draw) -> Done:
    return _turned(codes, draw, 3.0)


def _several(codes: Pixels, draw: Draw, ways: list[Callable[[Pixels, Draw], Done]]) -> Done:
    said = []
    for index in sorted(draw.permutation(len(ways))[: draw.integers(2, 4)]):
        codes, done = ways[index](codes, draw)
        said.append(done)
    return codes, ", ".join(said)


def _mixed(codes: Pixels, draw: Draw) -> Done:
    return _several(codes, draw, [_gaussian, _exposure, _noise, _compressed])


def _mixed_copy(codes: Pixels, draw: Draw) -> Done:
    return _several(codes, draw, [_turned_slightly, _cut, _exposure, _smaller, _compressed])
