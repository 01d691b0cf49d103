"""How much a code value is trusted when exposures are merged."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, get_args

import torch
from torch import Tensor

from hdrmetrics.errors import OptionError

Weighting = Literal["box", "triangle", "gaussian", "robertson", "hat", "variance"]
"""Names of the weightings.

``box``
    1 wherever the code is valid.
``triangle``
    Debevec and Malik 1997: 1 in the middle, 0 at both ends.
``gaussian``
    exp(−16·(z − ½)²), which leaves 0.018 at both ends.
``robertson``
    Robertson et al. 1999: the same Gaussian, shifted and scaled to reach 0 at both ends.
``hat``
    Reinhard et al. 2005: 1 − (2z − 1)¹², broad and flat.
``variance``
    Inverse variance of the light that the exposure measures, from photon and read noise.
"""

_READ_NOISE = 1e-4  # variance of the sensor's own noise, over that of the photons at full scale


def weight(name: Weighting | str, code: Tensor, exposure: Tensor, time: float) -> Tensor:
    """Return the weights of one exposure's pixels.

    Parameters
    ----------
    name
        See :data:`Weighting`.
    code
        Encoded values in [0, 1], any shape.
    exposure
        The same, decoded: linear, 1 at full scale.
    time
        Exposure time, seconds or relative.

    Returns
    -------
    Tensor
        Of the shape of ``code``, not negative. Saturated and dark codes are the caller's matter.

    Raises
    ------
    OptionError
        For an unknown name.

    References
    ----------
    P. E. Debevec and J. Malik, "Recovering high dynamic range radiance maps from photographs",
    SIGGRAPH 1997; M. A. Robertson, S. Borman and R. L. Stevenson, "Dynamic range improvement
    through multiple exposures", ICIP 1999; E. Reinhard, G. Ward, S. Pattanaik and P. Debevec,
    "High Dynamic Range Imaging", 2005, section 4.7.
    """
    if name == "variance":
        return time**2 / (exposure.clamp(min=0.0) + _READ_NOISE)
    if name not in _SHAPES:
        raise OptionError(f"weights are one of {', '.join(get_args(Weighting))}; not {name!r}")
    return _SHAPES[name](code)


def triangle(code: Tensor) -> Tensor:
    """Return 1 − |2z − 1|."""
    return (1 - (2 * code - 1).abs()).clamp(min=0.0)


def robertson(code: Tensor) -> Tensor:
    """Return the Gaussian of Robertson et al., 0 at both ends and 1 in the middle."""
    least = math.exp(-4.0)
    return ((_gaussian(code) - least) / (1 - least)).clamp(min=0.0)


def _gaussian(code: Tensor) -> Tensor:
    return torch.exp(-16 * (code - 0.5) ** 2)


_SHAPES: dict[str, Callable[[Tensor], Tensor]] = {
    "box": torch.ones_like,
    "triangle": triangle,
    "gaussian": _gaussian,
    "robertson": robertson,
    "hat": lambda code: (1 - (2 * code - 1) ** 12).clamp(min=0.0),
}
