"""The card beside the weights of a curve network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, get_args

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.checks import check_whole
from hdrmetrics.learned.curves.net import Kind
from hdrmetrics.learned.netcard import NetCard


@dataclass(frozen=True, slots=True)
class CurveCard(NetCard):
    """What a network of curves was made of and how good it is.

    Parameters
    ----------
    kind
        Of the network.
    seen
        Root of the number of pixels of the copy that it sees; the others are those of
        :class:`~hdrmetrics.learned.netcard.NetCard`.
    """

    NETWORK: ClassVar = "a curve network"

    kind: Kind
    seen: int

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise OptionError(f"kind of a card is {' or '.join(get_args(Kind))}, not {self.kind!r}")
        check_whole(self.seen, "what is seen, of a card,", 8, 4096)
        NetCard.__post_init__(self)  # super() loses its class in a dataclass with slots
