"""The card of a network of opinions: whose opinions, how it was trained, how far off it may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.checks import check_number, check_whole
from hdrmetrics.learned.spread import Spread

FORMAT = 1
KIND = "opinions"
_HIDDEN, _SIDE, _VIEWS, _COUNT = 4096, 1024, 8, 10**9


@dataclass(frozen=True, slots=True)
class View:
    """How a picture is looked at: all of it, made as small as a square of this side has area.

    Parameters
    ----------
    side
        In pixels; smaller pictures stay as they are.
    weight
        Of what is seen, positive.

    Raises
    ------
    OptionError
        For numbers out of range.
    """

    side: int
    weight: float

    def __post_init__(self) -> None:
        check_whole(self.side, "side of a view", 64, _SIDE)
        check_number(self.weight, "weight of a view", 1e-6, 1e6)


@dataclass(frozen=True, slots=True)
class OpinionInterval:
    """How far the mean opinion of a photograph may be from its score.

    Parameters
    ----------
    coverage
        Share of photographs, unseen in training, whose mean opinion lies within.
    photographs
        It was calibrated on.
    widths
        By what the photograph is like.

    Raises
    ------
    OptionError
        For numbers out of range.
    """

    coverage: float
    photographs: int
    widths: Spread

    def __post_init__(self) -> None:
        check_number(self.coverage, "coverage of an interval", 0, 1)
        check_whole(self.photographs, "photographs of an interval", 1, _COUNT)


@dataclass(frozen=True, slots=True)
class OpinionCard:
    """The description of a weights file of opinions.

    Parameters
    ----------
    backbone
        Name of the trunk, see :func:`~hdrmetrics.learned.liked.trunks.trunk_named`.
    hidden
        Width of the hidden layer.
    views
        How a picture is looked at, the largest view first.
    opinions
        Whose they are: set, terms, photographs in each split; JSON values.
    licences
        Of the data and of the weights that training began with, by what they are of.
    interval
        ``None`` where it was not measured.
    results
        On photographs unseen in training; JSON values.
    failures
        Known ones, in sentences.
    training
        Time, machine, recipe; JSON values.
    seed
        Of the training.
    recipe_sha256
        Hash of what the training was told.
    version
        Of the weights; it changes whenever a score could.
    sha256
        Of the weights file.

    Raises
    ------
    OptionError
        For numbers out of range.
    """

    backbone: str
    hidden: int
    views: tuple[View, ...]
    opinions: Mapping[str, Any] = field(default_factory=dict)
    licences: Mapping[str, str] = field(default_factory=dict)
    interval: OpinionInterval | None = None
    results: Mapping[str, Any] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
    training: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    recipe_sha256: str = ""
    version: str = "1"
    sha256: str = ""

    def __post_init__(self) -> None:
        check_whole(self.hidden, "width of the hidden layer", 1, _HIDDEN)
        check_whole(self.seed, "a seed", -(2**63), 2**63)
        sides = [view.side for view in self.views]
        if not 0 < len(sides) <= _VIEWS or sides != sorted(sides, reverse=True):
            raise OptionError(f"a network looks in 1 to {_VIEWS} views, the largest first: {sides}")

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        interval = self.interval
        return {
            "format": FORMAT,
            "kind": KIND,
            "version": self.version,
            "sha256": self.sha256,
            "backbone": self.backbone,
            "hidden": self.hidden,
            "views": [asdict(view) for view in self.views],
            "opinions": dict(self.opinions),
            "licences": dict(self.licences),
            "interval": interval
            and {
                "coverage": interval.coverage,
                "photographs": interval.photographs,
                "widths": interval.widths.to_dict(),
            },
            "results": dict(self.results),
            "failures": list(self.failures),
            "training": dict(self.training),
            "seed": self.seed,
            "recipe_sha256": self.recipe_sha256,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> OpinionCard:
        """Return the card that :meth:`to_dict` wrote.

        Raises
        ------
        OptionError
            If it is of another kind or format, or entries cannot be.
        """
        if data.get("kind") != KIND or data.get("format") != FORMAT:
            raise OptionError(
                f"no card of opinions of format {FORMAT}: kind {str(data.get('kind'))[:40]!r}, "
                f"format {str(data.get('format'))[:40]!r}"
            )
        try:
            told = {key: value for key, value in data.items() if key not in ("format", "kind")}
            for name in ("backbone", "recipe_sha256", "version", "sha256"):
                if not isinstance(told.get(name, ""), str):
                    raise OptionError(f"{name} of a card is a text")
            for name in ("opinions", "licences", "results", "training"):
                told[name] = dict(told.get(name, {}))
            told["views"] = tuple(View(**view) for view in told["views"])
            told["failures"] = tuple(str(text) for text in told.get("failures", ()))
            interval = told.get("interval")
            if interval is not None:
                widths = Spread.from_dict(dict(interval["widths"]))
                told["interval"] = OpinionInterval(**{**interval, "widths": widths})
            return cls(**told)
        except OptionError:
            raise
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise OptionError(f"not the card of a network of opinions: {error!r}") from None
