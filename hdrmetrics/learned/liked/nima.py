"""NIMA: the mean opinion that people would have of a photograph, and how they would differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from hdrmetrics.errors import ShapeError
from hdrmetrics.learned.borders import Box, box_of
from hdrmetrics.learned.guard import guard_of
from hdrmetrics.learned.liked.card import OpinionCard
from hdrmetrics.learned.liked.distribution import SCORES, mean_score
from hdrmetrics.learned.liked.network import OpinionNetwork
from hdrmetrics.learned.liked.places import neighbourhoods
from hdrmetrics.learned.liked.rendered import NimaOfLight
from hdrmetrics.learned.liked.views import look
from hdrmetrics.learned.liked.weights import load_opinions
from hdrmetrics.learned.spread import hints
from hdrmetrics.learned.stacks import stacks
from hdrmetrics.learned.traits import CELL, Traits, measure
from hdrmetrics.metric import Assessment, Glance, Metric, MetricInfo
from hdrmetrics.numerics.recording import is_transformed
from hdrmetrics.photometry.display import Display
from hdrmetrics.picture.image import Image
from hdrmetrics.picture.light import holds_light

NAME = "nima"
CITATION = "Talebi & Milanfar, NIMA: neural image assessment, IEEE TIP 27(8), 2018"
SMALLEST = 32

_MEASURED_AT = 1024  # px: the side of what traits are measured on
_ENOUGH = 1.56  # times the largest view: measured, see results/ranking
_MAP = 512  # px: the side of the view that maps come from
_WIDTH = SCORES - 1.0


def described(card: OpinionCard) -> MetricInfo:
    """Return the description of a network of opinions as a metric."""
    whose = card.opinions.get("name", "a set of opinions")
    return MetricInfo(
        name=NAME,
        title=f"What people like: mean opinion from 1 to 10, learned from {whose}",
        domain="sdr",
        reference=False,
        higher_is_better=True,
        range=(1.0, float(SCORES)),
        unit="",
        differentiable=True,
        map_kind="distortion",
        minimum_size=SMALLEST,
        citation=CITATION,
        version=card.version,
        axis="liked",
    )


class Nima(Metric):
    """The mean opinion of people on a photograph, from 1, the worst, to 10.

    It says what is *liked*, not whether a picture is *faithful* to an original: people give a
    beautiful picture with some noise more than a dull one without. It looks at the whole picture,
    made small in two sizes as on a screen, inside a plain border if there is one; so the size of a
    file counts for little, and damage that only shows at full size for nothing.

    Parameters
    ----------
    network, card
        Of :func:`~hdrmetrics.learned.liked.weights.load_opinions`. The network is frozen.

    Notes
    -----
    Half a width of an interval follows what the photograph is like; it holds the mean opinion of
    people like those who were asked, on photographs like those they saw.

    References
    ----------
    H. Talebi, P. Milanfar, "NIMA: neural image assessment", IEEE Trans. Image Processing 27(8),
    2018.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics import create_metric
    >>> nima = create_metric("nima")
    >>> noise = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    >>> nima.distribution(noise).shape
    torch.Size([1, 10])
    """

    def __init__(self, network: OpinionNetwork, card: OpinionCard) -> None:
        super().__init__()
        self.info = described(card)
        self.network = network.requires_grad_(False).eval()
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.card = card
        self.enough = enough_for(card)

    def train(self, mode: bool = True) -> Nima:
        """Set the mode of training, but for the network: a loss drops nothing out by chance."""
        super().train(mode)
        self.network.eval()
        return self

    def settings(self) -> dict[str, Any]:
        """Return none: it has no options."""
        return {}

    def conditions(self, reference: Tensor | None = None) -> dict[str, Any]:
        """Return which weights the score comes from, and how the picture is looked at."""
        return {
            "network": self.network.backbone,
            "weights_sha256": self.network.digest or self.card.sha256,
            "opinions": self.card.opinions.get("name"),
            "axis": "liked",
            "views": [view.side for view in self.card.views],
        }

    def distribution(self, test: Tensor, *, mask: Tensor | None = None) -> Tensor:
        """Return what part of people would give each score from 1 to 10, ``(N, 10)``.

        Arguments and errors as for :meth:`~hdrmetrics.metric.Metric.forward`.
        """
        return self._run(test, None, mask, lambda batch, _, own: self._judge(batch, own))

    def suited_to(self, image: Image, display: Display | None = None) -> Metric:
        """Return the metric itself, or for an HDR picture the one that renders it first."""
        if not holds_light(image, display):
            return self
        return NimaOfLight(self)

    def compare(self, test: Tensor, features: Any, mask: Tensor | None) -> Tensor:
        """Return the mean opinion."""
        return mean_score(self._judge(test, mask)).to(test.dtype)

    def compare_map(self, test: Tensor, features: Any) -> Tensor:
        """Return the points that each place is short of 10, if all of the picture were like it."""
        kept = self._ready(test)
        view = look(_colour(kept), _MAP, self.network.least)
        found = neighbourhoods(self.network, view)
        points = SCORES - mean_score(self.network.judge(found.movedim(1, -1)))[:, None]
        return F.interpolate(points, test.shape[-2:], mode="bilinear").to(test.dtype)

    def assess(
        self, test: Tensor, reference: Tensor | None = None, *, mask: Tensor | None = None
    ) -> Assessment:
        """Return mean opinions with their intervals, and warnings where not to rely on them.

        With them comes what :meth:`statistics` found, unless a mask weighted it.
        """
        return cast(Assessment, self._run(test, reference, mask, self._assess))

    def glance(self, test: Tensor, *, mask: Tensor | None = None) -> Glance:
        """Return one picture, checked, with its traits and what lies inside its plain border."""
        one = super().glance(test, mask=mask)
        box = _box(_colour(one.test), one.mask)
        return replace(one, found=(box, middle_traits(one.test[0])))

    def assess_together(self, glances: Sequence[Glance]) -> list[Assessment]:
        """Return what :meth:`assess` says of each; views of one size are seen together."""
        with torch.autocast(glances[0].test.device.type, enabled=False):
            parts = [
                _inside(_colour(self._ready(one.test)), one.mask, one.found[0]) for one in glances
            ]
            seen = self._look_at(parts)
            traits = [one.found[1] for one in glances]
            found = self._concluded(seen, glances[0].test.dtype, traits).apart()
        masked = [one.mask is not None for one in glances]
        return [
            replace(one, seen=()) if own else one for one, own in zip(found, masked, strict=True)
        ]

    def hints(self, test: Tensor) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return scores in [0, 1], ``(N,)``, and hints of how far off they may be, ``(N, F)``.

        See :func:`hdrmetrics.learned.spread.hints`; pictures are ``(N, C, H, W)``, unchecked.
        """
        traits = [middle_traits(one) for one in test]
        value, found = self._hinted(self.statistics(test), test.dtype, traits)
        return ((value - 1) / _WIDTH).double().cpu().numpy(), found

    def _assess(self, test: Tensor, reference: Tensor | None, mask: Tensor | None) -> Assessment:
        seen = self.statistics(test, mask)
        found = self._concluded(seen, test.dtype, [middle_traits(one) for one in test])
        return found if mask is None else replace(found, seen=())

    def _concluded(
        self, seen: list[Tensor], dtype: torch.dtype, traits: list[Traits]
    ) -> Assessment:
        """Return what follows from what was seen of pictures, and from their traits."""
        value, found = self._hinted(seen, dtype, traits)
        low = high = None
        if self.card.interval is not None:
            below, above = self.card.interval.widths.half_widths(found)
            low = (value - _WIDTH * torch.from_numpy(below).to(value)).clamp(min=1.0)
            high = (value + _WIDTH * torch.from_numpy(above).to(value)).clamp(max=float(SCORES))
        return Assessment(value, low, high, tuple(map(self._doubted, traits)), tuple(seen))

    def doubts(self, test: Tensor) -> tuple[tuple[str, ...], ...]:
        """Return what makes each picture of a batch unlike photographs, in sentences; unchecked."""
        return tuple(self._doubted(middle_traits(one)) for one in test)

    def _doubted(self, traits: Traits) -> tuple[str, ...]:
        return tuple(
            f"{self.info.name}: {text}" for text in guard_of("code").doubts(traits, "code")
        )

    def _hinted(
        self, seen: list[Tensor], dtype: torch.dtype, traits: list[Traits]
    ) -> tuple[Tensor, NDArray[np.float64]]:
        """Return mean opinions, and hints of their widths."""
        views, doubts = (
            [one(x) for x in seen] for one in (self.network.judge, self.network.foresee)
        )
        weights = self._weights(views)
        value = mean_score(_mixed(views, weights)).to(dtype)
        own = torch.stack([(mean_score(view) - 1) / _WIDTH for view in views], dim=1)
        doubt = (torch.stack(doubts, dim=-1) * weights).sum(dim=-1) / _WIDTH
        share = weights.expand(len(value), -1)
        return value, hints((value - 1) / _WIDTH, own, share, traits, doubt)

    def _judge(self, test: Tensor, mask: Tensor | None) -> Tensor:
        views = self._views(test, mask)
        return _mixed(views, self._weights(views))

    def _weights(self, views: list[Tensor]) -> Tensor:
        weights = views[0].new_tensor([view.weight for view in self.card.views])
        return weights / weights.sum()

    def statistics(self, test: Tensor, mask: Tensor | None = None) -> list[Tensor]:
        """Return what the trunk sees of each view of pictures, ``(N, F)`` each, unchecked."""
        inside = self._inside(_colour(self._ready(test)), mask)
        found = [self._look_at([one]) for one in inside]
        return [torch.cat(each) for each in zip(*found, strict=True)]

    def _views(self, test: Tensor, mask: Tensor | None) -> list[Tensor]:
        """Return what each view says, ``(N, 10)``."""
        return [self.network.judge(one) for one in self.statistics(test, mask)]

    def _look_at(self, parts: list[tuple[Tensor, Tensor | None]]) -> list[Tensor]:
        """Return what the trunk sees of each view of pictures that have masks or none."""
        pictures, masks = [picture for picture, _ in parts], [mask for _, mask in parts]
        least = self.network.least
        found = []
        for view in self.card.views:  # each made of the one before, which is larger
            pictures = [look(one, view.side, least) for one in pictures]
            masks = [None if one is None else look(one, view.side, least) for one in masks]
            found.append(torch.cat(self._described(pictures, masks)))
        return found

    def _described(self, pictures: list[Tensor], masks: list[Tensor | None]) -> list[Tensor]:
        """Return what the trunk sees of each picture; of those of one size at once."""
        found = list(pictures)
        for places, stack, own in stacks(pictures, masks):
            seen = self.network.describe(stack, own)
            for place, row in zip(
                places, [seen] if len(places) == 1 else torch.split(seen, 1), strict=True
            ):
                found[place] = row
        return found

    def _inside(self, pictures: Tensor, mask: Tensor | None) -> list[tuple[Tensor, Tensor | None]]:
        """Return each picture, and its mask, inside its plain border."""
        masks = None if mask is None else mask.to(pictures).expand(len(pictures), -1, -1, -1)
        if is_transformed(pictures):  # where nothing can depend on pixels
            return [(pictures, masks)]
        found = []
        for index in range(len(pictures)):
            one = pictures[index : index + 1]
            own = None if masks is None else masks[index : index + 1]
            found.append(_inside(one, own, _box(one, own)))
        return found

    def _ready(self, test: Tensor) -> Tensor:
        """Return the pictures, and bring the network to their type."""
        if next(self.network.parameters()).dtype != test.dtype:
            self.network.to(test.dtype)  # the weights are halves: nothing is lost either way
        return test


