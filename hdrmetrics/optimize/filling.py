"""Backward-compatible files no larger than asked: their qualities found by halving."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from hdrmetrics.codecs.backward import BackwardCompatible

_MORE = 3
"""Steps by which the second quality is raised where bytes are left over."""

BEST = 100


@dataclass(frozen=True, slots=True)
class Filled:
    """A file that fits.

    Parameters
    ----------
    codec
        With the qualities that were found.
    data
        The file.
    """

    codec: BackwardCompatible
    data: bytes

    @property
    def qualities(self) -> tuple[int, int]:
        """Of the base picture, and of what restores the light."""
        quality, second = (self.codec.settings[n] for n in ("quality", self.codec.second))
        return int(quality), int(second)


def fill(codec: BackwardCompatible, light: Tensor, size: int, lead: int = 0) -> Filled | None:
    """Return the best file of light that has at most ``size`` bytes; ``None`` if there is none.

    Both qualities are raised together, the second one ``lead`` steps above the first (within 1 and
    100), and the second alone by up to three steps more where that still fits.

    Parameters
    ----------
    codec
        With its base picture; its qualities do not matter.
    light
        ``(1, C, H, W)`` in cd/m², checked.
    size
        Bytes, headers included.
    lead
        From -99 to 99.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.codecs import create_codec
    >>> light = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 1000
    >>> found = fill(create_codec("gainmap"), light, 8000)
    >>> len(found.data) <= 8000, found.qualities[0] > 1
    (True, True)
    """
    codes = codec.tone(light)

    def coded(quality: int, second: int) -> Filled:
        one = codec.with_qualities(quality, second)
        return Filled(one, one.encode_with(light, codes))

    found, low, high = None, 1, BEST
    while low <= high:
        middle = (low + high) // 2
        tried = coded(middle, beside(middle, lead))
        if len(tried.data) <= size:
            found, low = tried, middle + 1
        else:
            high = middle - 1
    if found is None:
        return None
    quality, second = found.qualities
    for finer in range(second + 1, min(second + _MORE, BEST) + 1):
        tried = coded(quality, finer)
        if len(tried.data) > size:
            break
        found = tried
    return found


def beside(quality: int, lead: int) -> int:
    """Return the second quality that lies ``lead`` steps above the first."""
    return min(max(quality + lead, 1), BEST)
