"""The card beside a weights file: everything to know before trusting its scores."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from hdrmetrics.catalogue.domain import Domain
from hdrmetrics.errors import OptionError
from hdrmetrics.learned.architecture import Architecture
from hdrmetrics.learned.checks import check_number, check_whole
from hdrmetrics.learned.faults import FaultCard
from hdrmetrics.learned.spread import Spread
from hdrmetrics.learned.target import Target

FORMAT = 2
_EXPONENTS = 1e-3, 100.0  # far beyond what tells the worst window from the mean


@dataclass(frozen=True, slots=True)
class Interval:
    """A conformal interval on the scale of the target.

    Parameters
    ----------
    coverage
        Share of pictures of new scenes whose label lies within.
    half_width
        Half its width; ``None`` where the scenes were too few for that coverage.
    scenes
        Groups of scenes that it rests on.
    whole
        Half its width for pictures of several windows, where it was measured on such.
    adapts, adapts_whole
        Half widths by what the picture is like, on the scale of the score, of one window and of
        several; they come before the others.

    Raises
    ------
    OptionError
        For numbers out of range.
    """

    coverage: float
    half_width: float | None
    scenes: int
    whole: float | None = None
    adapts: Spread | None = None
    adapts_whole: Spread | None = None

    def __post_init__(self) -> None:
        check_number(self.coverage, "coverage of an interval", 0, 1)
        for name in ("half_width", "whole"):
            if getattr(self, name) is not None:
                check_number(getattr(self, name), f"{name} of an interval", 0, 1)
        check_whole(self.scenes, "scenes of an interval", 0, 10**9)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values; what was not measured on whole pictures is left out."""
        found: dict[str, Any] = {
            "coverage": self.coverage,
            "half_width": self.half_width,
            "scenes": self.scenes,
        }
        if self.whole is not None:
            found["whole"] = self.whole
        for name in ("adapts", "adapts_whole"):
            spread = getattr(self, name)
            if spread is not None:
                found[name] = spread.to_dict()
        return found

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Interval:
        """Return the interval that :meth:`to_dict` wrote.

        Raises
        ------
        OptionError
            If entries are missing, unknown or cannot be.
        """
        spreads = {
            name: Spread.from_dict(_mapping(data[name], name))
            for name in ("adapts", "adapts_whole")
            if data.get(name) is not None
        }
        return cls(**{**data, "adapts": None, "adapts_whole": None, **spreads})


@dataclass(frozen=True, slots=True)
class HeadCard:
    """What one output of a network means and how good it is.

    Parameters
    ----------
    domain
        Of its pictures.
    teacher
        Name and version of the metric it imitates.
    target
        From raw output to quality to score.
    sets
        Names of the labelled sets it was trained on.
    interval
        How far off it may be; ``None`` where that was not measured.
    results
        Test table: JSON values.
    failures
        Known failures, in sentences.
    exponent
        How windows come together to a picture, see
        :func:`~hdrmetrics.learned.target.bring_together`; ``None`` where the head was not trained
        on whole pictures.

    Raises
    ------
    OptionError
        For an unknown domain, or an exponent out of range.
    """

    domain: Domain
    teacher: str
    target: Target
    sets: tuple[str, ...] = ()
    interval: Interval | None = None
    results: Mapping[str, Any] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
    exponent: float | None = None

    def __post_init__(self) -> None:
        if self.exponent is not None:
            check_number(self.exponent, "an exponent", *_EXPONENTS)
            if self.target.shown != "hdrvdp2":
                raise OptionError("an exponent is of heads that HDR-VDP-2 taught")
        if self.domain not in get_args(Domain):
            raise OptionError(
                f"a domain is one of {', '.join(get_args(Domain))}, not {self.domain!r}"
            )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        found: dict[str, Any] = {
            "domain": self.domain,
            "teacher": self.teacher,
            "transform": self.target.transform(),
            "shown": self.target.shown,
            "quality_range": [self.target.least, self.target.most],
            "sets": list(self.sets),
            "results": dict(self.results),
            "failures": list(self.failures),
        }
        if self.interval is not None:
            found["interval"] = self.interval.to_dict()
        if self.exponent is not None:
            found["exponent"] = self.exponent
        return found

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> HeadCard:
        """Return what :meth:`to_dict` wrote; ``interval`` may be absent or null.

        Raises
        ------
        OptionError
            If entries are missing, unknown or cannot be.
        """
        known = {"domain", "teacher", "transform", "shown", "quality_range", "sets", "interval"}
        _only(data, known | {"results", "failures", "exponent"}, "a head")
        interval = data.get("interval")
        return cls(
            domain=data["domain"],
            teacher=_text(data["teacher"], "teacher"),
            target=Target.of_transform(
                _mapping(data["transform"], "transform"), data["shown"], _pair(data)
            ),
            sets=_texts(data.get("sets", ()), "sets"),
            interval=None
            if interval is None
            else Interval.from_dict(_mapping(interval, "interval")),
            results=_mapping(data.get("results", {}), "results"),
            failures=_texts(data.get("failures", ()), "failures"),
            exponent=data.get("exponent"),
        )


