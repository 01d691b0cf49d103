"""Pictures that several claims are measured on."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from hdrmetrics import read_image, sample_images
from hdrmetrics.photometry.color import luminance

LIMIT = 10_000.0
"""cd/m² at which light is clipped."""

PEAKS = (300.0, 1000.0, 4000.0)
"""cd/m² that pictures are brought to in turn."""


def samples(*, least: float = 0.0) -> dict[str, Tensor]:
    """Return the package's pictures at a mean luminance of 100 cd/m²."""
    found = {}
    for name, path in sample_images().items():
        light = read_image(path).tensor().clamp(min=least)
        found[name] = light * (100 / float(luminance(light).mean()))
    return found


def at_peak(light: Tensor, peak: float) -> Tensor:
    """Return light whose 99.9th percentile of luminance is a peak in cd/m², clipped."""
    bright = float(torch.quantile(luminance(light).flatten(), 0.999))
    return (light * (peak / bright)).clamp(max=LIMIT)


def spread(folder: Path, endings: Collection[str], count: int) -> list[Path]:
    """Return ``count`` files of a folder at even distances in the order of their names.

    Parameters
    ----------
    folder
        Where they are.
    endings
        Small letters without the point.
    count
        At most so many.
    """
    found = sorted(p for p in folder.iterdir() if p.suffix.lstrip(".").lower() in endings)
    return [found[i * len(found) // count] for i in range(min(count, len(found)))]


def noisy_pair(size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Return a smooth random picture with noise, and without, ``(1, 3, h, w)`` in [0, 1]."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 3, 68, 120, generator=generator)
    reference = torch.nn.functional.interpolate(coarse, size, mode="bicubic").clamp(0, 1)
    noise = torch.randn(reference.shape, generator=generator)
    return (reference + 0.05 * noise).clamp(0, 1).contiguous(), reference.contiguous()


def as_picture(codes: Tensor) -> Image.Image:
    """Return codes ``(3, h, w)`` in [0, 1] as a picture of eight bits."""
    return Image.fromarray(
        (codes.clamp(0, 1).permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()
    )
