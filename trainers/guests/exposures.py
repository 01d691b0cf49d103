"""A camera that exposes wrongly, with noise, and the well-exposed picture of the same light."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from hdrmetrics.photometry.color import luminance
from hdrmetrics.photometry.transfer import srgb_decode, srgb_encode

STOPS = (-3.0, 2.0)
"""Between which exposures are off."""

_KEY, _KNEE = 0.18, 0.6
_NOISE = (2e-4, 3e-3)  # variance per light, of a quiet camera and of a noisy one
_READ = 0.1  # times the same: of the read-out, where there is no light


def shoulder(light: Tensor) -> Tensor:
    """Return light below a knee as it is, and what is above bent towards 1, as cameras do.

    Examples
    --------
    >>> shoulder(torch.tensor([0.5, 100.0])).tolist()
    [0.5, 1.0]
    """
    over = (light - _KNEE).clamp(min=0.0)
    return light.clamp(max=_KNEE) + (1 - _KNEE) * (1 - torch.exp(-over / (1 - _KNEE)))


def metered(light: Tensor) -> Tensor:
    """Return the light of a scene ``(3, H, W)``, times what makes its log-mean a middle grey."""
    grey = luminance(light[None])
    floor = float(grey.mean()) * 1e-3 + 1e-12
    return light * (_KEY / float(grey.clamp(min=floor).log().mean().exp()))


def well_exposed(light: Tensor) -> Tensor:
    """Return the codes ``(3, H, W)`` of metered light; the target."""
    return srgb_encode(shoulder(light))


def exposed(light: Tensor, stops: float, noise: float, draw: np.random.Generator) -> Tensor:
    """Return the codes of metered light that a camera took with some stops too much.

    Parameters
    ----------
    light
        ``(3, H, W)`` of :func:`metered`.
    stops
        Below 0 for too little.
    noise
        Variance of a channel per light at the sensor; 0 for none.
    draw
        Of the noise.

    Returns
    -------
    Tensor
        In [0, 1], in steps of eight bits.
    """
    return eight_bits(srgb_encode(shoulder(_noisy(light * 2.0**stops, noise, draw))))


def exposed_photograph(
    codes: Tensor, stops: float, noise: float, draw: np.random.Generator
) -> Tensor:
    """Return a photograph's codes as if it had been exposed otherwise; its own are the target.

    Parameters
    ----------
    codes
        ``(3, H, W)`` in [0, 1].
    stops, noise, draw
        As for :func:`exposed`; what becomes brighter than white is lost.
    """
    light = _noisy(srgb_decode(codes) * 2.0**stops, noise, draw)
    return eight_bits(srgb_encode(light.clamp(0.0, 1.0)))


def drawn(draw: np.random.Generator) -> tuple[float, float]:
    """Return stops and noise of a picture to learn from."""
    low, high = (math.log(end) for end in _NOISE)
    return float(draw.uniform(*STOPS)), math.exp(draw.uniform(low, high))


def eight_bits(codes: Tensor) -> Tensor:
    """Return codes in steps of eight bits."""
    return (255 * codes.clamp(0.0, 1.0)).round() / 255


def _noisy(light: Tensor, noise: float, draw: np.random.Generator) -> Tensor:
    if noise == 0:
        return light
    normal = torch.from_numpy(draw.standard_normal(tuple(light.shape), dtype=np.float32))
    spread = (noise * (light + _READ * noise)).sqrt()
    return (light + spread * normal).clamp(min=0.0)
