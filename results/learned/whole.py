"""How the learned scores hold on whole pictures, on scenes that none was trained on.

    python -m results.learned.whole --scenes DIR [--most N] [--intervals] [--again]

Each picture of a test scene is damaged everywhere with rising strength, and in places. The truth is
HDR-VDP-2 of the *whole* picture. Writes ``whole.md``; a run that is stopped goes on where it was.
What HDR-VDP-2 says is kept (in ``--work``); scores are made anew for other weights, and with
``--again`` (after a change of cards or code).
With ``--intervals`` it takes validation scenes instead (photographs made HDR among them, since
there are too few HDR scenes), and writes the intervals of whole pictures to the package's cards.
"""

from __future__ import annotations

import argparse
import functools
import json
import operator
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from datasets.framing.calibration import calibrate
from datasets.framing.frames import cut_frame, draw_frame, fits
from datasets.scenes.scene import Kind, Split
from datasets.scenes.scene_files import FileScene, find_scenes
from datasets.statistics.bootstrap import SceneBootstrap
from datasets.statistics.conformal import conformal_width
from datasets.statistics.weighted import Numbers, srocc, weighted_mean
from datasets.streams import fraction, stream
from hdrmetrics import create_metric
from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.expand import get_expansion
from hdrmetrics.learned.catalogue import WEIGHTS
from hdrmetrics.learned.describing import family
from hdrmetrics.learned.predictor import LearnedMetric
from hdrmetrics.learned.tensorfile import SUFFIX
from hdrmetrics.learned.weights import load_weights, save_weights
from hdrmetrics.metrics.hdrvdp2 import HDRVDP2
from hdrmetrics.photometry.display import get_display
from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from results.common.files import kept
from results.learned import order
from results.learned.damage import framed, versions
from results.learned.order import opinion
from results.learned.tables import cell

HERE = Path(__file__).parent
WINDOW = 256
PEAK = 1000.0
DISPLAY = "srgb-100"
WIDENED = "kovaleski-oliveira14"
HEADS: dict[str, tuple[str, ...]] = {
    "hdr": ("diqm-hdr-c", "diqm-itmo", "norvdpnet-hdr", "norvdpnet-hdr-d"),
    "sdr": ("diqm-sdr-d", "norvdpnet-sdr", "norvdpnet-sdr-d"),
}
YARDSTICK: dict[str, str] = {"hdr": "pu21-piqe", "sdr": "piqe"}
"""What a score without a reference is to be better than; it rises as quality falls."""
FRAMES = (0.1, 0.3, 0.5)
SPOILT = (("gaussian_noise", 0.7), ("blurred part", 0.3))
"""Damaged versions that frames are put around too."""
INTRO = (
    "{scenes} of the test split, one picture of up to 512×384 pixels each, damaged everywhere in "
    "series of rising strength and in places; the truth is HDR-VDP-2 of the whole picture. Errors "
    "after one constant on the teacher's Q for the pictures' size; intervals are to hold its score "
    "with ``window=256``. 95 % bootstrap over groups of scenes."
)
ORDER = (
    "Spearman's correlation of the falling score with the strength, or with the part of the "
    "picture that is damaged, the untouched picture among the steps: means over scenes and "
    "operations that the teacher sees (under {seen:g} at the last step); where tiles of several "
    "sizes are lost their places differ too. And of all versions that it puts under {seen:g}, the "
    "share scored over {above:g} above the original."
)
FRAMING = (
    "Points of 100 that a black or white frame of 10, 30 and 50 % of the area moves the score, "
    "median and 95th percentile: around untouched pictures, then around noisy and partly blurred "
    "ones; how far it moves HDR-VDP-2 there, and how far apart the two moves are."
)
FRAMED = [
    "head", "untouched", "95 %", "damaged", "95 %", "HDR-VDP-2", "95 %", "apart", "95 %",
]  # fmt: skip
PLACES = {"all damage": None, "everywhere": "everywhere", "in places": "somewhere"}


