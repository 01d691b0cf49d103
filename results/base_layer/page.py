"""Makes the report on base pictures, text and figure, from its measurements."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from datasets.statistics.bootstrap import SceneBootstrap
from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text

Rows = Sequence[dict[str, Any]]
NAMES = {"jpegxt-c": "JPEG XT C, simulated", "gainmap": "Ultra HDR (gainmap)"}
MEASURES = {
    "tmqi": ("base: TMQI", 3), "fsitm": ("base: FSITM", 3),
    "psnr": ("light: PU21-PSNR, dB", 2), "hdrvdp2": ("light: HDR-VDP-2 Q", 1),
}  # fmt: skip
VARIANTS = {
    "default": ("codec as it is", "black", "-"),
    "curve": ("`reinhard_free` as it is", "tab:blue", ":"),
    "optimized": ("optimised", "tab:orange", "-"),
}

PAGE = """# Base pictures of backward-compatible HDR files

What ordinary readers show of an HDR file is a tone-mapped JPEG. `optimize_base_layer` chooses its
curve, and how the bytes are shared with what restores the light, for both pictures at a size in
bytes. Here: {scenes} scenes of the test split, averaged over area to {side} px (so that they are
busier than photographs at full size, and need more bits per pixel), their 99.9th percentile of
luminance at {peak:g} cd/m²: {names}. Files of equal size, three ways:

- **codec as it is**: the base picture that the codec makes by itself (`photoreceptor` of the JPEG
  XT reference software; `reinhard02` in the gain-map file), both qualities alike;
- **{operator} as it is**: that curve for each channel, nothing tuned, both qualities alike;
- **optimised**: α and the lead of the second quality by {evaluations} evaluations each, for
  {goals}; judges {judges}, which are not
  optimised and bring the codec's own back where they object.

TMQI, FSITM and HDR-VDP-2 (30 pixels per degree, whole picture) are the true metrics; none of them
was optimised, but FSITM was a judge, and PU21-PSNR is optimised itself. All qualities are fitted by
the same bisection; no file is larger than asked. Made by `measure.py`.

![Rate and quality](curves.png)

Base pictures at 2 bits per pixel, from the left: JPEG XT as it is and optimised, gain map as it is
and optimised.

![Base pictures](bases.jpg)

## Gains over the codec as it is

Means over scenes and rates with 95 % intervals (whole scenes drawn again).

{gains}

## By rate

Means over scenes, codec as it is → optimised.

{rates}

## How much HDR a better base picture may cost

At {traded:g} bits per pixel, by the weight of a decibel of PU21-PSNR in the sum.

{trades}

## Each scene

At 2 bits per pixel, codec as it is → optimised.

{each}

{library}

## What it says

