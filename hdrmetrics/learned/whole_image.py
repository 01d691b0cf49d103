"""Pictures of any size as windows of the reference size, from one pass over bounded parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.catalogue.domain import Domain
from hdrmetrics.errors import ShapeError
from hdrmetrics.learned.architecture import WINDOW, Architecture
from hdrmetrics.learned.fronts.cells import CELL, cell_shape
from hdrmetrics.learned.fronts.compared import CellsCompared
from hdrmetrics.learned.fronts.visible import describe_visible
from hdrmetrics.learned.network import Features, QualityNetwork
from hdrmetrics.learned.statistics import Span, window_moments
from hdrmetrics.numerics.recording import is_transformed

MINIMUM_SIZE = 64
"""Shortest side that is scored; pictures shorter than a window are continued by their mirror."""

FLOATS = 1 << 25
"""Numbers of a pass: few enough that most of them stay in a processor's cache."""

_DESCRIBING = 12.0  # numbers per pixel while descriptors are made
_FAINT = 1e-12  # weight of what a mask leaves out: the fourth root of a peak still sees 10⁻⁶


@dataclass(frozen=True, slots=True)
class Windows:
    """What a network says of each window of pictures.

    Parameters
    ----------
    raw
        ``(N, K, heads)``: before the sigmoid.
    weight
        ``(N, K)``: what part of the window the mask wants, 1 without a mask; of overlapping
        windows what they stand for, see :func:`fair_weights`.
    faults
        ``(N, K, faults)``: before the softmax; of networks that do not name faults none.
    inside
        ``(N,)``: part of the pictures' area that the windows are of; the rest is plain border.
    """

    raw: Tensor
    weight: Tensor
    faults: Tensor
    inside: Tensor

    def of(self, which: slice) -> Windows:
        """Return some windows of each picture."""
        raw, weight, faults = (x[:, which] for x in (self.raw, self.weight, self.faults))
        return Windows(raw, weight, faults, self.inside)

    def apart(self) -> list[Windows]:
        """Return the windows of the pictures one by one."""
        parts = (torch.split(x, 1) for x in (self.raw, self.weight, self.faults, self.inside))
        return [Windows(*one) for one in zip(*parts, strict=True)]


