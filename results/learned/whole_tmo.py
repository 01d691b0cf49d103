"""How the heads that TMQI taught hold on whole tone-mapped pictures, on scenes none was trained on.

    python -m results.learned.whole_tmo --scenes DIR [--most N] [--tuned N] [--intervals]

Each picture of a test scene is tone-mapped by every operator and by sweeps of their parameters. The
truth is TMQI of the *whole* picture. Then ``reinhard02`` is tuned along each head, by grid and by
gradient, and TMQI judges the outcome. Writes ``whole_tmo.md``; a run that is stopped goes on where
it was. With ``--intervals`` it takes validation scenes instead and writes the intervals of whole
pictures to the package's cards.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from datasets.scenes.scene import Split
from datasets.statistics.bootstrap import Interval, SceneBootstrap
from datasets.statistics.conformal import conformal_width
from datasets.statistics.weighted import Numbers, once, srocc, weighted_mean
from hdrmetrics.learned.fidelity import natural_look
from hdrmetrics.learned.predictor import LearnedMetric
from hdrmetrics.metrics.tmqi import TMQI
from hdrmetrics.metrics.tmqi.quality import (
    SHARE,
    fidelity_of_quality,
    quality_of_parts,
)
from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from hdrmetrics.tonemap.catalogue import list_operators, tonemap
from results.common.files import kept
from results.learned.tables import cell
from results.learned.whole import chosen, column, learned, picture, write_half_width

HERE = Path(__file__).parent
HEADS = ("norvdpnet-tmo", "diqm-tmo")
NATURAL = "naturalness alone"
"""The yardstick: what the test picture says of TMQI without a network, S taken for 1."""

SWEEPS: dict[str, tuple[str, tuple[float, ...]]] = {
    "drago03": ("bias", (0.6, 0.7, 0.95)),
    "durand02": ("contrast", (2.0, 15.0, 60.0)),
    "exponential": ("k", (0.1, 0.4, 4.0)),
    "gamma": ("stops", (-12.0, -10.0, -8.0, -6.0)),
    "logarithmic": ("q", (0.01, 0.1, 10.0)),
    "reinhard02": ("key", (0.03, 0.08, 0.4, 0.8)),
    "reinhard_devlin05": ("intensity", (-4.0, -2.0, 2.0, 4.0)),
    "schlick94": ("p", (3.0, 30.0, 2000.0)),
    "ward94": ("peak", (40.0, 400.0)),
}
"""By operator, settings beside the default: the range in which they are used, and beyond."""

KEYS = tuple(float(key) for key in np.geomspace(0.03, 1.2, 13))
DEFAULT_KEY, ADAM_STEPS, ADAM_RATE = 0.18, 25, 0.1
INTRO = (
    "{scenes} scenes of the test split, one picture of up to 512×384 pixels each, tone-mapped by "
    "{settings} operators and settings; the truth is TMQI of the whole picture. The heads predict "
    "its structural fidelity, its naturalness is computed: ``naturalness alone`` is all that gives "
    "without a network. 95 % bootstrap over groups of scenes."
)
TUNING = (
    "TMQI of {scenes} scenes, tone-mapped by ``reinhard02`` with the key that a head likes best of "
    f"{len(KEYS)} from {KEYS[0]:g} to {KEYS[-1]:g}, and after {ADAM_STEPS} steps of Adam along its "
    f"loss from {DEFAULT_KEY}."
)


def settings() -> Iterator[tuple[str, dict[str, float]]]:
    """Yield all operators as they are, then the sweeps."""
    for operator in list_operators():
        yield operator.name, {}
    for name, (parameter, values) in SWEEPS.items():
        for value in values:
            yield name, {parameter: value}


def codes(light: Tensor, operator: str, **options: Any) -> Tensor:
    """Return a tone-mapped picture, of 8 bits where no gradient is wanted."""
    found = tonemap(light, operator, **options)
    return found if found.requires_grad else (found * 255).round() / 255


def measure(light: Tensor, heads: dict[str, LearnedMetric]) -> list[dict[str, Any]]:
    """Return what TMQI and heads say of a picture, ``(1, 3, h, w)`` in cd/m², tone-mapped."""
    teacher = TMQI()
    prepared = teacher.prepare(light)
    rows = []
    for operator, options in settings():
        test = codes(light, operator, **options)
        truth = teacher.predict(test, prepared)
        row: dict[str, Any] = {"operator": operator, "settings": options}
        row |= {"q": float(truth.q), "s": float(truth.s), "look": float(natural_look(test))}
        row["heads"] = {
            name: float(head(test, light if head.info.reference else None))
            for name, head in heads.items()
        }
        rows.append(row)
    return rows


def collect(folder: Path, split: Split, most: int, place: Path) -> dict[str, Any]:
    """Return the measurements of scenes, those that are there already as they are."""
    found: dict[str, Any] = kept(place)
    heads = {name: learned(name) for name in HEADS}
    for scene in tqdm(chosen(folder, "hdr", split, most), desc=split):
        light = None if scene.name in found else picture(scene, "hdr")
        if light is not None:
            with torch.no_grad():
                found[scene.name] = {"group": scene.group, "rows": measure(light, heads)}
            write_text(place, json.dumps(found))
    return found


def tuned(light: Tensor, heads: dict[str, LearnedMetric]) -> dict[str, list[float]]:
    """Return TMQI of a picture as it is tone-mapped by default, and tuned along each head."""
    teacher = TMQI()
    prepared = teacher.prepare(light)

    def judged(key: float) -> float:
        return float(prepared(codes(light, "reinhard02", key=key)))

    with torch.no_grad():
        grid = [codes(light, "reinhard02", key=key) for key in KEYS]
        best = max(float(prepared(test)) for test in grid)
    found = {"default": [judged(DEFAULT_KEY)], "TMQI": [best]}
    for name, head in heads.items():
        other = light if head.info.reference else None
        with torch.no_grad():
            liked = KEYS[int(np.argmax([float(head(test, other)) for test in grid]))]
        found[name] = [judged(liked), judged(climbed(light, head))]
    return found


def climbed(light: Tensor, head: LearnedMetric) -> float:
    """Return the key that Adam finds along the loss of a head."""
    loss, other = head.as_loss(), light if head.info.reference else None
    key = torch.tensor(np.log(DEFAULT_KEY), dtype=torch.float32, requires_grad=True)
    adam = torch.optim.Adam([key], lr=ADAM_RATE)
    for _ in range(ADAM_STEPS):
        adam.zero_grad()
        loss(codes(light, "reinhard02", key=key.exp()), other).backward()
        adam.step()
    return float(key.detach().exp())


def rows_of(found: dict[str, Any]) -> list[Any]:
    """Return the rows of all scenes."""
    return [row for one in found.values() for row in one["rows"]]


def groups_of(found: dict[str, Any]) -> NDArray[np.str_]:
    """Return the group of scenes of each row."""
    return np.array([one["group"] for one in found.values() for _ in one["rows"]])


def said(found: dict[str, Any], head: str) -> Numbers:
    """Return what a head says of all pictures, or the yardstick."""
    rows = rows_of(found)
    if head == NATURAL:
        return 100 * (SHARE + (1 - SHARE) * column(rows, "look"))
    return column(rows, "heads", head)


def agreement(
    found: dict[str, Any], head: str, resamples: int
) -> tuple[Interval, Interval, float, float]:
    """Return SROCC over all pictures, its mean and least within a scene, and the mean error."""
    value, truth = said(found, head), column(rows_of(found), "q")
    names = np.array([name for name, one in found.items() for _ in one["rows"]])
    within = np.array(
        [once(srocc(value[at], truth[at]), at.sum()) for at in (names == name for name in found)]
    )
    scenes = SceneBootstrap(np.array([one["group"] for one in found.values()]), resamples=resamples)
    pictures = SceneBootstrap(groups_of(found), resamples=resamples)
    return (
        pictures.interval(srocc(value, truth)),
        scenes.interval(weighted_mean(within)),
        float(within.min()),
        float(np.abs(value - 100 * truth).mean()),
    )


def fidelity(found: dict[str, Any], head: str) -> tuple[Numbers, Numbers]:
    """Return a head's target of structural fidelity of all pictures: TMQI's, and its own."""
    rows = rows_of(found)
    target = learned(head).head_card.target
    look = torch.tensor([row["look"] for row in rows]).double()
    own = fidelity_of_quality(torch.from_numpy(said(found, head) / 100), look)
    truth = torch.tensor([row["s"] for row in rows]).double()
    return target.target(truth).numpy(), target.target(own).numpy()


def interval_cells(found: dict[str, Any], head: str) -> list[str]:
    """Return how many of TMQI's values the intervals of whole pictures hold, and their width."""
    card = learned(head).head_card
    if card.interval is None or card.interval.half_width is None:
        return ["–", "–"]
    half = card.interval.half_width if card.interval.whole is None else card.interval.whole
    rows = rows_of(found)
    truth, own = fidelity(found, head)
    look = torch.tensor([row["look"] for row in rows]).double()
    low, high = (
        quality_of_parts(card.target.quality_of_target(torch.from_numpy(own + side)), look)
        for side in (-half, half)
    )
    held = np.abs(truth - own) <= half
    return [f"{held.mean():.0%}", f"{100 * float((high - low).mean()):.0f}"]


