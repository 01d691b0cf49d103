"""How the learned scores hold on whole pictures, on scenes that none was trained on.

    python -m results.learned.whole --scenes DIR [--most N]

Each picture of a test scene is damaged everywhere with rising strength, and in places. The truth is
HDR-VDP-2 of the *whole* picture. Writes ``whole.json`` and ``whole.md``; a run that is stopped goes
on where it was.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr
from torch import Tensor
from tqdm import tqdm

from datasets.framing.calibration import calibrate
from datasets.framing.frames import cut_frame, draw_frame, fits
from datasets.scenes.scene_files import FileScene, find_scenes
from datasets.streams import fraction, stream
from hdrmetrics import create_metric
from hdrmetrics.display import get_display
from hdrmetrics.learned.predictor import LearnedMetric
from hdrmetrics.metric import Domain
from hdrmetrics.metrics.hdrvdp2 import HDRVDP2
from hdrmetrics.textfile import write_text
from results.learned.damage import framed, versions
from results.learned.tables import cell, markdown_table
from trainers.statistics.bootstrap import SceneBootstrap

HERE = Path(__file__).parent
WINDOW = 256
PEAK = 1000.0
DISPLAY = "srgb-100"
HEADS: dict[str, tuple[str, ...]] = {
    "hdr": ("diqm-hdr-c", "diqm-itmo", "norvdpnet-hdr", "norvdpnet-hdr-d"),
    "sdr": ("diqm-sdr-d", "norvdpnet-sdr", "norvdpnet-sdr-d"),
}
FRAMES = (0.1, 0.3, 0.5)
INTRO = (
    "{scenes} of the test split, one picture of up to 512×384 pixels each, damaged everywhere in "
    "series of rising strength and in places; the truth is HDR-VDP-2 of the whole picture. Errors "
    "after one constant on the teacher's Q for the pictures' size. 95 % bootstrap over groups of "
    "scenes."
)
PLACES = {"all damage": None, "everywhere": "everywhere", "in places": "somewhere"}

Numbers = NDArray[np.float64]


def opinion(q: Numbers) -> Numbers:
    """Return HDR-VDP-2's opinion score of its Q."""
    return np.asarray(100 / (1 + np.exp(3.455 * (q + 0.8886))))


def picture(scene: FileScene) -> Tensor | None:
    """Return a frame ``(1, 3, h, w)`` of a scene, ``None`` where it is too small."""
    pixels = scene.load()
    size = (pixels.shape[-2], pixels.shape[-1])
    if not fits(size, scene.panorama):
        return None
    frame = draw_frame(size, scene.panorama, stream(0, "whole", scene.name))
    cut = cut_frame(pixels, frame, panorama=scene.panorama, kind=scene.kind)
    return (calibrate(cut, PEAK).clamp(min=1e-3) if scene.kind == "hdr" else cut)[None]


def measure(reference: Tensor, domain: Domain, seed: int, heads: dict[str, LearnedMetric]) -> Any:
    """Return what teacher and heads say of the versions of one picture."""
    screen: Callable[[Tensor], Tensor] = (
        (lambda light: light) if domain == "hdr" else get_display(DISPLAY).forward
    )
    teacher, sized = HDRVDP2(), HDRVDP2(window=WINDOW)
    light = screen(reference)
    prepared = teacher.prepare(light)
    rows = []
    for version in versions(reference, domain, seed):
        test = version.picture.clamp(0, 1) if domain == "sdr" else version.picture
        row: dict[str, Any] = {
            "name": version.name, "where": version.where, "amount": version.amount,
            "q": float(teacher.q(screen(test), prepared)),
            "sized": float(sized.q(screen(test), light)),
            "heads": {},
        }  # fmt: skip
        for name, head in heads.items():
            found = head.assess(test, reference if head.info.reference else None)
            assert found.low is not None
            assert found.high is not None
            row["heads"][name] = [float(v) for v in (found.value, found.low, found.high)]
        rows.append(row)
    moved: dict[str, list[float]] = {}
    for name, head in heads.items():
        if not head.info.reference:
            black, white = (0.01, PEAK) if domain == "hdr" else (0.0, 1.0)
            plain = float(head(reference))
            moved[name] = [
                float(head(framed(reference, share, value))) - plain
                for share in FRAMES
                for value in (black, white)
            ]
    return {"versions": rows, "framed": moved}


