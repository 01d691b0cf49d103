"""What a network says of every place of a picture: of the cells around each cell.

The statistics that the heads see are means over the cells of a window, whatever its size. So the
heads can be asked about the neighbourhood of every cell, for the cost of their own layers: a cell
is described once, however many neighbourhoods it lies in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.catalogue.domain import Domain
from hdrmetrics.learned.fronts.cells import CELL, MARGIN
from hdrmetrics.learned.fronts.compared import CellsCompared
from hdrmetrics.learned.fronts.pixels import full
from hdrmetrics.learned.fronts.visible import describe_visible, seen_probability
from hdrmetrics.learned.network import QualityNetwork
from hdrmetrics.learned.statistics import POWERS, raised
from hdrmetrics.learned.whole_image import laid_out, mirrored

SQUARE = 8
"""Side in pixels of the places at which differences are seen."""

_TILE = 32  # cells a side that are worked through together
_HALO = 4  # cells around a tile, from which filters of visible differences still see something
_STRIP = 1024  # rows of a picture at a time, for the mean of its light


def place_shape(height: int, width: int) -> tuple[int, int]:
    """Return the numbers of places of a picture, down and across: one for each 16 px begun."""
    return -(-height // CELL), -(-width // CELL)


def judge_places(
    network: QualityNetwork,
    test: Tensor,
    reference: Tensor | None,
    judge: Callable[[Tensor], Tensor],
    *,
    domain: Domain,
    reach: int,
) -> Tensor:
    """Return what a judge of statistics says of the neighbourhood of each cell.

    Parameters
    ----------
    network
        Of cells, see :class:`~hdrmetrics.learned.fronts.front.CellFront`.
    test, reference, domain
        As for the network's call, ``(N, C, H, W)`` of any size; beyond their borders they are
        continued by their mirror image.
    judge
        From statistics ``(N, K, F)`` to ``(N, K, D)``: heads of the network, say.
    reach
        Cells that a neighbourhood extends to each side of its middle; at the borders of the
        picture it is smaller, and leaves out cells that see the mirror image, if it has others.

    Returns
    -------
    Tensor
        ``(N, D, h, w)``, h and w of :func:`place_shape`: the first place is that of the 16 × 16
        pixels at the top left.

    Notes
    -----
    Pictures are worked through in tiles of 512 px, so that the memory is bounded; a map does not
    depend on them but for what filters of visible differences see beyond 64 px.
    """
    strayed = None
    if isinstance(network.front, CellsCompared):
        assert reference is not None
        strayed = _mean_light(network.front, test, reference, domain)
    found = []
    for index in range(test.shape[0]):
        one = slice(index, index + 1)
        pair = test[one], None if reference is None else reference[one]
        own = None if strayed is None else (strayed[0][one], strayed[1][one])
        found.append(_judge(network, *pair, own, judge, domain, reach))
    return torch.cat(found)


def see_places(front: CellsCompared, test: Tensor, reference: Tensor, *, domain: Domain) -> Tensor:
    """Return the probability that a difference is seen at each place, ``(N, 1, h, w)``.

    Parameters
    ----------
    front
        Whose light it is.
    test, reference, domain
        As for the network's call.

    Returns
    -------
    Tensor
        One number for each :data:`SQUARE` × :data:`SQUARE` pixels begun, from the top left.
    """
    strayed = _mean_light(front, test, reference, domain)
    length, halo = _TILE * CELL, _HALO * CELL
    height, width = test.shape[-2:]
    bands = []
    for top in range(0, height, length):
        tiles = []
        for left in range(0, width, length):
            spans = [
                (max(0, first - halo), min(whole, first + length + halo))
                for first, whole in ((top, height), (left, width))
            ]
            cut = (..., slice(*spans[0]), slice(*spans[1]))
            lights = front.lights(test[cut], reference[cut], domain)
            missing = [-side % SQUARE for side in lights[0].shape[-2:]]
            whole = [F.pad(x, (0, missing[1], 0, missing[0]), mode="replicate") for x in lights]
            seen = seen_probability(whole[0], whole[1], strayed=strayed, side=SQUARE)
            inner = [
                slice((first - span[0]) // SQUARE, (first - span[0] + length) // SQUARE)
                for first, span in zip((top, left), spans, strict=True)
            ]
            tiles.append(seen[..., inner[0], inner[1]])
        bands.append(torch.cat(tiles, dim=-1))
    return torch.cat(bands, dim=-2)


def spread(places: Tensor, height: int, width: int, *, side: int = CELL) -> Tensor:
    """Return values of places ``(N, D, h, w)`` at the pixels ``(N, D, height, width)``."""
    wide = places.repeat_interleave(side, dim=-1)[..., :width]
    return wide.repeat_interleave(side, dim=-2)[..., :height, :]


def neighbourhood_moments(maps: Tensor, reach: int, weights: Tensor) -> list[Tensor]:
    """Return the means of powers of channels ``(N, C, h, w)`` around each cell, at their places.

    Cells have weights ``(1, 1, h, w)``; there is a positive one around each.
    """

    def around(values: Tensor) -> Tensor:
        return F.avg_pool2d(values, 2 * reach + 1, stride=1, padding=reach, count_include_pad=False)

    share = around(weights)
    found = []
    for power in POWERS:
        own = raised(maps, power)
        found.append(around(own * weights) / share if reach else own)
    return found


def _judge(
    network: QualityNetwork,
    test: Tensor,
    reference: Tensor | None,
    strayed: tuple[Tensor, Tensor] | None,
    judge: Callable[[Tensor], Tensor],
    domain: Domain,
    reach: int,
) -> Tensor:
    rows, columns = place_shape(*test.shape[-2:])
    bands = []
    for top, down in _tiles(rows):
        tiles = []
        for left, across in _tiles(columns):
            spans = _around(top, down, rows, reach), _around(left, across, columns, reach)
            maps = _maps(network, test, reference, strayed, domain, spans)
            inside = [
                slice(start - span[0], start - span[0] + count)
                for start, count, span in zip((top, left), (down, across), spans, strict=True)
            ]
            weights = _own_cells(spans, (test.shape[-2], test.shape[-1]), reach, maps[0])
            pooled = _statistics(network, maps, reach, inside, weights)
            said = judge(pooled).transpose(1, 2)
            tiles.append(said.reshape(*said.shape[:2], down, across))
        bands.append(torch.cat(tiles, dim=-1))
    return torch.cat(bands, dim=-2)


def _maps(
    network: QualityNetwork,
    test: Tensor,
    reference: Tensor | None,
    strayed: tuple[Tensor, Tensor] | None,
    domain: Domain,
    spans: tuple[tuple[int, int], tuple[int, int]],
) -> list[Tensor]:
    """Return the maps of the pooled levels over some cells of a picture."""

    def cut(image: Tensor) -> Tensor:
        for dim, (first, last) in zip((-2, -1), spans, strict=True):
            image = mirrored(image, dim, first * CELL - MARGIN, last * CELL + MARGIN)
        return image

    own, other = cut(test), None if reference is None else cut(reference)
    maps = list(network.trunk(laid_out(network.cells(own, other, domain=domain))))
    if isinstance(network.front, CellsCompared):
        assert other is not None
        assert strayed is not None
        lights = network.front.lights(own, other, domain)
        maps[0] = torch.cat([maps[0], describe_visible(*lights, strayed=strayed)], dim=1)
    return maps


def _own_cells(
    spans: tuple[tuple[int, int], tuple[int, int]], size: tuple[int, int], reach: int, like: Tensor
) -> Tensor:
    """Return 1 at cells that see nothing but the picture, along sides where all places have some.

    At a mirrored border slopes are no one's, and the heads take that for damage. Whether there are
    enough follows from the picture, not from the tile.
    """
    sides = []
    for (first, last), length in zip(spans, size, strict=True):
        own = [
            place * CELL >= MARGIN and (place + 1) * CELL + MARGIN <= length
            for place in range(-(-length // CELL))
        ]
        enough = all(any(own[max(0, i - reach) : i + reach + 1]) for i in range(len(own)))
        kept = own[first:last] if enough else [True] * (last - first)
        sides.append(torch.tensor(kept, dtype=like.dtype, device=like.device))
    return (sides[0][:, None] * sides[1])[None, None]


def _statistics(
    network: QualityNetwork,
    maps: list[Tensor],
    reach: int,
    inside: list[slice],
    weights: Tensor,
) -> Tensor:
    """Return the statistics ``(N, K, F)`` of the neighbourhoods of the cells inside a tile."""
    found = []
    for level, one in enumerate(maps):
        moments = [
            moment[..., inside[0], inside[1]].flatten(2).transpose(1, 2)
            for moment in neighbourhood_moments(full(one), reach, weights)
        ]
        found.append(network.front.pool(moments, level))
    return torch.cat(found, dim=-1)


def _tiles(count: int) -> Iterator[tuple[int, int]]:
    for first in range(0, count, _TILE):
        yield first, min(_TILE, count - first)


def _around(first: int, count: int, total: int, reach: int) -> tuple[int, int]:
    halo = max(reach, _HALO)
    return max(0, first - halo), min(total, first + count + halo)


def _mean_light(
    front: CellsCompared, test: Tensor, reference: Tensor, domain: Domain
) -> tuple[Tensor, Tensor]:
    """Return the mean light of pictures ``(N, 1, 1, 1)``, which strays over all of them."""
    strips = [torch.split(each, _STRIP, dim=-2) for each in (test, reference)]
    sums = [
        [light.sum(dim=(-2, -1), keepdim=True) for light in front.lights(part[0], part[1], domain)]
        for part in zip(*strips, strict=True)
    ]
    count = test.shape[-2] * test.shape[-1]
    first, second = (torch.stack(side).sum(dim=0) / count for side in zip(*sums, strict=True))
    return first, second
