"""Measures tone mapping that was tuned per picture, and that of the networks, by true TMQI.

    python -m results.tonemapnet.measure --scenes DIR --photographs DIR [--work DIR] [--nets]

Whole pictures of the test split, photographs among them made HDR. Measurements are kept picture by
picture in ``pictures.json``, and a run that is stopped goes on; ``--nets`` measures those of the
networks anew (after training). ``page.py`` makes the report.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from datasets.scenes.scene_files import FileScene, find_scenes
from datasets.streams import fraction
from hdrmetrics import create_metric
from hdrmetrics.learned.predictor import LearnedMetric
from hdrmetrics.metrics.tmqi import TMQI
from hdrmetrics.tonemap import tonemap
from results.common.files import keep, kept
from results.tonemapnet.tuning import FORMS, Quality, tuned
from trainers.tonemapping.frames import light_of

HERE = Path(__file__).parent
LEARNED = "norvdpnet-tmo"
FIXED: dict[str, tuple[str, dict[str, Any]]] = {
    "key 0.18": ("reinhard_free", {}),
    "reinhard02, key 0.18": ("reinhard02", {"key": 0.18}),
    "reinhard02, automatic": ("reinhard02", {}),
}
"""What needs no tuning."""

NETS = {"net": "reinhard_net", "grid net": "reinhard_grid"}
TUNED = (("free", "learned"), ("free", "tmqi"), ("local", "learned"), ("grid", "learned"))
"""Forms, and along what each is tuned."""

SOMETIMES = (("grid without variation", "learned"),)
"""The same, on a part of the pictures: what harms."""

_PART = 0.3


def chosen(scenes: Path, photographs: Path, most: int) -> list[FileScene]:
    """Return all HDR scenes of the test split, and so many photographs, mixed by their names."""
    hdr = [one for one in find_scenes(scenes, kinds=("hdr",)) if one.split == "test"]
    sdr = [one for one in find_scenes(photographs, kinds=("sdr",)) if one.split == "test"]
    drawn = sorted(sdr, key=lambda one: fraction("tonemapnet", one.name))[:most]
    return sorted(hdr + drawn, key=lambda one: fraction("order", one.name))


class Judges:
    """What is said of tone-mapped versions of one picture.

    Parameters
    ----------
    light
        ``(1, 3, H, W)``.
    """

    def __init__(self, light: Tensor) -> None:
        self.light = light
        self.teacher, self.learned = TMQI(), create_metric(LEARNED)
        self.prepared = self.teacher.prepare(light)
        self.phase = create_metric("fsitm").prepare(light)
        assert isinstance(self.learned, LearnedMetric)

    @torch.no_grad()
    def say(self, code: Tensor, seconds: float) -> dict[str, float]:
        """Return TMQI and its parts, FSITM and the learned score of codes of eight bits."""
        code = (code * 255).round() / 255
        parts = self.teacher.predict(code, self.prepared)
        return {
            "tmqi": float(parts.q),
            "structure": float(parts.s),
            "naturalness": float(parts.n),
            "fsitm": float(self.phase(code)),
            "learned": float(self.learned(code)) / 100,
            "seconds": seconds,
        }


def wanted_of(name: str) -> tuple[tuple[str, str], ...]:
    """Return what is tuned for a scene of that name, and along what."""
    return TUNED + SOMETIMES if fraction("sometimes", name) < _PART else TUNED


def measure(
    light: Tensor, found: dict[str, Any], tunings: tuple[tuple[str, str], ...]
) -> dict[str, Any]:
    """Return what is missing of the measurements of a picture, added to those there are."""
    judges = Judges(light)
    said = dict(found)

    def add(name: str, operator: str, settings: dict[str, Any]) -> None:
        with torch.no_grad():
            tonemap(light[..., :8, :8], operator, **settings)  # weights are read
            began = time.perf_counter()
            code = tonemap(light, operator, **settings)
            took = time.perf_counter() - began
            said[name] = judges.say(code, took)

    for name, (operator, settings) in FIXED.items():
        if name not in said:
            add(name, operator, settings)
    learned, true = create_metric(LEARNED).as_loss(), TMQI().as_loss()
    losses: dict[str, Quality] = {"learned": lambda code, _: learned(code), "tmqi": true}
    for form, along in tunings:
        name = f"{form}, {along}"
        if name in said:
            continue
        began = time.perf_counter()
        numbers = tuned(FORMS[form], losses[along], light)
        with torch.no_grad():
            code = FORMS[form].tone(numbers, light)
        said[name] = judges.say(code, time.perf_counter() - began)
        if form != "grid" and len(numbers[0].shape) == 0:
            said[name]["numbers"] = [float(one) for one in numbers]
    for name, operator in NETS.items():
        if name not in said:
            add(name, operator, {})
    return said


def main() -> None:
    """Measure all pictures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--photographs", type=Path, required=True)
    parser.add_argument("--most", type=int, default=40, help="photographs")
    parser.add_argument("--tuned", type=int, help="pictures that are tuned (default: all)")
    parser.add_argument("--work", type=Path, default=HERE, help="where measurements are kept")
    parser.add_argument("--nets", action="store_true", help="measure the networks anew")
    options = parser.parse_args()
    torch.set_num_threads(1)
    place = options.work / "pictures.json"
    found: dict[str, Any] = kept(place)
    scenes = chosen(options.scenes, options.photographs, options.most)
    for number, scene in enumerate(tqdm(scenes)):
        own = found.get(scene.name, {}).get("said", {})
        if options.nets:
            own = {name: one for name, one in own.items() if name not in NETS}
        few = options.tuned is not None and number >= options.tuned
        tunings = () if few else wanted_of(scene.name)
        if len(own) < len(FIXED) + len(tunings) + len(NETS):
            said = measure(light_of(scene), own, tunings)
            found[scene.name] = {"group": scene.group, "kind": scene.kind, "said": said}
            keep(place, found)


if __name__ == "__main__":
    main()
