"""The card beside the weights of a tone-mapping network: of what, how and how well it learnt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.checks import check_whole
from hdrmetrics.learned.tonemapping.net import ToneSize

FORMAT = 1
KIND = "tone mapping"

_DIGEST = re.compile(r"[0-9a-f]{64}|")


@dataclass(frozen=True, slots=True)
class ToneCard:
    """What a network of tone mapping was made of and how good it is.

    Parameters
    ----------
    size
        Of the network.
    data
        Sets of pictures that it learnt from: JSON objects with name, number and terms.
    recipe
        How it was trained, and by which quality.
    seed
        Of weights and views.
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

    size: ToneSize
    data: tuple[Mapping[str, Any], ...] = ()
    recipe: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    steps: int = 0
    training: Mapping[str, Any] = field(default_factory=dict)
    results: Mapping[str, Any] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
    sha256: str = ""

    def __post_init__(self) -> None:
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
        own = {name: getattr(self, name) for name in self.__slots__ if name != "size"}
        listed = {"data": list(self.data), "failures": list(self.failures)}
        return {"format": FORMAT, "kind": KIND, "size": self.size.to_dict(), **own, **listed}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ToneCard:
        """Return the card that :meth:`to_dict` wrote.

        Raises
        ------
        OptionError
            If entries are missing, unknown or cannot be.
        """
        own = dict(data)
        if own.pop("format", None) != FORMAT or own.pop("kind", None) != KIND:
            raise OptionError(f"this is no card of a tone-mapping network of format {FORMAT}")
        try:
            size = ToneSize.from_dict(own.pop("size"))
            own |= {name: tuple(own[name]) for name in ("data", "failures")}
            return cls(size, **own)
        except (KeyError, TypeError) as error:
            raise OptionError(f"a card is not of this form ({error!r})") from error
