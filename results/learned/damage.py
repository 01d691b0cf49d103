"""Versions of whole pictures: damage everywhere that grows, and damage in one place only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.distort import distort
from hdrmetrics.numerics.filters import gaussian_taps, separable_filter

STRENGTHS = (0.1, 0.3, 0.5, 0.7, 0.9)
EVERYWHERE: dict[str, tuple[str, ...]] = {
    "hdr": ("gaussian_noise", "camera_noise", "gaussian_blur", "motion_blur", "quantisation"),
    "sdr": ("gaussian_noise", "gaussian_blur", "motion_blur", "quantisation", "block_loss"),
}


class Version(NamedTuple):
    """A version of a picture.

    Parameters
    ----------
    name
        What was done.
    where
        ``everywhere``, ``somewhere`` or ``nowhere``.
    amount
        Strength, or the part of the picture that is damaged.
    picture
        ``(1, 3, H, W)``.
    """

    name: str
    where: str
    amount: float
    picture: Tensor


def versions(reference: Tensor, domain: PixelDomain, seed: int) -> Iterator[Version]:
    """Yield a picture as it is, in series of rising strength, and damaged in places.

    Parameters
    ----------
    reference
        ``(1, 3, H, W)``, cd/m² or codes in [0, 1].
    domain
        ``hdr`` or ``sdr``.
    seed
        Of noise and places.
    """
    yield Version("none", "nowhere", 0.0, reference)
    for name in EVERYWHERE[domain]:
        for strength in STRENGTHS:
            picture = distort(reference, name, strength=strength, domain=domain, seed=seed)
            yield Version(name, "everywhere", strength, picture)
    yield from _somewhere(reference, domain, seed)


def _somewhere(reference: Tensor, domain: PixelDomain, seed: int) -> Iterator[Version]:
    height, width = reference.shape[-2:]
    taps = gaussian_taps(33, 4.0)
    blurred = separable_filter(reference, taps, border="replicate")
    for share in (0.05, 0.15, 0.3, 0.6, 1.0):
        columns = max(8, round(share * width))
        picture = torch.cat([blurred[..., :columns], reference[..., columns:]], dim=-1)
        yield Version("blurred part", "somewhere", share, picture)
    noisy = distort(reference, "gaussian_noise", strength=0.6, domain=domain, seed=seed)
    for share in (0.05, 0.15, 0.4, 1.0):
        rows = height - max(8, round(share * height))
        picture = torch.cat([reference[..., :rows, :], noisy[..., rows:, :]], dim=-2)
        yield Version("noisy part", "somewhere", share, picture)
    draws = torch.Generator().manual_seed(seed)
    for side in (32, 64, 128):
        top, left = (int(torch.randint(s - side, (1,), generator=draws)) for s in (height, width))
        picture = reference.clone()
        picture[..., top : top + side, left : left + side] = 0.1 if domain == "hdr" else 0.0
        yield Version("lost tile", "somewhere", side**2 / (height * width), picture)
    half = width // 2
    picture = reference.clone()
    picture[..., :half] = reference.mean()
    yield Version("grey half", "somewhere", 0.5, picture)
    picture = torch.cat([reference[..., :half], reference.roll(8, -2)[..., half:]], dim=-1)
    yield Version("moved half", "somewhere", 0.5, picture)


def framed(picture: Tensor, share: float, value: float) -> Tensor:
    """Return a picture in a plain frame that takes up a share of the whole area."""
    height, width = picture.shape[-2:]
    factor = (1 / (1 - share)) ** 0.5 - 1
    down, across = round(factor * height / 2), round(factor * width / 2)
    return torch.nn.functional.pad(picture, (across, across, down, down), value=value)
