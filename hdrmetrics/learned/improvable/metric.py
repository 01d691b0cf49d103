"""Improvability: how probable it is that enhancement improves a photograph."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from hdrmetrics.errors import OptionError, WeightsError
from hdrmetrics.learned.guard import guard_of
from hdrmetrics.learned.improvable.card import ALL, HARM, GainCard, Output
from hdrmetrics.learned.improvable.crops import around
from hdrmetrics.learned.improvable.memory import fingerprint, remembered
from hdrmetrics.learned.improvable.network import GainLayer, describe_parts, parts_of
from hdrmetrics.learned.improvable.weights import load_gains
from hdrmetrics.learned.liked.nima import SMALLEST, middle_traits
from hdrmetrics.learned.restoring.net import MULTIPLE, RestorationNet
from hdrmetrics.learned.restoring.weights import SHIPPED, load_restoration
from hdrmetrics.metric import Assessment, Metric, MetricInfo
from hdrmetrics.numerics.recording import is_recording

NAME = "improvability"
HARM_NAME = "enhancement-harm"
CITATION = "Talebi et al., WO2024076611A1, 2024; Talebi & Milanfar, NIMA, IEEE TIP 27(8), 2018"


def metric_name(output: str) -> str:
    """Return the name of the metric of an output.

    Examples
    --------
    >>> metric_name("all"), metric_name("lens-blur"), metric_name("harm")
    ('improvability', 'improvability-lens-blur', 'enhancement-harm')
    """
    if output == HARM:
        return HARM_NAME
    return NAME if output == ALL else f"{NAME}-{output}"


def described(card: GainCard, output: str) -> MetricInfo:
    """Return the description of an output as a metric."""
    what = "enhancement" if output == ALL else f"mending {output.replace('-', ' ')}"
    does = "enhancement harms" if output == HARM else f"{what} improves"
    return MetricInfo(
        name=metric_name(output),
        title=f"How probable it is that {does} a photograph ({card.enhancer})",
        domain="sdr",
        reference=False,
        higher_is_better=output != HARM,
        range=(0.0, 1.0),
        unit="",
        differentiable=True,
        map_kind=None,
        minimum_size=SMALLEST,
        citation=CITATION,
        version=card.version,
        axis="gain",
    )


class Improvability(Metric):
    """How probable it is that enhancement improves a photograph moderately or more.

    High is not good: it says that there is something to gain. Of the photographs with a value p, a
    part p gains, on photographs like those it was calibrated on. It sees with the eyes of the
    network that restores, so its gains are those of that network, less surely of other enhancers.

    Parameters
    ----------
    trunk
        The network that restores, which the layer was trained on.
    layer, card
        Of :func:`~hdrmetrics.learned.improvable.weights.load_gains`.
    output
        ``all``, a degradation of the card, or ``harm``: how probable it is that enhancement makes
        the picture worse.

    Raises
    ------
    OptionError
        If the card has no such output.

    References
    ----------
    H. Talebi et al., WO2024076611A1: check before commercial use.
    """

    option_parameters = ()

    def __init__(
        self, trunk: RestorationNet, layer: GainLayer, card: GainCard, output: str = ALL
    ) -> None:
        super().__init__()
        names = [one.name for one in card.outputs]
        if output not in names:
            raise OptionError(f"the card has no output {output!r}; it has {', '.join(names)}")
        self.info = described(card, output)
        self.trunk: RestorationNet = trunk.requires_grad_(False).eval()
        self.layer = layer.requires_grad_(False).eval()
        self.card, self.index = card, names.index(output)
        self._who = fingerprint(trunk)

    def settings(self) -> dict[str, Any]:
        """Return none: it has no options."""
        return {}

    def conditions(self, reference: Tensor | None = None) -> dict[str, Any]:
        """Return which weights the value comes from, and of which enhancer."""
        return {
            "weights_sha256": self.card.sha256,
            "enhancer": self.card.enhancer,
            "axis": "gain",
            "parts": f"{self.card.along}×{self.card.along} of {self.card.side} px",
        }

    def compare(self, test: Tensor, features: Any, mask: Tensor | None) -> Tensor:
        """Return the probability."""
        own: Output = self.card.outputs[self.index]
        return torch.sigmoid(own.slope * self.raw(test, mask) + own.offset).to(test.dtype)

    def raw(self, test: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return what the layer says of pictures ``(N, C, H, W)``, before it is calibrated.

        Parameters
        ----------
        test
            Code values in [0, 1].
        mask
            ``(N, 1, H, W)``: how much each pixel counts, not 0 all over; by default all alike.
        """
        kind = next(self.layer.parameters()).dtype
        if kind != test.dtype:
            self.trunk.to(test.dtype)
            self.layer.to(test.dtype)
        pictures = test.expand(-1, 3, -1, -1)
        masks = [None] * len(pictures) if mask is None else [one[None] for one in mask]
        rows = [self._seen(one[None], own) for one, own in zip(pictures, masks, strict=True)]
        return cast(Tensor, self.layer(torch.cat(rows)))[:, self.index]

    def _seen(self, picture: Tensor, mask: Tensor | None) -> Tensor:
        """Return the statistics of a picture, or of what a mask selects of it."""
        side, along = self.card.side, self.card.along
        if mask is None:
            parts = parts_of(picture, side, along)
            return remembered(parts, self._who, partial(describe_parts, self.trunk))
        picture, mask = around(picture, mask, SMALLEST, MULTIPLE)
        if is_recording(mask) or not bool(parts_of(mask, side, along).any()):
            side, along = max(mask.shape[-2:]), 1  # it may lie between the parts: all is looked at
        parts = parts_of(torch.cat([picture, mask], dim=1), side, along)
        return remembered(
            parts, self._who, lambda seen: describe_parts(self.trunk, seen[:, :3], seen[:, 3:])
        )

    def compare_loss(self, test: Tensor, features: Any, mask: Tensor | None) -> Tensor:
        """Return the value itself: what is left to improve."""
        return self.compare(test, features, mask)

    def assess(
        self, test: Tensor, reference: Tensor | None = None, *, mask: Tensor | None = None
    ) -> Assessment:
        """Return values, with warnings where a picture is no photograph."""
        return cast(Assessment, self._run(test, reference, mask, self._assess))

    def _assess(self, test: Tensor, reference: Tensor | None, mask: Tensor | None) -> Assessment:
        guard = guard_of("code")
        # By one name for all outputs: who asks several is told once.
        doubts = tuple(
            tuple(f"{NAME}: {text}" for text in guard.doubts(middle_traits(one), "code"))
            for one in test
        )
        return Assessment(self.compare(test, None, mask), None, None, doubts)


def load_improvability(
    path: str | Path, restoration: str | Path = SHIPPED, output: str = ALL
) -> Improvability:
    """Return the metric of a file of improvability, by the eyes of a file of restoration.

    Raises
    ------
    WeightsError
        If a file cannot be read, or the layer was trained on another network.
    OptionError
        If it has no such output.
    """
    layer, card = load_gains(path)
    net, own = load_restoration(restoration)
    if own.sha256 != card.trunk_sha256:
        raise WeightsError(
            f"{path}: was trained on other weights of restoration than {restoration}: train it "
            "again by python -m trainers improvability"
        )
    return Improvability(net, layer, card, output)