def picture(scene: FileScene, domain: PixelDomain) -> Tensor | None:
    """Return a frame ``(1, 3, h, w)`` of a scene, ``None`` where it is too small.

    A photograph is made HDR where light is wanted.
    """
    pixels = scene.load()
    size = (pixels.shape[-2], pixels.shape[-1])
    if not fits(size, scene.panorama):
        return None
    frame = draw_frame(size, scene.panorama, stream(0, "whole", scene.name))
    cut = cut_frame(pixels, frame, panorama=scene.panorama, kind=scene.kind)
    if domain == "sdr":
        return cut[None]
    if scene.kind == "sdr":
        cut = get_expansion(WIDENED)(cut[None], peak=PEAK)[0]
    return calibrate(cut, PEAK).clamp(min=1e-3)[None]


def measure(
    reference: Tensor, domain: PixelDomain, seed: int, heads: dict[str, LearnedMetric], known: Any
) -> Any:
    """Return what teacher and heads say of the versions of one picture.

    Parameters
    ----------
    known
        What was measured before: of the teacher it is taken as it is.
    """
    screen: Callable[[Tensor], Tensor] = (
        (lambda light: light) if domain == "hdr" else get_display(DISPLAY).forward
    )
    teacher, sized = HDRVDP2(), HDRVDP2(window=WINDOW)
    light = screen(reference)
    prepared = None
    before = {(row["name"], row["amount"]): row for row in known.get("versions", ())}
    rows: list[dict[str, Any]] = []
    alone = {name: head for name, head in heads.items() if not head.info.reference}
    black, white = (0.01, PEAK) if domain == "hdr" else (0.0, 1.0)
    put = [(share, value) for share in FRAMES for value in (black, white)]
    earlier = {(*one["of"], *one["frame"]): one["sized"] for one in known.get("around", ())}
    around = []
    for version in versions(reference, domain, seed):
        test = version.picture.clamp(0, 1) if domain == "sdr" else version.picture
        for frame in put if (version.name, version.amount) in SPOILT else ():
            pair = framed(test, *frame), framed(reference, *frame)
            of = version.name, version.amount
            own = earlier.get((*of, *frame))
            if own is None:
                own = float(sized.q(*(screen(one) for one in pair)))
            said_of = {name: float(head(pair[0])) for name, head in alone.items()}
            around.append({"of": of, "frame": frame, "sized": own, "heads": said_of})
        row = before.get((version.name, version.amount))
        if row is None:
            prepared = teacher.prepare(light) if prepared is None else prepared
            row = {
                "name": version.name, "where": version.where, "amount": version.amount,
                "q": float(teacher.q(screen(test), prepared)),
                "sized": float(sized.q(screen(test), light)),
            }  # fmt: skip
        if "piqe" not in row:
            row["piqe"] = float(create_metric(YARDSTICK[domain])(test))
        row = {**row, "heads": {}, "low": {}, "high": {}}
        for name, head in heads.items():
            said = head.assess(test, reference if head.info.reference else None)
            for key, value in (("heads", said.value), ("low", said.low), ("high", said.high)):
                assert value is not None, f"{name} has no interval"
                row[key][name] = float(value)
        rows.append(row)
    moved: dict[str, list[float]] = {}
    for name, head in alone.items():
        plain = float(head(reference))
        moved[name] = [float(head(framed(reference, *frame))) - plain for frame in put]
    return {"versions": rows, "framed": moved, "around": around}


def chosen(folder: Path, domain: PixelDomain, split: Split, most: int) -> list[FileScene]:
    """Return scenes of a split in an order of their own; for intervals of light photographs too."""
    kinds: tuple[Kind, ...] = ("sdr",) if domain == "sdr" else ("hdr",)
    if split == "validation":
        kinds = ("hdr", "sdr") if domain == "hdr" else kinds
    scenes = [scene for scene in find_scenes(folder, kinds=kinds) if scene.split == split]
    scenes.sort(key=lambda scene: (scene.kind, fraction("whole", scene.name)))
    return scenes[:most]


