"""Which parts of a frame are worth labelling: neither flat, nor clipped, nor too dark."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from datasets.framing.calibration import HIGHEST
from datasets.scenes.scene import Kind
from hdrmetrics.photometry.color import luminance
from hdrmetrics.photometry.transfer import pu21_encode

CELL = 9
"""Side of the neighbourhood, in pixels, in which contrast is measured."""

LEAST_CONTRAST = 1.0
"""Contrast around a pixel that has texture, in PU21 units or 8-bit codes: above the grain of clean
photographs, below the faintest clouds that one notices."""

LEAST_TEXTURE = 0.25
"""Part of a crop that has texture. A distortion needs something to act on: of a clear sky with a
bird, a label says how the sky was kept. Looked at in 700 crops, those below were skies, plain
backdrops and blur."""

MOST_CLIPPED = 0.25
"""Part of a crop that may be clipped: a lamp with the wall around it, not a white page or the black
of space."""

MOST_DARK = 0.5
"""Part of a crop that may be too dark, that is: the median is not."""

DARK_LIGHT = 0.1
"""cd/m² below which a pixel of a frame of light is too dark: sensitivity to contrast is then a
tenth of that in daylight, and nearly every distortion invisible."""

DARK_CODE = 16 / 255
"""Code below which a pixel of an SDR frame is too dark: 0.5 cd/m² on a screen of 100 cd/m²."""

_WHITE, _BLACK = 254.5 / 255, 0.5 / 255  # codes that are at the end of the scale
_SATURATED = 0.999  # of the largest value of a channel: lossy compression moves a plateau that much


def good_positions(reference: Tensor, size: int, kind: Kind) -> Tensor:
    """Return where the top left corner of a good crop may lie.

    Parameters
    ----------
    reference
        The frame ``(3, H, W)``: light in cd/m², or sRGB codes.
    size
        Side of the crop in pixels, not above those of the frame.
    kind
        What the frame holds.

    Returns
    -------
    Tensor
        Of truth values, ``(H - size + 1, W - size + 1)``.
    """
    grey = luminance(reference)[0]
    codes = pu21_encode(grey) if kind == "hdr" else grey * 255
    textured = _detail(codes) >= LEAST_CONTRAST
    dark = grey < (DARK_LIGHT if kind == "hdr" else DARK_CODE)
    return (
        (_share(textured, size) >= LEAST_TEXTURE)
        & (_share(_clipped(reference, kind), size) <= MOST_CLIPPED)
        & (_share(dark, size) <= MOST_DARK)
    )


def _clipped(reference: Tensor, kind: Kind) -> Tensor:
    """Return the pixels whose channels are all at one end of the scale.

    A camera that saturated leaves a plateau at the largest value of the frame, wherever that is.
    """
    if kind == "sdr":
        return (reference >= _WHITE).all(dim=0) | (reference <= _BLACK).all(dim=0)
    top = (reference.amax(dim=(1, 2), keepdim=True) * _SATURATED).clamp(max=HIGHEST * _SATURATED)
    return (reference >= top).all(dim=0) | (reference <= 0).all(dim=0)


def _detail(codes: Tensor) -> Tensor:
    """Return how far the pixels around each one lie from their local means, ``(H, W)``.

    A root mean square; slopes, however steep, have none of it.
    """
    half = CELL // 2

    def mean(plane: Tensor) -> Tensor:
        padded = F.pad(plane, (half, half, half, half), mode="replicate")
        return F.avg_pool2d(padded, CELL, stride=1)

    planes = codes[None, None]
    return mean((planes - mean(planes)).square()).sqrt()[0, 0]


def _share(mask: Tensor, size: int) -> Tensor:
    """Return the part of each ``size``×``size`` window that is true."""
    sums = F.pad(mask.double().cumsum(0).cumsum(1), (1, 0, 1, 0))
    total = sums[size:, size:] - sums[:-size, size:] - sums[size:, :-size] + sums[:-size, :-size]
    return total / size**2
