"""Writes the page about enhancers from what ``measure.py`` found.

    python -m results.enhance.page

Reads ``report.json``; writes ``report.md``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from datasets.statistics.bootstrap import Interval, SceneBootstrap
from datasets.statistics.weighted import Numbers, Statistic
from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from results.common.files import kept

HERE = Path(__file__).parent
NET, INPUT, CLEAN = "restore", "input", "clean"
TITLES = {"psnr": "PSNR, dB", "ssim": "SSIM", "pu21-psnr": "PU21-PSNR, dB"}
LIKED = "nima"
OPENING = """\
{count} photographs that neither taught nor chose the network ({high} of high quality, made smaller
by 1.5; {stock} stock photographs of BIQ2021's table for training, halved), windows of at most 320
pixels a side, degraded by `hdrmetrics.distort` at three strengths, or by JPEG at three qualities
(*in a file*: saved as JPEG after the damage, as photographs are), and rounded to eight bits.
`restore` is not told what is wrong. The classical methods run at their
defaults, each on what it is made for: the deblurring ones assume a Gaussian of 1 pixel (and of 2,
where the name says so), non-local means estimates the noise. PU21-PSNR is of the light of the
display `{display}`. Values over 60 dB count as 60. Means over photographs; brackets are 95 %
intervals from drawing photographs again ({resamples} times), differences paired; *best other* is
the classical method with the best mean in that row, which is chosen with hindsight and so flatters
it."""
HARM = """\
Clean photographs come back from `restore` at {mean:.1f} dB on average, {least:.1f} dB at worst (a
step of eight bits everywhere is 48 dB)."""
RESAMPLES = 2000


def mean_of(values: Numbers) -> Statistic:
    """Return the mean as a function of the items' counts."""
    return lambda counts: (counts @ values) / counts.sum(axis=1)


def interval(found: Interval, digits: int) -> str:
    return f"{found.value:+.{digits}f} [{found.low:+.{digits}f}, {found.high:+.{digits}f}]"


def table(rows: list[dict[str, Any]], one: str) -> str:
    digits = 3 if one == "ssim" else 2
    lines = []
    for row in rows:
        values = {name: np.array(each[one]) for name, each in row["values"].items() if one in each}
        boot = SceneBootstrap(np.arange(len(values[INPUT])), resamples=RESAMPLES)
        means = {name: float(each.mean()) for name, each in values.items()}
        others = [name for name in values if name not in (NET, INPUT)]
        gain = boot.difference(mean_of(values[NET]), mean_of(values[INPUT]))
        line = [
            f"{row['degradation']} {row['strength']}".strip(),
            f"{means[INPUT]:.{digits}f}",
            f"{means[NET]:.{digits}f}",
            interval(gain, digits),
        ]
        if others:
            best = max(others, key=lambda name: means[name])
            over = boot.difference(mean_of(values[NET]), mean_of(values[best]))
            line += [f"{means[best]:.{digits}f} ({best})", interval(over, digits)]
        else:
            line += ["none", ""]
        lines.append(line)
    heads = ["degradation", "input", "restore", "gain", "best other", "restore over it"]
    return markdown_table(heads, lines)


def every_method(rows: list[dict[str, Any]]) -> str:
    names = sorted({name for row in rows for name in row["values"]} - {INPUT, NET})
    lines = []
    for row in rows:
        own = row["values"]
        means = {name: float(np.mean(own[name]["psnr"])) for name in own}
        lines.append(
            [
                f"{row['degradation']} {row['strength']}".strip(),
                *(f"{means[n]:.2f}" if n in means else "" for n in (INPUT, NET, *names)),
            ]
        )
    return markdown_table(["degradation", INPUT, NET, *names], lines)


def main() -> None:
    report = kept(HERE / "report.json")
    rows, names = report["rows"], report["photographs"]
    stock = sum(name.startswith("biq2021_") for name in names)
    clean = next(row for row in rows if row["degradation"] == CLEAN)
    harm = np.array(clean["values"][NET]["psnr"])
    text = [
        "# Enhancers: what they gain",
        "",
        "Made by `python -m results.enhance.measure`.",
        "",
        OPENING.format(
            count=len(names), high=len(names) - stock, stock=stock, display=report["display"],
            resamples=RESAMPLES,
        ),
        "",
        HARM.format(mean=harm.mean(), least=harm.min()),
    ]  # fmt: skip
    for one, title in TITLES.items():
        text += ["", f"## {title}", "", table(rows, one)]
    text += ["", "## What people would say: `nima`, from 1 to 10", "", table(rows, LIKED)]
    text += ["", "## Every method, PSNR in dB", "", every_method(rows)]
    seconds = report["seconds"]
    text += ["", "## Time", "", "Seconds of one core per megapixel, of noisy pictures:", ""]
    each = [[f"`{name}`", f"{value:.2f}"] for name, value in seconds.items() if name != "12 MP"]
    text.append(markdown_table(["enhancer", "s/MP"], each, right=[1]))
    text += ["", f"`restore` takes {seconds['12 MP']:.1f} s for 12 megapixels (4000×3000)."]
    seen = HERE / "seen.md"
    if seen.exists():
        text += ["", seen.read_text(encoding="utf-8").strip()]
    write_text(HERE / "report.md", "\n".join(text) + "\n")


if __name__ == "__main__":
    main()
