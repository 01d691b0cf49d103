"""Whether learned scores are safe to follow: Adam steps on pixels along their own gradient.

    python -m results.learned.loss --scenes DIR [--work DIR] [--most N]

From crops of test scenes, untouched, blurred and noisy. The truth is HDR-VDP-2 of the result
against the original. Writes ``loss.md`` and ``loss.jpg``; a run that is stopped goes on where it
was, and starts anew when the weights are others.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor
from tqdm import tqdm

from datasets.reporting.contact_sheet import exposure, show
from datasets.scenes.drawn.sheet import font_of
from hdrmetrics import create_metric
from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.distort import distort
from hdrmetrics.learned.predictor import LearnedMetric
from hdrmetrics.metrics.hdrvdp2 import HDRVDP2
from hdrmetrics.photometry.display import get_display
from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.plaintext import ascii_only
from hdrmetrics.text.textfile import write_text
from results.common.files import kept
from results.learned.follow import (
    EVERY,
    Loss,
    Way,
    follow,
    pull,
    scaled,
    stopped,
    unscaled,
    variation,
)
from results.learned.odd_pictures import is_open
from results.learned.whole import chosen, learned, picture

HERE = Path(__file__).parent
DISPLAY = "srgb-100"
SIDE = 256
DOMAINS: tuple[PixelDomain, ...] = ("hdr", "sdr")
FOLLOWED: dict[PixelDomain, str] = {"hdr": "norvdpnet-hdr", "sdr": "norvdpnet-sdr"}
COMPARED: dict[PixelDomain, str] = {"hdr": "diqm-hdr-c", "sdr": "diqm-sdr-d"}
JUDGES: dict[PixelDomain, tuple[str, ...]] = {
    "hdr": ("norvdpnet-hdr-d", "pu21-piqe"),
    "sdr": ("norvdpnet-sdr-d", "piqe"),
}
STARTS = {
    "untouched": ("", 0.0),
    "blurred": ("gaussian_blur", 0.6),
    "noisy": ("gaussian_noise", 0.6),
}
PLAIN, AUGMENTED = "nothing", "augmented loss"
WAYS: dict[str, Way] = {
    PLAIN: Way(),
    "pull to the start": Way(pull(200.0)),
    "total variation of the change": Way(variation(3.0)),
    "gradient smoothed, 2 px": Way(smooth=2.0),
    "change of 1/8 the size": Way(coarse=8),
    "change by one filter of 5×5": Way(taps=5),
    AUGMENTED: Way(augmented=True),
}
WITH_REFERENCE = "the score with the original"
DAMAGED = (PLAIN, "total variation of the change", "change by one filter of 5×5", AUGMENTED)
INTRO = """\
{count} crops of {side}×{side} pixels of test scenes ({scenes}). A hundred Adam steps
(rate {rate:g}/255) go along the gradient of `{hdr}` or `{sdr}`; light is changed on the scale of
PU21 values / 256, where a step is about as visible as one of codes. *Score* and *loss* (1 − target,
which does not saturate) are the score's own, *teacher* is HDR-VDP-2 of the result against the
original, *PSNR* that of PU21 values: means over crops. Judges (a head of the same network that was
not followed, and PIQE, which is not learned) stop the plain way before the first ten steps that
they find worse. From damaged starts *nearer* counts the crops that the teacher finds nearer to the
original than the start, by over 0.5."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one crop: before and after."""

    scene: str
    score: tuple[float, float]
    loss: tuple[float, float]
    teacher: tuple[float, float]
    psnr: tuple[float, float]
    steps: int


def ways(start: str) -> list[str]:
    """Return what is tried from a start, the plain way first."""
    return [*WAYS] if start == "untouched" else [*DAMAGED, WITH_REFERENCE]


