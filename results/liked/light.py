"""By which rendering nima judges HDR pictures best, where nobody can be asked.

    python -m results.liked.light --scenes FOLDER

Two things can be measured without people: whether more damage scores less, and whether damaged
pictures are in the order that HDR-VDP-2 has against the original. Writes ``light.md``.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from datasets.scenes.scene_files import find_scenes
from datasets.statistics.bootstrap import SceneBootstrap
from datasets.statistics.weighted import once, srocc, weighted_mean
from hdrmetrics import create_metric
from hdrmetrics.distort import distort
from hdrmetrics.learned.liked.rendered import KEY, exposures
from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from hdrmetrics.tonemap import Operator, create_operator, to_display

HERE = Path(__file__).parent
_OPERATORS = ("reinhard02", "drago03", "durand02", "mertens07", "ward_histogram97")
_DAMAGE = ("gaussian_blur", "gaussian_noise", "banding", "block_loss", "exposure_change")
_STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
_SIDE = 512
Render = Callable[[Tensor], Tensor]


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--scenes", type=Path, required=True, help="folder of HDR scenes")
    parser.add_argument("--most", type=int, default=16, help="scenes of the test split")
    options = parser.parse_args()
    torch.set_num_threads(1)
    scenes = [one for one in find_scenes(options.scenes, kinds=("hdr",)) if one.split == "test"]
    nima, teacher = create_metric("nima"), create_metric("hdrvdp2", window=256)
    renders = _renders()
    said: dict[str, list[list[float]]] = {name: [] for name in renders}
    truth: list[list[float]] = []
    groups: list[str] = []
    began = time.perf_counter()
    with torch.no_grad():
        for number, scene in enumerate(scenes[: options.most], 1):
            light = _middle(scene.load())
            for damage in _DAMAGE:
                versions = [
                    distort(light, damage, strength=s, domain="hdr", seed=0) if s else light
                    for s in _STRENGTHS
                ]
                truth.append([float(teacher(one, light)) for one in versions])
                groups.append(scene.group)
                for name, render in renders.items():
                    rows = [float(nima(render(one)).mean()) for one in versions]
                    said[name].append(rows)
            print(f"{number}/{len(scenes)}, {time.perf_counter() - began:.0f} s", file=sys.stderr)
    write_text(HERE / "light.md", page(said, truth, groups))
    print(HERE / "light.md")


def page(said: dict[str, list[list[float]]], truth: list[list[float]], groups: list[str]) -> str:
    """Return the page."""
    less = -np.array(_STRENGTHS)
    labels = np.array(truth)
    bootstrap = SceneBootstrap(np.array(groups), resamples=1000)
    rows = []
    for name, values in said.items():
        found = np.array(values)
        along = np.array([once(srocc(less, row), len(less)) for row in found])
        inside = np.array(
            [once(srocc(t, row), len(row)) for t, row in zip(labels, found, strict=True)]
        )
        order, agree = (bootstrap.interval(weighted_mean(x)) for x in (along, inside))
        spread = found[:, 0].std()
        rows.append([
            name, *(f"{one.value:.3f} ({one.low:.3f}–{one.high:.3f})" for one in (order, agree)),
            f"{found[:, 0].mean():.2f} ± {spread:.2f}",
        ])  # fmt: skip
    titles = ["rendering", "order along strength", "order of HDR-VDP-2", "untouched scenes"]
    return f"""# nima on HDR pictures: which rendering

{len(np.unique(groups))} groups of test scenes, {len(_DAMAGE)} kinds of damage to their light at
{len(_STRENGTHS)} strengths. *Order along strength*: the mean SROCC of less strength and score, each
scene and kind by itself; *order of HDR-VDP-2*: likewise with its quality against the untouched
scene (its 256 px windows). In brackets: 95 % over groups of scenes. *Exposures*: the mean of three
pictures, two stops apart, the middle one with the log-mean at {KEY:g}. No opinions on HDR displays
stand behind any of these: `nima` of light is unproven with people. Made by
`python -m results.liked.light`.

{markdown_table(titles, rows)}
"""


def _renders() -> dict[str, Render]:
    found: dict[str, Render] = {}
    for name in _OPERATORS:
        found[f"`{name}`"] = partial(_mapped, create_operator(name))
    found["exposures"] = lambda light: torch.cat(exposures(light))
    return found


def _mapped(operator: Operator, light: Tensor) -> Tensor:
    return to_display(operator(light))


def _middle(light: Tensor) -> Tensor:
    """Return the middle of a scene, where panoramas look like photographs."""
    height, width = light.shape[-2:]
    tall, wide = min(height, _SIDE * 3 // 4), min(width, _SIDE)
    top, left = (height - tall) // 2, (width - wide) // 2
    return light[None, :, top : top + tall, left : left + wide]


if __name__ == "__main__":
    main()
