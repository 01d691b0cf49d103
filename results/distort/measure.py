"""Measures what HDR-VDP-2 makes of every distortion over its strengths, and fits the scales.

    python -m results.distort.measure [--hdr DIR] [--sdr DIR] [--count 10]    # then page.py
    python -m results.distort.measure fit [--hdr DIR] [--sdr DIR]             # prints constants

Without folders the samples of the package are used alone (SDR: tone-mapped). Writes
``report.json``; with ``--only`` the other rows stay. ``fit`` sets the amounts themselves, over a
grid far wider than the scales, and prints for each scale the three constants whose mean Q comes
closest to a straight line from ``BARELY`` at strength 0 to ``SEVERE`` at 1. What is in the code
are these numbers, rounded, one scale for several cases where they agree, and ended earlier where
a picture would no longer look like the distortion's name.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.stats import spearmanr
from torch import Tensor

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.distort import create_distortion, list_distortions
from hdrmetrics.distort.scale import Scale
from hdrmetrics.metrics.hdrvdp2 import HDRVDP2
from results.common.files import keep, kept
from results.distort.itp import delta_e_itp
from results.distort.pictures import hdr_crops, sdr_crops, shown

HERE = Path(__file__).parent
STRENGTHS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
BARELY, SEVERE = -2.9, -0.6  # in Q; identical crops of 256×256 have about -3.7
Crops = list[tuple[str, Tensor]]

# What is fitted: distortion, domain, fixed settings, first and last amount of the grid.
BOTH: tuple[tuple[str, dict[str, Any], float, float], ...] = (
    ("gaussian_blur", {}, 0.2, 16.0),
    ("defocus_blur", {}, 0.5, 20.0),
    ("motion_blur", {}, 0.05, 60.0),
    ("camera_noise", {}, 1e6, 0.2),
    ("contrast_change", {"direction": "more"}, 0.005, 3.0),
    ("contrast_change", {"direction": "less"}, 0.005, 6.0),
    ("exposure_change", {"direction": "over"}, 0.02, 6.0),
    ("exposure_change", {"direction": "under"}, 0.02, 6.0),
    ("saturation_clipping", {}, 3e-4, 300.0),
    ("colour_cast", {}, 0.02, 4.0),
    ("colour_shift", {"change": "turn"}, 1.0, 180.0),
    ("colour_shift", {"change": "fade"}, 0.02, 1.0),
    ("colour_shift", {"change": "saturate"}, 0.02, 6.0),
    ("resampling", {"down": "bicubic", "up": "bicubic"}, 1.02, 24.0),
    ("resampling", {"down": "bilinear", "up": "bilinear"}, 1.02, 24.0),
    ("resampling", {"down": "nearest", "up": "nearest"}, 1.02, 24.0),
    ("resampling", {"down": "bicubic", "up": "nearest"}, 1.02, 24.0),
    ("resampling", {"down": "nearest", "up": "bicubic"}, 1.02, 24.0),
    ("block_loss", {"concealment": "neighbours"}, 1e-3, 1.0),
    ("block_loss", {"concealment": "grey"}, 1e-3, 1.0),
    ("block_loss", {"concealment": "shifted"}, 1e-3, 1.0),
    ("ghosting", {}, 0.02, 40.0),
)
HDR: tuple[tuple[str, dict[str, Any], float, float], ...] = (
    ("gaussian_noise", {}, 1e-3, 4.0),
    ("quantisation", {"code": "pu21"}, 1200.0, 2.5),
    ("quantisation", {"code": "pq"}, 1200.0, 2.5),
    ("banding", {"code": "pu21"}, 600.0, 2.5),
    ("banding", {"code": "pq"}, 600.0, 2.5),
    ("grating", {}, 0.3, 250.0),
)
SDR: tuple[tuple[str, dict[str, Any], float, float], ...] = (
    ("gaussian_noise", {}, 1e-3, 1.0),
    ("quantisation", {}, 512.0, 1.8),
    ("banding", {}, 512.0, 1.8),
    ("grating", {}, 1e-3, 0.8),
)


class Viewer:
    """Gives Q of distorted crops; the percepts of the crops themselves are worked out once."""

    def __init__(self, crops: Crops, domain: PixelDomain) -> None:
        self.crops, self.domain = crops, domain
        self.metric = HDRVDP2(ppd=30)
        self.prepared = [self.metric.prepare(shown(image, domain)) for _, image in crops]

    def distorted(
        self, name: str, strength: float, settings: dict[str, Any], seed: int
    ) -> Iterator[Tensor]:
        """Yield each crop distorted, each under a seed of its own, as it is shown."""
        distortion = create_distortion(name, **settings)
        for index, (_, image) in enumerate(self.crops):
            own = seed * 1000 + index
            test = distortion(image, strength=strength, domain=self.domain, seed=own)
            yield shown(test, self.domain)

    def q(self, name: str, strength: float, settings: dict[str, Any], seed: int) -> list[float]:
        """Return Q of each crop."""
        tests = self.distorted(name, strength, settings, seed)
        return [float(self.metric.q(*pair)) for pair in zip(tests, self.prepared, strict=True)]

    def color_difference(self, name: str, strength: float, seed: int) -> float:
        """Return the mean ΔE ITP over all crops."""
        tests = self.distorted(name, strength, {}, seed)
        originals = (shown(image, self.domain) for _, image in self.crops)
        return float(np.mean([delta_e_itp(*pair) for pair in zip(tests, originals, strict=True)]))


def milliseconds(name: str, domain: PixelDomain) -> list[float]:
    """Return the processor time for 256×384 pixels on one thread, at strengths 0.5 and 1."""
    image = torch.rand(1, 3, 256, 384, generator=torch.manual_seed(1)) ** 4
    image = image * 2000 if domain == "hdr" else image
    distortion = create_distortion(name)
    found = []
    for strength in (0.5, 1.0):
        times = []
        for seed in range(9):  # over the settings that seeds draw
            start = time.process_time()
            distortion(image, strength=strength, domain=domain, seed=seed)
            times.append(1e3 * (time.process_time() - start))
        found.append(round(float(np.median(times)), 1))
    return found


def measure(viewer: Viewer, only: list[str]) -> list[dict[str, Any]]:
    """Return Q of every distortion, or of some, at every strength, for one domain."""
    rows = []
    for info in list_distortions(viewer.domain):
        if only and info.name not in only:
            continue
        # The same seed at all strengths: a series shows one distortion growing.
        series = np.array([viewer.q(info.name, s, {}, seed=1) for s in STRENGTHS])
        # A crop without colours does not change under some distortions: it has no order.
        each = [spearmanr(STRENGTHS, one).statistic for one in series.T if np.ptp(one) > 0]
        pooled = np.repeat(STRENGTHS, series.shape[1])
        mean = series.mean(axis=1)
        rows.append(
            {
                "delta_e_itp": [
                    round(viewer.color_difference(info.name, s, seed=1), 2) for s in STRENGTHS
                ]
                if info.color
                else None,
                "distortion": info.name,
                "domain": viewer.domain,
                "mean_q": [round(float(v), 3) for v in mean],
                "spread_q": [round(float(v), 3) for v in series.std(axis=1)],
                "spearman_each": round(float(np.mean(each)), 4),
                "spearman_lowest": round(float(np.min(each)), 4),
                "spearman_pooled": round(float(spearmanr(pooled, series.ravel()).statistic), 4),
                "straightness": round(float(np.corrcoef(STRENGTHS, mean)[0, 1]), 4),
            }
        )
        print(viewer.domain, info.name, rows[-1]["mean_q"], rows[-1]["spearman_each"], flush=True)
    return rows


def fit(viewer: Viewer, only: list[str], steps: int = 13) -> None:
    """Print the constants of every scale, or of those of some distortions."""
    for name, settings, first, last in (*BOTH, *(HDR if viewer.domain == "hdr" else SDR)):
        if only and name not in only:
            continue
        amounts = np.geomspace(first, last, steps)
        mean = []
        for amount in amounts:
            with mock.patch.object(Scale, "__call__", lambda self, s, a=amount: float(a)):
                mean.append(np.mean(viewer.q(name, 0.5, settings, seed=2)))
        constants = straightest(np.log(amounts), np.array(mean))
        print(
            viewer.domain, name, settings, "Scale({:.3g}, {:.3g}, {:.2f})".format(*constants),
            [round(float(v), 2) for v in mean], flush=True,
        )  # fmt: skip


def straightest(log_amounts: Any, q: Any) -> tuple[float, float, float]:
    """Return low, high and bend with which mean Q runs straight from BARELY to SEVERE.

    Where the distortion never gets there, the line ends at the worst that it can do.
    """
    rising = np.maximum.accumulate(q) + 1e-6 * np.arange(len(q))
    top = min(SEVERE, float(rising[-1]) - 0.02)
    bottom = min(BARELY, top - 0.2)
    bottom = max(bottom, float(rising[0]))
    strengths = np.linspace(0, 1, 21)
    wanted = np.interp(bottom + (top - bottom) * strengths, rising, log_amounts)
    low, high = wanted[0], wanted[-1]

    def misfit(parameters: Any) -> float:
        a, b, bend = parameters
        guess = np.interp(a + (b - a) * strengths ** np.exp(bend), log_amounts, rising)
        line = bottom + (top - bottom) * strengths
        return float(((guess - line)[1:] ** 2).sum() + 0.01 * bend**2)

    best = minimize(misfit, (low, high, 0.0), method="Nelder-Mead").x
    return float(np.exp(best[0])), float(np.exp(best[1])), float(np.exp(best[2]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", nargs="?", choices=("measure", "fit"), default="measure")
    parser.add_argument("--hdr", type=Path)
    parser.add_argument("--sdr", type=Path)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--only", nargs="*", default=[], help="distortions to look at")
    options = parser.parse_args()
    torch.set_num_threads(1)
    crops: dict[PixelDomain, Crops] = {
        "hdr": list(hdr_crops(options.hdr, options.count)),
        "sdr": list(sdr_crops(options.sdr, options.count)),
    }
    with torch.inference_mode():
        viewers = [Viewer(found, domain) for domain, found in crops.items()]
        if options.job == "fit":
            for viewer in viewers:
                fit(viewer, options.only)
            return
        rows = [row for viewer in viewers for row in measure(viewer, options.only)]
    target = HERE / "report.json"
    if options.only:
        older = kept(target)["rows"]
        rows += [row for row in older if row["distortion"] not in options.only]
    rows.sort(key=lambda row: (row["domain"], row["distortion"]))
    for row in rows:
        row["milliseconds"] = milliseconds(row["distortion"], row["domain"])
    report = {
        "strengths": STRENGTHS,
        "crops": {domain: [name for name, _ in found] for domain, found in crops.items()},
        "rows": rows,
    }
    keep(target, report)


if __name__ == "__main__":
    main()