def collect(
    scenes: list[FileScene], domain: PixelDomain, place: Path, *, again: bool = False
) -> dict[str, Any]:
    """Return the measurements of scenes, those that are there already as they are.

    Parameters
    ----------
    again
        Whether scores are made anew even where the weights are those of the measurements.
    """
    found: dict[str, Any] = kept(place)
    heads = {name: learned(name) for name in HEADS[domain]}
    weights = {name: head.card.sha256 for name, head in heads.items()}
    for index, scene in enumerate(tqdm(scenes, desc=domain)):
        known = found.get(scene.name, {})
        if known.get("weights") == weights and not again:
            continue
        reference = picture(scene, domain)
        if reference is not None:
            with torch.no_grad():
                own = measure(reference, domain, index, heads, known)
            found[scene.name] = {**own, "group": scene.group, "weights": weights}
            write_text(place, json.dumps(found))
    return {scene.name: found[scene.name] for scene in scenes if scene.name in found}


def constant(predicted: Numbers, truth: Numbers) -> float:
    """Return what has to be added to the teacher's Q so that scores fit best: its size's offset."""
    offsets = np.linspace(-1, 1, 401)
    return float(
        offsets[np.argmin([np.abs(predicted - opinion(truth + c)).mean() for c in offsets])]
    )


def learned(head: str) -> LearnedMetric:
    """Return a head."""
    metric = create_metric(head)
    assert isinstance(metric, LearnedMetric)
    return metric


def quality(score: Numbers) -> Tensor:
    """Return the Q of HDR-VDP-2 with an opinion score."""
    inside = torch.as_tensor(score).double().clamp(1e-3, 100 - 1e-4)
    return (100 / inside - 1).log() / 3.455 - 0.8886


def judge(found: dict[str, Any], head: str, resamples: int) -> Iterator[list[str]]:
    """Yield the lines of a head in the table."""
    rows = [row for one in found.values() for row in one["versions"]]
    value, truth = (column(rows, *keys) for keys in (("heads", head), ("q",)))
    low, high = (column(rows, key, head) for key in ("low", "high"))
    error = np.abs(value - opinion(truth + constant(value, truth)))
    sized = opinion(column(rows, "sized"))
    held = (low <= sized) & (sized <= high)
    for title, at, bootstrap in places(found, resamples):
        order = bootstrap.interval(srocc(-value[at], truth[at]))
        off = bootstrap.interval(weighted_mean(error[at]))
        wide = (high - low)[at].mean()
        yield [head, title, cell(order), cell(off, 1), f"{held[at].mean():.0%}", f"{wide:.0f}"]


def column(rows: list[Any], *keys: str) -> Numbers:
    """Return a number of each row."""
    return np.array([functools.reduce(operator.getitem, keys, row) for row in rows])


def places(
    found: dict[str, Any], resamples: int
) -> Iterator[tuple[str, NDArray[np.bool_], SceneBootstrap]]:
    """Yield the kinds of damage with the rows that have it, and their groups drawn again."""
    rows = [(one["group"], row["where"]) for one in found.values() for row in one["versions"]]
    groups, where = np.array(rows).T
    for title, place in PLACES.items():
        at = np.full(len(rows), True) if place is None else where == place
        yield title, at, SceneBootstrap(groups[at], resamples=resamples)


def beside_piqe(found: dict[str, Any], head: str, resamples: int) -> Iterator[list[str]]:
    """Yield by how much a head's SROCC exceeds that of PIQE, which has no reference either."""
    rows = [row for one in found.values() for row in one["versions"]]
    value, truth, piqe = (column(rows, *keys) for keys in (("heads", head), ("q",), ("piqe",)))
    for title, at, bootstrap in places(found, resamples):
        own, ours = (srocc(x[at], truth[at]) for x in (piqe, -value))
        more = bootstrap.difference(ours, own)
        yield [head, title, cell(bootstrap.interval(own)), cell(more)]


def frames(found: dict[str, Any], head: str) -> list[str]:
    """Return how far plain frames move a head's score of untouched pictures, and of damaged ones.

    Of these also how far they move the teacher's score, and how far the two moves are apart.
    """
    moved = np.abs([one["framed"][head] for one in found.values()])
    pairs = []
    for one in found.values():
        before = {(row["name"], row["amount"]): row for row in one["versions"]}
        for row in one["around"]:
            plain = before[tuple(row["of"])]
            truth = [float(opinion(np.array(each["sized"]))) for each in (row, plain)]
            pairs.append((row["heads"][head] - plain["heads"][head], truth[0] - truth[1]))
    own, true = np.array(pairs).T
    numbers = (moved, np.abs(own), np.abs(true), np.abs(own - true))
    return [head, *(f"{np.quantile(x, q):.1f}" for x in numbers for q in (0.5, 0.95))]


