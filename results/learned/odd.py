"""Scores of pictures that are hard to score without a reference, untouched and damaged.

    python -m results.learned.odd --scenes DIR

Writes ``odd.md`` and ``odd.jpg``. What HDR-VDP-2 says does not depend on the weights and is kept in
``odd.json``; scores are made anew, so that it takes half a minute to run again on new weights.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor
from torch.nn.functional import interpolate

from datasets.reporting.contact_sheet import exposure, show
from datasets.scenes.drawn.sheet import font_of
from hdrmetrics import create_metric
from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.distort import distort
from hdrmetrics.metrics.hdrvdp2 import HDRVDP2
from hdrmetrics.photometry.display import get_display
from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from results.learned.odd_pictures import Shown, load

HERE = Path(__file__).parent
HEADS: dict[PixelDomain, str] = {"hdr": "norvdpnet-hdr", "sdr": "norvdpnet-sdr"}
DAMAGE = {"blurred": "gaussian_blur", "noisy": "gaussian_noise"}
STRENGTH = 0.6
DISPLAY = "srgb-100"
LEAST, ABOVE = 50.0, 1.0  # under it, or so far under its damaged version, an untouched one fails
_COLUMNS, _SIDE, _LINE = 6, (176, 132), 13  # px
INTRO = """\
{count} pictures of kinds that are hard to score without a reference ({test} of scenes that no
network was trained on), scored by `{sdr}` or, the last {light} (light), by `{hdr}`; beside them
the same blurred and with noise (strength {strength:g} of `distort`). *Interval* is the score's own,
for untouched pictures. In brackets: what HDR-VDP-2 (`window=256`), which sees the untouched picture
too, says of the damaged one. *Doubts*: to which of the three (untouched, blurred, noisy) the guard
added a warning. Pictures whose licence asks for more than this page can give are scored, not shown.
Made by `odd.py`; the pictures are named in `odd_pictures.py`."""

NOTICE = (
    "openexr-images: Copyright (c) 2004, Industrial Light & Magic, a division of Lucasfilm "
    "Entertainment Company Ltd. Portions contributed and copyright held by others as indicated. "
    'All rights reserved. Provided "as is", without any warranty, under the BSD-3-Clause licence.'
)


@dataclass(frozen=True, slots=True)
class Scored:
    """A version of a picture with its score, its interval, its doubts, and the teacher's word."""

    score: float
    low: float
    high: float
    doubts: tuple[str, ...]
    teacher: float = 100.0


@dataclass(frozen=True, slots=True)
class Row:
    """A picture, and its versions: ``untouched``, then as :data:`DAMAGE` names them."""

    shown: Shown
    versions: dict[str, Scored]


def versions(shown: Shown) -> dict[str, Tensor]:
    """Return the picture and its damaged versions."""
    found = {"untouched": shown.pixels}
    for name, distortion in DAMAGE.items():
        made = distort(shown.pixels, distortion, strength=STRENGTH, domain=shown.domain, seed=0)
        # Codes as a file holds them: the guard knows pictures by that too.
        found[name] = (made.clamp(0, 1) * 255).round() / 255 if shown.domain == "sdr" else made
    return found


def verdict(shown: Shown, test: Tensor) -> float:
    """Return what HDR-VDP-2 says of a version."""
    if shown.domain == "hdr":
        return float(HDRVDP2(window=256)(test, shown.pixels))
    screen = get_display(DISPLAY)
    return float(HDRVDP2(window=256)(screen.forward(test), screen.forward(shown.pixels)))


def measure(folder: Path, kept: Path) -> list[Row]:
    """Return the pictures with their scores."""
    known: dict[str, float] = json.loads(kept.read_text()) if kept.exists() else {}
    heads = {domain: create_metric(name) for domain, name in HEADS.items()}
    rows = []
    for shown in load(folder):
        found = {}
        for name, picture in versions(shown).items():
            said = heads[shown.domain].assess(picture)
            assert said.low is not None
            assert said.high is not None
            doubts = said.warnings[0] if said.warnings else ()
            teacher = 100.0
            if name != "untouched":
                key = f"{shown.odd.scene} {name}"
                if key not in known:
                    known[key] = round(verdict(shown, picture), 2)
                teacher = known[key]
            found[name] = Scored(
                float(said.value), float(said.low), float(said.high), doubts, teacher
            )
        rows.append(Row(shown, found))
        print(shown.odd.scene, *(f"{one.score:.1f}" for one in found.values()), flush=True)
    write_text(kept, json.dumps(known, indent=1, sort_keys=True) + "\n")
    return rows


def failures(rows: list[Row]) -> list[str]:
    """Return a sentence for each score that would embarrass us."""
    found = []
    for number, row in enumerate(rows, 1):
        name = f"{number}, {row.shown.odd.what} (`{row.shown.odd.scene}`)"
        own = row.versions["untouched"]
        if own.score < LEAST:
            doubt = "with a warning" if own.doubts else "without a warning"
            found.append(f"{name}: untouched, it gets {own.score:.0f}, {doubt}.")
        for damage in DAMAGE:
            other = row.versions[damage]
            if other.score > own.score + ABOVE:
                seen = "sees it" if other.teacher < 90 else "hardly sees it"
                found.append(
                    f"{name}: {damage}, it gets {other.score:.0f}, untouched {own.score:.0f}; "
                    f"HDR-VDP-2 {seen} ({other.teacher:.0f})."
                )
    return found


