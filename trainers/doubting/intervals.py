"""The intervals of a head, fitted to pictures of scenes that nothing was trained on."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.card import Card, HeadCard, Interval
from hdrmetrics.learned.predictor import LearnedMetric
from hdrmetrics.learned.spread import Spread
from trainers.doubting.frames import Frame, find_frames
from trainers.doubting.observe import Observed, joined, observe, observe_set, taught_alike
from trainers.doubting.spreads import fit_spread
from trainers.doubting.strange import surrounded
from trainers.feeding.crops import find_store
from trainers.feeding.labels import find_labels

COVERAGE = 0.9
OPENS = 0.6
"""Empty part of a picture beyond which the interval of a score without a reference opens up: one
real picture in a hundred is emptier."""

SURROUND = "surround"
"""What is said to be done to pictures in a blurred surround."""

FEWEST = 9
"""Groups of scenes that intervals of that coverage need."""

_SURROUNDS = 0.1, 0.6  # parts of the area


def with_intervals(
    metric: LearnedMetric,
    sets: Sequence[str],
    *,
    tables: Path,
    stores: Path,
    most: int,
) -> HeadCard:
    """Return the card of a head with intervals that follow the picture.

    Pictures of one window and of several have spreads of their own. A head without a reference is
    shown untouched pictures in a blurred surround too, whose truth is that nothing is wrong.

    Parameters
    ----------
    metric
        The head.
    sets
        Names of labelled sets; those of another teacher or kind of pixels are passed over.
    tables, stores
        Folders with labels and crops, or whole frames.
    most
        Pictures of each set at most.

    Raises
    ------
    OptionError
        If no set is the head's, or it has a spread neither for one window nor for several.
    ImageReadError
        If labels or pictures cannot be read.
    """
    own = [name for name in sets if taught_alike(metric, find_labels(tables, name))]
    if not own:
        raise OptionError(f"none of {', '.join(sets)} has the teacher of {metric.info.name}")
    parts = []
    for name in own:
        parts.append(
            observe_set(metric, name, tables=tables, stores=stores, split="validation", most=most)
        )
        if not metric.info.reference and bool(parts[-1].several.any()):
            parts += in_surrounds(metric, name, tables=tables, stores=stores)
    found = joined(parts)
    opens = 1.0 if metric.info.reference else OPENS
    spreads = {several: _spread(found, several, opens) for several in (False, True)}
    if spreads[False] is None and spreads[True] is None:
        raise OptionError(
            f"intervals of {metric.info.name} need {FEWEST} groups of validation scenes at least"
        )
    before = metric.head_card.interval
    if before is None or before.half_width is None:
        groups = int(np.unique(found.group).size)
        # What one width for all would be is not measured again: half the scale is a stand-in that
        # only pictures without a spread of their own would see.
        before = Interval(COVERAGE, 0.5, groups)
    interval = replace(before, coverage=COVERAGE, adapts=spreads[False], adapts_whole=spreads[True])
    return replace(metric.head_card, interval=interval)


def in_surrounds(
    metric: LearnedMetric,
    name: str,
    *,
    tables: Path,
    stores: Path,
    split: str = "validation",
) -> list[Observed]:
    """Return what a head says of untouched frames, one of each group, in blurred surrounds."""
    store = find_store(stores, name)
    first: dict[str, Frame] = {}
    for frame in find_frames(tables, name, split):
        if frame.inside(store, True):
            first.setdefault(frame.group, frame)
    scale = metric.head_card.target
    best = scale.most if scale.higher_is_better else scale.least
    parts = []
    for group, frame in first.items():
        rng = np.random.default_rng(zlib.crc32(group.encode()))
        share = float(rng.uniform(*_SURROUNDS))
        picture = surrounded(frame.picture(store, reference=True)[None], share)[0]
        parts.append(observe(metric, picture, None, best, group=group, name=SURROUND))
    store.release()
    return parts


def with_heads(card: Card, heads: Sequence[tuple[str, HeadCard]]) -> Card:
    """Return a card with the cards of some of its heads replaced."""
    return replace(card, heads={**card.heads, **dict(heads)})


def _spread(found: Observed, several: bool, opens: float) -> Spread | None:
    own = found.select(found.several == several)
    if np.unique(own.group).size < FEWEST:
        return None
    return fit_spread(own.hints, own.score, own.truth, own.group, coverage=COVERAGE, opens=opens)
