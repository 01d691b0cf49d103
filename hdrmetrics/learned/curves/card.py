"""The card beside the weights of a curve network: all to know before it touches a picture."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.checks import check_whole
from hdrmetrics.learned.curves.net import Kind

FORMAT = 1

_DIGEST = re.compile(r"[0-9a-f]{64}|")


@dataclass(frozen=True, slots=True)
class CurveCard:
    """What a network was made of and how good it is.

    Parameters
    ----------
    kind
        Of the network.
    seen
        Root of the number of pixels of the copy that it sees.
    data
        Sets of photographs that it learnt from: JSON objects with name, number and terms.
    recipe
        How it was trained.
    seed
        Of weights, exposures and their order.
    steps
        That were taken.
    training
        What else is known of the run: JSON values.
    results
        Test tables: JSON values.
    failures
        Known failures, in sentences.
    sha256
        Of the weights file.

    Raises
    ------
    OptionError
        For entries of another kind.
    """

    kind: Kind
    seen: int
    data: tuple[Mapping[str, Any], ...] = ()
    recipe: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    steps: int = 0
    training: Mapping[str, Any] = field(default_factory=dict)
    results: Mapping[str, Any] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
    sha256: str = ""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise OptionError(f"kind of a card is {' or '.join(get_args(Kind))}, not {self.kind!r}")
        check_whole(self.seen, "what is seen, of a card,", 8, 4096)
        check_whole(self.seed, "seed of a card", 0, 2**63)
        check_whole(self.steps, "steps of a card", 0, 10**12)
        objects = (*self.data, self.recipe, self.training, self.results)
        if not all(isinstance(one, Mapping) for one in objects):
            raise OptionError("data, recipe, training and results of a card are JSON objects")
        if not all(isinstance(one, str) for one in self.failures):
            raise OptionError("failures of a card are sentences")
        if not (isinstance(self.sha256, str) and _DIGEST.fullmatch(self.sha256)):
            raise OptionError("sha256 of a card is a digest in hexadecimal digits")

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        own = {name: getattr(self, name) for name in self.__slots__}
        listed = {"data": list(self.data), "failures": list(self.failures)}
        return {"format": FORMAT, **own, **listed}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CurveCard:
        """Return the card that :meth:`to_dict` wrote.

        Raises
        ------
        OptionError
            If entries are missing, unknown or cannot be.
        """
        own = dict(data)
        if own.pop("format", None) != FORMAT:
            raise OptionError(f"this is no card of a curve network of format {FORMAT}")
        try:
            own |= {name: tuple(own[name]) for name in ("data", "failures")}
            return cls(**own)
        except (KeyError, TypeError) as error:
            raise OptionError(f"a card is not of this form ({error!r})") from error
