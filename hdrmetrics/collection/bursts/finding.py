"""Bursts and near-duplicates of a collection: found by time and look, without chains that drift."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.collection.bursts.group import Group
from hdrmetrics.collection.bursts.keeper import choose
from hdrmetrics.collection.bursts.look import Look
from hdrmetrics.collection.record import Record
from hdrmetrics.errors import OptionError

SECONDS = 10.0
"""Between two pictures of a burst, at most."""

LIKENESS = 0.5
"""Of two pictures that show the same, at least, whenever they were taken; strangers reach 0.4."""

_EASED = 0.1  # less is asked of pictures of one moment: people and leaves move
_CLOSE, _CLOSE_IN_TIME = 0.9, 0.8  # sum of what both descriptors agree in, to be looked at closely
_EMBEDDED = 0.35  # weight of the network's beside that of the layout
_BLOCK = 1024  # pictures whose neighbours are looked for together
_MOST = 24  # neighbours of a picture behind it in the order: among thousands alike, not all count

Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]
Neighbours = list[dict[int, float]]


def find_groups(
    records: Sequence[Record], *, seconds: float = SECONDS, likeness: float = LIKENESS
) -> list[Group]:
    """Return bursts and near-duplicates, each with the one to keep.

    Parameters
    ----------
    records
        Those without a look belong to no group. Names are unique.
    seconds
        Pictures taken so near each other, by their cameras' clocks, need look less alike; times
        alone join nothing, so those that lie do little harm. 0 for no regard to time.
    likeness
        Of pictures taken at any time, in [0, 1]: the correlation of detail where both show the
        same (:func:`hdrmetrics.collection.bursts.alike.likenesses`).

    Returns
    -------
    list of Group
        Of two at least, disjoint, in the order of their first members; the same whatever the
        order of the records.

    Raises
    ------
    OptionError
        For seconds below 0 or a likeness outside [0, 1].

    Notes
    -----
    Every member looks like one of them, the middle, or like more than half of the group: of a
    panorama, in which each picture looks like the next, no long chains are made. Mirrored
    pictures, and those of which less than 70 % is shared, are strangers.

    References
    ----------
    L. Kaufman & P. J. Rousseeuw, "Finding groups in data", 1990 (groups around medoids).

    Examples
    --------
    >>> find_groups([Record("a.jpg", "a.jpg"), Record("b.jpg", "b.jpg")])
    []
    """
    if not (seconds >= 0 and math.isfinite(seconds)):
        raise OptionError(f"seconds between pictures of a burst are 0 or more, not {seconds}")
    if not 0 <= likeness <= 1:
        raise OptionError(f"a likeness lies between 0 and 1; not {likeness}")
    # In an order of its own, so that nothing depends on the caller's.
    order = sorted(
        (index for index, record in enumerate(records) if record.look is not None),
        key=lambda index: (records[index].name, records[index].path),
    )
    if len(order) < 2:
        return []
    looks = [records[index].look for index in order]
    members = _grouped([look for look in looks if look is not None], seconds, likeness)
    found = []
    for positions in members:
        own = [order[position] for position in sorted(positions)]
        keeper, why = choose([records[index] for index in own])
        words = dict(sorted(zip(own, why, strict=True)))
        found.append(Group(tuple(sorted(own)), own[keeper], words))
    return sorted(found, key=lambda group: group.members)


def _grouped(looks: Sequence[Look], seconds: float, likeness: float) -> list[list[int]]:
    """Return the positions of looks that belong together."""
    # The same look twice is one look: a thousand copies of a file are no million pairs.
    places: dict[tuple[bytes, bytes], list[int]] = {}
    for position, look in enumerate(looks):
        places.setdefault((look.small, look.embedding), []).append(position)
    copies = list(places.values())
    own = [looks[each[0]] for each in copies]
    near = _neighbours(own, _times(own), seconds, likeness)
    stars = _stars(near)
    stars = _joined(own, stars, near, seconds, likeness)
    found = [[position for one in star for position in copies[one]] for star in stars]
    return [each for each in found if len(each) > 1]


def _times(looks: Sequence[Look]) -> NDArray[np.float64]:
    """Return seconds since 1970 by the cameras' clocks; NaN where nothing is known."""
    found = np.full(len(looks), np.nan)
    start = datetime(1970, 1, 1)
    for index, look in enumerate(looks):
        try:
            if look.taken:
                found[index] = (
                    datetime.fromisoformat(look.taken).replace(tzinfo=None) - start
                ).total_seconds()
        except ValueError:
            continue
    return found


def _neighbours(
    looks: Sequence[Look], times: NDArray[np.float64], seconds: float, likeness: float
) -> Neighbours:
    """Return for each look those that are alike, and how much."""
    from hdrmetrics.collection.bursts.alike import likenesses

    small = np.stack([np.frombuffer(look.small, np.uint8) for look in looks])
    first, second = _candidates(_described(looks, small), times, seconds)
    near: Neighbours = [{} for _ in looks]
    asked = np.where(_together(times, first, second, seconds), likeness - _EASED, likeness)
    alike = likenesses(small, first, second)
    kept = np.flatnonzero(alike >= np.maximum(asked, 1e-3))
    for one, two, value in zip(first[kept], second[kept], alike[kept], strict=True):
        near[one][int(two)] = near[two][int(one)] = float(value)
    return near


