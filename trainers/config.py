"""A configuration of training: what a TOML file may say."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, cast, get_args, get_type_hints

from datasets.command import find_named
from hdrmetrics.catalogue.parameters import Kind, Parameter, resolve
from hdrmetrics.errors import ImageReadError, OptionError
from hdrmetrics.learned.architecture import Architecture
from trainers.feeding.views import Symmetries
from trainers.nets import ARCHITECTURES

CONFIGS = Path(__file__).parent / "configs"


def told(default: Any, bounds: tuple[float, float] | None, meaning: str, unit: str = "") -> Any:
    """Return a field that a configuration may set: a number within bounds, or a choice."""
    return field(default=default, metadata={"told": (default, bounds, unit, meaning)})


def parameters_of(settings: type[Any]) -> tuple[Parameter, ...]:
    """Return what a configuration may say of a table of settings."""
    kinds = get_type_hints(settings)
    found = []
    for one in fields(settings):
        if "told" in one.metadata:
            kind = kinds[one.name]
            choices = get_args(kind)
            name: Kind = "choice" if choices else "integer" if kind is int else "real"
            default, bounds, unit, meaning = one.metadata["told"]
            found.append(Parameter(one.name, default, bounds, unit, meaning, name, choices))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class OptimiserSettings:
    """How weights are changed."""

    batch: int = told(32, (1, 4096), "items per step, of all sets together")
    learning_rate: float = told(1e-3, (1e-7, 1.0), "peak rate of AdamW")
    weight_decay: float = told(0.02, (0, 1), "of matrices and kernels; biases have none")
    clip: float = told(1.0, (1e-4, 1e4), "largest norm of a step's gradient")
    warm_up: float = told(0.03, (0, 0.5), "part of the steps in which the rate rises")
    final: float = told(0.01, (0, 1), "rate of the last step, as a part of the peak")
    average: float = told(0.999, (0, 0.99999), "decay of the weights' average; 0 for none")
    standardise: float = told(
        0.0,
        (0, 0.5),
        "part of the newest batch in the moments that standardise the statistics; 0 for none",
    )
    dropout: float = told(0.0, (0, 0.9), "part of the statistics that a step leaves out")
    trunk: Literal["learns", "kept"] = told(
        "learns", None, "stages: learn, or are kept as --start-from has them, and heads learn alone"
    )


@dataclass(frozen=True, slots=True)
class LossSettings:
    """What is minimised: factors of the terms of :mod:`trainers.learning.losses`.

    ``whole`` and ``series`` are of sets of whole frames, see :mod:`trainers.learning.whole`.
    """

    l1: float = told(0.0, (0, 100), "factor of the absolute error of the target")
    huber: float = told(1.0, (0, 100), "factor of Huber's loss of the target")
    huber_delta: float = told(0.1, (1e-3, 1), "where Huber's loss becomes straight")
    plcc: float = told(0.1, (0, 100), "factor of 1 − the batch's linear correlation")
    rank: float = told(0.0, (0, 100), "factor of wrong order and too small differences")
    whole: float = told(0.0, (0, 100), "factor of Huber's loss of whole frames")
    series: float = told(0.0, (0, 100), "factor of wrong order within series of frames")
    exponent: float = told(
        0.0, (0, 100), "how far the worst window decides over a frame; 0: not trained"
    )

    @property
    def mix(self) -> dict[str, float]:
        """The factors by term."""
        return {"l1": self.l1, "huber": self.huber, "plcc": self.plcc, "rank": self.rank}


@dataclass(frozen=True, slots=True)
class AugmentationSettings:
    """What is done to crops that keeps their label."""

    symmetries: Symmetries = told(  # noqa: RUF009 - a field
        "all", None, "of the square: none, left-right, all eight"
    )
    window: int = told(0, (0, 4096), "side of the part seen; 0: all of it", "px")


@dataclass(frozen=True, slots=True)
class BalanceSettings:
    """How often distortions come, or how much they count."""

    emphasis: dict[str, float]
    exponent: float = told(0.0, (0, 1), "0: as in the set; 1: all equally often")
    by: Literal["sampler", "weights"] = told(
        "sampler", None, "drawn more often, or weighted in the loss"
    )


@dataclass(frozen=True, slots=True)
class AuxiliarySettings:
    """Further targets, which shape the features; their heads are dropped after training."""

    columns: dict[str, float]
    distortion: float = told(0.0, (0, 100), "factor of the distortion's type")
    strength: float = told(0.0, (0, 100), "factor of its strength")

    @property
    def any(self) -> bool:
        """Whether there is one at all."""
        return bool(self.distortion or self.strength or any(self.columns.values()))


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How a run goes about it."""

    precision: Literal["auto", "float32", "bfloat16"] = told(
        "auto", None, "of the network; auto: what is faster"
    )
    layout: Literal["auto", "contiguous", "channels_last"] = told(
        "auto", None, "of tensors in memory; auto: what is faster"
    )
    validations: int = told(10, (1, 1000), "how often a run is judged")
    validation_items: int = told(2000, (1, 10**7), "most items of a set then")
    log_every: int = told(50, (1, 10**6), "between rows of the log", "steps")
    checkpoint_seconds: float = told(120.0, (0, 1e6), "between checkpoints", "s")
    cache_mb: float = told(4000.0, (0, 1e7), "of crops kept in memory", "MB")


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
    return find_named(name, CONFIGS, "configuration")


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
    known = {"architecture", *_SECTIONS, *_NAMED}
    unknown = sorted(set(data) - known)
    if unknown:
        raise OptionError(
            f"{source}: there is no {', '.join(unknown)}; there are {', '.join(sorted(known))}"
        )
    architecture = data.get("architecture")
    if not isinstance(architecture, (str, dict)):
        raise OptionError(f"{source}: architecture is a name or a table, not {architecture!r}")
    tables = {name: _table(source, name, data) for name in (*_SECTIONS, *_NAMED)}
    further: dict[str, dict[str, Any]] = {
        name: {key: _factors(f"{source}: [{name}.{key}]", tables[name].pop(key, {}))}
        for name, key in (("balance", "emphasis"), ("auxiliary", "columns"))
    }
    for name, column in tables["targets"].items():
        if not isinstance(column, str):
            raise OptionError(f"{source}: [targets] {name} is a column of labels, not {column!r}")
    settings = {
        name: _settings(f"{source}: [{name}]", kind, tables[name], further.get(name, {}))
        for name, kind in _SECTIONS.items()
    }
    config = Config(
        architecture=architecture,
        **settings,
        heads=_heads(f"{source}: [heads]", tables["heads"]),
        shares=_factors(f"{source}: [shares]", tables["shares"], positive=True),
        targets=tables["targets"],
        text=text,
    )
    _check(config, source)
    return config


