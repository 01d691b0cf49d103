"""Three ways to spoil a picture, for the demonstration."""

from __future__ import annotations

import torch

from hdrmetrics.numerics.filters import gaussian_taps, separable_filter
from hdrmetrics.photometry.transfer import pq_decode, pq_encode
from hdrmetrics.picture.image import Image

_BLUR_SIGMA = 1.5  # px
_NOISE = 0.08  # of each pixel's value
_BANDING_BITS = 6
_WHITE = 1000.0  # cd/m² given to the picture's 99.9th percentile before it is quantised


def spoiled(image: Image) -> dict[str, tuple[str, Image]]:
    """Return versions of a linear picture by name, each with what was done to it, in words."""
    light = image.tensor()
    taps = gaussian_taps(4 * round(2 * _BLUR_SIGMA) + 1, _BLUR_SIGMA)
    blurred = separable_filter(light, taps, border="replicate")
    generator = torch.Generator().manual_seed(1)
    noise = torch.randn(light.shape, generator=generator)
    noisy = (light * (1 + _NOISE * noise)).clamp(min=0.0)
    factor = _WHITE / float(light.flatten().kthvalue(int(0.999 * light.numel())).values)
    levels = 2**_BANDING_BITS - 1
    banded = pq_decode((pq_encode(light * factor) * levels).round() / levels) / factor
    return {
        "blur": (f"blurred by a Gaussian, sigma {_BLUR_SIGMA:g} pixels", _like(image, blurred)),
        "noise": (f"noise of {_NOISE:.0%} of each pixel's value", _like(image, noisy)),
        "banding": (f"stored with {_BANDING_BITS} bits in PQ", _like(image, banded)),
    }


def _like(image: Image, light: torch.Tensor) -> Image:
    return image.replace(pixels=light[0].movedim(0, 2).contiguous().numpy())
