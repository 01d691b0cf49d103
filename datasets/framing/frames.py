"""Frames: the windows of a scene that a camera would hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from datasets.area import area_resize
from datasets.scenes.scene import BAND, Kind, room
from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.photometry.transfer import srgb_decode, srgb_encode

NATIVE = 0.5
"""Part of the frames that keep the pixels of their scene as they are, where that is allowed."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A window of a scene, and what is done with it.

    Parameters
    ----------
    x, y
        Left column and top row of the window in the scene's own pixels; a panorama's window may
        run over its right edge and goes on at the left one.
    width, height
        Of the frame, in its own pixels.
    scale
        Frame pixels per scene pixel, at most 1: the window is ``height / scale`` rows high.
    mirrored
        Whether left and right are exchanged.
    """

    x: int
    y: int
    width: int
    height: int
    scale: float
    mirrored: bool


def fits(size: tuple[int, int], panorama: bool, *, minimum: int = 256) -> bool:
    """Return whether a scene is large enough for a frame with both sides of ``minimum``."""
    _, height, width = room(size, panorama)
    return min(height, width) >= minimum


def draw_frame(
    size: tuple[int, int],
    panorama: bool,
    rng: np.random.Generator,
    *,
    frame_size: tuple[int, int] = (384, 512),
    minimum: int = 256,
    scale: tuple[float, float] = (0.7, 1.0),
) -> Frame:
    """Draw the scale of a frame, the place of its window, and whether it is mirrored.

    The frame is as large as ``frame_size`` and the scene allow; its longer side lies along the
    longer side of the scene. The number of draws is the same for every scene.

    Parameters
    ----------
    size
        Height and width of the loaded scene.
    panorama
        Whether it is equirectangular: frames then stay in its middle rows (:data:`BAND`), at any
        longitude.
    rng
        Source of randomness.
    frame_size
        Largest height and width.
    minimum
        Smallest side of a frame, in pixels.
    scale
        Range of the scale, which is drawn uniformly, except that every second frame
        (:data:`NATIVE`) is not scaled at all where the range ends at 1. Where the smaller scales
        would leave a side shorter than ``minimum``, only the larger ones are drawn.

    Raises
    ------
    ShapeError
        If the scene has no room for a frame with sides of ``minimum`` at full scale.
    OptionError
        If an option is out of range.
    """
    _check(size, panorama, frame_size, minimum, scale)
    top, rows, columns = room(size, panorama)
    short, long = sorted(frame_size)
    limit = (short, long) if columns >= rows else (long, short)

    smallest = max(scale[0], minimum / min(rows, columns))
    shrunk = float(rng.uniform(smallest, max(smallest, scale[1])))
    native = rng.random() < NATIVE and scale[1] == 1
    drawn = 1.0 if native else shrunk
    # max: rows * (minimum / rows) may round to just below the minimum.
    height = min(limit[0], max(minimum, int(rows * drawn)))
    width = min(limit[1], max(minimum, int(columns * drawn)))
    window = _window(height, width, drawn)
    down, across = rng.random(2)
    y = top + int(down * (rows - window[0] + 1))
    x = int(across * (columns if panorama else columns - window[1] + 1))
    return Frame(x, y, width, height, drawn, bool(rng.random() < 0.5))


def _check(
    size: tuple[int, int],
    panorama: bool,
    frame_size: tuple[int, int],
    minimum: int,
    scale: tuple[float, float],
) -> None:
    if not 0 < scale[0] <= scale[1] <= 1:
        raise OptionError(f"a scale lies above 0 and up to 1, the smaller one first; not {scale}")
    if minimum < 1 or min(frame_size) < minimum:
        raise OptionError(f"frames of {frame_size} cannot have sides of at least {minimum} pixels")
    _, rows, columns = room(size, panorama)
    if min(rows, columns) < minimum:
        where = f"rows {BAND[0]:.0%} to {BAND[1]:.0%} of the panorama" if panorama else "the scene"
        raise ShapeError(
            f"{where} ({rows}×{columns} of {size[0]}×{size[1]} pixels) hold no frame of "
            f"{minimum}×{minimum}: use a larger version of the picture"
        )


def _window(height: int, width: int, scale: float) -> tuple[int, int]:
    """Return the rows and columns of a scene that a frame covers."""
    return round(height / scale), round(width / scale)


def cut_frame(pixels: Tensor, frame: Frame, *, panorama: bool, kind: Kind) -> Tensor:
    """Return a frame ``(3, height, width)`` of a scene.

    Scaling down averages light over area: SDR codes are decoded for it and encoded again.

    Parameters
    ----------
    pixels
        The scene, ``(3, H, W)``: linear light, or sRGB codes in [0, 1].
    frame
        As drawn by :func:`draw_frame` for a scene of this size.
    panorama
        Whether the window may run over the right edge.
    kind
        What the pixels are.

    Raises
    ------
    ShapeError
        If the window does not lie in the scene.
    """
    rows, columns = _window(frame.height, frame.width, frame.scale)
    height, width = pixels.shape[-2:]
    last = width - 1 if panorama else width - columns
    inside = min(frame.x, frame.y) >= 0 and frame.y + rows <= height and columns <= width
    if not inside or frame.x > last:
        raise ShapeError(
            f"a window of {rows}×{columns} pixels at row {frame.y}, column {frame.x} does not lie "
            f"in a scene of {height}×{width}: was the frame drawn for another picture?"
        )
    band = pixels[..., frame.y : frame.y + rows, :]
    if frame.x + columns <= width:
        window = band[..., frame.x : frame.x + columns]
    else:
        over = frame.x + columns - width
        window = torch.cat([band[..., frame.x :], band[..., :over]], dim=-1)
    if frame.mirrored:
        window = window.flip(-1)
    if (rows, columns) != (frame.height, frame.width):
        target = (frame.height, frame.width)
        if kind == "sdr":
            window = srgb_encode(area_resize(srgb_decode(window), target))
        else:
            window = area_resize(window, target)
    return window.contiguous()
