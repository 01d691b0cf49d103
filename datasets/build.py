"""Building a set: its units run by workers, kept one by one, gathered into a table."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from datasets.framing.frames import fits
from datasets.labelling.labels import WHOLE, Labeller
from datasets.libraries import library_versions
from datasets.pixels import PixelSource
from datasets.recipe import Recipe, parse_recipe
from datasets.rows import write_rows
from datasets.scenes.scene import Scene
from datasets.streams import digest, fraction
from datasets.table import Row, write_table
from datasets.unit import STAGES, Unit, UnitRunner
from datasets.workers import Outcome, run_jobs
from hdrmetrics.errors import OptionError
from hdrmetrics.text.textfile import write_text


@dataclass(frozen=True, slots=True)
class Shard:
    """Part ``number`` (from 1) of ``count``: which units belong to it depends on names alone."""

    number: int = 1
    count: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count:
            raise OptionError(f"a shard is i/n with 1 ≤ i ≤ n, not {self.number}/{self.count}")

    def holds(self, unit: Unit) -> bool:
        """Whether a unit belongs to this part."""
        return digest("shard", unit.name) % self.count == self.number - 1

    @property
    def suffix(self) -> str:
        """For file names; empty if there is one part only."""
        return "" if self.count == 1 else f"-{self.number}of{self.count}"


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build left.

    Parameters
    ----------
    table
        The Parquet file; ``None`` if nothing could be labelled.
    items
        Rows in it.
    failures
        What could not be made or labelled, as in ``failures.csv``.
    seconds
        Of this run, per stage, summed over the workers; ``elapsed`` is the clock's.
    made
        Items made in this run (the rest was there from an earlier one).
    """

    table: Path | None
    items: int
    failures: list[dict[str, str]]
    seconds: dict[str, float]
    made: int


def holds_a_crop(recipe: Recipe, scene: Scene) -> bool:
    """Whether a scene is large enough for a frame; True where only loading it would tell."""
    size = getattr(scene, "size", None)
    return size is None or fits(size, scene.panorama, minimum=recipe.crop)


def plan(recipe: Recipe, scenes: Iterable[Scene], shard: Shard | None = None) -> list[Unit]:
    """Return the units of a recipe: the first frame of every scene, then the second, and so on.

    In this order a build that was stopped has seen every scene. Scenes known to be too small for
    a crop are left out.
    """
    found = [
        Unit(source.label, scene.name, frame)
        for source in recipe.sources
        for scene in scenes
        if scene.kind == source.kind
        and holds_a_crop(recipe, scene)
        and (source.part == 1 or fraction(recipe.seed, "part", scene.name) < source.part)
        for frame in range(source.frames)
    ]
    part = shard or Shard()
    kept = [unit for unit in found if part.holds(unit)]
    return sorted(kept, key=lambda unit: (unit.frame, unit.source, unit.scene))


def build(
    recipe: Recipe,
    scenes: Sequence[Scene],
    out: Path,
    *,
    workers: int = 1,
    shard: Shard | None = None,
    retry: bool = False,
    progress: bool = True,
) -> BuildResult:
    """Make and label the items of a recipe, going on where an earlier run stopped.

    Parameters
    ----------
    recipe, scenes
        What to make, of what.
    out
        Folder of this set: ``parts/`` (one file per finished unit), ``failures.csv``,
        ``throughput.csv`` and the table.
    workers
        Processes; the result does not depend on their number.
    shard
        Make this part only.
    retry
        Run units again that had failures.
    progress
        Whether to draw a progress bar.

    Raises
    ------
    OptionError
        If the folder holds parts of another recipe or of other library versions, or no scene
        fits the recipe.
    """
    # Needed at the end only, but hours of labelling must not come first.
    import pyarrow.parquet  # noqa: F401
    import scipy.optimize  # noqa: F401

    part = shard or Shard()
    units = plan(recipe, scenes, part)
    _check_scenes(recipe, scenes, units)
    parts = out / "parts"
    parts.mkdir(parents=True, exist_ok=True)
    _claim(out, recipe)
    todo = [unit for unit in units if not _done(parts, unit, retry)]
    bar = tqdm(
        total=len(units), initial=len(units) - len(todo), desc=f"{recipe.name}{part.suffix}",
        unit="frame", disable=not progress, smoothing=0.05,
    )  # fmt: skip
    job = (recipe.text, tuple(scenes), str(parts))
    outcomes = run_jobs(_set_up, job, todo, workers=workers)
    with bar:
        made, seconds = _follow(outcomes, parts, bar)
    if made:
        _note_throughput(out, made, seconds, workers)
    return _gather(recipe, scenes, out, units, part, seconds, made)


def _check_scenes(recipe: Recipe, scenes: Sequence[Scene], units: Sequence[Unit]) -> None:
    if not units:
        kinds = " or ".join(sorted({source.kind for source in recipe.sources}))
        raise OptionError(f"recipe {recipe.name}: no {kinds} scene among the {len(scenes)} given")