def _together(
    times: NDArray[np.float64], first: NDArray[np.int64], second: NDArray[np.int64], seconds: float
) -> NDArray[np.bool_]:
    if seconds == 0:
        return np.zeros(len(first), bool)
    found: NDArray[np.bool_] = np.abs(times[first] - times[second]) <= seconds
    return found


def _described(looks: Sequence[Look], small: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return vectors ``(N, 192)`` whose products say how alike layouts and embeddings are."""
    from hdrmetrics.collection.bursts.alike import layouts

    seen = np.stack([np.frombuffer(look.embedding, np.int8) for look in looks]).astype(np.float32)
    seen *= math.sqrt(_EMBEDDED) / np.maximum(np.linalg.norm(seen, axis=1, keepdims=True), 1.0)
    return np.concatenate([layouts(small), seen], axis=1)


def _candidates(vectors: NDArray[np.float32], times: NDArray[np.float64], seconds: float) -> Pairs:
    """Return pairs worth a closer look, the first before the second; all with all, in blocks."""
    firsts, seconds_ = [], []
    for start in range(0, len(vectors), _BLOCK):
        stop = min(start + _BLOCK, len(vectors))
        products = vectors[start:stop] @ vectors[start:].T
        products[np.tril_indices(stop - start)] = -1.0  # each pair once, none with itself
        rows, columns = np.nonzero(products >= _CLOSE_IN_TIME)
        values = products[rows, columns]
        kept = values >= _CLOSE
        kept |= _together(times, rows + start, columns + start, seconds)
        rows, columns = _best(rows[kept], columns[kept], values[kept])
        firsts.append(rows + start)
        seconds_.append(columns + start)
    return np.concatenate(firsts), np.concatenate(seconds_)


def _best(
    rows: NDArray[np.int64], columns: NDArray[np.int64], values: NDArray[np.float32]
) -> Pairs:
    """Return the best columns of each row."""
    order = np.lexsort((columns, -values, rows))
    rows, columns = rows[order], columns[order]
    begins = np.searchsorted(rows, rows, side="left")
    kept = np.arange(len(rows)) - begins < _MOST
    return rows[kept], columns[kept]


def _stars(near: Neighbours) -> list[list[int]]:
    """Return groups of one middle with its neighbours, the middle first; single ones too.

    The one with the most likeness around it is taken first. Then everyone moves to the middle that
    it is most like, and those left over to a group of which it is like more than half.
    """
    free = [True] * len(near)
    heap = [(-sum(own.values()), index) for index, own in enumerate(near)]
    heapq.heapify(heap)
    middles: dict[int, list[int]] = {}
    while heap:
        weight, index = heapq.heappop(heap)
        if not free[index]:
            continue
        own = [other for other in near[index] if free[other]]
        now = -sum(near[index][other] for other in own)
        if now > weight + 1e-9:  # others were taken meanwhile
            heapq.heappush(heap, (now, index))
            continue
        middles[index] = [index]
        for other in (index, *own):
            free[other] = False
    for index, others in enumerate(near):
        if index in middles:
            continue
        best = max((value, -other) for other, value in others.items() if other in middles)
        middles[-best[1]].append(index)
    return _with_half(middles, near)


def _with_half(middles: dict[int, list[int]], near: Neighbours) -> list[list[int]]:
    """Return the groups, single ones moved to the group of which most members are like them."""
    home = {member: middle for middle, own in middles.items() for member in own}
    single = sorted(middle for middle, own in middles.items() if len(own) == 1)
    moved: dict[int, int] = {}
    for index in single:
        shares: dict[int, float] = {}
        for other in near[index]:
            middle = home[other]
            if len(middles[middle]) > 1:
                shares[middle] = shares.get(middle, 0.0) + 1 / len(middles[middle])
        best = max(((share, -middle) for middle, share in shares.items()), default=(0.0, 0))
        if best[0] > 0.5:
            moved[index] = -best[1]
    for index, middle in moved.items():
        middles[middle].append(index)
        del middles[index]
    return [middles[middle] for middle in sorted(middles)]


def _joined(
    looks: Sequence[Look], stars: list[list[int]], near: Neighbours, seconds: float, likeness: float
) -> list[list[int]]:
    """Return groups whose middles are alike as one, where not all neighbours were looked at.

    Where they were, no two middles are alike.
    """
    full = [any(len(near[one]) >= _MOST for one in star) for star in stars]
    large = [star for star, cut in zip(stars, full, strict=True) if cut]
    if len(large) < 2:
        return stars
    middles = [looks[star[0]] for star in large]
    further = _neighbours(middles, _times(middles), seconds, likeness)
    merged = [[m for one in star for m in large[one]] for star in _stars(further)]
    return [star for star, cut in zip(stars, full, strict=True) if not cut] + merged
