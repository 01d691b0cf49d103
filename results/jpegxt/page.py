"""Makes the report of the comparison, text and figure, from its measurements."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text

BEST, WORST, STEPS = -2.10, -0.75, 10
"""The ladder's ends in Q of HDR-VDP-2 (higher is worse), and its values."""

NAMES = {
    "jpegxt": "C, reference software",
    "jpegxt-c": "C, simulated",
    "jpegxt-a": "A, simulated",
    "jpegxt-b": "B, simulated",
}
COLORS = {"jpegxt": "black", "jpegxt-c": "tab:orange", "jpegxt-a": "tab:blue",
          "jpegxt-b": "tab:green"}  # fmt: skip
SHOWN = (2, 5, 12, 25, 45, 65, 82, 92, 97)
PAGE = """# JPEG XT from two JPEG layers

From {scenes}, one frame each ({frame}), its 99.9th percentile of luminance at
{at} cd/m² in turn. PU21-PSNR is that of the frame; Q (higher is worse) and Q_MOS
are those of HDR-VDP-2 for the 256×256 pixels in its middle at 30 pixels per degree. Base and
residual layer have one quality. One thread; Python {python}, torch {torch},
NumPy {numpy}, Pillow {pillow}. Made by `compare.py`.

![Size against fidelity and visibility](curves.png)

## Profile C, simulated and real

The real one is `jpeg -r -q Q -Q Q -h -profile c -rR 4` of the reference software. Ratios are means
of simulated by real.

{agreement}

The simulation takes the reference software's own tone mapping, quantisation tables and closed loop,
so the base layers hardly differ. The rest differs for these reasons:

- The real residual layer has twelve bits, the last four in refinement scans, the simulated one is
  one baseline scan. Tried on three of the scenes, the real residual takes 0.13 bpp at quality 2
  without refinement and 0.38 to 0.47 bpp with four scans that say next to nothing. So the real file
  is larger at low quality.
- The simulated residual layer has eight bits, spread over the range that 99.95 % of the samples
  need. Its rounding, and the clipping of what lies outside, show from quality 80 up, most in
  pictures with deep shadows, where the residual needs a wide range.
- Quantisation steps of a baseline stream end at 255, those of the real one do not. Below quality 5
  the simulated residual layer can be better than the real one.
- The real inverse tone mapping is the curve that made the base layer, the simulated one the mean of
  what each code stands for. Tried on the same scenes, that hardly matters (0.2 dB at most).

## Rate and distortion of the profiles

Means over the scenes, interpolated; below the smallest and above the largest size a codec reaches,
its nearest.

{curves}

Profiles A and B have a residual layer of eight bits without refinement, worked out in open loop, as
the standard's software recommends for them: nothing corrects what coding does to the base layer.
That limits them at the top. In B, with its default, the residual layer is flat but in highlights,
and the rest of the picture is the base layer alone; in C it corrects everything, evenly in the
logarithm of light. On the package's three samples the pictures of the real and the simulated
profile C look alike down to single blocks, at quality 8 and at quality 2. At the severe end, 2 for
C and 5 for A and B, flat areas change colour in whole blocks.

### Other base layers

{layers}

The default is `reinhard02` for A, `exposure` for B and
`photoreceptor` for C.

## How visible which quality is

Qualities at equal steps of the mean Q, from {best:g} (Q_MOS about 98.5, barely visible) to
{worst:g} (about 38, severe); the ladders of the codecs, within which `Parameter.search` lies.

{ladders}

Means and standard deviations over the scenes:

{scores}

## Time

Processor time of a frame of 512×384 at quality 75, the best of ten, one thread (other work was on
the machine). The reference software runs as two processes with files between them.

{times}
"""


