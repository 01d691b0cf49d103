"""The network of gains: what restoration sees of a picture, and one fully connected layer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hdrmetrics.learned.improvable.crops import crops_of
from hdrmetrics.learned.layers import Linear
from hdrmetrics.learned.liked.network import Standard, moments
from hdrmetrics.learned.restoring.net import MULTIPLE, RestorationNet
from hdrmetrics.numerics.recording import is_transformed

_FLOOR = 1e-6  # under variances, of bands with a deviation of about one


class GainLayer(nn.Module):
    """What statistics say of gains: standardised, then one linear layer.

    Parameters
    ----------
    statistics, outputs
        Of the layer.
    """

    def __init__(self, statistics: int, outputs: int) -> None:
        super().__init__()
        self.standard = Standard(statistics)
        self.last = Linear(statistics, outputs)

    def forward(self, statistics: Tensor) -> Tensor:
        """Return the outputs ``(N, K)`` of statistics ``(N, F)``."""
        found: Tensor = self.last(self.standard(statistics))
        return found


def statistics_of(net: RestorationNet) -> int:
    """Return how many numbers :func:`describe` makes of a picture."""
    a, b, c = net.size.widths
    return 2 * (12 + a + b + c + b + a + 12)


def describe(net: RestorationNet, pictures: Tensor, side: int, along: int) -> Tensor:
    """Return what a network that restores sees of pictures ``(N, F)``, in parts at full size.

    Who is to mend a picture has to see what is wrong with it, and how much can be done: the means
    of all levels on the way down and up, and of the bands to be added, with the logarithms of their
    deviations, in which twice the noise is one step. All parts of a picture count together.

    Parameters
    ----------
    net
        Of :func:`~hdrmetrics.learned.restoring.weights.load_restoration`.
    pictures
        ``(N, 3, H, W)`` in [0, 1], of 8 pixels a side at least; what is beyond multiples of 8 is
        not seen.
    side, along
        See :func:`~hdrmetrics.learned.improvable.crops.crops_of`.
    """
    return torch.cat([describe_parts(net, parts_of(one[None], side, along)) for one in pictures])


def parts_of(picture: Tensor, side: int, along: int) -> Tensor:
    """Return the parts of a picture ``(1, 3, H, W)`` that are seen, sides multiples of 8."""
    parts = crops_of(picture, side, along)
    height, width = (length // MULTIPLE * MULTIPLE for length in parts.shape[-2:])
    return parts[..., :height, :width]


def describe_parts(net: RestorationNet, parts: Tensor, weight: Tensor | None = None) -> Tensor:
    """Return what is seen of the parts of one picture, ``(1, F)``.

    Parameters
    ----------
    net
        Which sees.
    parts
        ``(K, 3, h, w)``, sides multiples of 8.
    weight
        ``(K, 1, h, w)``: how much each pixel counts, not 0 all over; by default all count alike.
    """
    if not is_transformed(parts):  # vmap knows no layouts
        parts = parts.contiguous(memory_format=torch.channels_last)
    levels = net.look(parts)
    found = []
    for maps in (net.split(parts), *levels, *net.rise(*levels)):
        if weight is None:
            mean, energy = (one.mean(dim=0, keepdim=True) for one in moments(maps))
        else:
            mean, energy = moments(_tall(maps), _tall(weight))
        variance = (energy - mean.square()).clamp(min=0.0)
        found += [mean, (variance + _FLOOR).log() / 2]
    return torch.cat(found, dim=1)


def _tall(parts: Tensor) -> Tensor:
    """Return parts ``(K, C, h, w)`` one below the other, ``(1, C, K·h, w)``."""
    return parts.transpose(0, 1).flatten(1, 2)[None]
