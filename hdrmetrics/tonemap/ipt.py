"""The IPT colour space of Ebner and Fairchild, from linear BT.709 RGB."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from hdrmetrics.photometry.color import CHROMATICITIES, Matrix, rgb_to_xyz_matrix

RGB_TO_XYZ: Matrix = rgb_to_xyz_matrix(CHROMATICITIES["bt709"])
"""Linear BT.709 RGB to CIE XYZ, Y of white 1."""

XYZ_TO_LMS: Matrix = np.array(
    [[0.4002, 0.7075, -0.0807], [-0.2280, 1.1500, 0.0612], [0.0, 0.0, 0.9184]]
)
"""CIE XYZ (D65) to the cone responses that IPT is built on."""

LMS_TO_IPT: Matrix = np.array(
    [[0.4000, 0.4000, 0.2000], [4.4550, -4.8510, 0.3960], [0.8056, 0.3572, -1.1628]]
)
"""Compressed cone responses to lightness, red-green and yellow-blue."""

_EXPONENT = 0.43


def inverse(matrix: Matrix) -> Matrix:
    """Return the inverse of a colour matrix."""
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def linear_map(image: Tensor, matrix: Matrix) -> Tensor:
    """Return ``(N, 3, H, W)`` multiplied by a 3×3 matrix, pixel by pixel."""
    weights = torch.as_tensor(matrix, dtype=image.dtype, device=image.device)
    return torch.einsum("ij,njhw->nihw", weights, image)


def signed_power(x: Tensor, exponent: float) -> Tensor:
    """Return sign(x) · |x|^exponent, with a finite slope at zero."""
    return torch.sign(x) * torch.pow(x.abs().clamp(min=1e-30), exponent)


def ipt_from_lms(lms: Tensor) -> Tensor:
    """Return IPT of linear cone responses ``(N, 3, H, W)``."""
    return linear_map(signed_power(lms, _EXPONENT), LMS_TO_IPT)


def ipt_from_rgb(rgb: Tensor) -> Tensor:
    """Return IPT of linear BT.709 RGB ``(N, 3, H, W)``, relative to white = 1.

    References
    ----------
    F. Ebner and M. D. Fairchild, "Development and testing of a color space (IPT) with improved hue
    uniformity", Color Imaging Conference 1998.
    """
    return ipt_from_lms(linear_map(rgb, XYZ_TO_LMS @ RGB_TO_XYZ))


def rgb_from_ipt(ipt: Tensor) -> Tensor:
    """Return the linear BT.709 RGB of IPT; inverse of :func:`ipt_from_rgb`."""
    lms = signed_power(linear_map(ipt, inverse(LMS_TO_IPT)), 1 / _EXPONENT)
    return linear_map(lms, inverse(XYZ_TO_LMS @ RGB_TO_XYZ))
