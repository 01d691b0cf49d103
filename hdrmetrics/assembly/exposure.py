"""Choosing exposures of an HDR picture: the best single one, a covering set, or a bracket."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from hdrmetrics.errors import OptionError, PixelValueError
from hdrmetrics.photometry.color import luminance
from hdrmetrics.picture.pixels import as_batch


def best_exposure(light: Tensor, *, stops: float = 8.0) -> Tensor:
    """Return the exposure that keeps the most pixels well exposed.

    Parameters
    ----------
    light
        Linear, ``(N, C, H, W)``, not negative, any unit.
    stops
        Range of the camera: a pixel is well exposed if its luminance, after exposure, lies in
        [2^-stops, 1]; 8 bits of a linear camera, or about 8 of an sRGB picture, tell 8 stops.

    Returns
    -------
    Tensor
        ``(N,)`` factors: ``light · factor`` is 1 at full scale. Among equally good ones the
        longest exposure.

    Raises
    ------
    ShapeError
        For other shapes.
    PixelValueError
        For NaN, infinity, negative light, or a black picture.
    OptionError
        Unless 0 < stops <= 64.

    References
    ----------
    After the histogram sampling of the HDR Toolbox (F. Banterle et al., "Advanced High Dynamic
    Range Imaging", CRC Press), with every pixel in place of bins.
    """
    batch = _check(light, stops)
    tops = [_best_window(levels, stops) for levels in _levels(batch)]
    return batch.new_tensor([2.0**-top for top in tops])


def covering_exposures(light: Tensor, *, stops: float = 8.0, most: int = 16) -> list[float]:
    """Return exposures that together show every pixel of one picture, the best one first.

    Parameters
    ----------
    light
        Linear, ``(C, H, W)`` or a batch of one, not negative, any unit.
    stops
        Range of the camera, as in :func:`best_exposure`.
    most
        At most so many.

    Raises
    ------
    ShapeError, PixelValueError, OptionError
        As in :func:`best_exposure`; for a batch of more than one picture.
    """
    batch = _check(light, stops)
    if batch.shape[0] != 1 or most < 1:
        raise OptionError("covering exposures are found for one picture at a time, at least one")
    levels = _levels(batch)[0]
    factors: list[float] = []
    while levels.numel() and len(factors) < most:
        top = _best_window(levels, stops)
        factors.append(2.0**-top)
        levels = levels[(levels > top) | (levels < top - stops)]
    return factors


def bracket(centre: float, *, count: int = 3, step: float = 2.0) -> list[float]:
    """Return exposures around a central one, shortest first.

    Parameters
    ----------
    centre
        Central factor, positive.
    count
        How many, at least 1.
    step
        Distance in stops, positive.

    Raises
    ------
    OptionError
        For impossible values.
    """
    if not (math.isfinite(centre) and centre > 0 and step > 0) or count < 1:
        raise OptionError(
            f"a bracket has a positive centre, a positive step and at least one exposure; not "
            f"{centre}, {step}, {count}"
        )
    return [centre * 2.0 ** ((index - (count - 1) / 2) * step) for index in range(count)]


def clipping_exposure(light: Tensor, share: float) -> Tensor:
    """Return the exposure at which a share of the channel values are clipped.

    Parameters
    ----------
    light
        Linear, ``(N, C, H, W)``, not negative, any unit.
    share
        In [0, 1): Eilertsen et al. draw it from 0.05 to 0.15 for their training pictures.

    Returns
    -------
    Tensor
        ``(N,)`` factors: at most that share of the values of ``light · factor`` exceeds 1.

    Raises
    ------
    ShapeError, PixelValueError
        As in :func:`best_exposure`.
    OptionError
        If the share is outside [0, 1).

    References
    ----------
    G. Eilertsen et al., ACM TOG 36(6), 2017, section 4.1.
    """
    if not 0 <= share < 1:
        raise OptionError(f"the share of clipped values lies in [0, 1), not {share}")
    values = _check(light, 1.0).flatten(1)
    rank = max(math.ceil((1 - share) * values.shape[1]), 1)
    white = torch.kthvalue(values, rank, dim=1).values
    if not bool((white > 0).all()):
        raise PixelValueError("more of a picture is black than may stay unclipped")
    return 1 / white


def light_of(picture: Tensor) -> Tensor:
    """Return a picture as a batch, after checking that it can be light.

    Raises
    ------
    ShapeError, PixelValueError
        For other shapes; for NaN, infinity or negative light.
    """
    batch = as_batch(picture)
    if not bool(torch.isfinite(batch).all()) or bool((batch < 0).any()):
        raise PixelValueError("light is finite and not negative: repair the picture first")
    return batch


def _check(light: Tensor, stops: float) -> Tensor:
    if not 0 < stops <= 64:
        raise OptionError(f"a camera's range lies between 0 and 64 stops, not {stops}")
    batch = light_of(light).detach()
    if not bool((batch.flatten(1).amax(dim=1) > 0).all()):
        raise PixelValueError("a black picture has no best exposure")
    return batch


def _levels(batch: Tensor) -> list[Tensor]:
    """Return the sorted log2 luminances of each picture's pixels that are not black."""
    planes = luminance(batch).double().flatten(1)
    return [torch.log2(plane[plane > 0]).sort().values for plane in planes]


def _best_window(levels: Tensor, stops: float) -> float:
    """Return the upper end of the window that holds the most sorted levels, at a level."""
    # A window may as well end at one of the levels: sliding it down to the next loses none.
    first = torch.searchsorted(levels, levels - stops)
    last = torch.searchsorted(levels, levels, right=True)
    return float(levels[int(torch.argmax(last - first))])