def write_intervals(found: dict[str, Any], head: str) -> None:
    """Write half the width that holds TMQI's fidelity of whole pictures to a head's card."""
    width = conformal_width(*fidelity(found, head), groups_of(found))
    half = width.to_dict()["half_width"]
    print(f"{head}: {learned(head).head_card.interval} → {half}")
    if half is not None:
        write_half_width(head, half)


def tuning_table(folder: Path, most: int, place: Path) -> str:
    """Return the table of tuned pictures."""
    found: dict[str, Any] = kept(place)
    heads = {name: learned(name) for name in HEADS}
    for scene in tqdm(chosen(folder, "hdr", "test", most), desc="tuning"):
        light = None if scene.name in found else picture(scene, "hdr")
        if light is not None:
            found[scene.name] = tuned(light, heads)
            write_text(place, json.dumps(found))
    rows = []
    for name in ("default", *HEADS, "TMQI"):
        values = np.array([one[name] for one in found.values()]).mean(axis=0)
        rows.append([name, *(f"{value:.3f}" for value in values), *["–"] * (2 - len(values))])
    table = markdown_table(["tuned along", "best of the grid", "by gradient"], rows)
    return "\n\n".join([TUNING.format(scenes=len(found)), table])


def main() -> None:
    """Measure, and write the report or the intervals."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--most", type=int, default=14, help="scenes")
    parser.add_argument("--tuned", type=int, default=4, help="scenes to tune an operator on")
    parser.add_argument("--resamples", type=int, default=500)
    parser.add_argument("--intervals", action="store_true")
    parser.add_argument("--work", type=Path, default=HERE, help="where measurements are kept")
    options = parser.parse_args()
    split: Split = "validation" if options.intervals else "test"
    place = options.work / f"whole-tmo-{split}.json"
    found = collect(options.scenes, split, options.most, place)
    if options.intervals:
        for head in HEADS:
            write_intervals(found, head)
        return
    rows = []
    for head in (NATURAL, *HEADS):
        pooled, within, least, error = agreement(found, head, options.resamples)
        held = ["–", "–"] if head == NATURAL else interval_cells(found, head)
        rows.append([head, cell(pooled), cell(within), f"{least:.3f}", f"{error:.1f}", *held])
    titles = [
        "head", "SROCC", "mean SROCC within a scene", "least", "mean error of 100",
        "90 % interval holds", "its width",
    ]  # fmt: skip
    text = [
        "# Whole tone-mapped pictures",
        INTRO.format(scenes=len(found), settings=len(list(settings()))),
        markdown_table(titles, rows),
        "## Tuning an operator",
        tuning_table(options.scenes, options.tuned, options.work / "whole-tmo-tuned.json"),
    ]
    write_text(HERE / "whole_tmo.md", "\n\n".join(text) + "\n")


if __name__ == "__main__":
    main()