@dataclass(frozen=True, slots=True)
class Axis:
    """The windows along a side, evenly spread on the grid of cells: as few as cover it, or more.

    Parameters
    ----------
    length
        Pixels of the picture.
    padded
        With the mirror image at both ends, a multiple of a cell and at least a window.
    starts
        Of the windows, in padded pixels.
    """

    length: int
    padded: int
    starts: tuple[int, ...]

    @classmethod
    def of(cls, length: int, *, overlap: bool = False) -> Axis:
        """Return the windows along ``length`` pixels.

        From two windows on they overlap by half at most, where the side is over two windows long;
        with ``overlap`` by half at least.
        """
        padded = max(WINDOW, -(-length // CELL) * CELL)
        half = WINDOW // 2
        count = -(-(padded - WINDOW) // half) + 1 if overlap else -(-padded // WINDOW)
        room = (padded - WINDOW) // CELL
        starts = [round(i * room / (count - 1)) * CELL for i in range(count)] if room else [0]
        return cls(length, padded, tuple(starts))

    def shares(self) -> tuple[float, ...]:
        """Return the length that each window stands for: what it shares it has in part only."""
        cells = [range(start // CELL, (start + WINDOW) // CELL) for start in self.starts]
        cover = [0] * (self.padded // CELL)
        for own in cells:
            for cell in own:
                cover[cell] += 1
        return tuple(CELL * sum(1 / cover[cell] for cell in own) for own in cells)

    def take(self, image: Tensor, dim: int, first: int, last: int) -> Tensor:
        """Return the padded pixels ``first`` to ``last`` along an axis of a picture."""
        shift = (self.padded - self.length) // 2
        return mirrored(image, dim, first - shift, last - shift)


def score_windows(
    network: QualityNetwork,
    test: Tensor,
    reference: Tensor | None = None,
    *,
    domain: Domain,
    mask: Tensor | None = None,
    overlap: bool = False,
    floats: int = FLOATS,
) -> Windows:
    """Return the raw outputs of all windows of pictures: of :class:`Axis` along both sides.

    So are the teacher's tiles: without ``overlap`` a mosaic of pictures whose sides are multiples
    of 256 px has just their windows. A window's outputs are those of the same pixels as a picture
    of their own, to rounding. Stages run over as many windows at once as bounded memory holds; only
    visible differences, which go up to a window's border, are made of each by itself.

    Parameters
    ----------
    network
        Of cells, see :class:`~hdrmetrics.learned.fronts.front.CellFront`.
    test, reference, domain
        As for the network's call; sides of at least 64 px, continued by their mirror image up to
        a window and to multiples of a cell.
    mask
        Weights ``(N, 1, H, W)`` in [0, 1]: windows count by their mean weight, places in them
        likewise.
    overlap
        Whether windows overlap by half at least, so that what lies across the border of two is
        seen inside a third: where a part is lost or moved, its seam is all that shows it.
    floats
        About how many numbers a pass may hold at once.

    Raises
    ------
    ShapeError
        If a side is too short.
    OptionError
        As the network, or if its front end has no cells.

    Notes
    -----
    Cells begin up to 16 px inside the border. A mask that lies within that border of a window
    leaves its places unweighted; its weight is then still that of the mask.
    """
    height, width = test.shape[-2:]
    if min(height, width) < MINIMUM_SIZE:
        raise ShapeError(
            f"the picture is {width}×{height} pixels; the network needs {MINIMUM_SIZE} a side"
        )
    rows, columns = (Axis.of(side, overlap=overlap) for side in (height, width))
    pixels = max(floats / floats_per_pixel(network.architecture), WINDOW**2)
    found, together = [], max(1, int(pixels // WINDOW**2))
    for start in range(0, test.shape[0], together):
        one = slice(start, start + together)
        share = pixels / min(together, test.shape[0] - start)
        own = [None if x is None else x[one] for x in (test, reference, mask)]
        found.append(_score(network, own, domain, rows, columns, share))
    windows = _joined(found, dim=0)
    return replace(windows, weight=_fair(windows.weight, rows, columns)) if overlap else windows


def fair_weights(windows: Windows, size: tuple[int, int], *, overlap: bool = False) -> Tensor:
    """Return the weights ``(N, K)`` with which windows add up to the area of pictures.

    Overlapping windows count for what they share in part only, so that no place counts twice.

    Parameters
    ----------
    windows
        Of :func:`score_windows` without ``overlap``, which weighs so itself.
    size
        Height and width of the pictures.
    overlap
        Whether windows overlap by half at least.
    """
    return _fair(windows.weight, *(Axis.of(length, overlap=overlap) for length in size))


def floats_per_pixel(architecture: Architecture) -> float:
    """Return about how many numbers are alive at once per pixel while it is worked through."""
    front = architecture.seen
    widths = [front.channels + front.beside, *(stage.channels for stage in architecture.stages)]
    layers = [before + 3 * after for before, after in pairwise(widths)]
    return max(3 * widths[0] + _DESCRIBING * CELL**2, *layers) / CELL**2 + sum(widths) / CELL**2


def _fair(weight: Tensor, rows: Axis, columns: Axis) -> Tensor:
    area = [a * b / WINDOW**2 for a, b in product(rows.shares(), columns.shares())]
    return weight * weight.new_tensor(area)


def _score(
    network: QualityNetwork,
    pictures: list[Tensor | None],
    domain: Domain,
    rows: Axis,
    columns: Axis,
    pixels: float,
) -> Windows:
    parts: dict[tuple[int, int], Windows] = {}
    across = _groups(columns.starts, pixels / WINDOW)
    down = _groups(rows.starts, pixels / max(g[-1] + WINDOW - g[0] for g in across))
    before: tuple[int, Features] | None = None
    for lefts, tops in product(across, down):
        high, wide = ((group[0], group[-1] + WINDOW) for group in (tops, lefts))
        # What the part above saw of this one is not looked at twice.
        seen = None if before is None or tops is down[0] else _from(high[0], *before)

        def cut(image: Tensor | None, high: Span = high, wide: Span = wide) -> Tensor | None:
            return None if image is None else columns.take(rows.take(image, 2, *high), 3, *wide)

        test, reference, weights = (cut(image) for image in pictures)
        assert test is not None
        corners = list(product((t - high[0] for t in tops), (left - wide[0] for left in lefts)))
        windows, features = _pass(network, test, reference, domain, weights, corners, seen)
        before = high[0], features
        for index, spot in enumerate(product(tops, lefts)):
            parts[spot] = windows.of(slice(index, index + 1))
    return _joined([parts[spot] for spot in product(rows.starts, columns.starts)], dim=1)


def _pass(
    network: QualityNetwork,
    test: Tensor,
    reference: Tensor | None,
    domain: Domain,
    mask: Tensor | None,
    corners: list[tuple[int, int]],
    seen: Features | None,
) -> tuple[Windows, Features]:
    """Score the windows of one part of the pictures, which begin at ``corners``.

    The maps of its first rows are given, if they were ``seen``, and those of all are returned.
    """
    front = network.front
    known = 0 if seen is None else seen[0].shape[-2]
    below = (..., slice(known * CELL, None), slice(None))
    other = None if reference is None else reference[below]
    features = network.trunk(laid_out(network.cells(test[below], other, domain=domain)))
    if seen is not None:
        features = tuple(torch.cat(pair, dim=-2) for pair in zip(seen, features, strict=True))
    tops, lefts = (tuple(dict.fromkeys(side)) for side in zip(*corners, strict=True))
    count = cell_shape(WINDOW, WINDOW)[0]
    spans = [[(start // CELL, count) for start in starts] for starts in (tops, lefts)]
    weights = None if mask is None else _cell_weights(mask, features[0])
    pooled = []
    for level, maps in enumerate(features):
        moments = window_moments(maps, spans[0], spans[1], weights)
        if level == 0 and isinstance(front, CellsCompared):
            assert reference is not None
            lights = front.lights(test, reference, domain)
            beside = _visible_moments(lights, mask, corners)
            moments = tuple(torch.cat(pair, -1) for pair in zip(moments, beside, strict=True))
        pooled.append(front.pool(moments, level))
    joint = torch.cat(pooled, dim=-1)
    raw, faults = network.head(joint), network.name_faults(joint)
    if mask is None:
        weight = raw.new_ones(raw.shape[:2])
    else:
        whole = [[(start, WINDOW) for start in starts] for starts in (tops, lefts)]
        weight = window_moments(mask, whole[0], whole[1], powers=(1,))[0][..., 0]
    return Windows(raw, weight, faults, raw.new_ones(raw.shape[0])), features


def _from(top: int, before: int, features: Features) -> Features | None:
    """Return the maps from a row of pixels on, of a part that begins ``before``, if any."""
    first = (top - before) // CELL
    rows = features[0].shape[-2]
    return tuple(maps[..., first:, :] for maps in features) if first < rows else None


def _visible_moments(
    lights: tuple[Tensor, Tensor], mask: Tensor | None, corners: list[tuple[int, int]]
) -> tuple[Tensor, ...]:
    """Return the moments of the visible differences of windows, each as a picture of its own."""
    windows = [(..., slice(top, top + WINDOW), slice(left, left + WINDOW)) for top, left in corners]
    test, reference = (torch.cat([light[window] for window in windows]) for light in lights)
    maps = describe_visible(test, reference)
    weights = None
    if mask is not None:
        weights = _cell_weights(torch.cat([mask[window] for window in windows]), maps)
    moments = window_moments(maps, [(0, maps.shape[-2])], [(0, maps.shape[-1])], weights)
    # From (K·N, 1, C) to (N, K, C).
    shape = len(windows), -1, maps.shape[1]
    return tuple(each.reshape(shape).transpose(0, 1) for each in moments)


def laid_out(x: Tensor) -> Tensor:
    """Channels last on a CPU, where convolutions of few channels are faster so."""
    if x.device.type != "cpu" or is_transformed(x):
        return x
    return x.contiguous(memory_format=torch.channels_last)


def mirrored(image: Tensor, dim: int, first: int, last: int) -> Tensor:
    """Return pixels along an axis, continued by their mirror image on both sides."""
    length = image.shape[dim]
    if first >= 0 and last <= length:
        return image.narrow(dim, first, last - first)
    before, behind = max(0, -first), max(0, last - length)
    if max(before, behind) < length and first <= length and last >= 0:
        # A few columns at the ends: gathering all by their places takes many times as long.
        parts = [
            image.narrow(dim, 1, before).flip(dim),
            image.narrow(dim, max(first, 0), min(last, length) - max(first, 0)),
            image.narrow(dim, length - 1 - behind, behind).flip(dim),
        ]
        return torch.cat([part for part in parts if part.shape[dim]], dim)
    period = max(1, 2 * (length - 1))
    places = torch.arange(first, last, device=image.device).remainder(period)
    return image.index_select(dim, torch.minimum(places, period - places).clamp(max=length - 1))


def _cell_weights(mask: Tensor, maps: Tensor) -> Tensor:
    """Return the mask's weight at each cell of maps, nowhere quite zero."""
    places = [
        slice(max(length - count * CELL, 0) // 2, None)
        for length, count in zip(mask.shape[-2:], maps.shape[-2:], strict=True)
    ]
    own = F.avg_pool2d(mask[..., places[0], places[1]], CELL)
    own = own.to(torch.promote_types(own.dtype, torch.float32))
    return own[..., : maps.shape[-2], : maps.shape[-1]] + _FAINT


def _groups(starts: tuple[int, ...], length: float) -> list[tuple[int, ...]]:
    """Return neighbouring windows together, as many as ``length`` pixels hold, at least one."""
    found: list[list[int]] = [[]]
    for start in starts:
        if found[-1] and start + WINDOW - found[-1][0] > length:
            found.append([])
        found[-1].append(start)
    return [tuple(group) for group in found]


def _joined(parts: list[Windows], dim: int) -> Windows:
    """Return the windows of one picture (1), or of several (0)."""
    raw, weight, faults = (
        torch.cat([getattr(part, name) for part in parts], dim=dim)
        for name in ("raw", "weight", "faults")
    )
    inside = torch.cat([part.inside for part in parts]) if dim == 0 else parts[0].inside
    return Windows(raw, weight, faults, inside)


def together(pictures: Sequence[Windows]) -> Windows:
    """Return the windows of pictures of several sizes as of one batch; what is missing weighs 0."""
    most = max(one.raw.shape[1] for one in pictures)

    def filled(values: Tensor, value: float | None = None) -> Tensor:
        missing = values[:, :1].expand(-1, most - values.shape[1], *values.shape[2:])
        return torch.cat([values, missing if value is None else torch.full_like(missing, value)], 1)

    return _joined(
        [
            Windows(filled(one.raw), filled(one.weight, 0.0), filled(one.faults), one.inside)
            for one in pictures
        ],
        dim=0,
    )
