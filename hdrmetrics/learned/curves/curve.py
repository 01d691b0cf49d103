"""The curve that brightens or darkens, again and again: F ← F + a·F·(1 − F)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.errors import OptionError, ShapeError

ITERATIONS = 8
"""How often the curve is applied."""

_STRIP = 1 << 15  # pixels of a strip: what an iteration works on then stays in a core's cache


def bend(image: Tensor, maps: Tensor, iterations: int = ITERATIONS) -> Tensor:
    """Return a picture after Fₙ = Fₙ₋₁ + aₙ·Fₙ₋₁·(1 − Fₙ₋₁), for n from 1 to ``iterations``.

    It acts on display codes, not on light. For |a| ≤ 1 each step is monotone and leads [0, 1] onto
    itself, 0 to 0 and 1 to 1, so nothing is clipped and no order of tones is turned; a > 0
    brightens, a < 0 darkens. Differentiable by both.

    Parameters
    ----------
    image
        ``(N, C, H, W)``, display-encoded in [0, 1], floats.
    maps
        ``(N, C·iterations, H, W)``, those of the first step first, or ``(N, C, H, W)`` for all
        steps alike; in [−1, 1].
    iterations
        How often, at least once.

    Returns
    -------
    Tensor
        As the picture, in [0, 1].

    Raises
    ------
    ShapeError
        If the maps are not of the picture's size, or of another number.
    OptionError
        For no iteration.

    References
    ----------
    C. Guo et al., "Zero-reference deep curve estimation for low-light image enhancement", CVPR
    2020; US11356623B2: check before commercial use.

    Examples
    --------
    >>> import torch
    >>> codes = torch.tensor([0.0, 0.25, 0.5, 1.0]).view(1, 1, 1, 4)
    >>> bend(codes, torch.full((1, 1, 1, 4), 1.0), iterations=1).flatten().tolist()
    [0.0, 0.4375, 0.75, 1.0]
    """
    if iterations < 1:
        raise OptionError(f"a curve is applied at least once, not {iterations} times")
    channels = image.shape[1] if image.ndim == 4 else 0
    each = maps.shape[1] != channels if maps.ndim == 4 else False
    wanted = (*image.shape[:1], channels * (iterations if each else 1), *image.shape[2:])
    if channels == 0 or tuple(maps.shape) != wanted:
        raise ShapeError(
            f"maps {tuple(maps.shape)} do not belong to a picture {tuple(image.shape)} and "
            f"{iterations} iterations: wanted are {wanted}"
        )
    found = image
    for n in range(iterations):
        a = maps[:, n * channels : (n + 1) * channels] if each else maps
        found = found + a * found * (1 - found)
    return found


def bend_large(
    image: Tensor, maps: Tensor, iterations: int = ITERATIONS, *, strip: int = _STRIP
) -> Tensor:
    """Return a picture bent by maps of a smaller size, which are widened bilinearly in strips.

    That is ``bend(image, F.interpolate(maps, image.shape[-2:], mode="bilinear"))`` without ever
    holding the widened maps. No gradient.

    Parameters
    ----------
    image
        ``(1, C, H, W)``, display-encoded in [0, 1]; single or double precision is kept.
    maps
        ``(1, C·iterations or C, h, w)``, of the whole picture.
    iterations
        See :func:`bend`.
    strip
        Pixels that are worked on at a time.

    Raises
    ------
    ShapeError
        If the number of maps does not belong to the picture.
    OptionError
        For no iteration.

    Examples
    --------
    >>> import torch
    >>> maps = torch.rand(1, 3, 4, 5) * 2 - 1
    >>> bend_large(torch.rand(1, 3, 40, 60), maps).shape
    torch.Size([1, 3, 40, 60])
    """
    if image.ndim != 4 or maps.ndim != 4 or len(image) != 1 or len(maps) != 1:
        raise ShapeError(f"one picture and its maps, not {image.shape} and {maps.shape}")
    channels, (height, width) = image.shape[1], image.shape[-2:]
    each = maps.shape[1] != channels
    if iterations < 1 or maps.shape[1] != channels * (iterations if each else 1):
        bend(image, maps, iterations)  # says what is wrong
    out = torch.empty_like(image)
    rows = max(1, strip // width)
    with torch.no_grad():
        maps = maps.to(image)
        for top in range(0, height, rows):
            part = slice(top, min(top + rows, height))
            found = image[..., part, :].clone()
            room = torch.empty_like(found)
            own = _widened(maps, part, height, width)
            for n in range(iterations):
                a = own[:, n * channels : (n + 1) * channels] if each else own
                torch.mul(found, found, out=room)
                torch.sub(found, room, out=room)
                found.addcmul_(a, room)
            out[..., part, :] = found
    return out


def _widened(maps: Tensor, rows: slice, height: int, width: int) -> Tensor:
    """Return some rows of maps widened to a size."""
    count = maps.shape[-2]
    places = torch.arange(rows.start, rows.stop, device=maps.device, dtype=torch.float64)
    at = ((places + 0.5) * count / height - 0.5).clamp(0, count - 1)
    above = at.floor().long()
    below = (above + 1).clamp(max=count - 1)
    part = (at - above).to(maps)[:, None]
    own = torch.lerp(maps[..., above, :], maps[..., below, :], part)
    size = (own.shape[-2], width)
    return F.interpolate(own, size, mode="bilinear", align_corners=False)
