"""Learned predictors as metrics of the package."""

from __future__ import annotations

from typing import Any, Literal, cast, get_args

import torch
from torch import Tensor

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.architecture import WINDOW
from hdrmetrics.learned.borders import content
from hdrmetrics.learned.card import Card, HeadCard
from hdrmetrics.learned.fidelity import fidelity_loss, mean_fidelity, natural_look
from hdrmetrics.learned.network import QualityNetwork
from hdrmetrics.learned.whole_image import (
    MINIMUM_SIZE,
    Windows,
    fair_weights,
    score_windows,
    together,
)
from hdrmetrics.metric import Assessment, Metric, MetricInfo
from hdrmetrics.metrics.hdrvdp2.quality import window_exponent
from hdrmetrics.recording import is_transformed

Precision = Literal["float32", "bfloat16"]

_FAMILIES = {
    "none": (
        "norvdpnet",
        "without a reference",
        "Banterle et al., NoR-VDPNet++, IEEE Access 11, 2023",
    ),
    "reference": (
        "diqm",
        "with a reference",
        "Artusi et al., approximation of perceptual metrics (DIQM), IEEE TIP 29, 2020",
    ),
}


_MOST = 0.5  # part of a picture that may look strange before we say so


class LearnedMetric(Metric):
    """What a teacher would say of a picture, as a network has learnt it: 0 to 100, 100 the best.

    The network looks at overlapping windows of 256 px. With a reference, heads taught by HDR-VDP-2
    bring them together as that adds up differences (:func:`window_exponent`): the score is that of
    ``hdrvdp2`` with ``window=256``, and the worst place decides. Heads taught TMQI's structural
    fidelity give 100 times its Q of the picture: from the mean fidelity of the windows and the
    naturalness of the whole test picture, which is computed as TMQI does. Otherwise the score is
    that of the mean quality over the windows. Heads taught by HDR-VDP-2 give its opinion score
    Q_MOS, those taught TMQI's Q 100 times that; a head taught by both is on the scale of the first.

    Without a reference, plain borders of one colour (frames, letterboxes) are left out, except by
    heads that TMQI taught.

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

    Raises
    ------
    OptionError
        If the card does not describe the head, or the precision is not known.

    Notes
    -----
    A mask gives windows the weight of their mean, and places in a window theirs; but what a
    network sees at a place depends on some 60 px around it.

    The loss is one minus the mean target, in (0, 1): unlike the score it does not saturate. Heads
    of structural fidelity have one minus Q, in which the fidelity may leave the range of labels.
    """

    def __init__(
        self,
        network: QualityNetwork,
        card: Card,
        head: str,
        *,
        name: str | None = None,
        precision: Precision = "float32",
    ) -> None:
        super().__init__()
        if precision not in get_args(Precision):
            raise OptionError(
                f"precision is one of {', '.join(get_args(Precision))}; not {precision!r}"
            )
        self.info = describe(card, head, name)
        self.network = network.requires_grad_(False).eval()
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.card, self.head, self.precision = card, head, precision
        self.index = card.architecture.heads.index(head)
        self.head_card: HeadCard = card.heads[head]

    def conditions(self, reference: Tensor | None = None) -> dict[str, Any]:
        """Return which weights, teacher and head the score comes from."""
        return {
            "network": self.card.architecture.name,
            "head": self.head,
            "domain": self.info.domain,
            "weights_sha256": self.card.sha256,
            "teacher": self.head_card.teacher,
            "ppd": self.card.ppd,
            "window": WINDOW,
            "pooling": "energies" if self._adds_up else "fidelity" if self._of_parts else None,
            "precision": self.precision,
        }

    def compare(self, test: Tensor, features: Any, mask: Tensor | None) -> Tensor:
        """Return the score."""
        look = self._natural(test, mask)
        return self._value(self._windows(test, features, mask), test, look)[1]

    def compare_loss(self, test: Tensor, features: Any, mask: Tensor | None) -> Tensor:
        """Return one minus the mean target over the windows, or one minus TMQI's Q."""
        windows, look = self._windows(test, features, mask), self._natural(test, mask)
        if look is not None:
            fidelity = self.head_card.target.free_quality(windows.raw[..., self.index])
            return fidelity_loss(fidelity, self._fair(windows, test), look).to(test.dtype)
        return _mean(torch.sigmoid(-windows.raw[..., self.index]), windows).to(test.dtype)

    def assess(
        self, test: Tensor, reference: Tensor | None = None, *, mask: Tensor | None = None
    ) -> Assessment:
        """Return the scores with their intervals, and a warning for pictures of another kind.

        The warning is coarse. It compares means of the network's first channels with those of the
        training pictures, and is silent unless half of the picture is far from them: white noise,
        a bright picture without detail, or codes given as light of under 1 cd/m² can pass. No
        warning does not mean that the score can be relied on.
        """
        return cast(Assessment, self._run(test, reference, mask, self._assess))

    def _assess(self, test: Tensor, reference: Tensor | None, mask: Tensor | None) -> Assessment:
        windows = self._windows(test, reference, mask)
        look = self._natural(test, mask)
        quality, value = self._value(windows, test, look)
        low = high = None
        interval = self.head_card.interval
        if interval is not None and interval.half_width is not None:
            target = self.head_card.target
            several = (windows.weight > 0).sum(dim=1) > 1
            whole = interval.half_width if interval.whole is None else interval.whole
            half = torch.where(several, whole, interval.half_width).to(quality)
            ends = [
                target.score(target.quality_of_target(target.target(quality) + side), look)
                for side in (-half, half)
            ]
            # Rounding must not put the value outside where the interval ends at it.
            low = torch.minimum(ends[0].to(value.dtype), value)
            high = torch.maximum(ends[1].to(value.dtype), value)
        return Assessment(value, low, high, self._doubts(windows))

    def _doubts(self, windows: Windows) -> tuple[tuple[str, ...], ...]:
        guard = self.head_card.guard
        if guard is None:
            return ()
        distance = guard.distance(windows.description)
        weight = windows.weight.double().cpu()
        outside = (weight * (distance > guard.threshold)).sum(dim=1) / weight.sum(dim=1)
        pairs = zip(outside.tolist(), distance.amax(dim=1).tolist(), strict=True)
        return tuple(() if share < _MOST else (self._doubt(share, far),) for share, far in pairs)

    def _doubt(self, share: float, far: float) -> str:
        guard = self.head_card.guard
        assert guard is not None
        return (
            f"{self.info.name}: {share:.0%} of the picture looks unlike the pictures the network "
            f"was trained on (distance up to {far:.1f}, usual is up to {guard.threshold:.1f}); is "
            f"it of the domain {self.info.domain!r}, and is its scale right? Do not rely on this "
            "score"
        )

    def _value(self, windows: Windows, test: Tensor, look: Tensor | None) -> tuple[Tensor, Tensor]:
        target = self.head_card.target
        values = target.quality(windows.raw[..., self.index])
        if self._of_parts:
            quality = mean_fidelity(values, self._fair(windows, test))
        else:
            quality = self._energies(values, windows) if self._adds_up else _mean(values, windows)
        return quality, target.score(quality, look).to(test.dtype)

    @property
    def _of_parts(self) -> bool:
        """Whether the head predicts one part of a quality, the other being the picture's own."""
        return self.head_card.target.shown == "tmqi-s"

    def _natural(self, test: Tensor, mask: Tensor | None) -> Tensor | None:
        return natural_look(test, mask) if self._of_parts else None

    def _fair(self, windows: Windows, test: Tensor) -> Tensor:
        return fair_weights(self.network, windows, (test.shape[-2], test.shape[-1]))

    @property
    def _adds_up(self) -> bool:
        return adds_up(self.card, self.head)

    def _energies(self, quality: Tensor, windows: Windows) -> Tensor:
        """Return the quality of pictures whose windows' energies add up."""
        assert self.card.ppd is not None, "what HDR-VDP-2 taught was seen at some distance"
        exponent = window_exponent(WINDOW, self.card.ppd)
        share = (windows.weight / windows.weight.sum(dim=1, keepdim=True)).log()
        return torch.logsumexp(exponent * quality + share, dim=1) / exponent

    def _windows(self, test: Tensor, reference: Tensor | None, mask: Tensor | None) -> Windows:
        # Under transforms and tracers a border cannot depend on the pixels.
        if not leaves_borders(self.card, self.head) or is_transformed(test):
            return self._look(test, reference, mask)
        boxes = [content(one, self.info.domain, MINIMUM_SIZE) for one in test]
        whole = (slice(0, test.shape[-2]), slice(0, test.shape[-1]))
        if all(box == whole for box in boxes):
            return self._look(test, None, mask)
        found = []
        for index, (rows, columns) in enumerate(boxes):
            one = test[index : index + 1]
            own = None if mask is None else mask[index : index + 1]
            if own is None or bool(own[..., rows, columns].any()):
                one = one[..., rows, columns]
                own = None if own is None else own[..., rows, columns]
            found.append(self._look(one, None, own))
        return together(found)

    def _look(self, test: Tensor, reference: Tensor | None, mask: Tensor | None) -> Windows:
        if self.network.dtype != test.dtype:
            self.network.to(test.dtype)  # the weights are halves: nothing is lost either way
        if reference is not None:
            reference = reference.expand_as(test)
        half = self.precision == "bfloat16" and test.dtype == torch.float32
        with torch.autocast(test.device.type, torch.bfloat16, enabled=half):
            return score_windows(self.network, test, reference, domain=self.info.domain, mask=mask)


