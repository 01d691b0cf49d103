"""From pixels to what cones and rods receive."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hdrmetrics.errors import OptionError, UnknownNameError

Encoding = Literal["luminance", "luma-display", "srgb-display", "rgb-bt.709", "xyz"]
"""What the pixels of both images are.

``luminance``
    One channel, cd/m².
``luma-display``
    One channel of display-encoded grey in [0, 1]; the screen shows 99·V^2.2 + 1 cd/m².
``srgb-display``
    Three channels of sRGB code values in [0, 1]; the screen shows 1 to 100 cd/m².
``rgb-bt.709``
    Three channels of linear BT.709 RGB in cd/m².
``xyz``
    Three channels of CIE 1931 XYZ, Y in cd/m².
"""

DisplayName = Literal["ccfl-lcd", "crt", "d65", "led-lcd"]
"""Displays whose spectra are known; ``d65`` is of one channel."""

DisplayMatrix = Sequence[Sequence[float]] | NDArray[np.float64]
"""One row per channel: what L cones, M cones, S cones and rods receive from 1 cd/m² of it."""

# A display of 100 cd/m² with a black of 1 cd/m².
_DISPLAY_RANGE, _DISPLAY_BLACK = 99.0, 1.0
_XYZ_TO_RGB = (
    (3.240708, -1.537259, -0.498570),
    (-0.969257, 1.875995, 0.041555),
    (0.055636, -0.203996, 1.057069),
)


@functools.cache
def display_matrices() -> dict[str, DisplayMatrix]:
    """Return the matrices of the displays that HDR-VDP-2 knows, by name."""
    text = files("hdrmetrics").joinpath("data/hdrvdp2_displays.json").read_text("utf-8")
    return {
        name: tuple(tuple(row) for row in rows)
        for name, rows in json.loads(text)["matrices"].items()
    }


def default_display(channels: int) -> DisplayName:
    """Return the display that is taken for an image with so many channels."""
    return "d65" if channels == 1 else "ccfl-lcd"


def display_matrix(
    display: DisplayName | DisplayMatrix | None, channels: int
) -> NDArray[np.float64]:
    """Return the matrix ``(channels, 4)`` from channels to L, M and S cones and rods.

    Parameters
    ----------
    display
        A name of :func:`display_matrices`, a matrix, or ``None`` for the default: D65 for one
        channel, ``ccfl-lcd`` for three.
    channels
        1 or 3. One channel on a display of three is its white: the sum of the rows.

    Raises
    ------
    UnknownNameError
        If no display has this name.
    OptionError
        If a given matrix is not ``channels`` × 4 of finite numbers that are not negative.
    """
    if display is None:
        display = default_display(channels)
    if isinstance(display, str):
        known = display_matrices()
        if display not in known:
            raise UnknownNameError(f"unknown display {display!r}; known: {', '.join(known)}")
        rows = known[display]
    else:
        rows = display
    matrix = np.asarray(rows, dtype=np.float64)
    if matrix.ndim == 2 and channels == 1:
        matrix = matrix.sum(axis=0, keepdims=True)
    if matrix.shape != (channels, 4) or not (np.isfinite(matrix) & (matrix >= 0)).all():
        raise OptionError(
            f"the display matrix for {channels} channel(s) is {channels}×4, finite and not "
            f"negative (L, M, S cones and rods), not {np.shape(rows)}"
        )
    return matrix


def to_light(image: Tensor, encoding: Encoding) -> Tensor:
    """Return the light of each channel in cd/m², the shape unchanged."""
    if encoding == "luma-display":
        return _DISPLAY_RANGE * image.clamp(min=0).pow(2.2) + _DISPLAY_BLACK
    if encoding == "srgb-display":
        curve = ((image.clamp(min=0.04045) + 0.055) / 1.055).pow(2.4)
        linear = torch.where(image <= 0.04045, image / 12.92, curve)
        return _DISPLAY_RANGE * linear + _DISPLAY_BLACK
    if encoding == "xyz":
        return mix(image, np.asarray(_XYZ_TO_RGB))
    return image


def mix(image: Tensor, matrix: NDArray[np.float64]) -> Tensor:
    """Return ``(N, rows, H, W)``: the weighted sums of the channels that each row asks for."""
    if image.shape[1] == 1:
        return image * torch.as_tensor(matrix[:, 0], dtype=image.dtype, device=image.device).view(
            1, -1, 1, 1
        )
    weights = torch.as_tensor(matrix, dtype=image.dtype, device=image.device)
    return torch.einsum("ij,njhw->nihw", weights, image)
