"""What happens without each of the guards: a learned score exploited by a grid of exposures.

    python -m results.optimize.fooled --scenes DIR [--most N] [--work DIR]

A grid of 512 exposures is moved along a score for each test scene, reduced to 512 px, with all
guards and without one of them. The score itself, true TMQI, FSITM and the other axis judge. Writes
``fooled.md`` and ``fooled.jpg``; a run that is stopped goes on where it was.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor
from tqdm import tqdm

from hdrmetrics import create_metric
from hdrmetrics.metrics.tmqi import TMQI
from hdrmetrics.optimize import GridPlan, optimize_grid
from hdrmetrics.optimize.problem import reduced
from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from hdrmetrics.tonemap import tonemap
from results.common.files import keep, kept
from results.learned.whole import chosen
from results.optimize.scenes import HERE, light_of

FILE = "fooled.json"
SIDE = 512
GUARDED = GridPlan(steps=40)
ARMS: dict[str, tuple[GridPlan, str | None]] = {
    "all guards": (GUARDED, "fsitm"),
    "without the judge": (GUARDED, None),
    "without total variation": (replace(GUARDED, smooth=0.0), None),
    "without bounds": (replace(GUARDED, reach=30.0), None),
    "without views": (replace(GUARDED, augment=False), None),
    "with none": (GridPlan(steps=40, reach=30.0, smooth=0.0, augment=False), None),
}
"""The plan and the judge. All but the first have no judge, so that what it is for shows."""

SCORES = ("norvdpnet-tmo", "nima")
OTHERS = ("tmqi", "fsitm", "norvdpnet-tmo", "nima", "diqm-tmo")
INTRO = """# What happens without each guard

A grid of 8×8×8 exposures, moved 40 steps along a learned score from the photographic curve at key
0.18, on {count} test scenes reduced to {side} px. Means; the first row is the start. FSITM judges
*all guards* alone (it may fall by 0.01); the other rows show what the search found without a judge.
*Worst* is the largest fall of TMQI."""


def measured(codes: Tensor, light: Tensor) -> dict[str, float]:
    """Return what all of them say of code values, rounded to 8 bits."""
    found = {}
    with torch.no_grad():
        test = (codes * 255).round() / 255
        for name in OTHERS:
            metric = TMQI() if name == "tmqi" else create_metric(name)
            found[name] = float(metric(test, light) if metric.info.reference else metric(test))
    return found


def scene_rows(light: Tensor, pictures: dict[str, Tensor]) -> dict[str, Any]:
    """Return the measurements of one scene, and hand on its pictures."""
    start = tonemap(light, "reinhard_free")
    pictures["start"] = start
    rows: dict[str, Any] = {"start": measured(start, light)}
    for score in SCORES:
        for arm, (plan, judge) in ARMS.items():
            found = optimize_grid(light, score, plan=plan, judge=judge)
            pictures[f"{score}, {arm}"] = found.picture
            rows[f"{score}, {arm}"] = {**measured(found.picture, light), "tuned": found.tuned}
    return rows


def sheet(pictures: dict[str, Tensor], path: Path) -> None:
    """Write the pictures of one scene side by side, a row for each score."""
    tiles = []
    for name, codes in pictures.items():
        pixels = (codes[0].movedim(0, 2) * 255).round().to(torch.uint8).numpy()
        tile = Image.fromarray(pixels).resize((320, 160), Image.Resampling.LANCZOS)
        ImageDraw.Draw(tile).text((5, 3), name, fill="white", stroke_width=2, stroke_fill="black")
        tiles.append(tile)
    columns = len(ARMS) + 1
    whole = Image.new("RGB", (320 * columns, 160 * len(SCORES)), "white")
    for row in range(len(SCORES)):
        line = [tiles[0], *tiles[1 + row * len(ARMS) : 1 + (row + 1) * len(ARMS)]]
        for column, tile in enumerate(line):
            whole.paste(tile, (320 * column, 160 * row))
    whole.save(path, quality=85)


def table(found: dict[str, Any], score: str) -> str:
    """Return how the arms fare."""
    rows = []
    for arm in ("start", *ARMS):
        name = arm if arm == "start" else f"{score}, {arm}"
        values = {key: np.array([one[name][key] for one in found.values()]) for key in OTHERS}
        start = np.array([one["start"]["tmqi"] for one in found.values()])
        refused = sum(not one[name].get("tuned", True) for one in found.values())
        worst = "–" if arm == "start" else f"{(values['tmqi'] - start).min():+.3f}"
        rows.append([
            arm, *(f"{values[key].mean():.3f}" for key in OTHERS), worst,
            str(refused) if arm == "all guards" else "–",
        ])  # fmt: skip
    return markdown_table(["", *OTHERS, "worst", "refused"], rows)


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--most", type=int, default=8, help="scenes")
    parser.add_argument("--work", type=Path, default=HERE, help="where measurements are kept")
    options = parser.parse_args()
    place = options.work / FILE
    found: dict[str, Any] = kept(place)
    for scene in tqdm(chosen(options.scenes, "hdr", "test", options.most)):
        if scene.name in found:
            continue
        pictures: dict[str, Tensor] = {}
        found[scene.name] = scene_rows(reduced(light_of(scene.load(), "hdr"), SIDE), pictures)
        if len(found) == 1:
            sheet(pictures, HERE / "fooled.jpg")
        keep(place, found)
    text = [
        INTRO.format(count=len(found), side=SIDE), "![the first scene](fooled.jpg)",
        *(f"## Along `{score}`\n\n{table(found, score)}" for score in SCORES),
    ]  # fmt: skip
    write_text(HERE / "fooled.md", "\n\n".join(text) + "\n")


if __name__ == "__main__":
    main()
