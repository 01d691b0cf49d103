"""The recipe of a set: which scenes, which operations, how often, under which seed."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from datasets.command import find_named
from datasets.settings import Setting, parse_setting
from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.errors import OptionError

StepKind = Literal[
    "distort", "codec", "tonemap", "capture", "expand", "match_scale", "round",
    "fill", "shift", "place",
]  # fmt: skip
Teacher = Literal["hdrvdp2", "tmqi"]

CHANGES: dict[str, PixelDomain] = {"tonemap": "sdr", "capture": "sdr", "expand": "hdr"}
"""The kinds of steps after which a frame is of another domain."""

RECIPES = Path(__file__).parent / "recipes"


@dataclass(frozen=True, slots=True)
class StepRecipe:
    """One step of an operation, its settings not yet drawn.

    Parameters
    ----------
    kind
        See :mod:`datasets.steps`.
    name
        Of the distortion, codec or operator; empty for the other kinds.
    settings
        By name.
    part
        The step's own strength is the item's times a number drawn from this range.
    own_strength
        The step's own strength is drawn from this range instead, whatever the item's is.
    chance
        Probability that the step takes place.
    """

    kind: StepKind
    name: str
    settings: tuple[tuple[str, Setting], ...]
    part: tuple[float, float] = (1.0, 1.0)
    chance: float = 1.0
    own_strength: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """What is done to a frame.

    Parameters
    ----------
    name
        What the table calls the distortion.
    share
        How often it is drawn, relative to the others.
    strength
        The range of its strength, in [0, 1]; ``None`` where nothing in it is a strength.
    emphasis
        The strength is ``low + (high − low) · u^emphasis``, u even in [0, 1): below 1 the strong
        end comes more often.
    steps
        In order.
    """

    name: str
    share: float
    strength: tuple[float, float] | None
    emphasis: float
    steps: tuple[StepRecipe, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Which scenes are used as references, and how often.

    Parameters
    ----------
    kind
        Of the scenes.
    frames
        Per scene.
    crops
        Per frame.
    versions
        Distorted versions of each frame; series of such, where the recipe has series.
    widen
        Steps of which one makes HDR frames of SDR scenes, or photographs of HDR ones; empty to take
        them as they are.
    part
        Of the scenes that are used, chosen by the hash of their names.
    """

    kind: PixelDomain
    frames: int
    crops: int
    versions: int
    widen: tuple[StepRecipe, ...]
    part: float = 1.0

    @property
    def label(self) -> str:
        """What the table calls it: ``hdr``, ``sdr``, ``widened`` or ``rendered``."""
        if not self.widen:
            return self.kind
        return "widened" if self.kind == "sdr" else "rendered"

    @property
    def makes(self) -> set[PixelDomain]:
        """Domains of its frames: one, in a recipe that works."""
        return {CHANGES.get(step.kind, self.kind) for step in self.widen} or {self.kind}


