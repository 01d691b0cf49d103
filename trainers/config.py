"""A configuration of training: what a TOML file may say."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, cast

from hdrmetrics.catalogue.parameters import Parameter, resolve
from hdrmetrics.errors import ImageReadError, OptionError, UnknownNameError
from hdrmetrics.learned.architecture import Architecture
from trainers.feeding.views import Symmetries
from trainers.nets import ARCHITECTURES

CONFIGS = Path(__file__).parent / "configs"


@dataclass(frozen=True, slots=True)
class OptimiserSettings:
    """How weights are changed."""

    batch: int
    learning_rate: float
    weight_decay: float
    clip: float
    warm_up: float
    final: float
    average: float
    standardise: float
    dropout: float
    trunk: Literal["learns", "kept"]

    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("batch", 32, (1, 4096), "", "items per step, of all sets together", "integer"),
        Parameter("learning_rate", 1e-3, (1e-7, 1.0), "", "peak rate of AdamW"),
        Parameter("weight_decay", 0.02, (0, 1), "", "of matrices and kernels; biases have none"),
        Parameter("clip", 1.0, (1e-4, 1e4), "", "largest norm of a step's gradient"),
        Parameter("warm_up", 0.03, (0, 0.5), "", "part of the steps in which the rate rises"),
        Parameter("final", 0.01, (0, 1), "", "rate of the last step, as a part of the peak"),
        Parameter("average", 0.999, (0, 0.99999), "", "decay of the weights' average; 0 for none"),
        Parameter(
            "standardise", 0.0, (0, 0.5), "",
            "part of the newest batch in the moments that standardise the statistics; 0 for none",
        ),
        Parameter("dropout", 0.0, (0, 0.9), "", "part of the statistics that a step leaves out"),
        Parameter(
            "trunk", "learns", None, "",
            "stages: learn, or are kept as --start-from has them, and heads learn alone", "choice",
            ("learns", "kept"),
        ),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class LossSettings:
    """What is minimised: factors of the terms of :mod:`trainers.learning.losses`.

    ``whole`` and ``series`` are of sets of whole frames, see :mod:`trainers.learning.whole`.
    """

    l1: float
    huber: float
    huber_delta: float
    plcc: float
    rank: float
    whole: float
    series: float
    exponent: float

    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("l1", 0.0, (0, 100), "", "factor of the absolute error of the target"),
        Parameter("huber", 1.0, (0, 100), "", "factor of Huber's loss of the target"),
        Parameter("huber_delta", 0.1, (1e-3, 1), "", "where Huber's loss becomes straight"),
        Parameter("plcc", 0.1, (0, 100), "", "factor of 1 − the batch's linear correlation"),
        Parameter("rank", 0.0, (0, 100), "", "factor of wrong order and too small differences"),
        Parameter("whole", 0.0, (0, 100), "", "factor of Huber's loss of whole frames"),
        Parameter("series", 0.0, (0, 100), "", "factor of wrong order within series of frames"),
        Parameter(
            "exponent",
            0.0,
            (0, 100),
            "",
            "how far the worst window decides over a frame; 0: not trained, windows as before",
        ),
    )

    @property
    def mix(self) -> dict[str, float]:
        """The factors by term."""
        return {"l1": self.l1, "huber": self.huber, "plcc": self.plcc, "rank": self.rank}


@dataclass(frozen=True, slots=True)
class AugmentationSettings:
    """What is done to crops that keeps their label."""

    symmetries: Symmetries
    window: int

    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter(
            "symmetries", "all", None, "", "of the square: none, left-right, all eight", "choice",
            ("none", "mirror", "all"),
        ),
        Parameter("window", 0, (0, 4096), "px", "side of the part seen; 0: all of it", "integer"),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class BalanceSettings:
    """How often distortions come, or how much they count."""

    exponent: float
    by: Literal["sampler", "weights"]
    emphasis: dict[str, float]

    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("exponent", 0.0, (0, 1), "", "0: as in the set; 1: all equally often"),
        Parameter(
            "by", "sampler", None, "", "drawn more often, or weighted in the loss", "choice",
            ("sampler", "weights"),
        ),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class AuxiliarySettings:
    """Further targets, which shape the features; their heads are dropped after training."""

    distortion: float
    strength: float
    columns: dict[str, float]

    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("distortion", 0.0, (0, 100), "", "factor of the distortion's type"),
        Parameter("strength", 0.0, (0, 100), "", "factor of its strength"),
    )

    @property
    def any(self) -> bool:
        """Whether there is one at all."""
        return bool(self.distortion or self.strength or any(self.columns.values()))


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How a run goes about it."""

    precision: str
    layout: str
    validations: int
    validation_items: int
    log_every: int
    checkpoint_seconds: float
    cache_mb: float

    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter(
            "precision", "auto", None, "", "of the network; auto: what is faster", "choice",
            ("auto", "float32", "bfloat16"),
        ),
        Parameter(
            "layout", "auto", None, "", "of tensors in memory; auto: what is faster", "choice",
            ("auto", "contiguous", "channels_last"),
        ),
        Parameter("validations", 10, (1, 1000), "", "how often a run is judged", "integer"),
        Parameter(
            "validation_items", 2000, (1, 10**7), "", "most items of a set then", "integer"
        ),
        Parameter("log_every", 50, (1, 10**6), "steps", "between rows of the log", "integer"),
        Parameter("checkpoint_seconds", 120.0, (0, 1e6), "s", "between checkpoints"),
        Parameter("cache_mb", 4000.0, (0, 1e7), "MB", "of crops kept in memory"),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration.

    Parameters
    ----------
    architecture
        A name, or an architecture's dictionary.
    heads
        By the name of each head, the sets that train it; empty for one head per set.
    shares
        Relative parts of the sets in a batch; 1 where a set is not named.
    targets
        By the name of a head, the column of labels that it learns; where it is not named, the
        quality that the set's target was made of. See :class:`~trainers.feeding.heads.Head`.
    """

    architecture: str | dict[str, Any]
    optimiser: OptimiserSettings
    loss: LossSettings
    augmentation: AugmentationSettings
    balance: BalanceSettings
    auxiliary: AuxiliarySettings
    run: RunSettings
    heads: dict[str, tuple[str, ...]] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)
    targets: dict[str, str] = field(default_factory=dict)
    text: str = ""

    def described(self) -> Architecture:
        """Return the architecture.

        Raises
        ------
        OptionError
            If there is none of that name, or the table describes none.
        """
        if isinstance(self.architecture, dict):
            return Architecture.from_dict(self.architecture)
        if self.architecture not in ARCHITECTURES:
            raise OptionError(
                f"architecture is one of {', '.join(ARCHITECTURES)}, or a table; not "
                f"{self.architecture!r}"
            )
        return ARCHITECTURES[self.architecture]

    def heads_for(self, sets: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """Return the heads of a run over these sets, with the sets of each that are there.

        Raises
        ------
        OptionError
            If a set would train no head.
        """
        if not self.heads:
            return {name: (name,) for name in sets}
        found = {h: tuple(s for s in of if s in sets) for h, of in self.heads.items()}
        idle = [name for name in sets if not any(name in of for of in found.values())]
        if idle:
            raise OptionError(f"[heads]: no head is trained on {', '.join(idle)}")
        return {head: of for head, of in found.items() if of}


def find_config(name: str) -> Path:
    """Return the file of a configuration: a path, or the name of one in ``trainers/configs``.

    Raises
    ------
    UnknownNameError
        If there is neither.
    """
    for path in (Path(name), CONFIGS / f"{name}.toml"):
        if path.is_file():
            return path
    known = ", ".join(sorted(path.stem for path in CONFIGS.glob("*.toml")))
    raise UnknownNameError(f"no configuration {name!r}: give a file, or one of {known}")


def read_config(path: Path) -> Config:
    """Return the configuration of a file.

    Raises
    ------
    ImageReadError
        If the file cannot be read.
    OptionError
        See :func:`parse_config`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ImageReadError(f"{path}: cannot be read ({error})") from error
    return parse_config(text, source=str(path))


