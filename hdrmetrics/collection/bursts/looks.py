"""Looks are made: of a picture in memory, and of what its file says of the time."""

from __future__ import annotations

import functools
import os
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from hdrmetrics.collection.bursts.faults import faults_of
from hdrmetrics.collection.bursts.look import SIDE, WIDTH, Look
from hdrmetrics.collection.bursts.taken import taken_at
from hdrmetrics.errors import ShapeError
from hdrmetrics.jobs.inputs import Units, prepare_inputs
from hdrmetrics.learned.borders import box_of
from hdrmetrics.learned.liked.card import OpinionCard
from hdrmetrics.learned.liked.catalogue import WEIGHTS
from hdrmetrics.learned.liked.network import OpinionNetwork, Trunk
from hdrmetrics.learned.liked.nima import NAME, enough_for
from hdrmetrics.learned.liked.rendered import STOPS, exposures
from hdrmetrics.learned.liked.views import look
from hdrmetrics.learned.liked.weights import load_opinions
from hdrmetrics.learned.tensorfile import SUFFIX
from hdrmetrics.photometry.color import luminance
from hdrmetrics.picture.image import Image
from hdrmetrics.picture.light import holds_light

VERSION = 1
"""Of looks: those of another version are made again."""

_SEED = 18


@torch.no_grad()
def look_of(
    image: Image, path: str | os.PathLike[str] = "", statistics: list[Tensor] | None = None
) -> Look:
    """Return what a picture looks like.

    Parameters
    ----------
    image
        As read, in full or reduced; HDR pictures are looked at in an exposure whose logarithmic
        mean is 0.18.
    path
        Its file, for the time at which it was taken; empty where there is none.
    statistics
        What ``nima`` saw of it (:meth:`hdrmetrics.learned.liked.nima.Nima.statistics`), where it
        was scored: the look is the same and costs less.

    Raises
    ------
    PixelValueError
        For NaN or infinity.
    ShapeError
        If statistics are those of another network.

    Examples
    --------
    >>> import hdrmetrics as hm, numpy as np
    >>> grey = look_of(hm.as_image(np.full((64, 96, 3), 128, np.uint8)))
    >>> set(grey.small), grey.noise, grey.taken
    ({128}, 0.0, '')
    """
    codes = shown(image)
    box = box_of(codes, None, "sdr", repeats=False)
    inside = box.of(codes)
    small = luminance(F.adaptive_avg_pool2d(inside, SIDE)[None])[0, 0].clamp(0.0, 1.0)
    seen = _seen(inside) if statistics is None else statistics[-1]
    found = faults_of(inside)
    if holds_light(image):
        found = found._replace(bright=0.0, dark=0.0)  # the exposure's ends, not the picture's
    return Look(
        (255 * small).round().to(torch.uint8).numpy().tobytes(),
        embedded(seen[0]).tobytes(),
        taken_at(path) if path else "",
        *found,
    )


@torch.no_grad()
def seen_of(image: Image) -> list[Tensor]:
    """Return what the network sees of a picture, for :func:`look_of`.

    Parameters
    ----------
    image
        As read; a photograph of :func:`enough` pixels is as good as a larger one.

    Raises
    ------
    PixelValueError
        For NaN or infinity.
    """
    codes = shown(image)
    box = box_of(codes, None, "sdr", repeats=False)
    return [_seen(box.of(codes))]


def enough() -> int:
    """Return how many pixels of the shorter side are enough for what the network sees.

    Examples
    --------
    >>> enough()
    699
    """
    return enough_for(_loaded()[1])


def sight() -> list[Any]:
    """Return what looks owe to the network: which weights see, in which views, as JSON has it.

    Examples
    --------
    >>> len(sight()[0])
    64
    """
    return [_network().digest, *_sides()]


def shown(image: Image) -> Tensor:
    """Return a picture's codes ``(C, H, W)`` in [0, 1]; of HDR pictures the middle exposure.

    Raises
    ------
    PixelValueError
        For NaN or infinity.
    """
    if holds_light(image):
        light = prepare_inputs(image, None, "hdr", Units()).test
        return exposures(light.clamp(min=0.0))[STOPS.index(0.0)][0]
    return prepare_inputs(image, None, "sdr", Units()).test[0]


def embedded(statistics: Tensor) -> NDArray[np.int8]:
    """Return the embedding of statistics ``(F,)`` of the smaller view, ``(128,)``.

    The means of the last two levels, standardised, turned by fixed directions at right angles.

    Raises
    ------
    ShapeError
        If they are those of another network.
    """
    network = _network()
    if statistics.shape != (network.count,):
        raise ShapeError(
            f"statistics of {NAME} are {network.count} numbers, not {tuple(statistics.shape)}: "
            "give what its statistics() returned for this picture alone"
        )
    standard = network.standard(statistics)
    channels = cast(Trunk, network.trunk).channels
    chosen = torch.cat([standard[place] for place in _places(channels)])
    vector = (_directions(len(chosen)) @ chosen.double()).numpy()
    largest = max(float(np.abs(vector).max()), 1e-12)
    return np.round(127 * vector / largest).astype(np.int8)


def _seen(inside: Tensor) -> Tensor:
    """Return the statistics ``(1, F)`` of the smaller view, made as ``nima`` makes it."""
    network = _network()
    view = inside[None].expand(1, 3, -1, -1)
    for side in _sides():
        view = look(view, side, network.least)
    return network.describe(view)


def _places(channels: tuple[int, ...]) -> list[slice]:
    """Return where the means of the last two levels stand: each level has means, deviations."""
    ends = 2 * np.cumsum(channels)
    last = zip(ends[-2:].tolist(), channels[-2:], strict=True)
    return [slice(end - 2 * count, end - count) for end, count in last]


@functools.cache
def _loaded() -> tuple[OpinionNetwork, OpinionCard]:
    network, card = load_opinions(WEIGHTS / f"{NAME}{SUFFIX}")
    # Once, before threads share it: weights laid out anew while another thread reads them are gone
    # under its hands, which ends the process.
    network.requires_grad_(False).eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network, card


def _network() -> OpinionNetwork:
    return _loaded()[0]


def _sides() -> tuple[int, ...]:
    return tuple(view.side for view in _loaded()[1].views)


@functools.cache
def _directions(count: int) -> Tensor:
    """Return orthonormal rows ``(128, count)``."""
    drawn = np.random.default_rng(_SEED).standard_normal((count, WIDTH))
    return torch.from_numpy(np.linalg.qr(drawn)[0].T.copy())