@dataclass(frozen=True, slots=True)
class Card:
    """The description of a weights file.

    Parameters
    ----------
    architecture
        Of the network.
    heads
        Outputs that may be used as metrics, by name; others are of training only.
    version
        Of the weights; it changes whenever a score could.
    ppd
        Pixels per degree that the labels are for; ``None`` where the teacher knows none.
    data
        Tables, scenes and their licences, splits: one JSON object each.
    recipe_sha256
        Hash of what the training was told.
    seed
        Of the training.
    training
        Time, machine, steps, versions: JSON values.
    sha256
        Of the weights file; filled in by :func:`~hdrmetrics.learned.weights.save_weights`.
    faults
        What the output that names faults means; ``None`` where the network has none.

    Raises
    ------
    OptionError
        If a head is none of the network's.
    """

    architecture: Architecture
    heads: Mapping[str, HeadCard] = field(default_factory=dict)
    version: str = "1"
    ppd: float | None = 30.0
    data: tuple[Mapping[str, Any], ...] = ()
    recipe_sha256: str = ""
    seed: int = 0
    training: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ""
    faults: FaultCard | None = None

    def __post_init__(self) -> None:
        unknown = sorted(set(self.heads) - set(self.architecture.heads))
        if unknown:
            raise OptionError(
                f"the card describes {', '.join(unknown)}, which the network lacks; it has "
                f"{', '.join(self.architecture.heads)}"
            )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "format": FORMAT,
            "version": self.version,
            "sha256": self.sha256,
            "architecture": self.architecture.to_dict(),
            "heads": {name: head.to_dict() for name, head in self.heads.items()},
            "ppd": self.ppd,
            "data": [dict(item) for item in self.data],
            "recipe_sha256": self.recipe_sha256,
            "seed": self.seed,
            "training": dict(self.training),
        } | ({} if self.faults is None else {"faults": self.faults.to_dict()})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Card:
        """Return the card that :meth:`to_dict` wrote; ``format`` and what has a default may lack.

        Raises
        ------
        OptionError
            If entries are missing, unknown or cannot be.
        """
        known = {"format", "version", "sha256", "architecture", "heads", "ppd", "data"}
        _only(data, known | {"recipe_sha256", "seed", "training", "faults"}, "a card")
        version = data.get("format", FORMAT)
        if version != FORMAT:
            older = isinstance(version, int) and version < FORMAT
            what = "train it again, or use the hdrmetrics that wrote it"
            raise OptionError(
                f"this card has the format {version!r}, known is {FORMAT}: "
                f"{what if older else 'use a newer hdrmetrics'}"
            )
        try:
            return cls._read(data)
        except OptionError:
            raise
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise OptionError(f"not the card of a weights file: {error!r}") from None

    @classmethod
    def _read(cls, data: Mapping[str, Any]) -> Card:
        heads = _mapping(data.get("heads", {}), "heads")
        ppd, seed = data.get("ppd", 30.0), data.get("seed", 0)
        faults = data.get("faults")
        if ppd is not None and not (0 < float(ppd) < math.inf):
            raise OptionError(f"ppd is positive, not {ppd!r}")
        check_whole(seed, "a seed", -(2**63), 2**63)
        return cls(
            architecture=Architecture.from_dict(_mapping(data["architecture"], "architecture")),
            heads={name: HeadCard.from_dict(_mapping(head, name)) for name, head in heads.items()},
            version=_text(data.get("version", "1"), "version"),
            ppd=None if ppd is None else float(ppd),
            data=tuple(_mapping(item, "data") for item in data.get("data", ())),
            recipe_sha256=_text(data.get("recipe_sha256", ""), "recipe_sha256"),
            seed=seed,
            training=_mapping(data.get("training", {}), "training"),
            sha256=_text(data.get("sha256", ""), "sha256"),
            faults=None if faults is None else FaultCard.from_dict(_mapping(faults, "faults")),
        )


def _only(data: Mapping[str, Any], known: set[str], what: str) -> None:
    unknown = sorted(str(key) for key in set(data) - known)
    if unknown:
        raise OptionError(
            f"{what} has no entry {', '.join(unknown)}; it has {', '.join(sorted(known))}"
        )


def _mapping(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise OptionError(f"{what} is an object with named entries, not {str(value)[:80]}")
    return dict(value)


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise OptionError(f"{what} is a text, not {str(value)[:80]}")
    return value


def _texts(value: Any, what: str) -> tuple[str, ...]:
    if isinstance(value, str):
        raise OptionError(f"{what} is a list of texts, not one text")
    return tuple(_text(item, what) for item in value)


def _pair(data: Mapping[str, Any]) -> tuple[float, float]:
    least, most = data["quality_range"]
    return least, most
