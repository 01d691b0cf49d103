"""The general no-reference metric, which takes the network of the picture's domain."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from typing import Any

from torch import nn

from hdrmetrics.catalogue.domain import Domain
from hdrmetrics.errors import OptionError
from hdrmetrics.learned.predictor import LearnedMetric
from hdrmetrics.metric import Metric, MetricInfo
from hdrmetrics.photometry.display import Display
from hdrmetrics.picture.image import Image
from hdrmetrics.picture.light import holds_light

NAME = "norvdpnet"
TITLE = "No-reference quality of HDR or SDR pictures, learned from HDR-VDP-2"

CHOICE: dict[Domain, tuple[str, ...]] = {"hdr": ("hdr", "hdr-c"), "sdr": ("sdr", "sdr-d")}
"""Heads by the picture's domain, the preferred one first: one trained on both sets of that kind,
else that of compressed HDR and of distorted photographs."""


def described(info: MetricInfo) -> MetricInfo:
    """Return the description of a head as one of the general predictor."""
    return dataclasses.replace(info, name=NAME, title=TITLE)


class GeneralMetric(LearnedMetric):
    """The no-reference predictor for pictures of either kind.

    In :func:`hdrmetrics.score` linear, PQ and HLG images go to the HDR head, and so do other
    display-encoded ones where ``display=`` names a PQ or HLG display, which then decodes them.
    Without one they go to the SDR head as they are, whatever SDR display is named. Called with
    tensors, where nothing tells them apart, it is the head of :attr:`info`'s domain: HDR, where
    there is one.

    Parameters
    ----------
    heads
        The predictors by domain, at least one; they stay as they are.

    Raises
    ------
    OptionError
        If there is none.
    """

    def __init__(self, heads: Mapping[Domain, LearnedMetric]) -> None:
        if not heads:
            raise OptionError("the general predictor needs a head of some domain")
        own = heads[min(heads)]  # "hdr" comes before "sdr"
        super().__init__(
            own.network,
            own.card,
            own.head,
            name=NAME,
            precision=own.precision,
            places=own.places,
        )
        self.info = described(own.info)
        self.by_domain = nn.ModuleDict()
        for domain, head in heads.items():
            renamed = copy.copy(head)  # the caller keeps theirs, with the same network
            renamed.info = described(head.info)
            self.by_domain[domain] = renamed

    def settings(self) -> dict[str, Any]:
        """Return the precision, and which places are looked at."""
        return {"precision": self.precision, "places": self.places}

    def suited_to(self, image: Image, display: Display | None = None) -> Metric:
        """Return the predictor of the image's domain; itself where there is none."""
        domain = "hdr" if holds_light(image, display) else "sdr"
        if domain not in self.by_domain:
            return self
        found = self.by_domain[domain]
        assert isinstance(found, LearnedMetric)
        return found