def page(rows: list[Row]) -> str:
    """Return the page."""
    lines = []
    for number, row in enumerate(rows, 1):
        own = row.versions["untouched"]
        marks = "".join(
            letter if row.versions[name].doubts else "–"
            for name, letter in zip(("untouched", *DAMAGE), "ubn", strict=True)
        )
        lines.append([
            str(number), row.shown.odd.what, f"{own.score:.0f}", f"{own.low:.0f}–{own.high:.0f}",
            *(f"{row.versions[d].score:.0f} ({row.versions[d].teacher:.0f})" for d in DAMAGE),
            "" if marks == "–––" else marks,
        ])  # fmt: skip
    failed = failures(rows)
    clean = np.array([row.versions["untouched"].score for row in rows])
    ordered = np.mean([
        row.versions["untouched"].score > row.versions[damage].score
        for row in rows for damage in DAMAGE if row.versions[damage].teacher < 90
    ])  # fmt: skip
    sources = [
        f"{number}: `{row.shown.odd.scene}`, {row.shown.scene.licence}"
        for number, row in enumerate(rows, 1)
    ]
    doubts = [
        f"{number}, {name}: {doubt}."
        for number, row in enumerate(rows, 1)
        for name, one in row.versions.items()
        for doubt in one.doubts
    ]
    summary = (
        f"Untouched pictures get {np.median(clean):.0f} in the median, {clean.min():.0f} at "
        f"least; of the damaged ones that HDR-VDP-2 puts under 90, {ordered:.0%} are under their "
        "original."
    )
    parts = [
        "# Odd pictures",
        INTRO.format(
            count=len(rows), strength=STRENGTH,
            test=sum(row.shown.scene.split == "test" for row in rows),
            light=sum(row.shown.domain == "hdr" for row in rows),
            sdr=HEADS["sdr"], hdr=HEADS["hdr"],
        ),
        "![the pictures with their scores: untouched, blurred, noisy](odd.jpg)",
        markdown_table(["", "what", "score", "interval", *DAMAGE, "doubts"], lines),
        summary,
        "## Where it fails",
        f"Untouched pictures under {LEAST:.0f}, or over {ABOVE:g} under their damaged version:",
        "\n".join(f"- {line}" for line in failed) if failed else "nowhere among these.",
        "## What the guard said",
        "\n".join(f"- {line}" for line in doubts) if doubts else "Nothing.",
        "## Sources",
        "\n".join(f"- {line}" for line in sources),
        NOTICE,
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def sheet(rows: list[Row], path: Path) -> None:
    """Draw the pictures that may be shown, each with its number and its three scores."""
    cell = (_SIDE[0] + 8, _SIDE[1] + 2 * _LINE + 10)
    lines = -(-len(rows) // _COLUMNS)
    paper = Image.new("RGB", (_COLUMNS * cell[0] + 8, lines * cell[1] + 8), (255, 255, 255))
    draw = ImageDraw.Draw(paper)
    font = font_of(_LINE - 2)
    for index, row in enumerate(rows):
        left, top = 8 + index % _COLUMNS * cell[0], 8 + index // _COLUMNS * cell[1]
        own = row.versions["untouched"]
        if row.shown.may_be_shown:
            thumb = thumbnail(row.shown.pixels[0], row.shown.domain)
            paper.paste(thumb, (left + (_SIDE[0] - thumb.width) // 2, top))
        else:
            draw.rectangle((left, top, left + _SIDE[0], top + _SIDE[1]), fill=(235, 235, 235))
            draw.text((left + 40, top + 55), "not shown (licence)", (110, 110, 110), font)
        scores = ", ".join(f"{row.versions[name].score:.0f}" for name in DAMAGE)
        title = f"{index + 1}  {row.shown.odd.what}"
        draw.text((left, top + _SIDE[1] + 1), title, (90, 90, 90), font)
        text = f"{own.score:.0f}   damaged {scores}" + ("   (doubts)" if own.doubts else "")
        poor = own.score < LEAST or any(row.versions[d].score > own.score + ABOVE for d in DAMAGE)
        colour = (190, 0, 0) if poor else (20, 20, 20)
        draw.text((left, top + _SIDE[1] + 1 + _LINE), text, colour, font)
    paper.save(path, quality=85)


def thumbnail(picture: Tensor, domain: PixelDomain) -> Image.Image:
    """Return a picture as it looks on a screen, small."""
    height, width = picture.shape[-2:]
    factor = min(_SIDE[0] / width, _SIDE[1] / height)
    size = (round(height * factor), round(width * factor))
    small = interpolate(picture[None], size=size, mode="area")[0]
    return Image.fromarray(show(small, domain, exposure(small) if domain == "hdr" else 1.0))


def main() -> None:
    """Score, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=HERE)
    options = parser.parse_args()
    with torch.no_grad():
        rows = measure(options.scenes, HERE / "odd.json")
    write_text(options.out / "odd.md", page(rows))
    sheet(rows, options.out / "odd.jpg")


if __name__ == "__main__":
    main()
