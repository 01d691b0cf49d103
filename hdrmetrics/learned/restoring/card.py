"""The card beside the weights of a restoration network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hdrmetrics.learned.netcard import NetCard
from hdrmetrics.learned.restoring.net import NetSize


@dataclass(frozen=True, slots=True)
class RestorationCard(NetCard):
    """What a network of restoration was made of and how good it is.

    Parameters
    ----------
    size
        Of the network; the others are those of :class:`~hdrmetrics.learned.netcard.NetCard`.
    """

    NETWORK: ClassVar = "a restoration network"
    PARTS: ClassVar = {"size": NetSize.from_dict}

    size: NetSize