@dataclass(frozen=True, slots=True)
class Recipe:
    """A generated set; see the files in ``datasets/recipes`` for an annotated example of each.

    Parameters
    ----------
    name, title
        Short name (of files and items), and one line.
    seed
        Of every draw.
    teacher
        What labels the crops.
    reference, test
        Domains of reference and test frames.
    ppd
        Pixels per degree of the labels.
    crop
        Side of a crop, px.
    frame_size
        Largest height and width of a frame, px.
    scale
        Range of the factor by which a scene is made smaller.
    peak
        Range of the drawn peak, cd/m².
    display
        The screen on which SDR frames are judged.
    sources, operations
        See there.
    before, after
        Steps around every operation's own.
    whole
        Whether crops are the windows that cover a frame, as a score of a whole picture looks at
        them, whatever they hold, and the teacher's value of the whole frame stands beside theirs.
    series
        Strengths that every drawn operation comes in, from mild to strong, all else the same; the
        untouched frame is a version too. 0 for one strength and no untouched frame.
    text
        The file's text.
    """

    name: str
    title: str
    seed: int
    teacher: Teacher
    reference: PixelDomain
    test: PixelDomain
    ppd: float
    crop: int
    frame_size: tuple[int, int]
    scale: tuple[float, float]
    peak: tuple[float, float]
    display: str
    sources: tuple[Source, ...]
    operations: tuple[Operation, ...]
    before: tuple[StepRecipe, ...]
    after: tuple[StepRecipe, ...]
    whole: bool
    series: int
    text: str

    @property
    def sha256(self) -> str:
        """Hash of the file's text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def find_recipe(name: str) -> Path:
    """Return the file of a recipe: a path, or the name of one in ``datasets/recipes``.

    Raises
    ------
    UnknownNameError
        If there is neither.
    """
    return find_named(name, RECIPES, "recipe")


def read_recipe(path: Path) -> Recipe:
    """Return the recipe in a TOML file.

    Raises
    ------
    OptionError
        If it is not TOML, or anything in it is unknown, missing or cannot be; the message names
        the place.
    """
    try:
        text = path.read_text(encoding="utf-8")
        return parse_recipe(text)
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"{path}: cannot be read ({error})") from error
    except OptionError as error:
        raise OptionError(f"{path}: {error}") from error


def parse_recipe(text: str) -> Recipe:
    """Return the recipe of a TOML text; see :func:`read_recipe`."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise OptionError(f"not TOML: {error}") from error
    top = _Table("recipe", data)
    teacher = top.choice("teacher", get_args(Teacher))
    recipe = Recipe(
        name=top.text("name"),
        title=top.text("title"),
        seed=top.whole("seed", 0, 2**63 - 1),
        teacher=cast(Teacher, teacher),
        reference=cast(PixelDomain, top.choice("reference", get_args(PixelDomain))),
        test=cast(PixelDomain, top.choice("test", get_args(PixelDomain))),
        ppd=top.number("ppd", 1.0, 1000.0, 30.0),
        crop=top.whole("crop", 32, 4096, 256),
        frame_size=top.pair("frame_size", 32, 16384, (384, 512), int),
        scale=top.pair("scale", 0.05, 1.0, (0.7, 1.0), float),
        peak=top.pair("peak", 1.0, 10_000.0, (100.0, 10_000.0), float),
        display=top.text("display", "srgb-100"),
        sources=tuple(_source(one) for one in top.tables("sources")),
        operations=tuple(_operation(one) for one in top.tables("operations")),
        before=_steps(top, "before"),
        after=_steps(top, "after"),
        whole=top.flag("whole"),
        series=top.whole("series", 0, 100, 0),
        text=text,
    )
    top.finish()
    _check(recipe)
    return recipe


def _check(recipe: Recipe) -> None:
    if not recipe.name or set(recipe.name) - set("abcdefghijklmnopqrstuvwxyz0123456789-"):
        raise OptionError(f"name is made of a-z, 0-9 and -; not {recipe.name!r}")
    if min(recipe.frame_size) < recipe.crop:
        raise OptionError(f"a frame of {recipe.frame_size} holds no crop of {recipe.crop}")
    if not recipe.sources or not recipe.operations:
        raise OptionError("a recipe has at least one of [[sources]] and one of [[operations]]")
    for source in recipe.sources:
        if source.makes != {recipe.reference}:
            given = f" {source.label}" if source.widen else ""
            raise OptionError(
                f"sources of kind {source.kind}{given} give no {recipe.reference} references"
            )
    labels = [source.label for source in recipe.sources]
    if len(set(labels)) < len(labels):
        raise OptionError("each kind of source is given once")
    names = [operation.name for operation in recipe.operations]
    if len(set(names)) < len(names):
        raise OptionError("two operations have the same name")
    if recipe.teacher == "tmqi" and (recipe.reference, recipe.test) != ("hdr", "sdr"):
        raise OptionError("tmqi compares sdr tests with an hdr reference")
    if recipe.teacher == "hdrvdp2" and recipe.reference != recipe.test:
        raise OptionError("hdrvdp2 compares pictures of one domain")
    kinds = {step.kind for operation in recipe.operations for step in operation.steps}
    if "place" in kinds and recipe.reference != recipe.test:
        raise OptionError("a place of a frame is kept where test and reference are of one domain")
    if recipe.whole and recipe.teacher != "hdrvdp2":
        raise OptionError("whole frames are labelled by hdrvdp2 only")


def _source(table: _Table) -> Source:
    source = Source(
        kind=cast(PixelDomain, table.choice("kind", get_args(PixelDomain))),
        frames=table.whole("frames", 1, 10**6),
        crops=table.whole("crops", 1, 100),
        versions=table.whole("versions", 1, 10**4),
        widen=_steps(table, "widen"),
        part=table.number("part", 0.0, 1.0, 1.0),
    )
    table.finish()
    return source


