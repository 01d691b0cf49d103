"""What blur and noise look like without any learning: what a trigger without a model would use."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import laplace
from torch import Tensor

Values = NDArray[np.float64]

_GREY = np.array([0.299, 0.587, 0.114])
_MAD = 0.6745  # of a normal distribution, by its deviation


def grey_of(picture: Tensor) -> Values:
    """Return the luma of a picture ``(1, 3, H, W)``."""
    return np.asarray(picture[0].permute(1, 2, 0).double().numpy() @ _GREY)


def blur(grey: Values) -> float:
    """Return how blurred a picture is: the negative logarithm of its Laplacian's variance."""
    return -float(np.log(laplace(grey).var() + 1e-8))


def noise(grey: Values) -> float:
    """Return the deviation of noise, from the median of the finest detail.

    After D. L. Donoho, I. M. Johnstone, "Ideal spatial adaptation by wavelet shrinkage", 1994.
    """
    fine = grey[: grey.shape[0] // 2 * 2, : grey.shape[1] // 2 * 2]
    detail = (fine[::2, ::2] - fine[1::2, ::2] - fine[::2, 1::2] + fine[1::2, 1::2]) / 2
    return float(np.median(np.abs(detail)) / _MAD)
