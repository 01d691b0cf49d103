"""The card of an improvability model: what it learnt to expect, of which enhancer, how well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.checks import check_number, check_whole

FORMAT = 1
KIND = "improvability"
ALL = "all"
"""The output for whatever is wrong; the others are of one degradation each, and :data:`HARM`."""

HARM = "harm"
"""The output for pictures that enhancement makes worse."""

_SIDE, _ALONG, _OUTPUTS, _STATISTICS = 1024, 8, 32, 65536


@dataclass(frozen=True, slots=True)
class Output:
    """From what the layer says to a probability: 1/(1 + exp(−(slope·z + offset))).

    Parameters
    ----------
    name
        ``all``, a degradation, or ``harm``.
    slope, offset
        Fitted so that of the photographs with a value p, a part p gains moderately or more (is
        harmed).

    Raises
    ------
    OptionError
        For numbers that are none.
    """

    name: str
    slope: float = 1.0
    offset: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise OptionError("an output has a name")
        check_number(self.slope, "slope of an output", 1e-6, 1e6)
        check_number(self.offset, "offset of an output", -1e6, 1e6)


@dataclass(frozen=True, slots=True)
class GainCard:
    """The description of a file of improvability.

    Parameters
    ----------
    outputs
        In the order of the layer.
    statistics
        How many the layer sees.
    side, along
        Of the parts that are looked at, see
        :func:`~hdrmetrics.learned.improvable.crops.crops_of`.
    trunk_sha256
        Of the weights of restoration by whose eyes it sees.
    enhancer
        Whose gains they are: name and version.
    labels
        What the layer was tuned on: metric, thresholds, prevalence; JSON values.
    licences, results, failures, training, seed, recipe_sha256, version, sha256
        As of :class:`~hdrmetrics.learned.liked.card.OpinionCard`.

    Raises
    ------
    OptionError
        For numbers out of range, or names that come twice.
    """

    outputs: tuple[Output, ...]
    statistics: int
    side: int
    along: int
    trunk_sha256: str
    enhancer: str
    labels: Mapping[str, Any] = field(default_factory=dict)
    licences: Mapping[str, str] = field(default_factory=dict)
    results: Mapping[str, Any] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
    training: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    recipe_sha256: str = ""
    version: str = "1"
    sha256: str = ""

    def __post_init__(self) -> None:
        names = [one.name for one in self.outputs]
        if not 0 < len(names) <= _OUTPUTS or len(set(names)) < len(names):
            raise OptionError(f"1 to {_OUTPUTS} outputs of different names, not {names[:40]}")
        check_whole(self.statistics, "statistics", 1, _STATISTICS)
        check_whole(self.side, "side of a part", 32, _SIDE)
        check_whole(self.along, "parts along an axis", 1, _ALONG)
        check_whole(self.seed, "a seed", -(2**63), 2**63)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {"format": FORMAT, "kind": KIND} | {
            "version": self.version,
            "sha256": self.sha256,
            "outputs": [asdict(one) for one in self.outputs],
            "statistics": self.statistics,
            "side": self.side,
            "along": self.along,
            "trunk_sha256": self.trunk_sha256,
            "enhancer": self.enhancer,
            "labels": dict(self.labels),
            "licences": dict(self.licences),
            "results": dict(self.results),
            "failures": list(self.failures),
            "training": dict(self.training),
            "seed": self.seed,
            "recipe_sha256": self.recipe_sha256,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> GainCard:
        """Return the card that :meth:`to_dict` wrote.

        Raises
        ------
        OptionError
            If it is of another kind or format, or entries cannot be.
        """
        if data.get("kind") != KIND or data.get("format") != FORMAT:
            raise OptionError(
                f"no card of improvability of format {FORMAT}: kind "
                f"{str(data.get('kind'))[:40]!r}, format {str(data.get('format'))[:40]!r}"
            )
        try:
            told = {key: value for key, value in data.items() if key not in ("format", "kind")}
            for name in ("trunk_sha256", "enhancer", "recipe_sha256", "version", "sha256"):
                if not isinstance(told.get(name, ""), str):
                    raise OptionError(f"{name} of a card is a text")
            for name in ("labels", "licences", "results", "training"):
                told[name] = dict(told.get(name, {}))
            told["outputs"] = tuple(Output(**one) for one in told["outputs"])
            told["failures"] = tuple(str(text) for text in told.get("failures", ()))
            return cls(**told)
        except OptionError:
            raise
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise OptionError(f"not the card of an improvability model: {error!r}") from None
