"""Probability of detection as colour over a grey view of the picture it belongs to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.errors import ShapeError

Floats = NDArray[np.floating[Any]]

THRESHOLDS = (0.5, 0.75, 0.95)
"""Probabilities at which the colours step: seen as often as not, the threshold of experiments
with two alternatives, and practically always."""

# Grey levels (sRGB codes, 0 to 1) between the thresholds, from a black to a white part of the
# picture. They do not touch, so the grey level alone tells where a probability lies. The outer
# ones, where nearly all pixels are, have most of the room for the picture.
_GREYS = ((0.02, 0.42), (0.47, 0.53), (0.59, 0.65), (0.71, 0.95))
# Colours at probabilities: grey where nothing is seen, over violet, red and orange to yellow.
_PLACES = (0.0, 0.05, 0.5, 0.75, 0.95, 1.0)
_HUES = ("808080", "808080", "6a50b0", "d8508c", "f59638", "f0dc3c")
_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601: how software turns a picture grey


def grey_view(picture: Floats, *, encoded: bool) -> NDArray[np.float32]:
    """Return a picture as grey levels for looking at, from 0 (black) to 1 (white).

    Parameters
    ----------
    picture
        ``(H, W)``: luminance in any unit, or display-encoded values in [0, 1].
    encoded
        Whether values are display-encoded: those stay as they are. Of light, the logarithm is
        stretched between the percentiles 1 and 99 of what is not black.

    Returns
    -------
    ndarray
        ``(H, W)``; 0.5 everywhere for light without contrast.

    Raises
    ------
    ShapeError
        If ``picture`` has not two axes.
    """
    picture = np.asarray(picture)
    if picture.ndim != 2:
        raise ShapeError(f"a grey view is of (H, W), not {picture.shape}")
    if encoded:
        return picture.clip(0.0, 1.0).astype(np.float32)
    lit = picture[picture > 0]
    if lit.size == 0:
        return np.full(picture.shape, 0.5, dtype=np.float32)
    dark, bright = np.log10(np.percentile(lit, (1.0, 99.0)))
    if not bright > dark:
        return np.where(picture > 0, 0.5, 0.0).astype(np.float32)
    levels = np.log10(np.maximum(picture, lit.min()))
    grey: NDArray[np.float32] = ((levels - dark) / (bright - dark)).clip(0.0, 1.0)
    return grey.astype(np.float32)


def overlay_color(probability: Floats, context: Floats) -> NDArray[np.uint8]:
    """Return probabilities as colour over a grey picture.

    The hue follows the probability, from grey over violet, red and orange to yellow; the lightness
    steps up at each of :data:`THRESHOLDS` and follows the picture between them, within limits that
    do not overlap. So a copy in grey still tells on which side of a threshold a pixel lies.

    Parameters
    ----------
    probability
        ``(H, W)``, in [0, 1]; values beyond count as the ends, NaN as 0.
    context
        ``(H, W)``, of :func:`grey_view`.

    Returns
    -------
    ndarray
        ``(H, W, 3)`` uint8, sRGB.

    Raises
    ------
    ShapeError
        If the two shapes differ or have not two axes.
    """
    probability, context = np.asarray(probability), np.asarray(context)
    if probability.ndim != 2 or probability.shape != context.shape:
        raise ShapeError(
            f"probabilities and the picture under them have one shape (H, W), not "
            f"{probability.shape} and {context.shape}"
        )
    probability = np.nan_to_num(probability, nan=0.0)
    band = np.searchsorted(THRESHOLDS, probability, side="right")
    dark, bright = np.array(_GREYS).T
    grey = (dark[band] + (bright - dark)[band] * context.clip(0.0, 1.0))[..., None]
    colours = np.array([list(bytes.fromhex(hue)) for hue in _HUES]) / 255.0
    chroma = colours - (colours @ _LUMA)[:, None]  # moves the hue, not the grey level
    tint = np.stack([np.interp(probability, _PLACES, part) for part in chroma.T], axis=-1)
    # As much of the tint as stays within what a screen can show at this grey level.
    room = np.minimum(
        ((1.0 - grey) / tint.max(axis=-1, keepdims=True).clip(1e-9)),
        grey / (-tint.min(axis=-1, keepdims=True)).clip(1e-9),
    ).clip(max=1.0)
    picture: NDArray[np.uint8] = ((grey + room * tint) * 255.0).round().astype(np.uint8)
    return picture
