"""The unit of work: one frame of one scene, its versions made, its crops labelled."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from datasets.draw import Version, draw_seed, draw_step, draw_version, draw_versions
from datasets.framing.calibration import draw_peak
from datasets.framing.crops import choose_crops, covering_crops
from datasets.framing.frames import draw_frame
from datasets.item import Item, ReferenceKey, Step, TestKey, steps_to_json
from datasets.labelling.labels import WHOLE, Labeller
from datasets.pixels import PixelSource, crop, half_bytes
from datasets.recipe import CHANGES, Recipe, Source
from datasets.steps import State
from datasets.streams import stream
from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.distort import create_distortion
from hdrmetrics.photometry.display import Display, get_display

ATTEMPTS = 6
"""How many frames are tried before a scene is said to have none with a good crop."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unit:
    """One frame of one scene, by number."""

    source: str
    scene: str
    frame: int

    @property
    def name(self) -> str:
        """A name that can be a file's."""
        return f"{self.source}-{self.scene}-{self.frame:04d}"


@dataclass(slots=True)
class UnitResult:
    """What came of a unit.

    Parameters
    ----------
    rows
        Of the table, without what is the same for all.
    failures
        What could not be made or labelled: ``item``, ``scene``, ``reason``.
    seconds
        Spent in each stage: ``load``, ``generate``, ``encode`` (in codecs), ``label``.
    """

    rows: list[Row] = field(default_factory=list)
    failures: list[dict[str, str]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time spent inside."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start

    def move(self, source: str, target: str, seconds: float) -> None:
        """Count some of a stage's time as another's."""
        self.seconds[source] -= seconds
        self.seconds[target] = self.seconds.get(target, 0.0) + seconds


STAGES = ("load", "generate", "encode", "label")


class UnitRunner:
    """Runs units of a recipe, one after the other, with one labeller and one source of pixels."""

    def __init__(self, recipe: Recipe, pixels: PixelSource) -> None:
        self.recipe = recipe
        self.pixels = pixels
        self.labeller = Labeller(recipe.teacher, ppd=recipe.ppd)
        self.display: Display = get_display(recipe.display)
        self._sources = {source.label: source for source in recipe.sources}

    def run(self, unit: Unit) -> UnitResult:
        """Return the rows of a unit; what goes wrong with an item is told, and stops no other."""
        result = UnitResult()
        source = self._sources[unit.source]
        try:
            with result.stage("load"):
                self.pixels.pixels(unit.scene)
            with result.stage("generate"):
                found = self._reference(unit, source)
        except Exception as error:
            result.failures.append(_failure(f"{unit.name}", unit.scene, error))
            return result
        if found is None:
            reason = f"none of {ATTEMPTS} frames has a crop worth labelling"
            result.failures.append({"item": unit.name, "scene": unit.scene, "reason": reason})
            return result
        key, corners = found
        made: list[tuple[int, Row, State]] = []
        for number, version in enumerate(
            draw_versions(self.recipe, source, unit.scene, unit.frame)
        ):
            before = self.pixels.codec_seconds
            try:
                with result.stage("generate"):
                    made.append((number, *self._version(key, version, unit)))
                result.move("generate", "encode", self.pixels.codec_seconds - before)
            except Exception as error:
                name = f"{unit.name}-v{number:02d} {version.operation.name}"
                result.failures.append(_failure(name, unit.scene, error))
        if self.recipe.whole and made:
            made = self._label_whole(unit, key, made, result)
        for number, corner in enumerate(corners):
            if made:
                self._label_crop(unit, key, number, corner, made, result)
        return result

    def _reference(
        self, unit: Unit, source: Source
    ) -> tuple[ReferenceKey, list[tuple[int, int]]] | None:
        """Return the first of a few drawn frames that has good crops, with their corners."""
        recipe, scene = self.recipe, self.pixels.scene(unit.scene)
        height, width = self.pixels.pixels(unit.scene).shape[-2:]
        for attempt in range(ATTEMPTS):
            rng = stream(recipe.seed, recipe.name, "frame", unit.scene, unit.frame, attempt)
            frame = draw_frame(
                (height, width),
                scene.panorama,
                rng,
                frame_size=recipe.frame_size,
                minimum=recipe.crop,
                scale=recipe.scale,
            )
            peak = draw_peak(rng, *recipe.peak) if unit.source != "sdr" else 0.0
            widen: tuple[Step, ...] = ()
            if source.widen:
                given = source.widen[int(rng.integers(len(source.widen)))]
                seed = draw_seed(recipe.seed, "widen", unit.scene, unit.frame, attempt)
                widen = (draw_step(given, 0.0, seed, rng),)
            key = ReferenceKey(unit.scene, unit.source, frame, peak, steps_to_json(widen))
            light = self.pixels.reference(key)[0]
            corners = (
                covering_crops((frame.height, frame.width), recipe.crop)
                if recipe.whole
                else choose_crops(light, source.crops, rng, size=recipe.crop, kind=recipe.reference)
            )
            if corners:
                return key, corners
        return None

    def _version(self, key: ReferenceKey, version: Version, unit: Unit) -> tuple[Row, State]:
        operation = version.operation
        steps, strength, seed = draw_version(
            self.recipe, operation, unit.scene, unit.frame, version.number, version.level
        )
        test = TestKey(key, steps_to_json(steps))
        row: Row = {
            "distortion": operation.name,
            "strength": math.nan if strength is None else strength,
            "seed": seed,
            "steps": test.steps,
            "parameters": json.dumps(
                describe(steps, key.domain), separators=(",", ":"), sort_keys=True
            ),
        }
        return row, self.pixels.test(test)

    def _label_whole(
        self,
        unit: Unit,
        key: ReferenceKey,
        made: list[tuple[int, Row, State]],
        result: UnitResult,
    ) -> list[tuple[int, Row, State]]:
        """Return the versions that have a label of their whole frame, with it."""
        reference = self.shown(self.pixels.reference(key)[0], self.recipe.reference)
        found = []
        judge = self.labeller.of_whole(reference, window=self.recipe.crop)
        for number, row, state in made:
            try:
                with result.stage("label"):
                    row[WHOLE] = judge(self.shown(state.pixels[0], self.recipe.test))
                found.append((number, row, state))
            except Exception as error:
                name = f"{unit.name}-v{number:02d} {row['distortion']}"
                result.failures.append(_failure(name, unit.scene, error))
        return found

    def _label_crop(
        self,
        unit: Unit,
        key: ReferenceKey,
        number: int,
        corner: tuple[int, int],
        made: list[tuple[int, Row, State]],
        result: UnitResult,
    ) -> None:
        items = [
            Item(TestKey(key, row["steps"]), corner[0], corner[1], self.recipe.crop)
            for _, row, _ in made
        ]
        with result.stage("generate"):
            reference = crop(self.pixels.reference(key), items[0])
            tests = [crop(one[2].pixels, item) for one, item in zip(made, items, strict=True)]
        try:
            with result.stage("label"):
                labels = self.labeller.label(
                    self.shown(reference, self.recipe.reference),
                    torch.stack([self.shown(one, self.recipe.test) for one in tests]),
                )
        except Exception as error:
            result.failures.append(_failure(f"{unit.name}-c{number}", unit.scene, error))
            return
        shared = {
            **self._place(unit, key, number, corner), "reference_digest": digest_of(reference)
        }  # fmt: skip
        for i, (version, row, state) in enumerate(made):
            name = f"{self.recipe.name}/{unit.name}-c{number}-v{version:02d}"
            values = {column: float(labels[column][i]) for column in self.labeller.columns}
            if not math.isfinite(values[self.labeller.columns[0]]):
                reason = self.labeller.reasons.get(i, "the teacher gave no finite label")
                result.failures.append({"item": name, "scene": unit.scene, "reason": reason})
                continue
            result.rows.append(
                {
                    "item": name,
                    "version": version,
                    **shared,
                    **row,
                    "bits_per_pixel": state.bits_per_pixel,
                    **values,
                    "test_digest": digest_of(tests[i]),
                }
            )

    def _place(self, unit: Unit, key: ReferenceKey, number: int, corner: tuple[int, int]) -> Row:
        """Return what a row says of where its crop lies, the same for all versions."""
        scene, frame = self.pixels.scene(unit.scene), key.frame
        return {
            "scene": unit.scene, "group": scene.group, "split": scene.split,
            "licence": scene.licence, "source": unit.source, "frame": unit.frame, "crop": number,
            "frame_x": frame.x, "frame_y": frame.y, "frame_width": frame.width,
            "frame_height": frame.height, "frame_scale": frame.scale, "mirrored": frame.mirrored,
            "crop_x": corner[1], "crop_y": corner[0], "size": self.recipe.crop,
            "peak": key.peak, "widen": key.widen,
        }  # fmt: skip

    def shown(self, pixels: Tensor, domain: str) -> Tensor:
        """Return what the teacher sees: light in cd/m², or, for TMQI, tone-mapped codes."""
        if domain == "sdr" and self.recipe.teacher == "hdrvdp2":
            return self.display.forward(pixels)
        return pixels


def describe(steps: tuple[Step, ...], domain: PixelDomain) -> dict[str, Any]:
    """Return the physical parameters of steps by name, for readers of the table.

    Parameters
    ----------
    steps
        As they were done.
    domain
        Of the frame that they begin with.
    """
    found: dict[str, Any] = {}
    several = sum(bool(step.name) for step in steps) > 1
    for step in steps:
        values: dict[str, Any] = dict(step.settings)
        if step.kind == "distort":
            distortion = create_distortion(step.name, **step.settings)
            strength = 0.0 if step.strength is None else step.strength
            record = distortion.record(strength, domain=domain, seed=step.seed)
            settings = record["settings"]
            amounts = record["amount"].items()
            values |= settings | {(f"{k} amount" if k in settings else k): v for k, v in amounts}
        domain = CHANGES.get(step.kind, domain)
        prefix = f"{step.name or step.kind}." if several or not step.name else ""
        found |= {f"{prefix}{name}": _plain(value) for name, value in values.items()}
    return found


def _plain(value: Any) -> Any:
    return float(f"{value:.6g}") if isinstance(value, float) else value


def digest_of(pixels: Tensor) -> str:
    """Return 64 bits of the SHA-256 of the pixels as half floats, as hexadecimal digits."""
    return hashlib.sha256(half_bytes(pixels)).hexdigest()[:16]


def _failure(item: str, scene: str, error: Exception) -> dict[str, str]:
    return {"item": item, "scene": scene, "reason": f"{type(error).__name__}: {error}"}
