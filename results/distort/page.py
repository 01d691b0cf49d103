"""Writes the page about the strength scales from what ``measure.py`` found.

    python -m results.distort.page

Reads ``report.json``; writes ``report.md``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from results.common.files import kept

HERE = Path(__file__).parent
OPENING = """\
Mean Q of HDR-VDP-2.2 (higher is worse) at 30 pixels per degree over {hdr} HDR crops of 256×256
pixels (peaks of 300, 1000 and 4000 cd/m²) and {sdr} SDR crops on the display `srgb-100`; settings
drawn, one seed per crop, the same at all strengths. For scale: identical crops have about −3.7;
Q_MOS is 99 at Q = −2.2, 90 at −1.5, 50 at −0.9 and 27 at −0.6. Behind the strengths: the spread of
Q over crops at strength 0.5; Spearman's correlation of strength with Q, mean and lowest over
crops, and over all values pooled."""
READING = """\
- Most scales run from about −2.8 to between −1 and −0.6 in even steps.
- `block_loss` starts at about −1.5: one lost block is plainly visible, there is no less.
  `resampling` starts at about −1.9: interpolating at parts of a pixel costs that much however
  small the factor. `degradation` contains it under half of the seeds.
- `colour_cast` and `colour_shift` end at about −2: HDR-VDP-2 has no colour channels and sees only
  what they do to receptors' responses. Their ends are set by ΔE.
- `banding` depends on how much of a crop is smooth, more than any other, and a coarser step may
  by chance put a level where the sky is: its order is not perfect, nor is that of `quantisation`.
  It ends where contours turn into blotches."""
TIMES = """\
Milliseconds of processor time for a picture of 256×384×3, one thread, median over settings, at
strengths 0.5 and 1 (other work ran on the machine)."""


def visibility(rows: list[dict[str, Any]], strengths: list[float]) -> str:
    heads = ["distortion", *(f"{s:g}" for s in strengths), "σ at 0.5", "each", "lowest", "pooled"]
    middle = strengths.index(0.5)
    lines = [
        [
            f"`{row['distortion']}`",
            *(f"{q:.2f}" for q in row["mean_q"]),
            f"{row['spread_q'][middle]:.2f}",
            f"{row['spearman_each']:.3f}",
            f"{row['spearman_lowest']:.3f}",
            f"{row['spearman_pooled']:.3f}",
        ]
        for row in rows
    ]
    return markdown_table(heads, lines)


def main() -> None:
    report = kept(HERE / "report.json")
    rows, strengths = report["rows"], report["strengths"]
    counts = {domain: len(names) for domain, names in report["crops"].items()}
    text = [
        "# Distortions: is strength uniform in visibility?",
        "",
        "Made by `measure.py`, `sheet.py` and `page.py` in this folder.",
        "",
        OPENING.format(**counts),
    ]
    for domain, title in (("hdr", "HDR"), ("sdr", "SDR")):
        own = [row for row in rows if row["domain"] == domain]
        text += ["", f"## {title}", "", visibility(own, strengths)]
        text += ["", "Mean ΔE ITP (BT.2124; 1 is just visible) of the two that change colour:", ""]
        colours = markdown_table(
            ["distortion", *(f"{s:g}" for s in strengths)],
            [
                [f"`{row['distortion']}`", *(f"{e:.1f}" for e in row["delta_e_itp"])]
                for row in own
                if row["delta_e_itp"]
            ],
        )
        text.append(colours)
    text += ["", "## Reading", "", READING, "", "## Time", "", TIMES, ""]
    names = sorted({row["distortion"] for row in rows})
    times = {(row["distortion"], row["domain"]): row["milliseconds"] for row in rows}
    costs = [
        [f"`{n}`", *(" / ".join(f"{t:g}" for t in times[n, d]) for d in ("hdr", "sdr"))]
        for n in names
    ]
    text += [
        markdown_table(["distortion", "HDR", "SDR"], costs),
        "",
        "## Looks",
        "",
        "![Every distortion over its strengths](sheet.jpg)",
        "",
    ]
    write_text(HERE / "report.md", "\n".join(text))


if __name__ == "__main__":
    main()
