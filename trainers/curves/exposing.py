"""A camera that exposes too little or too much, with its noise."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from hdrmetrics.assembly.camera import capture
from hdrmetrics.assembly.exposure import clipping_exposure
from hdrmetrics.distort import create_distortion
from hdrmetrics.errors import OptionError
from hdrmetrics.photometry.color import luminance

GREY = 0.18
"""Where a meter puts the geometric mean of a picture's luminance, full scale being 1."""

CLIPPED = 0.05
"""Part of the values that may be clipped at most by a good exposure."""

RESPONSES = ("srgb", "sigmoid")
"""Of cameras, see :func:`hdrmetrics.assembly.camera.capture`."""

_WHITE = 100.0  # cd/m², which the noise's picture of light is in
_DARK = 1e-4  # of the mean, that black counts as
_MOST, _LEAST, _BEND = 30_000.0, 2.5, 2.5  # electrons of camera_noise at strengths 0 and 1


def metered(light: Tensor) -> Tensor:
    """Return light as a good exposure has it: full scale is 1.

    The geometric mean of the luminance lies at :data:`GREY`, unless more than :data:`CLIPPED` of
    the values would be clipped.

    Parameters
    ----------
    light
        ``(1, 3, H, W)``, linear, in any unit.

    Raises
    ------
    PixelValueError
        For black pictures, and light that is none.
    """
    most = float(clipping_exposure(light, CLIPPED))
    y = luminance(light)
    mean = float(y.clamp(min=_DARK * float(y.mean())).log().mean().exp())
    return light * min(most, GREY / mean)


def photographed(
    light: Tensor,
    stops: float,
    *,
    well: float | None,
    seed: int,
    response: str = "srgb",
) -> Tensor:
    """Return a photograph in eight bits at an exposure that is wrong by some stops.

    Parameters
    ----------
    light
        ``(1, 3, H, W)``, as :func:`metered` returns it.
    stops
        Above 0 for too bright.
    well
        Electrons that a pixel of full scale collects: photons are counted, and read out with an
        error. ``None`` for no noise.
    seed
        Of the noise.
    response
        One of :data:`RESPONSES`.

    Returns
    -------
    Tensor
        ``(1, 3, H, W)`` in [0, 1].

    Raises
    ------
    OptionError
        For a well that is not positive.
    """
    if well is not None:
        if not well > 0:
            raise OptionError(f"a pixel collects more than 0 electrons, not {well}")
        y = luminance(light).clamp(min=1e-6)
        level = float(y.log().mean().exp())
        strength = _strength(well * level * 2.0**stops)
        noise = create_distortion("camera_noise")
        light = noise(_WHITE * light, strength=strength, domain="hdr", seed=seed) / _WHITE
    return capture(light, 2.0**stops, response=response)


def _strength(electrons: float) -> float:
    """Return the strength at which ``camera_noise`` collects so many electrons, in its range."""
    most = math.log(_LEAST / _MOST)
    within = min(max(math.log(electrons / _MOST) / most, 1e-6), 1.0)
    return float(torch.tensor(within, dtype=torch.float64).pow(1 / _BEND))