def enough_for(card: OpinionCard) -> int:
    """Return how many pixels of a photograph's shorter side are as good as more.

    Parameters
    ----------
    card
        Of the network: its largest view decides.
    """
    return round(_ENOUGH * max(view.side for view in card.views))


def load_nima(path: str | Path) -> Nima:
    """Return the metric of a weights file of opinions, your own for example.

    Raises
    ------
    WeightsError
        If the file or its card cannot be read.
    """
    return Nima(*load_opinions(path))


def _box(picture: Tensor, mask: Tensor | None) -> Box:
    return box_of(picture[0], None if mask is None else mask[0], "sdr", repeats=False)


def _inside(picture: Tensor, mask: Tensor | None, box: Box) -> tuple[Tensor, Tensor | None]:
    return box.of(picture), None if mask is None else box.of(mask)


def _mixed(views: list[Tensor], weights: Tensor) -> Tensor:
    return (torch.stack(views, dim=-1) * weights).sum(dim=-1)


def _colour(pictures: Tensor) -> Tensor:
    return pictures.expand(-1, 3, -1, -1)


def middle_traits(picture: Tensor) -> Traits:
    """Return the traits of the middle of a picture, at its own size."""
    height, width = picture.shape[-2:]
    tall, wide = min(height, _MEASURED_AT), min(width, _MEASURED_AT)
    top, left = (height - tall) // 2, (width - wide) // 2
    middle = picture[:, top : top + tall, left : left + wide]
    if min(tall, wide) < CELL:
        raise ShapeError(f"traits are of {CELL}×{CELL} px at least, not {tall}×{wide}")
    return measure(middle, "code")