def collect(folder: Path, domain: Domain, most: int, kept: Path) -> dict[str, Any]:
    """Return the measurements of the test scenes, those that are there already as they are."""
    found: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {}
    scenes = [s for s in find_scenes(folder, kinds=(domain,)) if s.split == "test"]  # type: ignore[arg-type]
    scenes = sorted(scenes, key=lambda scene: fraction("whole", scene.name))[:most]
    heads: dict[str, LearnedMetric] = {}
    for name in HEADS[domain]:
        metric = create_metric(name)
        assert isinstance(metric, LearnedMetric)
        heads[name] = metric
    for index, scene in enumerate(tqdm(scenes, desc=domain)):
        if scene.name in found:
            continue
        reference = picture(scene)
        if reference is not None:
            with torch.no_grad():
                found[scene.name] = measure(reference, domain, index, heads)
            found[scene.name]["group"] = scene.group
            write_text(kept, json.dumps(found))
    return found


def constant(predicted: Numbers, truth: Numbers) -> float:
    """Return what has to be added to the teacher's Q so that scores fit best: its size's offset."""
    offsets = np.linspace(-1, 1, 401)
    return float(
        offsets[np.argmin([np.abs(predicted - opinion(truth + c)).mean() for c in offsets])]
    )


def judge(found: dict[str, Any], head: str, resamples: int) -> Iterator[list[str]]:
    """Yield the lines of a head in the table."""
    rows = [(one["group"], row) for one in found.values() for row in one["versions"]]
    groups = np.array([group for group, _ in rows])
    where = np.array([row["where"] for _, row in rows])
    truth = np.array([row["q"] for _, row in rows])
    value, low, high = np.array([row["heads"][head] for _, row in rows]).T
    expected = opinion(truth + constant(value, truth))
    names = np.unique(groups)
    for title, place in PLACES.items():
        chosen = np.ones(len(rows), bool) if place is None else where == place
        parts = {name: np.flatnonzero(chosen & (groups == name)) for name in names}
        bootstrap = SceneBootstrap(names, resamples=resamples)

        def drawn(counts: Numbers, statistic: Callable[[Any], float], parts: Any = parts) -> Any:
            lists = [
                np.concatenate(
                    [np.tile(parts[n], int(c)) for n, c in zip(names, line, strict=True)]
                )
                for line in counts
            ]
            return np.array([statistic(chosen) for chosen in lists])

        order = bootstrap.interval(
            lambda counts: drawn(counts, lambda at: -spearmanr(value[at], truth[at])[0])
        )
        error = bootstrap.interval(
            lambda counts: drawn(counts, lambda at: np.abs(value[at] - expected[at]).mean())
        )
        covered = ((low <= expected) & (expected <= high))[chosen].mean()
        yield [head, title, cell(order), cell(error, 1), f"{covered:.0%}"]


def frames(found: dict[str, Any], head: str) -> list[str]:
    """Return how far plain frames move a head's score of untouched pictures."""
    moved = np.abs([one["framed"][head] for one in found.values()])
    return [head, f"{np.median(moved):.1f}", f"{np.quantile(moved, 0.95):.1f}"]


def main() -> None:
    """Measure, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--most", type=int, default=24, help="scenes of each kind")
    parser.add_argument("--resamples", type=int, default=500)
    parser.add_argument("--work", type=Path, default=HERE, help="where measurements are kept")
    options = parser.parse_args()
    lines: list[list[str]] = []
    moved: list[list[str]] = []
    counts = []
    for domain in ("hdr", "sdr"):
        found = collect(options.scenes, domain, options.most, options.work / f"whole-{domain}.json")  # type: ignore[arg-type]
        counts.append(f"{len(found)} {domain.upper()} scenes")
        for head in HEADS[domain]:
            lines += judge(found, head, options.resamples)
            if head.startswith("norvdpnet"):
                moved.append(frames(found, head))
    head = ["head", "versions", "SROCC to the teacher", "mean error of 100", "90 % interval holds"]
    text = [
        "# Whole pictures",
        INTRO.format(scenes=" and ".join(counts)),
        markdown_table(head, lines),
        "## Plain frames around untouched pictures",
        "Points of 100 that a black or white frame of 10, 30 and 50 % of the area moves the score.",
        markdown_table(["head", "median", "95th percentile"], moved),
    ]
    write_text(HERE / "whole.md", "\n\n".join(text))


if __name__ == "__main__":
    main()