def write_intervals(found: dict[str, Any], head: str) -> None:
    """Write half the width that holds the teacher's value of whole pictures to a head's card."""
    rows = [row for one in found.values() for row in one["versions"]]
    groups = np.array([one["group"] for one in found.values() for _ in one["versions"]])
    metric = learned(head)
    target = metric.head_card.target
    truth = target.target(torch.tensor([row["sized"] for row in rows]).double()).numpy()
    predicted = target.target(quality(column(rows, "heads", head))).numpy()
    width = conformal_width(truth, predicted, groups)
    print(f"{head}: {metric.head_card.interval} → {width}")
    if not metric.info.reference:
        # Damage in places goes unnoticed: widths that hold it too (.6 to .8 of the scale) would
        # say nothing of damage everywhere, which those of crops hold.
        return
    write_half_width(head, width.half_width)


def write_half_width(head: str, half: float) -> None:
    """Write half the width of intervals of whole pictures into the card of a predictor's head."""
    for path in sorted(WEIGHTS.glob(f"*{SUFFIX}")):
        network, card = load_weights(path)
        name = head.removeprefix(f"{family(card)}-")
        interval = card.heads[name].interval if name in card.heads else None
        if head.startswith(family(card)) and interval is not None:
            own = replace(card.heads[name], interval=replace(interval, whole=half))
            save_weights(path, network, replace(card, heads={**card.heads, name: own}))


def main() -> None:
    """Measure, and write the report or the intervals."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--most", type=int, default=24, help="scenes of each kind")
    parser.add_argument("--resamples", type=int, default=500)
    parser.add_argument("--intervals", action="store_true")
    parser.add_argument("--again", action="store_true", help="score anew; the teacher's is kept")
    parser.add_argument("--work", type=Path, default=HERE, help="where measurements are kept")
    parser.add_argument("--out", type=Path, default=HERE, help="where the report is written")
    options = parser.parse_args()
    split: Split = "validation" if options.intervals else "test"
    domains: tuple[PixelDomain, ...] = ("hdr", "sdr")
    lines: list[list[str]] = []
    moved: list[list[str]] = []
    ordered: list[list[str]] = []
    beside: list[list[str]] = []
    counts = []
    for domain in domains:
        scenes = chosen(options.scenes, domain, split, options.most)
        found = collect(
            scenes, domain, options.work / f"whole-{split}-{domain}.json", again=options.again
        )
        counts.append(f"{len(found)} {domain.upper()} scenes")
        for head in HEADS[domain]:
            if options.intervals:
                write_intervals(found, head)
                continue
            lines += judge(found, head, options.resamples)
            ordered.append(order.line(found, head, options.resamples))
            if head.startswith("norvdpnet"):
                moved.append(frames(found, head))
                beside += beside_piqe(found, head, options.resamples)
        title = f"{order.TEACHER}, {domain.upper()}"
        ordered.append([title, *order.line(found, order.TEACHER, options.resamples)[1:]])
    if options.intervals:
        return
    titles = ["head", "versions", "SROCC", "mean error of 100", "90 % interval holds", "its width"]
    text = [
        "# Whole pictures",
        INTRO.format(scenes=" and ".join(counts)),
        markdown_table(titles, lines),
        "## Beside PIQE",
        "How PIQE ranks these pictures (light as PU21 codes), and how much higher the SROCC is.",
        markdown_table(["head", "versions", "PIQE", "more"], beside),
        "## Order",
        ORDER.format(seen=order.SEEN, above=order.ABOVE),
        markdown_table(order.TITLES, ordered),
        "## Plain frames",
        FRAMING,
        markdown_table(FRAMED, moved),
    ]
    write_text(options.out / "whole.md", "\n\n".join(text) + "\n")


if __name__ == "__main__":
    main()
