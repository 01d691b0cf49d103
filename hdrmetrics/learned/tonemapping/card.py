"""The card beside the weights of a tone-mapping network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hdrmetrics.learned.netcard import NetCard
from hdrmetrics.learned.tonemapping.sizes import Size, size_of


@dataclass(frozen=True, slots=True)
class ToneCard(NetCard):
    """What a network of tone mapping was made of and how good it is.

    Parameters
    ----------
    size
        Of the network; the others are those of :class:`~hdrmetrics.learned.netcard.NetCard`.
    """

    NETWORK: ClassVar = "a tone-mapping network"
    HEAD: ClassVar = {"format": 1, "kind": "tone mapping"}
    PARTS: ClassVar = {"size": size_of}

    size: Size
