"""An image along the visual pathway, from light to oriented bands of neural response."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

from torch import Tensor

from hdrmetrics.metrics.hdrvdp2 import spectral
from hdrmetrics.metrics.hdrvdp2.csf import neural_csf
from hdrmetrics.metrics.hdrvdp2.optics import (
    apply_filter,
    frequency_grid,
    padded_filter,
    retinal_light,
)
from hdrmetrics.metrics.hdrvdp2.options import IMAGE_MEAN, HDRVDP2Options
from hdrmetrics.metrics.hdrvdp2.photoreceptor import achromatic_response
from hdrmetrics.metrics.hdrvdp2.strips import sides
from hdrmetrics.numerics.pyramid import build_pyramid


@dataclass(frozen=True, slots=True)
class Percept:
    """What the visual system makes of one image.

    Parameters
    ----------
    light
        ``(N, C, H, W)``, cd/m², after the display's model.
    surround
        Light outside the image, cd/m², broadcastable to ``(N, C, 1, 1)``.
    adaptation
        Adapting luminance ``(N, 1, H, W)``, cd/m².
    bands
        High-pass band, octaves from fine to coarse, base band: ``(N, 1 or 4, h, w)`` each.
    base_mean
        Mean of the base band before its sensitivity filter, ``(N, 1, 1, 1)``.
    """

    light: Tensor
    surround: Tensor | float
    adaptation: Tensor
    bands: tuple[Tensor, ...]
    base_mean: Tensor


def perceive(image: Tensor, options: HDRVDP2Options, reference: Percept | None = None) -> Percept:
    """Follow an image to its bands.

    Parameters
    ----------
    image
        ``(N, C, H, W)``, in the encoding of the options.
    options
        Viewing conditions.
    reference
        The reference's percept when the image is the test: both have the same surround.
    """
    channels = image.shape[1]
    light = spectral.to_light(image, options.encoding_of(channels))
    surround = surround_of(light, options) if reference is None else reference.surround
    retina = retinal_light(light, options.ppd, surround) if options.do_mtf else light
    matrix = spectral.display_matrix(options.rgb_display, channels)
    receptors = spectral.mix(retina, matrix.T[[0, 1, 3]])
    adaptation = receptors[:, :1] + receptors[:, 1:2]

    response = achromatic_response(receptors, options.sensitivity_gain)
    response = response - response.mean(dim=(-2, -1), keepdim=True)
    pyramid = build_pyramid(response)
    base_mean = pyramid.low.mean(dim=(-2, -1), keepdim=True)
    base = filtered_base(
        pyramid.low,
        band_frequencies(options.ppd, len(pyramid.oriented) + 2)[-1],
        adaptation.mean(dim=(-2, -1), keepdim=True),
        base_mean if reference is None else reference.base_mean,
    )
    return Percept(light, surround, adaptation, (pyramid.high, *pyramid.oriented, base), base_mean)


@functools.cache
def band_frequencies(ppd: float, bands: int) -> tuple[float, ...]:
    """Return the peak frequency of each band in cpd, from the high-pass to the base band."""
    return tuple(ppd / 2 * 2.0**-band for band in range(bands))


def surround_of(light: Tensor, options: HDRVDP2Options) -> Tensor | float:
    """Return the light outside an image, cd/m²."""
    if options.surround_luminance != IMAGE_MEAN:
        return options.surround_luminance
    # XYZ of colours outside BT.709 has negative channels, which have no geometric mean.
    return light.clamp(min=1e-5).log().mean(dim=(-2, -1), keepdim=True).exp()


def filtered_base(base: Tensor, frequency: float, luminance: Tensor, outside: Tensor) -> Tensor:
    """Return the base band seen with the sensitivity at its frequencies (cpd), as a filter.

    Parameters
    ----------
    base
        ``(N, 1, h, w)``.
    frequency
        Of the band.
    luminance
        Mean adapting luminance, ``(N, 1, 1, 1)``, cd/m².
    outside
        What lies around the band.
    """
    height, width = sides(base)
    # √2 where geometry says 2, as in the original, whose authors found it to fit better.
    ppd = frequency * 2 * math.sqrt(2)
    grid = frequency_grid(2 * height, 2 * width, ppd, base.device).to(base.dtype)
    sensitivity = padded_filter(neural_csf(grid, luminance), height, width)
    return apply_filter(base, sensitivity, outside)
