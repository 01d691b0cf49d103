"""Compares HDR-VDP-2 with the original on every golden pair.

    python -m results.hdrvdp2.agreement

Writes ``agreement.png`` (ours against the original) and ``agreement.json`` (largest differences).
Needs matplotlib and a clone, since the pairs are test data.
"""

from __future__ import annotations

import math
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import torch

from hdrmetrics.errors import CalibrationWarning
from hdrmetrics.metrics.hdrvdp2 import HDRVDP2
from results.common.files import keep
from tests.conftest import Goldens
from tests.hdrvdp2.cases import golden_cases, image

HERE = Path(__file__).parent
OUTPUTS = ("Q", "Q_MOS", "P_det", "C_max")
DTYPES = {"float64": torch.float64, "float32": torch.float32}


def compare(
    goldens: Goldens, dtype: torch.dtype
) -> list[tuple[str, dict[str, float], list[float]]]:
    """Return the kind of pair, the original's values and ours, for every pair."""
    rows = []
    for case in golden_cases(goldens):
        encoding = case.options["encoding"]
        test, reference = (
            image(goldens, n, encoding).to(dtype) for n in (case.test, case.reference)
        )
        with torch.inference_mode():
            result = HDRVDP2(**case.options).predict(test, reference)
        ours = [float(x) for x in (result.q, result.q_mos, result.p_det, result.c_max)]
        kind = "near threshold" if "gabor" in case.test else encoding
        rows.append((kind, case.values, ours))
    return rows


def differences(rows: list[tuple[str, dict[str, float], list[float]]]) -> dict[str, float]:
    """Return the largest differences of each output."""
    largest = dict.fromkeys(("Q", "Q_MOS", "P_det", "ln C_max"), 0.0)
    for _, want, ours in rows:
        for name, value in zip(OUTPUTS[:3], ours, strict=False):
            largest[name] = max(largest[name], abs(value - want[name]))
        if want["C_max"] > 0:
            gap = abs(math.log(ours[3]) - math.log(want["C_max"]))
            largest["ln C_max"] = max(largest["ln C_max"], gap)
    return largest


def draw(rows: list[tuple[str, dict[str, float], list[float]]]) -> None:
    figure, axes = plt.subplots(1, 3, figsize=(12, 4), constrained_layout=True)
    marks = dict(zip(sorted({row[0] for row in rows}), "osv^D", strict=False))
    for axis, name, column in zip(axes, ("Q", "P_det", "C_max"), (0, 2, 3), strict=True):
        for kind, mark in marks.items():
            pairs = [(want[name], ours[column]) for k, want, ours in rows if k == kind]
            pairs = [pair for pair in pairs if name != "C_max" or min(pair) > 0]
            x, y = zip(*pairs, strict=True)
            axis.plot(x, y, mark, label=kind, markersize=4, fillstyle="none")
        ends = axis.get_xlim()
        axis.plot(ends, ends, color="0.7", linewidth=0.8, zorder=0)
        if name == "C_max":
            axis.set_xscale("log")
            axis.set_yscale("log")
        axis.set_xlabel(f"{name}, HDR-VDP 2.2.0 (Octave)")
        axis.set_ylabel(f"{name}, hdrmetrics (float32)")
    axes[0].legend(fontsize=8)
    figure.savefig(HERE / "agreement.png", dpi=110)


def main() -> None:
    warnings.simplefilter("ignore", CalibrationWarning)
    goldens = Goldens()
    report: dict[str, object] = {}
    for name, dtype in DTYPES.items():
        rows = compare(goldens, dtype)
        report[name] = {"pairs": len(rows), **differences(rows)}
    draw(rows)
    keep(HERE / "agreement.json", report)


if __name__ == "__main__":
    main()
