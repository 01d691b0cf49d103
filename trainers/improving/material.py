"""Degraded photographs with what enhancement made of them, and how much better that is in truth."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from torch import Tensor

from datasets.scenes.scene import Split
from datasets.scenes.scene_files import FileScene
from datasets.streams import fraction, stream
from hdrmetrics.catalogue.metrics import create_metric
from hdrmetrics.enhance import create_enhancer
from hdrmetrics.errors import HdrMetricsError, OptionError
from hdrmetrics.improve.pair_writer import PairWriter
from hdrmetrics.improve.photograph import read_photograph
from hdrmetrics.picture.image import pixel_tensor
from trainers.improving.recipe import RESTORE, GainRecipe
from trainers.restoring.degrade import QUALITIES, Step, degrade, filed
from trainers.restoring.references import reduced, references, window

SPLITS: tuple[Split, ...] = ("train", "validation", "test")
COLUMNS = ("split", "photograph", "degradation", "steps", "before", "after")
"""Of the table: split and photograph; ``clean``, one of :data:`DEGRADATIONS` or ``several``, which
a file of usual quality at last does not change; what happened; distance √(1 − q) of the metric's q
to the original before and after."""

DEGRADATIONS: dict[str, tuple[str, ...]] = {
    "motion-blur": ("motion_blur",),
    "lens-blur": ("defocus_blur", "gaussian_blur"),
    "noise": ("gaussian_noise", "camera_noise"),
    "compression": ("jpeg",),
    "saturation": ("saturation_clipping",),
}
"""By what users know them as, the distortions that make them."""

_LEAST, _MOST = 0.05, {"saturation_clipping": 0.6}
_MILDER = 1.4  # of several degradations each is milder
_PATIENCE = 15.0


def draw_steps(recipe: GainRecipe, draw: np.random.Generator) -> tuple[str, list[Step]]:
    """Return what a photograph suffers from, and the steps that do it."""
    lot = draw.random()
    if lot < recipe.untouched:
        return "clean", []
    names = list(DEGRADATIONS)
    if lot < recipe.untouched + recipe.single:
        name = names[int(draw.integers(len(names)))]
        return name, [_step(name, draw, 1.0)]
    count = int(draw.integers(2, 4))
    chosen = sorted(draw.permutation(len(names))[:count])  # lens before sensor before file
    return "several", [_step(names[i], draw, _MILDER) for i in chosen]


def make_pairs(
    out: Path,
    recipe: GainRecipe,
    photographs: Path | None,
    opinions: Path | None,
    seed: int,
    *,
    factors: tuple[float, float] | None = None,
    restoration: Path | None = None,
    quiet: bool = False,
) -> Path:
    """Fill a folder with pairs, unless it holds them already; returns the path of their table.

    Photographs of a split by name are of that split alone; their number of takes follows from the
    recipe. A photograph that cannot be read, or is too small for the metric, is told once and left
    out.

    Parameters
    ----------
    out
        The folder; a set that was begun goes on.
    recipe
        Says what is done.
    photographs, opinions
        See :func:`~trainers.restoring.references.references`.
    seed
        Of all draws.
    factors
        How much smaller each photograph is made, at least and at most, if not as its source asks.
    restoration
        Weights for the recipe's enhancer, where that is ``restore``; by default the package's.
    quiet
        No lines of progress.

    Raises
    ------
    WeightsError
        If these weights cannot be read.
    OptionError
        If a split has no photographs, or none of which a pair could be made; if the folder holds
        pairs of others; or if the metric is none of likeness to an original, of which 1 is the
        most.
    """
    own = {"weights": restoration} if restoration and recipe.enhancer == RESTORE else {}
    enhancer, metric = create_enhancer(recipe.enhancer, **own), create_metric(recipe.metric)
    told_by = metric.info
    if not (told_by.reference and told_by.domain == "sdr" and told_by.range[1] == 1.0):
        raise OptionError(
            f"the true gain cannot be told by {recipe.metric}: it wants an SDR metric against a "
            "reference that is 1 at best, such as ms-ssim"
        )
    writer = PairWriter(out, COLUMNS)
    least = told_by.minimum_size
    total, began = sum(recipe.takes), time.monotonic()
    done = made = 0
    told = began
    refused: set[str] = set()
    for split, takes in zip(SPLITS, recipe.takes, strict=True):
        sources = sorted(
            references(split, photographs, opinions),
            key=lambda one: fraction("improving", seed, one[0].name),
        )
        if not sources:
            raise OptionError(f"there are no clean photographs of the split {split}")
        for name, scene, usual, draw in _turns(sources, split, takes, seed):
            done += 1
            if name in writer:
                if writer.rows[name]["photograph"] != scene.name:
                    raise OptionError(f"{out} holds pairs of other photographs: another folder")
                continue
            try:
                clean = _taken(scene, factors or usual, draw, least, recipe.room)
            except HdrMetricsError as error:
                if scene.name not in refused:
                    print(f"{scene.name}: {error}", file=sys.stderr, flush=True)
                    refused.add(scene.name)
                continue
            kind, steps = draw_steps(recipe, draw)
            steps = filed(steps, recipe.filed, draw)
            before = degrade(clean, steps, int(draw.integers(2**31))).float() / 255
            after = (255 * enhancer(before)).round().clamp(0, 255) / 255
            ends = [_distance(metric(one, clean)) for one in (before, after)]
            more = {
                "split": split,
                "photograph": scene.name,
                "degradation": kind,
                "steps": " ".join(f"{step}={amount:.4g}" for step, amount in steps),
                "before": f"{ends[0]:.6f}",
                "after": f"{ends[1]:.6f}",
            }
            writer.add(name, before[0], after[0], more)
            made += 1
            if not quiet and time.monotonic() - told > _PATIENCE:
                told = time.monotonic()
                left = (told - began) / made * (total - done)
                print(f"{done}/{total} pairs, {left:.0f} s left", file=sys.stderr, flush=True)
        if not any(row["split"] == split for row in writer.rows.values()):
            raise OptionError(f"no clean photograph of the split {split} can be used: see above")
    return writer.finish()


def _turns(
    sources: list[tuple[FileScene, tuple[float, float]]], split: str, takes: int, seed: int
) -> Iterator[tuple[str, FileScene, tuple[float, float], np.random.Generator]]:
    for take in range(takes):
        scene, factors = sources[take % len(sources)]
        turn = take // len(sources)
        draw = stream(seed, "improving", scene.name, turn)
        yield f"{split}-{take:05d}", scene, factors, draw


def _taken(
    scene: FileScene,
    factors: tuple[float, float],
    draw: np.random.Generator,
    least: int,
    room: int,
) -> Tensor:
    picture = reduced(scene.load(), float(draw.uniform(*factors)))
    clean = window(picture, room, draw)[None]
    if min(clean.shape[-2:]) < least:
        raise OptionError(f"{tuple(clean.shape[-2:])} pixels are too few, {least} wanted")
    return (255 * clean).round() / 255


def _step(name: str, draw: np.random.Generator, power: float) -> Step:
    among = DEGRADATIONS[name]
    step = among[int(draw.integers(len(among)))]
    if step == "jpeg":
        return step, float(draw.integers(QUALITIES[0], QUALITIES[1] + 1))
    return step, _LEAST + (_MOST.get(step, 1.0) - _LEAST) * float(draw.random()) ** power


def _distance(quality: Tensor) -> float:
    """Return √(1 − q): even steps of it are more even to see than those of q near 1."""
    return float((1 - quality.clamp(max=1.0)).clamp(min=0.0).sqrt())


def load_picture(path: Path) -> Tensor:
    """Return a picture of a set as metrics get it, ``(1, 3, H, W)`` in [0, 1].

    Raises
    ------
    ImageReadError, DomainError
        If it cannot be read, or is HDR.
    """
    return pixel_tensor(read_photograph(path)).float().expand(-1, 3, -1, -1)