def _follow(
    outcomes: Iterable[Outcome[Unit]], parts: Path, bar: tqdm[Any]
) -> tuple[int, dict[str, float]]:
    """Return how many items were made, and the seconds that it took, by stage."""
    seconds: dict[str, float] = {}
    start, made = time.monotonic(), 0
    for outcome in outcomes:
        if outcome.reason:
            failure = {"item": outcome.job.name, "scene": outcome.job.scene}
            _keep(parts, outcome.job, [], [{**failure, "reason": outcome.reason}])
        else:
            count, spent = outcome.result
            made += count
            for stage, value in spent.items():
                seconds[stage] = seconds.get(stage, 0.0) + value
        bar.update()
        bar.set_postfix_str(f"{made / max(time.monotonic() - start, 1e-9):.1f} items/s")
    seconds["elapsed"] = time.monotonic() - start
    return made, seconds


def _set_up(argument: tuple[str, tuple[Scene, ...], str]) -> Any:
    """Return the function that runs a unit in a worker and keeps what came of it."""
    text, scenes, parts = argument
    runner = UnitRunner(parse_recipe(text), PixelSource(scenes))

    def work(unit: Unit) -> tuple[int, dict[str, float]]:
        result = runner.run(unit)
        _keep(Path(parts), unit, result.rows, result.failures)
        return len(result.rows), result.seconds

    return work


def _path(parts: Path, unit: Unit) -> Path:
    return parts / f"{unit.name}.json"


def _keep(parts: Path, unit: Unit, rows: list[Row], failures: list[dict[str, str]]) -> None:
    # The floats of JSON come back bit by bit, so a resumed run gives the same table.
    write_text(_path(parts, unit), json.dumps({"rows": rows, "failures": failures}))


def _load(path: Path) -> tuple[list[Row], list[dict[str, str]]]:
    data = json.loads(path.read_text(encoding="utf-8"))
    return data["rows"], data["failures"]


def _done(parts: Path, unit: Unit, retry: bool) -> bool:
    path = _path(parts, unit)
    if not path.exists():
        return False
    try:
        _, failures = _load(path)
    except (ValueError, KeyError):
        return False
    return not (retry and failures)


def _claim(out: Path, recipe: Recipe) -> None:
    """Write what this folder is for, or raise if it is for something else."""
    path = out / "build.json"
    mine = {
        "recipe": recipe.name,
        "recipe_sha256": recipe.sha256,
        "libraries": library_versions(),
        "teacher": Labeller(recipe.teacher, ppd=recipe.ppd).version,
    }
    if path.exists():
        there = json.loads(path.read_text(encoding="utf-8"))
        for key, value in mine.items():
            if there.get(key) != value:
                raise OptionError(
                    f"{out} holds parts made with another {key.replace('_', ' ')} "
                    f"({there.get(key)}, now {value}): build into another folder, or remove it"
                )
        return
    write_text(path, json.dumps(mine, indent=2, sort_keys=True) + "\n")


def _gather(
    recipe: Recipe,
    scenes: Sequence[Scene],
    out: Path,
    units: list[Unit],
    shard: Shard,
    seconds: dict[str, float],
    made: int,
) -> BuildResult:
    rows: list[Row] = []
    failures: list[dict[str, str]] = []
    for unit in units:
        more, failed = _load(_path(out / "parts", unit))
        rows += more
        failures += failed
    known = {scene.name: scene for scene in scenes}
    for row in rows:  # as they are now: a scene's group may have become known since
        scene = known[row["scene"]]
        row |= {"group": scene.group, "split": scene.split, "licence": scene.licence}
    failures.sort(key=lambda one: (one["item"], one["reason"]))
    write_failures(out / f"failures{shard.suffix}.csv", failures)
    if not rows:
        return BuildResult(None, 0, failures, seconds, made)
    target = out / f"{recipe.name}{shard.suffix}.parquet"
    write_table(target, rows, table_metadata(recipe))
    return BuildResult(target, len(rows), failures, seconds, made)


def table_metadata(recipe: Recipe) -> dict[str, Any]:
    """Return what a table says of the whole of it, but for the target's transform."""
    labeller = Labeller(recipe.teacher, ppd=recipe.ppd)
    return {
        "name": recipe.name,
        "recipe": recipe.text,
        "recipe_sha256": recipe.sha256,
        "labels": [*labeller.columns, *([WHOLE] if recipe.whole else [])],
        "target_of": labeller.columns[0],
        "higher_is_better": labeller.higher_is_better,
        "teacher": labeller.version,
        "ppd": recipe.ppd,
        "display": recipe.display if recipe.reference == "sdr" else "",
        "libraries": library_versions(),
    }


def write_failures(path: Path, failures: Sequence[dict[str, str]]) -> None:
    """Write failures as CSV; the header alone says that there were none."""
    write_rows(path, ["item", "scene", "reason"], failures)


def _note_throughput(out: Path, made: int, seconds: dict[str, float], workers: int) -> None:
    """Append what this run took, for the throughput table."""
    path = out / "throughput.csv"
    lines = path.read_text(encoding="utf-8") if path.exists() else _HEAD
    stages = [f"{seconds.get(stage, 0.0):.3f}" for stage in STAGES]
    write_text(
        path,
        lines + ",".join([str(made), str(workers), *stages, f"{seconds['elapsed']:.3f}"]) + "\n",
    )


_HEAD = "items,workers,load_s,generate_s,encode_s,label_s,elapsed_s\n"


def parse_shard(text: str) -> Shard:
    """Return the shard of a text ``i/n``.

    Raises
    ------
    OptionError
        For any other text.
    """
    number, slash, count = text.partition("/")
    if not (slash and number.isdigit() and count.isdigit()):
        raise OptionError(f"a shard is i/n, for example 1/4; not {text!r}")
    return Shard(int(number), int(count))
