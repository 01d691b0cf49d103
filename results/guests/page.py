"""Writes ``report.md`` of the guests from what ``measure.py`` found.

python -m results.guests.page
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
from results.guests.methods import INPUT

HERE = Path(__file__).parent
RESAMPLES = 2000
TITLES = {"psnr": "PSNR, dB", "ssim": "SSIM", "pu21-psnr": "PU21-PSNR, dB", "nima": "`nima`"}
OPENING = """\
Two nets of the kinds that the literature trains for hours on photographs retouched by people,
here trained for minutes of one core on exposures that we make (`trainers/guests`): `hdrnet` (a
low-resolution grid of affine colour transforms sliced by a learnt guide, as in Gharbi et al.
2017; {hdrnet:,} weights) and `pyramid` (exposure corrected from coarse to fine, as in Afifi et
al. 2021; {pyramid:,} weights). They show that the adapter (`hdrmetrics.enhance.from_module`) lets
anybody's net be judged; they are not the papers' nets, and their numbers say nothing about those.

{scenes} HDR scenes and {photographs} photographs of the test split, which taught nothing, reduced
to a shorter side of {short} pixels and cut to a square, each exposed with {stops} stops, with the
noise of a camera (variance {noise:g} of the light at the sensor), in eight bits. The target is
the same light well exposed by the same camera without noise; of a photograph, itself. What a
method returns is rounded to eight bits. *gamma*: the power that brings the mean code to a half.
*CLAHE*: scikit-image's, on the brightest channel. PU21-PSNR is of the light of the display
`{display}`; values over 60 dB count as 60. Brackets are 95 % intervals from drawing scenes again
({resamples} times), differences paired."""


def mean_of(values: Numbers) -> Statistic:
    """Return the mean as a function of the items' counts."""
    return lambda counts: (counts @ values) / counts.sum(axis=1)


def _signed(found: Interval, digits: int) -> str:
    return f"{found.value:+.{digits}f} [{found.low:+.{digits}f}, {found.high:+.{digits}f}]"


def table(rows: list[dict[str, Any]]) -> str:
    """Return a row for each method: mean and gain over the input of each score."""
    boot = SceneBootstrap(np.array([row["group"] for row in rows]), resamples=RESAMPLES)
    names = list(rows[0]["values"])
    lines = []
    for name in names:
        line = [f"`{name}`" if name in ("hdrnet", "pyramid") else name]
        for one in TITLES:
            digits = 3 if one == "ssim" else 2
            own, before = (np.array([r["values"][m][one] for r in rows]) for m in (name, INPUT))
            text = f"{own.mean():.{digits}f}"
            if name != INPUT:
                gain = boot.difference(mean_of(own), mean_of(before))
                text += f" ({_signed(gain, digits)})"
            line.append(text)
        lines.append(line)
    return markdown_table(["method", *(f"{one} (over input)" for one in TITLES.values())], lines)


def by_stops(rows: list[dict[str, Any]], one: str) -> str:
    """Return the mean of a score by method and exposure."""
    digits = 3 if one == "ssim" else 2
    stops = sorted({row["stops"] for row in rows})
    lines = [
        [name, *(
            f"{np.mean([r['values'][name][one] for r in rows if r['stops'] == s]):.{digits}f}"
            for s in stops
        )]
        for name in rows[0]["values"]
    ]  # fmt: skip
    return markdown_table(["method", *(f"{s:+g}" for s in stops)], lines)


def main() -> None:
    report = kept(HERE / "report.json")
    rows = list(report["pictures"].values())
    counts = {
        kind: len({name.rpartition(" ")[0] for name, row in report["pictures"].items()
                   if row["kind"] == kind})
        for kind in ("hdr", "sdr")
    }  # fmt: skip
    stops = ", ".join(f"{s:+g}" for s in sorted({row["stops"] for row in rows}))
    guests = report["guests"]
    text = [
        "# Guests: nets of one's own, judged by this suite",
        "",
        "Made by `python -m results.guests.measure`, pictures by `python -m results.guests.sheet`.",
        "",
        OPENING.format(
            hdrnet=guests["hdrnet"]["parameters"], pyramid=guests["pyramid"]["parameters"],
            scenes=counts["hdr"], photographs=counts["sdr"], short=report["short"], stops=stops,
            noise=report["noise"], display=report["display"], resamples=RESAMPLES,
        ),
    ]  # fmt: skip
    for kind, title in (("hdr", "HDR scenes"), ("sdr", "Photographs")):
        own = [row for row in rows if row["kind"] == kind]
        text += ["", f"## {title}", "", table(own)]
        text += ["", "PSNR in dB by exposure, in stops:", "", by_stops(own, "psnr")]
        text += ["", "`nima` by exposure:", "", by_stops(own, "nima")]
    text += ["", "## Learning", ""]
    lines = [
        [f"`{name}`", f"{told['steps']}", f"{told['parameters']:,}",
         f"{told['held_out']['before']:.2f} → {told['held_out']['after']:.2f}"]
        for name, told in guests.items()
    ]  # fmt: skip
    text.append(
        markdown_table(["guest", "steps", "weights", "PSNR of held-out windows, dB"], lines)
    )
    seen = HERE / "seen.md"
    if seen.exists():
        text += ["", seen.read_text(encoding="utf-8").strip()]
    write_text(HERE / "report.md", "\n".join(text) + "\n")


if __name__ == "__main__":
    main()
