"""What else mends exposures: methods that learn nothing, of display codes."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.exposure import equalize_adapthist, equalize_hist
from torch import Tensor

from hdrmetrics.photometry.transfer import srgb_decode
from hdrmetrics.tonemap import tonemap

Method = Callable[[Tensor], Tensor]
"""``(1, 3, H, W)`` in [0, 1] to the same."""

GAMMAS = tuple(float(one) for one in np.exp(np.linspace(math.log(0.3), math.log(2.0), 35)))
"""Of which the best one is taken, by pictures that test nothing."""

_TINY = 1e-4


def gamma(power: float) -> Method:
    """Return x^γ with one γ for all pictures."""
    return lambda image: image.clamp(min=0) ** power


def gamma_to(mean: float) -> Method:
    """Return x^γ with the γ of each picture that brings its mean code to a number."""

    def method(image: Tensor) -> Tensor:
        low, high = math.log(0.05), math.log(20.0)
        for _ in range(40):
            middle = (low + high) / 2
            if float((image ** math.exp(middle)).mean()) > mean:
                low = middle
            else:
                high = middle
        return image ** math.exp((low + high) / 2)

    return method


def _by_value(change: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Method:
    """Return a method that changes the largest channel, and the others with it."""

    def method(image: Tensor) -> Tensor:
        value = image.amax(dim=1, keepdim=True)
        after = change(value[0, 0].double().numpy())
        factor = torch.from_numpy(after).float()[None, None] / value.clamp(min=_TINY)
        return (image * factor).clamp(0, 1)

    return method


def fusion(image: Tensor) -> Tensor:
    """Return the fusion of virtual exposures of the picture's own light (Mertens et al.)."""
    return tonemap(srgb_decode(image), "mertens07").clamp(0, 1)


METHODS: dict[str, Method] = {
    "histogram": _by_value(equalize_hist),
    "clahe": _by_value(lambda value: equalize_adapthist(value, clip_limit=0.02)),
    "mertens": fusion,
}
"""Histogram equalisation, CLAHE (K. Zuiderveld, Graphics Gems IV, 1994), exposure fusion."""
