"""The card beside the weights of a network that changes pictures: of what, how and how well."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Self

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.checks import check_whole

_DIGEST = re.compile(r"[0-9a-f]{64}|")


@dataclass(frozen=True, slots=True, kw_only=True)
class NetCard:
    """What a network was made of and how good it is; a subclass says which network that is.

    Parameters
    ----------
    data
        Sets of pictures that it learnt from: JSON objects with name, number and terms.
    recipe
        How it was trained.
    seed
        Of weights and of whatever was drawn in training.
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

    NETWORK: ClassVar[str]
    """What the network is, for messages."""

    HEAD: ClassVar[Mapping[str, Any]] = {"format": 1}
    """How the JSON object begins; another beginning is another card."""

    PARTS: ClassVar[Mapping[str, Callable[[Any], Any]]] = {}
    """Entries that are objects with a ``to_dict``, by what reads them."""

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
        """Return JSON-ready values, what the network is before what is known of it."""
        names = [one.name for one in fields(self)]
        common = [one.name for one in fields(NetCard)]
        names = [*(name for name in names if name not in common), *common]
        own = {name: getattr(self, name) for name in names}
        own |= {name: own[name].to_dict() for name in self.PARTS}
        own |= {name: list(own[name]) for name in ("data", "failures")}
        return {**self.HEAD, **own}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the card that :meth:`to_dict` wrote.

        Raises
        ------
        OptionError
            If entries are missing, unknown or cannot be.
        """
        own = dict(data)
        if any(own.pop(name, None) != value for name, value in cls.HEAD.items()):
            raise OptionError(f"this is no card of {cls.NETWORK} of format {cls.HEAD['format']}")
        try:
            own |= {name: read(own[name]) for name, read in cls.PARTS.items()}
            own |= {name: tuple(own[name]) for name in ("data", "failures")}
            return cls(**own)
        except (KeyError, TypeError) as error:
            raise OptionError(f"a card is not of this form ({error!r})") from error