class Grid:
    """The measurements of one codec as arrays of quality × scene."""

    def __init__(self, rows: list[dict[str, Any]], codec: str) -> None:
        mine = [row for row in rows if row["codec"] == codec]
        self.qualities = sorted({row["quality"] for row in mine})
        self.scenes = sorted({row["scene"] for row in mine})
        self._found = {(row["quality"], row["scene"]): row for row in mine}

    def __call__(self, key: str) -> NDArray[np.float64]:
        return np.array(
            [[self._found[q, scene][key] for scene in self.scenes] for q in self.qualities]
        )

    def ladder(self) -> list[int]:
        """Return the qualities at equal steps of the mean Q, best first."""
        mean = np.maximum.accumulate(self("q").mean(axis=1)[::-1])  # falls with quality
        wanted = np.linspace(BEST, WORST, STEPS)
        # Quality is as good as logarithmic in what it leaves out at either end.
        return [round(v) for v in np.interp(wanted, mean, self.qualities[::-1])]


def figure(grids: dict[str, Grid], target: Path) -> None:
    """Draw size against fidelity and visibility, and the differences from the real program."""
    shown, axes = plt.subplots(2, 2, figsize=(11, 8))
    for name, grid in grids.items():
        style = {"color": COLORS[name], "label": NAMES[name], "marker": ".", "lw": 1.3}
        size = grid("bpp").mean(axis=1)
        axes[0, 0].plot(size, grid("psnr").mean(axis=1), **style)
        axes[0, 1].plot(size, grid("q").mean(axis=1), **style)
        axes[1, 0].plot(grid.qualities, grid("q").mean(axis=1), **style)
        rungs = grid.ladder()
        axes[1, 0].plot(
            rungs, np.interp(rungs, grid.qualities, grid("q").mean(axis=1)), "|", ms=12,
            color=COLORS[name],
        )  # fmt: skip
    for axis in axes[0]:
        axis.set_xscale("log")
        axis.set_xlabel("bits per pixel")
        axis.set_xticks([0.25, 0.5, 1, 2, 4, 8], ["0.25", "0.5", "1", "2", "4", "8"])
    axes[0, 0].set_ylabel("PU21-PSNR, dB")
    for axis in (axes[0, 1], axes[1, 0]):
        axis.invert_yaxis()
        axis.set_ylabel("Q of HDR-VDP-2 (up is better)")
    axes[1, 0].set_xlabel("quality of both layers; bars: the ladder")
    axes[0, 0].legend()
    axis = axes[1, 1]
    if "jpegxt" in grids:
        real, ours = grids["jpegxt"], grids["jpegxt-c"]
        difference = ours("psnr") - real("psnr")
        axis.plot(real.qualities, difference, ".", color="tab:orange", alpha=0.5)
        axis.plot(real.qualities, np.median(difference, axis=1), color="tab:orange")
        axis.set_ylim(-3, 3)
        axis.axhline(0, color="black", lw=0.8)
        axis.set_ylabel("PU21-PSNR, simulated minus real, dB", color="tab:orange")
        twin = axis.twinx()
        twin.plot(real.qualities, np.median(ours("bpp") / real("bpp"), axis=1), color="tab:purple")
        twin.set_ylim(0.4, 1.6)
        twin.set_ylabel("size, simulated by real (median)", color="tab:purple")
        axis.set_xlabel("quality; each point one scene")
        axis.set_title("profile C against the reference software")
    for axis in axes.flat:
        axis.grid(alpha=0.3)
    shown.tight_layout()
    shown.savefig(target, dpi=100)
    plt.close(shown)


def agreement(grids: dict[str, Grid]) -> str:
    """Return how the simulated profile C differs from the real one."""
    if "jpegxt" not in grids:
        return "The program `jpeg` was not there: no comparison."
    real, ours = grids["jpegxt"], grids["jpegxt-c"]
    psnr, q = ours("psnr") - real("psnr"), ours("q") - real("q")
    ratio = {key: ours(key) / real(key) for key in ("bpp", "base bpp", "rest bpp")}
    rows = []
    for i, quality in enumerate(real.qualities):
        if quality in SHOWN:
            rows.append(
                [
                    str(quality),
                    f"{real('bpp')[i].mean():.2f}",
                    f"{ours('bpp')[i].mean():.2f}",
                    *(f"{ratio[key][i].mean():.2f}" for key in ("base bpp", "rest bpp")),
                    f"{real('psnr')[i].mean():.2f}",
                    f"{np.median(psnr[i]):+.2f} ({psnr[i].min():+.2f} to {psnr[i].max():+.2f})",
                    f"{real('q')[i].mean():.2f}",
                    f"{np.median(q[i]):+.3f} ({q[i].min():+.2f} to {q[i].max():+.2f})",
                ]
            )
    return markdown_table(
        ["quality", "bpp real", "bpp simulated", "base layer, ratio", "rest, ratio",
         "PU21-PSNR real", "difference, median (range)", "Q real", "difference, median (range)"],
        rows,
    )  # fmt: skip


