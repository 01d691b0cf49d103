"""What learned scores warn of, and what their intervals hold, on scenes of the test split.

    python -m results.learned.doubts --scenes DIR [--set NAME … --tables DIR --store DIR] [--most N]

Pictures of each kind that the guard is to find beside real ones; and, of labelled sets, how often
the intervals hold the teacher's score. Writes ``doubts.md``; the parts that were not asked for stay
as they are in ``doubts.json``.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import rankdata, spearmanr

from datasets.scenes.scene_files import FileScene, find_scenes
from datasets.statistics.weighted import Numbers
from datasets.streams import fraction
from hdrmetrics import create_metric, list_metrics
from hdrmetrics.learned.guard import guard_of
from hdrmetrics.learned.predictor import LearnedMetric
from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from results.common.files import keep, kept
from trainers.doubting.guards import DAMAGED, DRAWN, EMPTY, MADE, REAL, SCALE, Seen, look_at
from trainers.doubting.intervals import SURROUND, in_surrounds
from trainers.doubting.observe import Observed, joined, observe_set, taught_alike
from trainers.feeding.labels import find_labels

HERE = Path(__file__).parent
FEWEST = 10  # pictures of a distortion, for a share
KINDS = {
    REAL: "real", DAMAGED: "real, damaged", MADE: "real, of the other kind of scenes",
    EMPTY: "next to empty", DRAWN: "drawn", SCALE: "on another scale",
    "codes": "display codes as light", "linear": "light as codes", "pq": "codes of PQ as codes",
}  # fmt: skip
PIXELS = {"light": "HDR", "code": "SDR"}
WARNED = (
    "Pictures that are warned of: of real ones those are false alarms. AUROC of the warning, "
    "yes or no, against real pictures: the mean of what is found and of what is left in peace. "
    "{scenes} scenes of the test split."
)
HELD = (
    "Intervals of 90 %, on crops (one window) and whole frames (several), by head. *Least held*: "
    "the distortion that is held least often, of those with ten pictures at least. *Rank "
    "correlation*: of the width with the error. *All alike*: the width of before, the same for all "
    "pictures on the target's scale. Points of 100."
)


def auroc(strange: Numbers, real: Numbers) -> float:
    """Return the share of pairs in which the strange picture has the larger value, ties half."""
    ranks = rankdata(np.concatenate([strange, real]))
    count = len(strange)
    return float((ranks[:count].sum() - count * (count + 1) / 2) / (count * len(real)))


def warned(seen: Sequence[Seen]) -> list[list[str]]:
    """Return the lines of the table of warnings."""
    found: dict[tuple[str, str, str], list[bool]] = defaultdict(list)
    for one in seen:
        doubts = guard_of(one.pixels).doubts(one.traits, one.pixels)
        for detail in ("", one.detail):
            found[one.pixels, one.kind, detail].append(bool(doubts))
    order = list(KINDS)
    lines = []
    for pixels, kind, detail in sorted(found, key=lambda k: (k[0], order.index(k[1]), k[2])):
        here = np.array(found[pixels, kind, detail], dtype=np.float64)
        real = np.array(found[pixels, REAL, ""], dtype=np.float64)
        good = kind in (REAL, DAMAGED, MADE)
        lines.append(
            [
                PIXELS[pixels], f"– {detail}" if detail else KINDS[kind], str(len(here)),
                f"{here.mean():.0%}", "" if good else f"{auroc(here, real):.3f}",
            ]
        )  # fmt: skip
    return lines


def held(metric: LearnedMetric, found: Observed) -> Iterator[list[str]]:
    """Yield the lines of a head in the table of intervals."""
    interval = metric.head_card.interval
    if interval is None:
        return
    real = found.name != SURROUND
    for several, spread in ((False, interval.adapts), (True, interval.adapts_whole)):
        own = found.select((found.several == several) & real)
        if spread is None or not len(own.score):
            continue
        below, above = spread.half_widths(own.hints)
        low, high = np.clip(own.score - below, 0, 1), np.clip(own.score + above, 0, 1)
        holds = (low <= own.truth) & (own.truth <= high)
        width = 100 * (high - low)
        names = [n for n in np.unique(own.name) if (own.name == n).sum() >= FEWEST]
        least = min((float(holds[own.name == n].mean()), str(n)) for n in names)
        order = float(spearmanr(width, np.abs(own.score - own.truth))[0])
        yield [
            metric.info.name, "whole" if several else "crops", str(len(own.score)),
            f"{holds.mean():.0%}", f"{least[0]:.0%} ({least[1]})", f"{width.mean():.0f}",
            f"{before(metric, own, several):.0f}", f"{order:.2f}",
            surrounds(found, several, metric),
        ]  # fmt: skip


def before(metric: LearnedMetric, found: Observed, several: bool) -> float:
    """Return the mean width of intervals that are alike for all pictures, in points."""
    import torch

    interval, scale = metric.head_card.interval, metric.head_card.target
    assert interval is not None
    half = interval.whole if several and interval.whole is not None else interval.half_width
    assert half is not None
    grid = torch.linspace(scale.least, scale.most, 4001, dtype=torch.float64)
    scores = scale.score(grid)
    order = scores.argsort()
    quality = np.interp(100 * found.score, scores[order].numpy(), grid[order].numpy())
    middle = scale.target(torch.from_numpy(quality))
    ends = [scale.score(scale.quality_of_target(middle + s)) for s in (-half, half)]
    return float((ends[1] - ends[0]).mean())


def surrounds(found: Observed, several: bool, metric: LearnedMetric) -> str:
    """Return how many of the intervals of untouched pictures a blurred surround widens."""
    interval = metric.head_card.interval
    framed = found.name == SURROUND
    if not several or not framed.any() or interval is None or interval.adapts_whole is None:
        return ""
    below, above = interval.adapts_whole.half_widths(found.hints)
    width = np.minimum(found.score + above, 1) - np.maximum(found.score - below, 0)
    plain = (found.name == "none") & found.several
    pairs = [
        (width[i], float(width[plain & (found.group == found.group[i])].mean()))
        for i in np.flatnonzero(framed)
        if (plain & (found.group == found.group[i])).any()
    ]
    return f"{np.mean([a > b for a, b in pairs]):.0%}" if pairs else ""


def chosen(folder: Path, most: int) -> list[FileScene]:
    """Return scenes of the test split, of each kind so many, in an order of their own."""
    found = []
    for kind in ("hdr", "sdr"):
        own = [scene for scene in find_scenes(folder, kinds=(kind,)) if scene.split == "test"]
        found += sorted(own, key=lambda scene: fraction("doubts", scene.name))[:most]
    return found


def of_sets(options: argparse.Namespace) -> list[list[str]]:
    """Return the lines of all heads that learnt one of the sets."""
    lines = []
    places: dict[str, Any] = {"tables": options.tables, "stores": options.store}
    for name in sorted(info.name for info in list_metrics()):
        if not name.startswith(("norvdpnet-", "diqm-")):
            continue
        metric = create_metric(name)
        assert isinstance(metric, LearnedMetric)
        if not set(options.set) & set(metric.head_card.sets):
            continue  # what a head never learnt its intervals need not hold
        parts = []
        for one in options.set:
            if taught_alike(metric, find_labels(options.tables, one)):
                parts.append(observe_set(metric, one, split="test", most=options.most, **places))
                if not metric.info.reference:
                    parts += in_surrounds(metric, one, split="test", **places)
        if parts:
            lines += list(held(metric, joined(parts)))
    return lines


def main() -> None:
    """Measure, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scenes", type=Path, help="folder with scenes, for the warnings")
    parser.add_argument("--set", action="append", default=[], help="labelled set, for intervals")
    parser.add_argument("--tables", type=Path, help="folder with their labels")
    parser.add_argument("--store", type=Path, help="folder with their crops")
    parser.add_argument("--most", type=int, default=60, help="scenes, or pictures of a set")
    options = parser.parse_args()
    found: dict[str, Any] = kept(HERE / "doubts.json")
    if options.scenes is not None:
        scenes = chosen(options.scenes, options.most)
        found["warned"] = warned(list(look_at(scenes)))
        found["scenes"] = len(scenes)
    if options.set:
        found["held"] = of_sets(options)
    keep(HERE / "doubts.json", found)
    write_text(HERE / "doubts.md", page(found))


def page(found: dict[str, Any]) -> str:
    """Return the report."""
    parts = ["# Warnings and intervals of learned scores"]
    if "warned" in found:
        titles = ["head", "pictures", "number", "warned of", "AUROC"]
        parts += ["## Warnings", WARNED.format(scenes=found["scenes"])]
        parts.append(markdown_table(titles, found["warned"]))
    if "held" in found:
        titles = [
            "head", "of", "number", "held", "least held", "width", "all alike", "rank correlation",
            "wider in a blurred surround",
        ]  # fmt: skip
        parts += ["## Intervals", HELD, markdown_table(titles, found["held"])]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