def crops(folder: Path, domain: PixelDomain, most: int) -> dict[str, Tensor]:
    """Return the middle of a picture of each test scene, ``(1, 3, 256, 256)``.

    One that may be printed comes first, if there is any.
    """
    found = {}
    scenes = chosen(folder, domain, "test", most)
    for scene in sorted(scenes, key=lambda scene: not is_open(scene.licence)):
        whole = picture(scene, domain)
        if whole is not None:
            top, left = ((length - SIDE) // 2 for length in whole.shape[-2:])
            found[scene.name] = whole[..., top : top + SIDE, left : left + SIDE].contiguous()
    return found


def begin(crop: Tensor, domain: PixelDomain, start: str) -> Tensor:
    """Return a crop as a path begins with it."""
    name, strength = STARTS[start]
    if not name:
        return crop
    made = distort(crop, name, strength=strength, domain=domain, seed=0)
    return made.clamp(0, 1) if domain == "sdr" else made


class Truth:
    """What measures with a reference say of results."""

    def __init__(self, crop: Tensor, domain: PixelDomain) -> None:
        self.domain = domain
        self._said: dict[int, tuple[float, float]] = {}
        self.crop = self._light(crop)
        self.teacher, self.psnr = HDRVDP2(), create_metric("pu21-psnr")

    def _light(self, x: Tensor) -> Tensor:
        return x if self.domain == "hdr" else get_display(DISPLAY).forward(x)

    def __call__(self, x: Tensor) -> tuple[float, float]:
        light = self._light(x)
        known = hash(light.numpy().tobytes())  # all ways begin alike
        if known not in self._said:
            self._said[known] = self._say(light)
        return self._said[known]

    def _say(self, light: Tensor) -> tuple[float, float]:
        psnr = min(float(self.psnr(light, self.crop)), 100.0)
        return float(self.teacher(light, self.crop)), psnr


def judged_by(name: str) -> Loss:
    """Return a metric as a loss, differentiable or not."""
    metric = create_metric(name)
    if metric.info.differentiable:
        return metric.as_loss(reduction="none")
    return lambda x: -metric(x) if metric.info.higher_is_better else metric(x)


def outcomes(
    paths: dict[str, list[Tensor]],
    domain: PixelDomain,
    head: LearnedMetric,
    originals: dict[str, Tensor],
    truths: dict[str, Truth],
) -> list[Outcome]:
    """Return what is said of the first and the last picture of each scene's path."""
    loss = head.as_loss(reduction="none")
    found = []
    with torch.no_grad():
        for name, path in paths.items():
            ends = [unscaled(x, domain) for x in (path[0], path[-1])]
            reference = (originals[name],) if head.info.reference else ()
            said = [truths[name](x) for x in ends]
            scores = [float(head(x, *reference)) for x in ends]
            losses = [float(loss(x, *reference)) for x in ends]
            found.append(
                Outcome(
                    name, (scores[0], scores[1]), (losses[0], losses[1]),
                    (said[0][0], said[1][0]), (said[0][1], said[1][1]), EVERY * (len(path) - 1),
                )
            )  # fmt: skip
    return found


class Study:
    """Measurements that are kept, by domain, start and way."""

    def __init__(self, folder: Path, work: Path, most: int) -> None:
        self.folder, self.work, self.most = folder, work, most
        self.printed: set[str] = set()
        work.mkdir(parents=True, exist_ok=True)
        names = [*FOLLOWED.values(), *COMPARED.values()]
        weights = {name: learned(name).card.sha256 for name in names}
        self.path = work / "loss.json"
        before = kept(self.path)
        same = before.get("weights") == weights and before.get("most") == most
        self.kept: dict[str, Any] = (
            before if same else {"weights": weights, "most": most, "found": {}}
        )

    def get(self, domain: PixelDomain, start: str, way: str) -> list[Outcome]:
        """Return what is kept."""
        rows = self.kept["found"].get(f"{domain} {start} {way}", [])
        return [Outcome(**row) for row in rows]

    def put(self, domain: PixelDomain, start: str, way: str, rows: list[Outcome]) -> None:
        """Keep outcomes."""
        self.kept["found"][f"{domain} {start} {way}"] = [asdict(row) for row in rows]
        write_text(self.path, json.dumps(self.kept))

    def run(self) -> None:
        """Measure what is missing."""
        jobs = [
            (domain, start, way)
            for way in [*WAYS, WITH_REFERENCE]
            for start in STARTS
            for domain in DOMAINS
            if way in ways(start)
        ]
        originals = {domain: crops(self.folder, domain, self.most) for domain in DOMAINS}
        self.printed = {
            scene.name
            for domain in DOMAINS
            for scene in chosen(self.folder, domain, "test", self.most)
            if is_open(scene.licence)
        }
        truths = {
            domain: {name: Truth(crop, domain) for name, crop in originals[domain].items()}
            for domain in DOMAINS
        }
        for domain, start, way in tqdm(jobs):
            if not self.get(domain, start, way):
                self._one(domain, start, way, originals[domain], truths[domain])

    def _one(
        self,
        domain: PixelDomain,
        start: str,
        way: str,
        originals: dict[str, Tensor],
        truths: dict[str, Truth],
    ) -> None:
        head = learned((COMPARED if way == WITH_REFERENCE else FOLLOWED)[domain])
        first = torch.cat([begin(crop, domain, start) for crop in originals.values()])
        given = head.as_loss(reduction="none")
        reference = torch.cat(list(originals.values())) if head.info.reference else None
        manner = WAYS.get(way, Way())
        path = follow(lambda x: given(x, reference), scaled(first, domain), domain, manner)
        paths = {name: [x[index : index + 1] for x in path] for index, name in enumerate(originals)}
        self.put(domain, start, way, outcomes(paths, domain, head, originals, truths))
        if start == "untouched" and next(iter(originals)) in self.printed:
            torch.save([path[0][0], path[-1][0]], self._pixels(domain, way))
        if way != PLAIN:
            return
        for judge in JUDGES[domain]:
            ends = stopped(judged_by(judge), path, domain)
            cut = {n: own[: end + 1] for (n, own), end in zip(paths.items(), ends, strict=True)}
            self.put(
                domain, start, f"stopped by {judge}", outcomes(cut, domain, head, originals, truths)
            )

    def _pixels(self, domain: PixelDomain, way: str) -> Path:
        return self.work / (re.sub(r"\W+", "-", f"{domain} {way}") + ".pt")

    def page(self) -> str:
        """Return the tables."""
        counts = [self.get(domain, "untouched", PLAIN) for domain in DOMAINS]
        parts = [
            "# Following learned scores",
            INTRO.format(
                count=sum(map(len, counts)), side=SIDE, rate=0.5,
                scenes=" and ".join(
                    f"{len(c)} {d.upper()}" for c, d in zip(counts, DOMAINS, strict=True)
                ),
                hdr=FOLLOWED["hdr"], sdr=FOLLOWED["sdr"],
            ),
            "![the first crop, what came of it, and what changed, eight times](loss.jpg)",
        ]  # fmt: skip
        for start in STARTS:
            lines = []
            for domain in DOMAINS:
                for way in [*ways(start), *(f"stopped by {judge}" for judge in JUDGES[domain])]:
                    rows = self.get(domain, start, way)
                    if rows:
                        lines.append([domain.upper(), way, *_cells(rows, start)])
            if not lines:
                parts.append(f"From {start} crops nothing was run yet.")
                continue
            head = ["", "held back by", "score", "loss", "teacher", "least", "PSNR, dB"]
            parts.append(f"## From {start} crops")
            last = "steps" if start == "untouched" else "nearer"
            parts.append(markdown_table([*head, last], lines))
        return "\n\n".join(parts) + "\n"

    def figure(self, path: Path) -> None:
        """Draw the first crop of each kind, what came of it, and the change eight times."""
        shown = [PLAIN, "total variation of the change", "change by one filter of 5×5", AUGMENTED]
        domains = [d for d in DOMAINS if self._pixels(d, PLAIN).exists()]
        shown = [way for way in shown if all(self._pixels(d, way).exists() for d in domains)]
        size = ((1 + len(shown)) * (SIDE + 6), len(domains) * (2 * SIDE + 25))
        paper = Image.new("RGB", size, (255, 255, 255))
        draw = ImageDraw.Draw(paper)
        for row, domain in enumerate(domains):
            top = row * (2 * SIDE + 25) + 18
            for column, way in enumerate(["", *shown]):
                first, last = torch.load(self._pixels(domain, way or PLAIN))
                left = column * (SIDE + 6)
                light = unscaled(first, domain)
                factor = exposure(light) if domain == "hdr" else 1.0
                seen = unscaled(last if way else first, domain)
                paper.paste(Image.fromarray(show(seen, domain, factor)), (left, top))
                draw.text((left, top - 16), ascii_only(way or "original"), (0, 0, 0), font_of(12))
                if way:
                    change = (0.5 + 8 * (last - first)).clamp(0, 1)
                    paper.paste(Image.fromarray(show(change, "sdr")), (left, top + SIDE + 2))
        paper.save(path, quality=80)


def _cells(rows: list[Outcome], start: str) -> list[str]:
    def means(values: list[tuple[float, float]], digits: int) -> str:
        before, after = np.mean(values, axis=0)
        return f"{before:.{digits}f} → {after:.{digits}f}"

    gains = np.array([row.teacher[1] - row.teacher[0] for row in rows])
    untouched = start == "untouched"
    last = f"{np.mean([row.steps for row in rows]):.0f}"
    return [
        means([row.score for row in rows], 1),
        means([row.loss for row in rows], 3),
        means([row.teacher for row in rows], 1),
        f"{gains.min():+.1f}",
        f"{np.mean([row.psnr[1] for row in rows]):.1f}"
        if untouched
        else means([row.psnr for row in rows], 1),
        last if untouched else f"{(gains > 0.5).sum()} of {len(rows)}",
    ]


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--most", type=int, default=4, help="scenes of each kind")
    default = Path(tempfile.gettempdir()) / "hdrmetrics-loss"
    parser.add_argument("--work", type=Path, default=default, help="where measurements are kept")
    options = parser.parse_args()
    study = Study(options.scenes, options.work, options.most)
    study.run()
    write_text(HERE / "loss.md", study.page())
    study.figure(HERE / "loss.jpg")


if __name__ == "__main__":
    main()