def at_size(grid: Grid, size: float, key: str) -> float:
    """Return the mean over scenes of a measurement at a size, between the measured ones."""
    sizes, values = np.log(grid("bpp")), grid(key)
    return float(np.mean([
        np.interp(np.log(size), sizes[:, i], values[:, i]) for i in range(len(grid.scenes))
    ]))  # fmt: skip


def curves(grids: dict[str, Grid]) -> str:
    """Return fidelity and visibility of the codecs at a few sizes."""
    sizes = (0.5, 1.0, 2.0, 4.0)
    return markdown_table(
        ["codec", *(f"{key} at {size:g} bpp" for key in ("dB", "Q") for size in sizes)],
        [
            [NAMES[name], *(f"{at_size(grid, s, 'psnr'):.1f}" for s in sizes),
             *(f"{at_size(grid, s, 'q'):.2f}" for s in sizes)]
            for name, grid in grids.items()
        ],
    )  # fmt: skip


def ladders(grids: dict[str, Grid]) -> str:
    """Return the qualities at equal steps of Q."""
    return markdown_table(
        ["codec", *(f"{q:.2f}" for q in np.linspace(BEST, WORST, STEPS))],
        [[NAMES[name], *(str(v) for v in grid.ladder())] for name, grid in grids.items()],
    )


def scores(grids: dict[str, Grid], qualities: list[int]) -> str:
    """Return what viewers would say of each quality."""
    return markdown_table(
        ["quality", *(f"Q_MOS {NAMES[name]}" for name in grids)],
        [
            [str(q), *(f"{g('q_mos')[i].mean():.1f} ± {g('q_mos')[i].std():.1f}"
                       for g in grids.values())]
            for i, q in enumerate(qualities)
        ],
    )  # fmt: skip


def layers(bases: list[dict[str, Any]]) -> str:
    """Return what other base layers come to."""
    kinds = list(dict.fromkeys((row["codec"], row["base"]) for row in bases))
    tried = list(dict.fromkeys(row["quality"] for row in bases))

    def cell(kind: tuple[str, str], quality: int) -> str:
        mine = [r for r in bases if (r["codec"], r["base"]) == kind and r["quality"] == quality]
        bpp, psnr, q = (np.mean([r[key] for r in mine]) for key in ("bpp", "psnr", "q"))
        return f"{bpp:.2f} bpp, {psnr:.1f} dB, Q {q:.2f}"

    return markdown_table(
        ["profile", "base layer", *(f"quality {q}" for q in tried)],
        [[NAMES[k[0]], f"`{k[1]}`", *(cell(k, q) for q in tried)] for k in kinds],
    )


def times(found: dict[str, dict[str, float]]) -> str:
    """Return how long coding takes."""
    return markdown_table(
        ["codec", "encode", "decode"],
        [
            [NAMES[name], *(f"{1e3 * took[k]:.0f} ms" for k in ("encode", "decode"))]
            for name, took in found.items()
        ],
    )


def write(found: dict[str, Any], folder: Path) -> None:
    """Write ``report.md`` and ``curves.png``."""
    rows, made = found["rows"], found["made"]
    grids = {name: Grid(rows, name) for name in NAMES if any(r["codec"] == name for r in rows)}
    figure(grids, folder / "curves.png")
    text = PAGE.format(
        **made,
        **made["versions"],
        at=", ".join(f"{peak:.0f}" for peak in made["peaks"]),
        agreement=agreement(grids),
        curves=curves(grids),
        layers=layers(found["bases"]),
        best=BEST,
        worst=WORST,
        ladders=ladders(grids),
        scores=scores(grids, sorted({row["quality"] for row in rows})),
        times=times(found["times"]),
    )
    write_text(folder / "report.md", text)
    for name, grid in grids.items():
        assert all(a > b for a, b in itertools.pairwise(grid.ladder())), name
