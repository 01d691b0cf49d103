"""The small grey picture by which scenes are compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datasets.area import area_resize
from datasets.scenes.scene import Kind, room
from hdrmetrics.photometry.color import luminance

LONG_SIDE = 96
"""Pixels of a photograph's sketch along its longer side."""

BAND_SIZE = (8, 128)
"""Rows and columns of a panorama's sketch: the middle rows of the scene, all around."""

_STOPS_SHOWN = 1000.0  # the light below a thousandth of the 99.9th percentile is nearly black

Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """A scene made small, in code values, in which equal steps look about equal.

    Parameters
    ----------
    codes
        Grey values in [0, 1], ``(h, w)``.
    panorama
        Whether left and right edges meet.
    """

    codes: Plane
    panorama: bool


def make_sketch(pixels: Tensor, *, kind: Kind, panorama: bool) -> Sketch:
    """Return the sketch of a scene.

    Parameters
    ----------
    pixels
        ``(3, H, W)``, relative light or sRGB codes.
    kind
        What the pixels are; light is encoded by a logarithm that forgets its scale.
    panorama
        Whether the scene is equirectangular.
    """
    grey = luminance(pixels)[0]
    if kind == "hdr":
        level = max(float(np.percentile(grey.numpy(force=True), 99.9)), 1e-30)
        light = (grey.double() / level).clamp(max=1.0) * _STOPS_SHOWN
        grey = (torch.log1p(light) / np.log1p(_STOPS_SHOWN)).float()
    height, width = grey.shape
    if panorama:
        top, rows, _ = room((height, width), panorama=True)
        grey = grey[top : top + max(rows, 1)]
        size = BAND_SIZE
    else:
        shrink = min(1.0, LONG_SIDE / max(height, width))
        size = (max(1, round(height * shrink)), max(1, round(width * shrink)))
    size = (min(size[0], grey.shape[0]), min(size[1], grey.shape[1]))
    codes: Plane = area_resize(grey.float(), size).numpy(force=True)
    return Sketch(codes, panorama)
