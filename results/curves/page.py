"""Writes the page about curve enhancers from what was measured.

    python -m results.curves.page

Reads ``report.json``, ``speed.json`` and ``seen.md``; writes ``report.md``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from datasets.statistics.bootstrap import SceneBootstrap
from datasets.statistics.weighted import Numbers, weighted_mean
from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from results.common.files import kept

HERE = Path(__file__).parent
TITLES = {"psnr": "PSNR, dB", "ssim": "SSIM", "pu21-psnr": "PU21-PSNR, dB"}
DIGITS = {"psnr": 2, "ssim": 3, "pu21-psnr": 2, "nima": 2, "norvdpnet-sdr": 1, "improvability": 3}
OURS = ("curve", "curve-light")
RUN = "run "
RESAMPLES = 2000
OPENING = """\
{count} windows of 192×192 pixels of test scenes, which neither taught nor chose a network, each
photographed at six exposures by a camera with noise (`trainers/curves/exposing.py`: a pixel of full
scale collects 20,000 electrons; eight bits, sRGB) and compared with the good exposure without noise
(geometric mean of the luminance at 0.18 of full scale, but no more than 5 % of the values clipped).
At 0 stops the input differs from it by noise alone: what enhancement does there is harm. *gamma* is
the one x^γ for all with the best mean PSNR over validation scenes at these exposures (γ =
{gamma:.2f}); *gamma by mean* brings each picture's mean code to {mean:g}; histogram equalisation
and CLAHE work on the largest channel; *mertens* fuses virtual exposures of the one picture.
PU21-PSNR is of the light of the display `{display}`. Values over 60 dB count as 60. Brackets are
95 % intervals from drawing scenes again ({resamples} times)."""
WITHOUT = """\
The full network, {steps} steps each, from the same seed; means over all scenes and exposures.
Brackets: 95 % intervals of the difference to the first row, paired by scene."""


def _values(report: dict[str, Any], who: str, one: str) -> Numbers:
    """Return the scores of a method, ``(scenes, stops)``."""
    return np.array(report["values"][who][one])


def _boot(report: dict[str, Any]) -> SceneBootstrap:
    return SceneBootstrap(np.array(report["scenes"]), resamples=RESAMPLES)


def table(report: dict[str, Any], one: str, names: list[str]) -> str:
    """Return means by method and exposure; the mean over exposures with its interval."""
    digits, lines = DIGITS[one], []
    means = {who: _values(report, who, one).mean(axis=0) for who in names}
    best = np.max([means[who] for who in names], axis=0)
    for who in names:
        found = _boot(report).interval(weighted_mean(_values(report, who, one).mean(axis=1)))
        cells = [
            f"**{value:.{digits}f}**" if value == top else f"{value:.{digits}f}"
            for value, top in zip(means[who], best, strict=True)
        ]
        whole = f"{found.value:.{digits}f} [{found.low:.{digits}f}, {found.high:.{digits}f}]"
        lines.append([who, *cells, whole])
    heads = ["", *(f"{stops:+g}" for stops in report["stops"]), "all"]
    return markdown_table(heads, lines, right=range(1, len(heads)))


def gains(report: dict[str, Any], names: list[str]) -> str:
    """Return what ours gain over each other, in PSNR, over all exposures."""
    lines = []
    for who in names:
        line = [who]
        for own in OURS:
            a, b = (_values(report, x, "psnr").mean(axis=1) for x in (own, who))
            found = _boot(report).difference(weighted_mean(a), weighted_mean(b))
            line.append(f"{found.value:+.2f} [{found.low:+.2f}, {found.high:+.2f}]")
        lines.append(line)
    return markdown_table(["over", *OURS], lines, right=[1, 2])


def ablation(report: dict[str, Any], names: list[str]) -> str:
    """Return what runs reach: against originals, and what metrics say of their pictures."""
    first, lines = names[0], []
    for who in names:
        line = [who.removeprefix(RUN)]
        for one in ("psnr", "ssim", "pu21-psnr", "nima", "norvdpnet-sdr", "improvability"):
            a, b = (_values(report, x, one).mean(axis=1) for x in (who, first))
            text = f"{a.mean():.{DIGITS[one]}f}"
            if one in ("psnr", "nima", "norvdpnet-sdr") and who != first:
                found = _boot(report).difference(weighted_mean(a), weighted_mean(b))
                low, high = (f"{v:+.{DIGITS[one]}f}" for v in (found.low, found.high))
                text += f" [{low}, {high}]"
            line.append(text)
        lines.append(line)
    heads = ["run", "PSNR", "SSIM", "PU21-PSNR", "nima", "norvdpnet-sdr", "improvability"]
    return markdown_table(heads, lines, right=range(1, 7))


def main() -> None:
    report = kept(HERE / "report.json")
    names = list(report["values"])
    plain = [who for who in names if not who.startswith(RUN)]
    runs = [who for who in names if who.startswith(RUN)]
    text = ["# Curve enhancers: what they gain on bad exposures", ""]
    text += ["Made by `python -m results.curves.measure`, `.speed`, `.sheet` and `.page`.", ""]
    text.append(
        OPENING.format(
            count=len(report["scenes"]), gamma=report["gamma"], mean=report["mean"],
            display=report["display"], resamples=RESAMPLES,
        )
    )  # fmt: skip
    for one, title in TITLES.items():
        text += ["", f"## {title}, by stops", "", table(report, one, plain)]
    text += ["", "## Gains in PSNR over all exposures, paired by scene, dB", ""]
    text.append(gains(report, [who for who in plain if who not in OURS]))
    if runs:
        text += ["", "## Losses added and left out", ""]
        steps = sorted(set(report["steps"].values()))
        text.append(WITHOUT.format(steps=" or ".join(map(str, steps))))
        text += ["", ablation(report, runs)]
    speed = kept(HERE / "speed.json")
    if speed:
        text += ["", "## Time", "", speed["what"], ""]
        rows = [
            [name, *("" if v is None else f"{v:.1f}" for v in values)]
            for name, values in speed["rows"].items()
        ]
        text.append(markdown_table(["", *speed["columns"]], rows, right=range(1, 5)))
    seen = HERE / "seen.md"
    if seen.exists():
        text += ["", seen.read_text(encoding="utf-8").strip()]
    write_text(HERE / "report.md", "\n".join(text) + "\n")


if __name__ == "__main__":
    main()
