"""The absolute brightness that a frame of relative light is given."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from hdrmetrics.errors import OptionError, PixelValueError, ShapeError
from hdrmetrics.photometry.color import luminance

HIGHEST = 10_000.0
"""cd/m² at which frames are clipped: where PQ and PU21 end."""

PERCENTILE = 99.9
"""Of luminance, which is brought to the drawn peak; the same rule as in scores without units."""


def draw_peak(rng: np.random.Generator, low: float = 100.0, high: float = HIGHEST) -> float:
    """Draw a peak luminance in cd/m², uniform in its logarithm.

    Parameters
    ----------
    rng
        Source of randomness.
    low, high
        Smallest and largest peak, cd/m²; equal bounds give that peak.

    Raises
    ------
    OptionError
        Unless 0 < low <= high <= 10 000.
    """
    if not 0 < low <= high <= HIGHEST:
        raise OptionError(
            f"a peak is drawn between 0 < low <= high <= {HIGHEST:g} cd/m², not {low:g} to {high:g}"
        )
    drawn = math.exp(rng.uniform(math.log(low), math.log(high)))
    return min(max(drawn, low), high)  # exp and log do not quite undo each other


def calibrate(light: Tensor, peak: float) -> Tensor:
    """Return light in cd/m²: the 99.9th percentile of its luminance becomes ``peak``.

    Parameters
    ----------
    light
        ``(3, H, W)`` or ``(1, H, W)``: linear BT.709 in relative units, finite, not negative.
    peak
        cd/m², up to 10 000.

    Returns
    -------
    Tensor
        Of the same shape and dtype, in cd/m², clipped at 10 000.

    Raises
    ------
    ShapeError
        If the shape is another.
    OptionError
        If the peak is not positive or above 10 000.
    PixelValueError
        If a value is negative, NaN or infinite, or if fewer than one pixel in a thousand holds any
        light, so that there is nothing to scale.
    """
    if light.ndim != 3 or light.shape[0] not in (1, 3) or light.numel() == 0:
        raise ShapeError(f"a frame is (3, H, W) or (1, H, W), not {tuple(light.shape)}")
    if not 0 < peak <= HIGHEST:
        raise OptionError(f"a peak lies between 0 and {HIGHEST:g} cd/m², not {peak!r}")
    lowest, highest = (float(v) for v in torch.aminmax(light))
    if not (lowest >= 0 and math.isfinite(highest)):
        raise PixelValueError("the frame holds negative, infinite or NaN light; repair the scene")
    level = float(np.percentile(luminance(light).numpy(force=True), PERCENTILE))
    if level <= 0:
        raise PixelValueError(
            f"the {PERCENTILE}th percentile of the frame's luminance is zero, so it cannot be "
            "scaled: choose another frame"
        )
    # In double precision: relative units may be so small that the factor leaves float32.
    return (light.double() * (peak / level)).clamp(max=HIGHEST).to(light.dtype)