def _operation(table: _Table) -> Operation:
    name = table.text("name")
    table.where = f"operation {name}"
    operation = Operation(
        name=name,
        share=table.number("share", 0.0, 1e6, 1.0),
        strength=table.pair("strength", 0.0, 1.0, (0.0, 0.0), float)
        if table.has("strength")
        else None,
        emphasis=table.number("emphasis", 0.1, 10.0, 1.0),
        steps=_steps(table, "steps"),
    )
    table.finish()
    return operation


def _steps(table: _Table, key: str) -> tuple[StepRecipe, ...]:
    return tuple(_step(one) for one in table.tables(key))


def _step(table: _Table) -> StepRecipe:
    kind = cast(StepKind, table.choice("kind", get_args(StepKind)))
    named = kind in ("distort", "codec", "tonemap", "expand")
    name = table.text("name") if named else ""
    table.where = f"{table.where}, {kind} {name}".rstrip()
    part = table.pair("part", 0.0, 1.0, (1.0, 1.0), float)
    chance = table.number("chance", 0.0, 1.0, 1.0)
    own = (
        table.pair("own_strength", 0.0, 1.0, (0.0, 1.0), float)
        if table.has("own_strength")
        else None
    )
    settings = tuple(
        (key, parse_setting(f"{table.where}, {key}", value)) for key, value in table.rest()
    )
    return StepRecipe(kind, name, settings, part, chance, own)


class _Table:
    """A TOML table that knows where it stands and which of its keys were asked for."""

    def __init__(self, where: str, data: dict[str, Any]) -> None:
        self.where = where
        self.left = dict(data)

    def has(self, key: str) -> bool:
        return key in self.left

    def _take(self, key: str, default: Any) -> Any:
        if key not in self.left and default is None:
            raise OptionError(f"{self.where}: {key} is missing")
        return self.left.pop(key, default)

    def text(self, key: str, default: str | None = None) -> str:
        value = self._take(key, default)
        if not isinstance(value, str):
            raise OptionError(f"{self.where}: {key} is a text, not {value!r}")
        return value

    def choice(self, key: str, known: tuple[str, ...]) -> str:
        value = self.text(key)
        if value not in known:
            raise OptionError(f"{self.where}: {key} is one of {', '.join(known)}; not {value!r}")
        return value

    def number(self, key: str, low: float, high: float, default: float | None = None) -> float:
        value = self._take(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise OptionError(f"{self.where}: {key} is a number, not {value!r}")
        if not low <= value <= high:
            raise OptionError(f"{self.where}: {key} lies between {low:g} and {high:g}, not {value}")
        return float(value)

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        value = self._take(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise OptionError(
                f"{self.where}: {key} is a whole number from {low} to {high}, not {value!r}"
            )
        return value

    def flag(self, key: str) -> bool:
        value = self._take(key, False)
        if not isinstance(value, bool):
            raise OptionError(f"{self.where}: {key} is true or false, not {value!r}")
        return value

    def pair(self, key: str, low: float, high: float, default: Any, number: type) -> Any:
        value = self.left.pop(key, list(default))
        good = isinstance(value, list) and len(value) == 2
        good = good and all(
            isinstance(v, (int, float)) and not isinstance(v, bool) and low <= v <= high
            for v in value
        )
        good = good and value[0] <= value[1]
        if not good or (number is int and any(int(v) != v for v in value)):
            raise OptionError(
                f"{self.where}: {key} is [a, b] with {low:g} ≤ a ≤ b ≤ {high:g}; not {value!r}"
            )
        return (number(value[0]), number(value[1]))

    def tables(self, key: str) -> list[_Table]:
        value = self.left.pop(key, [])
        if not (isinstance(value, list) and all(isinstance(one, dict) for one in value)):
            raise OptionError(f"{self.where}: {key} is a list of tables")
        where = "" if self.where == "recipe" else f"{self.where}, "
        return [_Table(f"{where}{key} {i + 1}", one) for i, one in enumerate(value)]

    def rest(self) -> list[tuple[str, Any]]:
        """Return what nobody asked for, in the order of the file."""
        found = list(self.left.items())
        self.left = {}
        return found

    def finish(self) -> None:
        """Raise if something was never asked for: a misspelt key must not pass in silence."""
        if self.left:
            raise OptionError(f"{self.where}: unknown key {', '.join(sorted(self.left))}")
