"""Pictures that a learned score is not for: of the wrong kind, of another scale, empty, drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.numerics.filters import gaussian_taps, separable_filter
from hdrmetrics.photometry.transfer import pq_encode, srgb_decode

PEAKS = 100.0, 10_000.0
"""cd/m², between which the 99.9th percentile of real pictures lies, as in the sets."""

_TEXT = "The quick brown fox jumps over the lazy dog. 0123456789 (x + y) = f[n]; return None # "


def misread_as_light(codes: Tensor, rng: np.random.Generator) -> Iterator[tuple[str, Tensor]]:
    """Yield codes of a photograph ``(3, H, W)`` that somebody takes for cd/m².

    As they are, as bytes, and brought to a peak as if they were linear.
    """
    yield "codes", codes
    yield "bytes", (codes * 255).round()
    yield "scaled codes", codes * draw(rng, *PEAKS)


def misread_as_codes(light: Tensor, rng: np.random.Generator) -> Iterator[tuple[str, Tensor]]:
    """Yield light ``(3, H, W)`` in cd/m², peak about 1000, that somebody takes for codes of SDR.

    Linear values clipped to [0, 1], where white is the brightest, some stops under it, or 1 cd/m²;
    and codes of PQ.
    """
    white = float(light.flatten().sort().values[int(0.999 * (light.numel() - 1))])
    yield "linear light", (light / white).clamp(0, 1)
    yield "linear light, clipped", (light / white * 2 ** rng.uniform(1, 4)).clamp(0, 1)
    yield "light of 1 cd/m² and more as white", light.clamp(0, 1)
    yield "codes of PQ", pq_encode(light * (draw(rng, *PEAKS) / white)).clamp(0, 1)


def misread_photograph(codes: Tensor, rng: np.random.Generator) -> Iterator[tuple[str, Tensor]]:
    """Yield a photograph ``(3, H, W)`` of which somebody has the light, or codes of PQ."""
    light = srgb_decode(codes)
    yield "linear photograph", light
    yield "photograph in PQ", pq_encode(light * draw(rng, 100.0, 400.0)).clamp(0, 1)


def wrong_scale(light: Tensor, rng: np.random.Generator) -> Iterator[tuple[str, Tensor]]:
    """Yield a picture ``(3, H, W)`` of which the 99.9th percentile is 1 on a wrong scale."""
    yield "too dark", light * draw(rng, 0.05, 20.0)
    yield "too bright", light * draw(rng, 50_000.0, 1e7)


def empty(picture: Tensor, rng: np.random.Generator) -> Iterator[tuple[str, Tensor]]:
    """Yield pictures with next to nothing in them, as large as one of codes ``(3, H, W)``."""
    height, width = picture.shape[-2:]
    level = rng.uniform(0.0, 1.0)
    one = torch.full_like(picture, level)
    yield "one colour", one
    noise = torch.from_numpy(rng.standard_normal(picture.shape)).float()
    yield "grain", (one + rng.uniform(0.5, 3.0) / 255 * noise).clamp(0, 1)
    ends = rng.uniform(0, 1, (2, 3, 1, 1))
    ramp = torch.linspace(0, 1, height)[:, None].expand(height, width)
    yield (
        "gradient",
        torch.from_numpy(ends[0]).float() * ramp + torch.from_numpy(ends[1]).float() * (1 - ramp),
    )
    yield "faint", (level + (picture - picture.mean()) * rng.uniform(0.002, 0.01)).clamp(0, 1)
    small = torch.zeros_like(picture) + (0.0 if rng.random() < 0.5 else 1.0)
    side = round(math.sqrt(height * width * rng.uniform(0.005, 0.06)))
    side = min(side, height, width)
    y, x = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
    small[:, y : y + side, x : x + side] = picture[:, y : y + side, x : x + side]
    yield "next to nothing", small


def drawn(height: int, width: int, rng: np.random.Generator) -> Iterator[tuple[str, Tensor]]:
    """Yield drawings as codes ``(3, height, width)``: pages of text, charts, flat shapes."""
    for name in ("text", "chart", "shapes"):
        yield name, _drawing(name, height, width, rng)


def draw(rng: np.random.Generator, low: float, high: float) -> float:
    """Return a number between two, uniform in its logarithm."""
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def surrounded(picture: Tensor, share: float) -> Tensor:
    """Return a picture ``(1, C, H, W)`` in a surround of itself, enlarged and blurred.

    Parameters
    ----------
    picture
        Any.
    share
        Part of the whole area that the surround takes.
    """
    height, width = picture.shape[-2:]
    factor = (1 / (1 - share)) ** 0.5
    size = round(height * factor), round(width * factor)
    large = F.interpolate(picture, size, mode="bilinear", align_corners=False)
    found = separable_filter(large, gaussian_taps(49, 8.0), border="replicate")
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    found[..., top : top + height, left : left + width] = picture
    return found


def _drawing(name: str, height: int, width: int, rng: np.random.Generator) -> Tensor:
    from PIL import Image, ImageDraw, ImageFont

    def colour() -> tuple[int, int, int]:
        red, green, blue = (int(v) for v in rng.integers(0, 256, 3))
        return red, green, blue

    dark = bool(rng.random() < 0.4)
    paper, ink = ((24, 26, 30), (220, 220, 215)) if dark else ((255, 255, 255), (20, 20, 20))
    if name == "shapes":
        paper = colour()
    page = Image.new("RGB", (width, height), paper)
    pen = ImageDraw.Draw(page)
    if name == "text":
        size = int(rng.integers(10, 20))
        font = ImageFont.load_default(size)
        for row, y in enumerate(range(4, height - size, int(size * 1.4))):
            start = int(rng.integers(len(_TEXT)))
            line = (_TEXT[start:] + _TEXT * 4)[: int(rng.integers(10, max(11, 2 * width // size)))]
            pen.text((8, y), line, font=font, fill=ink if row % 5 else colour())
    elif name == "chart":
        for y in range(height // 8, height, height // 8):
            pen.line((0, y, width, y), fill=(150, 150, 150))
        for _ in range(3):
            ys = height / 2 + np.cumsum(rng.standard_normal(60)) * height / 40
            xs = np.linspace(20, width - 8, 60)
            points = [(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]
            pen.line(points, fill=colour(), width=2)
        for x in range(30, width - 30, 40):
            pen.rectangle(
                (x, height - int(rng.integers(10, height // 3)), x + 24, height), colour()
            )
        pen.text((20, 8), "Figure 1: values by year", font=ImageFont.load_default(16), fill=ink)
    else:
        for _ in range(int(rng.integers(12, 40))):
            x, y = int(rng.integers(width)), int(rng.integers(height))
            w, h = (int(v) for v in rng.integers(10, max(11, width // 3), 2))
            shape = pen.ellipse if rng.random() < 0.5 else pen.rectangle
            shape((x, y, x + w, y + h), fill=colour())
    return torch.from_numpy(np.asarray(page).copy()).movedim(2, 0).float() / 255
