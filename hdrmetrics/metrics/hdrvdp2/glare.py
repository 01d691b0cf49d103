"""The eye's optics on parts of a picture: blur from nearby, glare from the reduced whole."""

from __future__ import annotations

import functools

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad

from hdrmetrics.metrics.hdrvdp2.optics import (
    LIGHT_RANGE,
    PaddedFilter,
    apply_filter,
    fast_length,
    frequency_grid,
    mtf,
    padded_filter,
)
from hdrmetrics.numerics.resize import imresize_window

REACH = 128
"""Pixels that the blur reaches; what comes from further away is glare."""

_REDUCTION = 8  # of the picture that glare is computed on: smooth on the scale of the reach
_FLAT = 96  # pixels up to which the spread is whole: its ringing around lamps included
_GRID = 1024  # side of the grid that the blur's taps are computed on


class PartedOptics:
    """Light on the retina at any part of a picture, without transforming the whole of it.

    The spread of light is cut in two by a smooth window of :data:`REACH` pixels: the inside is
    applied to the part with its margin, the outside, which is smooth, to the picture reduced eight
    times. What is lost is the faint ringing of :func:`~hdrmetrics.metrics.hdrvdp2.optics.mtf`, cut
    at the pixels' frequency, beyond the window: some 10⁻⁷ of a lamp's light.

    Parameters
    ----------
    light
        The whole picture, ``(N, C, H, W)``, cd/m².
    ppd
        Pixels per degree.
    surround
        Light outside the picture, cd/m², broadcastable to ``(N, C, 1, 1)``.
    """

    def __init__(self, light: Tensor, ppd: float, surround: Tensor | float) -> None:
        self._light, self._ppd, self._surround = light, ppd, surround
        height, width = light.shape[-2:]
        rows, columns = (-(-side // _REDUCTION) for side in (height, width))
        optics = _glare_filter(rows, columns, ppd, light.device)
        # Channel by channel: the padded copy is that of one.
        self._glare = torch.cat(
            [apply_filter(self._reduced(c), optics, 0.0) for c in range(light.shape[1])], dim=1
        )
        self._gain = optics.gain

    def _reduced(self, channel: int) -> Tensor:
        plane = self._light[:, channel : channel + 1] - self._of_channel(channel)
        bottom, right = (-side % _REDUCTION for side in plane.shape[-2:])
        return avg_pool2d(pad(plane, (0, right, 0, bottom)), _REDUCTION).double()

    def _of_channel(self, channel: int) -> Tensor | float:
        surround = self._surround
        if isinstance(surround, Tensor) and surround.shape[1] > 1:
            return surround[:, channel : channel + 1]
        return surround

    def part(self, rows: range, columns: range) -> Tensor:
        """Return the light on the retina at some rows and columns, cd/m²."""
        height, width = self._light.shape[-2:]
        top, left = max(0, rows.start - REACH), max(0, columns.start - REACH)
        bottom, right = min(height, rows.stop + REACH), min(width, columns.stop + REACH)
        nearby = (self._light[..., top:bottom, left:right] - self._surround).double()
        taps = _blur_filter(bottom - top, right - left, self._ppd, nearby.device)
        blurred = torch.cat(
            [apply_filter(c, taps, 0.0) for c in torch.split(nearby, 1, dim=1)], dim=1
        )
        blurred = blurred[
            ..., rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
        ]
        glare = self._glare
        whole = (glare.shape[-2], glare.shape[-1])
        # Only the cells around the part: a matrix over all of them would be large.
        cells = [
            range(max(0, side.start // _REDUCTION - 4), min(count, side.stop // _REDUCTION + 5))
            for side, count in zip((rows, columns), whole, strict=True)
        ]
        around = glare[..., cells[0].start : cells[0].stop, cells[1].start : cells[1].stop]
        size = (whole[0] * _REDUCTION, whole[1] * _REDUCTION)
        spread = imresize_window(around, (cells[0], cells[1]), whole, size, (rows, columns))
        outside = self._surround * self._gain
        return (blurred + spread + outside).clamp(*LIGHT_RANGE).to(self._light.dtype)


@functools.lru_cache(maxsize=8)
def _blur_taps(ppd: float, device: torch.device) -> Tensor:
    """Return the spread of light up to the reach, ``(2·REACH + 1,)`` squared, fading to zero."""
    with torch.inference_mode(False):
        grid = frequency_grid(_GRID, _GRID, ppd, device)
        spread = torch.fft.irfft2(mtf(grid), s=(_GRID, _GRID))
        spread = torch.roll(spread, (REACH, REACH), dims=(0, 1))[: 2 * REACH + 1, : 2 * REACH + 1]
        lags = torch.arange(-REACH, REACH + 1, dtype=torch.float64, device=device)
        distance = torch.hypot(lags[:, None], lags[None, :]).clamp(max=REACH)
        fade = ((distance - _FLAT) / (REACH - _FLAT)).clamp(min=0)
        return spread * (0.5 + 0.5 * torch.cos(torch.pi * fade))


@functools.lru_cache(maxsize=8)
def _blur_filter(height: int, width: int, ppd: float, device: torch.device) -> PaddedFilter:
    """Return the blur as a filter of images of this size in a surround of zero."""
    with torch.inference_mode(False):
        rows, columns = fast_length(height + REACH), fast_length(width + REACH)
        spread = torch.zeros(rows, columns, dtype=torch.float64, device=device)
        spread[: 2 * REACH + 1, : 2 * REACH + 1] = _blur_taps(ppd, device)
        spectrum = torch.fft.rfft2(torch.roll(spread, (-REACH, -REACH), dims=(0, 1))).real
        return PaddedFilter(spectrum, spectrum[:1, :1], (rows, columns))


@functools.lru_cache(maxsize=8)
def _glare_filter(rows: int, columns: int, ppd: float, device: torch.device) -> PaddedFilter:
    """Return what the blur leaves of the eye's optics, for the reduced picture."""
    with torch.inference_mode(False):
        grid = frequency_grid(2 * rows, 2 * columns, ppd / _REDUCTION, device)
        down = torch.fft.fftfreq(2 * rows, dtype=torch.float64, device=device)
        across = torch.fft.rfftfreq(2 * columns, dtype=torch.float64, device=device)
        lags = torch.arange(-REACH, REACH + 1, dtype=torch.float64, device=device) / _REDUCTION
        waves = [
            torch.exp(-2j * torch.pi * frequencies[:, None] * lags)
            for frequencies in (down, across)
        ]
        taps = _blur_taps(ppd, device).to(torch.complex128)
        blur = (waves[0] @ taps @ waves[1].T).real
        # Averaging over cells has weakened what varies from cell to cell.
        cell = torch.sinc(down)[:, None] * torch.sinc(across)[None, :]
        moved = padded_filter((mtf(grid) - blur) / cell, rows, columns)
        return moved._replace(gain=mtf(grid[:1, :1]))