def parse_config(text: str, *, source: str = "configuration") -> Config:
    """Return the configuration that a text describes; what it leaves out has its default.

    Parameters
    ----------
    text
        TOML.
    source
        What messages call it.

    Raises
    ------
    OptionError
        Naming the place: for text that is no TOML, unknown sections or settings, and values that
        cannot be.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise OptionError(f"{source}: is no TOML: {error}") from error
    sections = ("optimiser", "loss", "augmentation", "balance", "auxiliary", "run")
    known = {"architecture", "heads", "shares", "targets", *sections}
    unknown = sorted(set(data) - known)
    if unknown:
        raise OptionError(
            f"{source}: there is no {', '.join(unknown)}; there are {', '.join(sorted(known))}"
        )
    architecture = data.get("architecture")
    if not isinstance(architecture, (str, dict)):
        raise OptionError(f"{source}: architecture is a name or a table, not {architecture!r}")
    tables = {
        name: _table(source, name, data) for name in (*sections, "heads", "shares", "targets")
    }
    emphasis = _factors(f"{source}: [balance.emphasis]", tables["balance"].pop("emphasis", {}))
    columns = _factors(f"{source}: [auxiliary.columns]", tables["auxiliary"].pop("columns", {}))
    heads = _heads(f"{source}: [heads]", tables["heads"])
    for name, column in tables["targets"].items():
        if not isinstance(column, str):
            raise OptionError(f"{source}: [targets] {name} is a column of labels, not {column!r}")

    def settings(name: str, kind: type[Any]) -> dict[str, Any]:
        where = f"{source}: [{name}]"
        parameters: tuple[Parameter, ...] = kind.parameters
        try:
            return resolve(where, parameters, tables[name])
        except OptionError as error:
            message = str(error)
            raise OptionError(message if where in message else f"{where} {message}") from None

    optimiser = OptimiserSettings(**settings("optimiser", OptimiserSettings))
    if optimiser.average and optimiser.standardise:
        raise OptionError(
            f"{source}: [optimiser] standardise takes average = 0: the moments are those of the "
            "newest weights, and averaged weights have others"
        )
    augmentation = AugmentationSettings(**settings("augmentation", AugmentationSettings))
    if optimiser.trunk == "kept" and (augmentation.symmetries != "none" or augmentation.window):
        raise OptionError(
            f'{source}: [optimiser] trunk = "kept" takes [augmentation] symmetries = "none" and no '
            "window: what a kept trunk makes of a crop is made once"
        )
    loss = LossSettings(**settings("loss", LossSettings))
    if not any(loss.mix.values()):
        raise OptionError(f"{source}: [loss] has no term with a factor above 0")
    if (loss.whole or loss.series) and not loss.exponent:
        raise OptionError(f"{source}: [loss] whole and series want an exponent above 0")
    return Config(
        architecture=architecture,
        optimiser=optimiser,
        loss=loss,
        augmentation=augmentation,
        balance=BalanceSettings(**settings("balance", BalanceSettings), emphasis=emphasis),
        auxiliary=AuxiliarySettings(**settings("auxiliary", AuxiliarySettings), columns=columns),
        run=RunSettings(**settings("run", RunSettings)),
        heads=heads,
        shares=_factors(f"{source}: [shares]", tables["shares"], positive=True),
        targets=tables["targets"],
        text=text,
    )


def _table(source: str, name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    found = data.get(name, {})
    if not isinstance(found, dict):
        raise OptionError(f"{source}: {name} is a table, not {found!r}")
    return dict(found)


def _factors(where: str, found: Any, *, positive: bool = False) -> dict[str, float]:
    if not isinstance(found, dict):
        raise OptionError(f"{where} is a table of numbers, not {found!r}")
    bounds = (1e-6 if positive else 0.0, 1e3)
    factors = {}
    for name, value in found.items():
        try:
            factors[name] = float(Parameter(name, None, bounds, "", "a factor").check(value))
        except OptionError as error:
            raise OptionError(f"{where} {error}") from None
    return factors


def _heads(where: str, found: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    for name, sets in found.items():
        if not (isinstance(sets, list) and sets and all(isinstance(s, str) for s in sets)):
            raise OptionError(f"{where} {name} is a list of sets, not {sets!r}")
    return {name: tuple(cast(list[str], sets)) for name, sets in found.items()}
