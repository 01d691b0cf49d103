"""Learned no-reference and full-reference metrics: what a teacher would say of a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal, cast, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.explanation import Explanation
from hdrmetrics.learned.architecture import WINDOW
from hdrmetrics.learned.borders import Box, box_of
from hdrmetrics.learned.card import Card, HeadCard
from hdrmetrics.learned.describing import describe, leaves_borders, pooling_exponent
from hdrmetrics.learned.faults import REACH, joint_probabilities
from hdrmetrics.learned.fidelity import fidelity_loss, mean_fidelity, natural_look
from hdrmetrics.learned.fronts.cells import CELL
from hdrmetrics.learned.fronts.compared import CellsCompared
from hdrmetrics.learned.fronts.pixels import Kind, kinds
from hdrmetrics.learned.guard import guard_of
from hdrmetrics.learned.network import QualityNetwork
from hdrmetrics.learned.places import SQUARE, judge_places, see_places, spread
from hdrmetrics.learned.sampled import Places, every, sampled_rows, sampled_windows
from hdrmetrics.learned.spread import hints
from hdrmetrics.learned.stacks import stacks
from hdrmetrics.learned.target import bring_together
from hdrmetrics.learned.traits import Traits, measure
from hdrmetrics.learned.whole_image import (
    FLOATS,
    Windows,
    fair_weights,
    score_windows,
    together,
)
from hdrmetrics.metric import Assessment, Glance, Metric
from hdrmetrics.numerics.recording import is_recording, is_transformed

Precision = Literal["float32", "bfloat16"]

PRECISION = Parameter(
    "precision", "float32", None, "", "of the network's stages", "choice", get_args(Precision)
)
PLACES = Parameter(
    "places", "all", None, "", "of large pictures that are looked at", "choice", get_args(Places)
)

WIDE = 90.0
"""Points of an interval beyond which a score says next to nothing. Without a reference most whole
pictures have 60 to 85, since damage in places may go unseen; such scores order pictures on average
only, which the README says once, and not a warning beside each."""


class LearnedMetric(Metric):
    """What a teacher would say of a picture, as a network has learnt it: 0 to 100, 100 the best.

    The network looks at windows of 256 px. With a reference, heads taught by HDR-VDP-2
    bring them together as that adds up differences (:func:`window_exponent`): the score is that of
    ``hdrvdp2`` with ``window=256``, and the worst place decides; so do those whose card has an
    exponent. Heads taught TMQI's structural fidelity give 100 times its Q of the picture: from the
    mean fidelity of the windows and the naturalness of the whole test picture, which is computed as
    TMQI does. Otherwise the score is that of the mean quality over the windows. Heads taught by
    HDR-VDP-2 give its opinion score Q_MOS, those taught TMQI's Q 100 times that; a head taught by
    both is on the scale of the first.

    Without a reference, plain borders of one colour (frames, letterboxes) are left out, except by
    heads that TMQI taught; where the worst decides they count as places where nothing is wrong. Of
    a picture that repeats itself exactly, three times or more, one repetition is seen: the seams of
    a mosaic are no damage (to the loss, and in maps, they are). Windows overlap by half at least
    where the worst decides, since what is lost or moved shows by its seam alone. Under transforms
    (``torch.func``), where nothing can depend on pixels, all of the picture is seen as it is.

    Parameters
    ----------
    network, card
        Of :func:`~hdrmetrics.learned.weights.load_weights`. The network is frozen.
    head
        Name of the output.
    name
        Of the metric; ``None`` for family and head, as in ``norvdpnet-hdr-c``.
    precision
        Of the convolutions: ``bfloat16`` is faster where the processor has it.
    places
        ``sampled``: of a picture from some four megapixels on a part is looked at, spread evenly
        over it (:mod:`hdrmetrics.learned.sampled`), in a third of the time. The order of
        photographs is nearly that of all places (Kendall .92, ``results/ranking``). Not with a
        reference, with a mask, under transforms, or in loss and maps.

    Raises
    ------
    OptionError
        If the card does not describe the head, or the precision is not known.

    Notes
    -----
    A mask gives windows the weight of their mean, and places in a window theirs; but what a
    network sees at a place depends on some 60 px around it.

    The loss is one minus the picture's target, in (0, 1) (the mean over windows, where they do not
    come together otherwise): unlike the score it does not saturate. Heads of structural fidelity
    have one minus Q, in which the fidelity may leave the range of labels.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics import create_metric
    >>> reference = torch.linspace(1, 500, 3 * 256 * 256).view(1, 3, 256, 256)
    >>> score = create_metric("diqm-hdr-c")(0.5 * reference, reference)
    >>> bool(score < create_metric("diqm-hdr-c")(reference, reference))
    True
    """

    option_parameters = (PRECISION, PLACES)

    def __init__(
        self,
        network: QualityNetwork,
        card: Card,
        head: str,
        *,
        name: str | None = None,
        precision: Precision = "float32",
        places: Places = "all",
    ) -> None:
        super().__init__()
        PRECISION.check(precision)
        PLACES.check(places)
        self.info = describe(card, head, name)
        self.network = network.requires_grad_(False).eval()
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.card, self.head, self.precision, self.places = card, head, precision, places
        self.index = card.architecture.heads.index(head)
        self.head_card: HeadCard = card.heads[head]

    def conditions(self, reference: Tensor | None = None) -> dict[str, Any]:
        """Return which weights, teacher and head the score comes from."""
        return {
            "network": self.card.architecture.name,
            "head": self.head,
            "domain": self.info.domain,
            "weights_sha256": self.network.digest or self.card.sha256,
            "teacher": self.head_card.teacher,
            "ppd": self.card.ppd,
            "window": WINDOW,
            "overlap": 0.5 if self._overlaps else 0.0,
            "pooling": self._pooling,
            "exponent": self._exponent,
            "precision": self.precision,
        } | ({} if self.places == "all" else {"places": self.places})

    def compare(self, test: Tensor, features: Any, mask: Tensor | None) -> Tensor:
        """Return the score."""
        windows = self._windows(test, features, mask, self._boxes(test, mask))
        return self._value(windows, test, self._natural(test, mask))[1]

    def compare_loss(self, test: Tensor, features: Any, mask: Tensor | None) -> Tensor:
        """Return one minus the target of the picture, or one minus TMQI's Q."""
        # Every repetition has its gradient, and the loss is that of seams too.
        boxes = self._boxes(test, mask, repeats=False)
        windows = self._windows(test, features, mask, boxes)
        raw, look = windows.raw[..., self.index], self._natural(test, mask)
        if look is not None:
            fidelity = self.head_card.target.free_quality(raw)
            return fidelity_loss(fidelity, self._fair(windows, test), look).to(test.dtype)
        if self.head_card.exponent is None:
            return _mean(torch.sigmoid(-raw), windows).to(test.dtype)
        target = self.head_card.target
        quality = self._together(target.free_quality(raw), windows, test)
        return (1.0 - target.target(quality)).to(test.dtype)

    def compare_map(self, test: Tensor, features: Any) -> Tensor:
        """Return where something is wrong, ``(N, 1, H, W)``.

        With a reference, of heads taught by HDR-VDP-2, the probability that a difference is seen,
        for each 8 × 8 pixels: what the front end says of it before any learning, near to the map of
        ``hdrvdp2`` but no imitation of it.

        Otherwise, for each 16 × 16 pixels, the points that are missing to a score of 100 if all of
        the picture were like these, or, without a reference, like the 80 × 80 pixels around them.
        Plain borders, which scores leave out, are judged too: a half painted grey is one.
        """
        if self.info.map_kind == "probability":
            with self._precisely(test):
                front = self.network.front
                assert isinstance(front, CellsCompared)
                seen = see_places(front, test, features.expand_as(test), domain=self.info.domain)
            return spread(seen, *test.shape[-2:], side=SQUARE).to(test.dtype)
        head = self.network.heads[self.head]

        def judge(pooled: Tensor) -> Tensor:
            with torch.autocast(pooled.device.type, enabled=False):
                return self._missing(head(pooled.to(self.network.dtype)))

        reach = 0 if self.info.reference else REACH
        said = self._judge(test, features, judge, reach)
        return spread(said, *test.shape[-2:]).to(test.dtype)

    def compare_explanation(self, test: Tensor, features: Any, mask: Tensor | None) -> Explanation:
        """Return the faults of each picture, and of the 80 × 80 pixels around each 16 × 16."""
        card = self.card.faults
        assert card is not None, "metrics without faults do not come here"

        def judge(pooled: Tensor) -> Tensor:
            return card.probabilities(self.network.name_faults(pooled), places=True)

        with torch.no_grad():
            windows = self._windows(test, features, mask, self._boxes(test, mask))
            faults = joint_probabilities(
                card.probabilities(windows.faults),
                windows.weight,
                self._missing(windows.raw[..., self.index]),
            )
            places = self._judge(test, features, judge, REACH)
        return Explanation(card.names, faults, places, CELL)

    def assess(
        self, test: Tensor, reference: Tensor | None = None, *, mask: Tensor | None = None
    ) -> Assessment:
        """Return the scores with their intervals, and warnings where not to rely on them.

        Warnings say what is odd about a picture: light on a scale that no training picture had,
        pixels that are spread as those of another kind, next to nothing to judge, a drawing
        (:mod:`hdrmetrics.learned.guard`); and that an interval is so wide that the order of
        scores means little. They follow from the picture inside its plain border.
        No warning does not mean that the score can be relied on.
        """
        return cast(Assessment, self._run(test, reference, mask, self._assess))

    def glance(self, test: Tensor, *, mask: Tensor | None = None) -> Glance:
        """Return one picture, checked, with its traits and what of it is looked at."""
        one = super().glance(test, mask=mask)
        boxes = self._boxes(one.test, one.mask)
        return replace(one, found=(boxes, self._traits(one.test, boxes, self._kind)))

    def assess_together(self, glances: Sequence[Glance]) -> list[Assessment]:
        """Return what :meth:`assess` says of each; windows of pictures of one size go together.

        Those of pictures that are sampled are seen one picture after the other.
        """
        found = []
        with torch.autocast(glances[0].test.device.type, enabled=False):
            for one, windows in zip(glances, self._windows_together(glances), strict=True):
                look = self._natural(one.test, one.mask)
                traits = one.found[1]
                doubts = self._doubts(traits)
                found.append(self._concluded(windows, one.test, look, traits, doubts))
        return found

    def look(
        self, test: Tensor, reference: Tensor | None = None, *, mask: Tensor | None = None
    ) -> tuple[Tensor, NDArray[np.float64]]:
        """Return the scores of pictures in [0, 1], ``(N,)``, and hints of their widths ``(N, F)``.

        See :func:`hdrmetrics.learned.spread.hints`; the arguments are those of a call, unchecked.
        """
        boxes = self._boxes(test, mask)
        windows = self._windows(test, reference, mask, boxes)
        look = self._natural(test, mask)
        quality, _ = self._value(windows, test, look)
        traits = self._traits(test, boxes, self._kind)
        return self._hints(quality, windows, traits, look)

    def _assess(self, test: Tensor, reference: Tensor | None, mask: Tensor | None) -> Assessment:
        boxes = self._boxes(test, mask)
        windows = self._windows(test, reference, mask, boxes)
        look = self._natural(test, mask)
        traits = self._traits(test, boxes, self._kind)
        doubts = self._doubts(traits)
        if reference is not None:
            other = kinds(self.info.domain)[1]
            beside = self._traits(reference.expand(len(test), -1, -1, -1), None, other)
            doubts = [
                _of_both(found, guard_of(other).doubts(one, other))
                for found, one in zip(doubts, beside, strict=True)
            ]
        return self._concluded(windows, test, look, traits, doubts)

    @property
    def _kind(self) -> Kind:
        """What the test picture is of."""
        return kinds(self.info.domain)[0]

    def _doubts(self, traits: list[Traits]) -> list[tuple[str, ...]]:
        own, rendered = self._kind, self.info.domain == "tonemapped"
        return [guard_of(own).doubts(one, own, rendered=rendered) for one in traits]

    def _concluded(
        self,
        windows: Windows,
        test: Tensor,
        look: Tensor | None,
        traits: list[Traits],
        doubts: list[tuple[str, ...]],
    ) -> Assessment:
        """Return what follows from the windows of pictures, their looks, traits and doubts."""
        quality, value = self._value(windows, test, look)
        low = high = None
        ends = self._ends(quality, windows, traits, look)
        if ends is not None:
            # Rounding must not put the value outside where the interval ends at it.
            low, high = (end.to(value.dtype) for end in ends)
            low, high = torch.minimum(low, value), torch.maximum(high, value)
            wide = zip(doubts, low.tolist(), high.tolist(), strict=True)
            doubts = [(*found, *_too_wide(bottom, top)) for found, bottom, top in wide]
        named = tuple(tuple(f"{self.info.name}: {text}" for text in found) for found in doubts)
        return Assessment(value, low, high, named)

    def _ends(
        self, quality: Tensor, windows: Windows, traits: list[Traits], look: Tensor | None
    ) -> tuple[Tensor, Tensor] | None:
        """Return where the intervals end, as scores; ``None`` where none was measured."""
        interval = self.head_card.interval
        if interval is None or interval.half_width is None:
            return None
        scale = self.head_card.target
        several = (windows.weight > 0).sum(dim=1) > 1
        whole = interval.half_width if interval.whole is None else interval.whole
        half = torch.where(several, whole, interval.half_width).to(quality)
        middle = scale.target(quality)
        low, high = (
            scale.score(scale.quality_of_target(side), look)
            for side in (middle - half, middle + half)
        )
        score, found = self._hints(quality, windows, traits, look)
        for chosen, widths in ((~several, interval.adapts), (several, interval.adapts_whole)):
            if widths is None:
                continue
            below, above = (torch.from_numpy(x).to(score) for x in widths.half_widths(found))
            low = torch.where(chosen, 100 * (score - below).clamp(min=0.0), low)
            high = torch.where(chosen, 100 * (score + above).clamp(max=1.0), high)
        return low, high

    def _hints(
        self, quality: Tensor, windows: Windows, traits: list[Traits], look: Tensor | None
    ) -> tuple[Tensor, NDArray[np.float64]]:
        scale = self.head_card.target
        score = scale.score(quality, look) / 100
        beside = None if look is None else look[:, None]
        own = scale.score(scale.quality(windows.raw[..., self.index]), beside) / 100
        return score, hints(score, own, windows.weight, traits)

    def _traits(self, pictures: Tensor, boxes: list[Box] | None, kind: Kind) -> list[Traits]:
        places = boxes or [Box(slice(None), slice(None), 1.0)] * len(pictures)
        inside = [box.of(one) for one, box in zip(pictures, places, strict=True)]
        return [measure(self._rows(one), kind) for one in inside]

    def _rows(self, picture: Tensor) -> Tensor:
        """Return the rows of a picture whose traits are measured."""
        skip = self._skip(picture)
        if skip == 1:
            return picture
        return picture.index_select(-2, sampled_rows(picture.shape[-2], skip).to(picture.device))

    def _skip(self, picture: Tensor) -> int:
        if self.places == "all" or self.info.reference:
            return 1
        return every(picture.shape[-2], picture.shape[-1])

    def _value(self, windows: Windows, test: Tensor, look: Tensor | None) -> tuple[Tensor, Tensor]:
        target = self.head_card.target
        values = target.quality(windows.raw[..., self.index])
        quality = self._together(values, windows, test)
        return quality, target.score(quality, look).to(test.dtype)

    def _together(self, quality: Tensor, windows: Windows, test: Tensor) -> Tensor:
        """Return the quality of pictures from that of their windows."""
        if self._of_parts:
            return mean_fidelity(quality, self._fair(windows, test))
        if self._exponent is None:
            return _mean(quality, windows)
        # A border adds area and no damage.
        plain = windows.inside.log() / self._exponent
        return bring_together(quality, windows.weight, self._exponent) + plain

    @property
    def _pooling(self) -> str | None:
        """How windows come together, in a word; ``None`` for their mean."""
        if self._of_parts:
            return "fidelity"
        return None if self._exponent is None else "energies"

    @property
    def _of_parts(self) -> bool:
        """Whether the head predicts one part of a quality, the other being the picture's own."""
        return self.head_card.target.shown == "tmqi-s"

    def _natural(self, test: Tensor, mask: Tensor | None) -> Tensor | None:
        return natural_look(test, mask) if self._of_parts else None

    def _fair(self, windows: Windows, test: Tensor) -> Tensor:
        return fair_weights(windows, (test.shape[-2], test.shape[-1]))

    @property
    def _overlaps(self) -> bool:
        """Whether windows overlap: without a reference the seam of a lost half is all there is."""
        return self.info.reference is False and self._exponent is not None

    @property
    def _exponent(self) -> float | None:
        return pooling_exponent(self.card, self.head)

    def _boxes(
        self, test: Tensor, mask: Tensor | None, *, repeats: bool = True
    ) -> list[Box] | None:
        """Return what of each picture is looked at; ``None`` for all of it."""
        # Under transforms and tracers a border cannot depend on the pixels.
        if not leaves_borders(self.card, self.head) or is_transformed(test):
            return None
        masks = [None] * len(test) if mask is None else mask.expand(len(test), -1, -1, -1)
        boxes = [
            box_of(one, own, self.info.domain, repeats=repeats)
            for one, own in zip(test, masks, strict=True)
        ]
        return None if all(box == _whole(test) for box in boxes) else boxes

    def _windows(
        self, test: Tensor, reference: Tensor | None, mask: Tensor | None, boxes: list[Box] | None
    ) -> Windows:
        if boxes is None:
            return self._look(test, reference, mask)
        found = []
        for index, box in enumerate(boxes):
            one = box.of(test[index : index + 1])
            own = None if mask is None else box.of(mask[index : index + 1])
            windows = self._look(one, None, own)
            found.append(replace(windows, inside=box.share * windows.inside))
        return together(found)

    def _windows_together(self, glances: Sequence[Glance]) -> list[Windows]:
        """Return the windows of each picture, from passes over all that are of one size.

        A pass holds of each what it would hold of it alone.
        """
        boxes = [(one.found[0] or [_whole(one.test)])[0] for one in glances]
        pictures = [box.of(one.test) for one, box in zip(glances, boxes, strict=True)]
        masks = [
            None if one.mask is None else box.of(one.mask)
            for one, box in zip(glances, boxes, strict=True)
        ]
        found: dict[int, Windows] = {}
        for places, stack, own in stacks(pictures, masks):
            seen = self._look(stack, None, own, floats=FLOATS * len(places)).apart()
            for place, windows in zip(places, seen, strict=True):
                found[place] = replace(windows, inside=boxes[place].share * windows.inside)
        return [found[place] for place in range(len(glances))]

    def _missing(self, raw: Tensor) -> Tensor:
        """Return the points that raw outputs of the head are short of 100."""
        target = self.head_card.target
        # Of TMQI's parts only the fidelity has places.
        look = torch.ones_like(raw) if self._of_parts else None
        return 100.0 - target.score(target.quality(raw), look)

    def _judge(
        self,
        test: Tensor,
        reference: Tensor | None,
        judge: Callable[[Tensor], Tensor],
        reach: int,
    ) -> Tensor:
        if reference is not None:
            reference = reference.expand_as(test)
        with self._precisely(test):
            return judge_places(
                self.network, test, reference, judge, domain=self.info.domain, reach=reach
            )

    def _precisely(self, test: Tensor) -> torch.autocast:
        """Return the context in which the network sees pictures of this precision."""
        if self.network.dtype != test.dtype:
            self.network.to(test.dtype)  # the weights are halves: nothing is lost either way
        half = self.precision == "bfloat16" and test.dtype == torch.float32
        return torch.autocast(test.device.type, torch.bfloat16, enabled=half)

    def _look(
        self,
        test: Tensor,
        reference: Tensor | None,
        mask: Tensor | None,
        floats: int = FLOATS,
    ) -> Windows:
        skip = 1 if mask is not None or is_recording(test) else self._skip(test)
        if skip > 1:
            with self._precisely(test):
                return together([self._sample(one, skip) for one in torch.split(test, 1)])
        if reference is not None:
            reference = reference.expand_as(test)
        with self._precisely(test):
            return score_windows(
                self.network,
                test,
                reference,
                domain=self.info.domain,
                mask=mask,
                overlap=self._overlaps,
                floats=floats,
            )

    def _sample(self, picture: Tensor, skip: int) -> Windows:
        return sampled_windows(
            self.network, picture, domain=self.info.domain, overlap=self._overlaps, skip=skip
        )


def _whole(pictures: Tensor) -> Box:
    return Box(slice(0, pictures.shape[-2]), slice(0, pictures.shape[-1]), 1.0)


def _mean(values: Tensor, windows: Windows) -> Tensor:
    return (values * windows.weight).sum(dim=1) / windows.weight.sum(dim=1)


def _of_both(test: tuple[str, ...], reference: tuple[str, ...]) -> tuple[str, ...]:
    """Return the doubts of two pictures, what is odd about both only once."""
    if test == reference:
        return tuple(f"test and reference: {text}" for text in test)
    pairs = ("test", test), ("reference", reference)
    return tuple(f"{role}: {text}" for role, found in pairs for text in found)


def _too_wide(low: float, high: float) -> tuple[str, ...]:
    if high - low <= WIDE:
        return ()
    text = (
        f"the interval goes from {low:.0f} to {high:.0f}: too wide to order pictures by. Compare "
        "with a reference where there is one (diqm, hdrvdp2), or judge by eye"
    )
    return (text,)