{said}
"""


def write(found: dict[str, Any], folder: Path) -> None:
    """Write ``report.md`` and ``curves.png``."""
    rows: Rows = found["rows"]
    made = found["made"]
    _curves(rows, folder / "curves.png")
    goals = [f"{w:g}·{n}" for part in ("base", "light") for n, w in made[part].items()]
    text = PAGE.format(
        scenes=len(made["scenes"]),
        names=", ".join(made["scenes"]),
        side=made["side"],
        peak=made["peak"],
        operator=f"`{made['operator']}`",
        evaluations=made["evaluations"],
        goals=" + ".join(goals),
        judges=" and ".join(f"{n} (tolerance {t:g})" for n, t in made["judges"].items()),
        gains=_gains(rows),
        rates=_by_rate(rows),
        traded=found["trades"][0]["rate"] if found["trades"] else 0.0,
        trades=_trades(rows, found["trades"]),
        each=_each([row for row in rows if row["rate"] == 2.0]),
        library=_library(found["library"]),
        said=_said(rows),
    )
    write_text(folder / "report.md", text)


def _values(rows: Rows, variant: str, measure: str) -> NDArray[np.float64]:
    return np.array([row[variant][measure] for row in rows])


def _interval(rows: Rows, change: NDArray[np.float64], digits: int) -> str:
    """Return a mean with its interval, scenes drawn again."""
    clusters = np.array([row["scene"] for row in rows])
    bootstrap = SceneBootstrap(clusters, resamples=2000)
    value, low, high = bootstrap.interval(lambda w: (w * change).sum(axis=1) / w.sum(axis=1))
    return f"{value:+.{digits}f} ({low:+.{digits}f} … {high:+.{digits}f})"


def _gains(rows: Rows) -> str:
    lines = []
    for codec, name in NAMES.items():
        of_codec = [row for row in rows if row["codec"] == codec]
        for variant in ("curve", "optimized"):
            cells = [name, VARIANTS[variant][0]]
            for measure, (_, digits) in MEASURES.items():
                change = _values(of_codec, variant, measure) - _values(of_codec, "default", measure)
                cells.append(_interval(of_codec, change, digits))
            kept = sum(not row["tuned"] for row in of_codec)
            cells.append(f"{kept} of {len(of_codec)}" if variant == "optimized" else "")
            lines.append(cells)
    heads = ["codec", "base", *(title for title, _ in MEASURES.values()), "codec's own kept"]
    return markdown_table(heads, lines)


def _arrow(rows: Rows, measure: str, digits: int) -> str:
    before, after = (_values(rows, v, measure).mean() for v in ("default", "optimized"))
    return f"{before:.{digits}f} → {after:.{digits}f}"


def _by_rate(rows: Rows) -> str:
    lines = []
    for codec, name in NAMES.items():
        for rate in sorted({row["rate"] for row in rows}):
            some = [row for row in rows if (row["codec"], row["rate"]) == (codec, rate)]
            if some:
                cells = [_arrow(some, m, digits) for m, (_, digits) in MEASURES.items()]
                learned = np.array([row["learned"] for row in some]).mean(axis=0)
                cells.append(f"{learned[0]:.1f} → {learned[1]:.1f}")
                lines.append([name, f"{rate:g}", *cells])
    heads = [
        "codec", "bits per pixel", *(title for title, _ in MEASURES.values()),
        "norvdpnet-tmo (optimised)",
    ]  # fmt: skip
    return markdown_table(heads, lines)


def _trades(rows: Rows, trades: Rows) -> str:
    if not trades:
        return "Not measured."
    rate = trades[0]["rate"]
    every = [{"weight": 0.04, **row} for row in rows if row["rate"] == rate] + list(trades)
    lines = []
    for codec, name in NAMES.items():
        for weight in sorted({row["weight"] for row in every}):
            some = [row for row in every if (row["codec"], row["weight"]) == (codec, weight)]
            if some:
                cells = [_arrow(some, m, digits) for m, (_, digits) in MEASURES.items()]
                kept = sum(not row["tuned"] for row in some)
                lines.append([name, f"{weight:g}", *cells, f"{kept} of {len(some)}"])
    heads = ["codec", "weight", *(title for title, _ in MEASURES.values()), "codec's own kept"]
    return markdown_table(heads, lines)


def _each(rows: Rows) -> str:
    lines = []
    for row in sorted(rows, key=lambda one: (one["codec"], one["scene"])):
        cells = [
            f"{row['default'][m]:.{digits}f} → {row['optimized'][m]:.{digits}f}"
            for m, (_, digits) in MEASURES.items()
        ]
        qualities = "{}/{} → {}/{}".format(*row["default"]["qualities"],
                                           *row["optimized"]["qualities"])  # fmt: skip
        found = f"α {row['settings']['alpha']:.3g}, lead {row['settings']['lead']}"
        lines.append(
            [
                row["codec"],
                row["scene"],
                *cells,
                qualities,
                found if row["tuned"] else "codec's own",
            ]
        )
    heads = ["codec", "scene", *(title for title, _ in MEASURES.values()), "qualities", "found"]
    return markdown_table(heads, lines)


def _library(library: dict[str, dict[str, float]]) -> str:
    found = [one for one in library.values() if one]
    if not found:
        return ""
    mean = {key: np.mean([one[key] for one in found]) for key in found[0]}
    return (
        "The base picture that libultrahdr makes by itself (codec `ultrahdr`, quality 90) has TMQI "
        f"{mean['tmqi']:.3f} on these scenes, its light PU21-PSNR {mean['psnr']:.1f} dB at "
        f"{mean['bpp']:.2f} bits per pixel."
    )


def _said(rows: Rows) -> str:
    parts = []
    for codec, name in NAMES.items():
        some = [row for row in rows if row["codec"] == codec]
        gain = {
            (v, m): float((_values(some, v, m) - _values(some, "default", m)).mean())
            for v in ("curve", "optimized")
            for m in MEASURES
        }
        parts.append(
            f"- {name}: TMQI of the base picture {gain['optimized', 'tmqi']:+.3f}; another "
            f"curve alone brings {gain['curve', 'tmqi']:+.3f}. The light changes by "
            f"{gain['optimized', 'psnr']:+.2f} dB and {gain['optimized', 'hdrvdp2']:+.1f} of Q "
            f"({gain['curve', 'psnr']:+.2f} dB and {gain['curve', 'hdrvdp2']:+.1f} with the curve "
            "alone)."
        )
    parts.append(
        "- Most of what the base picture gains is the choice of another curve, which nobody has to "
        "tune. What the search adds is that the light pays less for it: it shares the bytes, and "
        "the judges keep the codec's own base where it would cost too much (a candle in the dark: "
        "9 dB in profile C)."
    )
    parts.append(
        "- In profile C a better base picture costs HDR fidelity; the weight in the sum says how "
        "much. With a gain map it costs nothing."
    )
    parts.append(
        "- Five scenes are few: intervals are wide, and differences between scenes larger than "
        "those between rates."
    )
    parts.append(
        "- The tutorial reports a base layer whose predicted quality rises from 87 to 91; the last "
        "column of the second table is the same kind of number."
    )
    return "\n".join(parts)


def _curves(rows: Rows, path: Path) -> None:
    figure, axes = plt.subplots(len(NAMES), len(MEASURES), figsize=(15, 6.6), squeeze=False)
    for line, (codec, name) in enumerate(NAMES.items()):
        for column, (measure, (title, _)) in enumerate(MEASURES.items()):
            axis = axes[line, column]
            of_codec = [row for row in rows if row["codec"] == codec]
            for scene in sorted({row["scene"] for row in of_codec}):
                own = sorted(
                    (row for row in of_codec if row["scene"] == scene), key=lambda r: r["rate"]
                )
                for variant in ("default", "optimized"):
                    axis.plot(
                        [r["rate"] for r in own], _values(own, variant, measure),
                        color=VARIANTS[variant][1], lw=0.6, alpha=0.35,
                    )  # fmt: skip
            rates = sorted({row["rate"] for row in of_codec})
            for variant, (label, color, style) in VARIANTS.items():
                means = [
                    _values([r for r in of_codec if r["rate"] == rate], variant, measure).mean()
                    for rate in rates
                ]
                axis.plot(
                    rates, means, style, color=color, lw=2, marker="o", ms=4,
                    label=label.replace("`", ""),
                )  # fmt: skip
            axis.set_xscale("log", base=2)
            axis.set_xticks(rates, [f"{rate:g}" for rate in rates])
            axis.minorticks_off()
            axis.grid(alpha=0.25)
            axis.set_title(f"{name}\n{title}" if column == 0 else title, fontsize=10)
            if line == len(NAMES) - 1:
                axis.set_xlabel("bits per pixel")
    axes[0, 0].legend(fontsize=8)
    figure.suptitle("Files of equal size; thin lines are scenes", fontsize=11)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