_SECTIONS: dict[str, type[Any]] = {
    "optimiser": OptimiserSettings, "loss": LossSettings, "augmentation": AugmentationSettings,
    "balance": BalanceSettings, "auxiliary": AuxiliarySettings, "run": RunSettings,
}  # fmt: skip
_NAMED = ("heads", "shares", "targets")


def _settings(
    where: str, kind: type[Any], table: Mapping[str, Any], further: Mapping[str, Any]
) -> Any:
    try:
        return kind(**resolve(where, parameters_of(kind), table), **further)
    except OptionError as error:
        message = str(error)
        raise OptionError(message if where in message else f"{where} {message}") from None


def _check(config: Config, source: str) -> None:
    """Raise if settings contradict each other."""
    optimiser, augmentation, loss = config.optimiser, config.augmentation, config.loss
    if optimiser.average and optimiser.standardise:
        raise OptionError(
            f"{source}: [optimiser] standardise takes average = 0: the moments are those of the "
            "newest weights, and averaged weights have others"
        )
    if optimiser.trunk == "kept" and (augmentation.symmetries != "none" or augmentation.window):
        raise OptionError(
            f'{source}: [optimiser] trunk = "kept" takes [augmentation] symmetries = "none" and no '
            "window: what a kept trunk makes of a crop is made once"
        )
    if not any(loss.mix.values()):
        raise OptionError(f"{source}: [loss] has no term with a factor above 0")
    if (loss.whole or loss.series) and not loss.exponent:
        raise OptionError(f"{source}: [loss] whole and series want an exponent above 0")


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