def _mean(values: Tensor, windows: Windows) -> Tensor:
    return (values * windows.weight).sum(dim=1) / windows.weight.sum(dim=1)


def adds_up(card: Card, head: str) -> bool:
    """Whether the windows' qualities come together as their teacher adds up differences.

    Without a reference a window of little content is judged too unsurely to decide over a picture.
    """
    return card.architecture.inputs == "reference" and card.heads[head].target.shown == "hdrvdp2"


def leaves_borders(card: Card, head: str) -> bool:
    """Whether plain borders are left out: nothing to judge where there is no reference.

    To TMQI, whose teacher sees how bright a tone-mapped picture is on the whole, they belong to it.
    """
    return card.architecture.inputs == "none" and card.heads[head].target.shown == "hdrvdp2"


def family(card: Card) -> str:
    """Return ``norvdpnet`` or ``diqm``."""
    return _FAMILIES[card.architecture.inputs][0]


def describe(card: Card, head: str, name: str | None = None) -> MetricInfo:
    """Return the description of a head as a metric.

    Raises
    ------
    OptionError
        If the card does not describe this head.
    """
    if head not in card.heads:
        raise OptionError(
            f"the card describes no head {head!r}; it has {', '.join(card.heads) or 'none'}"
        )
    inputs = card.architecture.inputs
    prefix, how, citation = _FAMILIES[inputs]
    return MetricInfo(
        name=name or f"{prefix}-{head}",
        title=f"Learned {card.heads[head].teacher} {how} ({', '.join(card.heads[head].sets)})",
        domain=card.heads[head].domain,
        reference=inputs == "reference",
        higher_is_better=True,
        range=(0.0, 100.0),
        unit="",
        differentiable=True,
        map_kind=None,
        minimum_size=MINIMUM_SIZE,
        citation=citation,
        version=f"{card.version}+1" if card.heads[head].target.shown == "hdrvdp2" else card.version,
    )
