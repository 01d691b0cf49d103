"""The everyday predictor, which takes the head of the picture's domain."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from torch import nn

from hdrmetrics.errors import OptionError
from hdrmetrics.image import Image
from hdrmetrics.learned.predictor import LearnedMetric
from hdrmetrics.metric import Domain, Metric

NAME = "norvdpnet"

CHOICE: dict[Domain, tuple[str, ...]] = {"hdr": ("hdr", "hdr-c"), "sdr": ("sdr", "sdr-d")}
"""Heads by the picture's domain, the preferred one first: one trained on both sets of that kind,
else that of compressed HDR and of distorted photographs."""


class EverydayMetric(LearnedMetric):
    """The no-reference predictor for pictures of either kind.

    In :func:`hdrmetrics.score` linear, PQ and HLG images go to the HDR head and display-encoded
    ones to the SDR head. Called with tensors, where nothing tells them apart, it is the head of
    :attr:`info`'s domain: HDR, where there is one.

    Parameters
    ----------
    heads
        The predictors by domain, at least one.

    Raises
    ------
    OptionError
        If there is none.
    """

    def __init__(self, heads: Mapping[Domain, LearnedMetric]) -> None:
        if not heads:
            raise OptionError("the everyday predictor needs a head of some domain")
        own = heads[min(heads)]  # "hdr" comes before "sdr"
        super().__init__(own.network, own.card, own.head, name=NAME, precision=own.precision)
        self.by_domain = nn.ModuleDict({str(domain): head for domain, head in heads.items()})
        for one in heads.values():
            one.info = dataclasses.replace(one.info, name=NAME)

    def suited_to(self, image: Image) -> Metric:
        """Return the predictor of the image's domain; itself where there is none."""
        light = image.calibration.linear or image.calibration.transfer in ("pq", "hlg")
        domain = "hdr" if light else "sdr"
        if domain not in self.by_domain:
            return self
        found = self.by_domain[domain]
        assert isinstance(found, LearnedMetric)
        return found
