"""Compares TMQI and FSITM with the authors' code on every golden pair.

    python -m results.tmqi.agreement [--more DIR]

Needs a clone, since the pairs are test data. ``DIR`` may hold a further ``goldens.csv`` with its
pictures, in the layout of ``tests/data/procedural``. Writes ``agreement.json``.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from hdrmetrics.functional import fsitm
from hdrmetrics.metrics.tmqi import TMQI, TMQIResult
from results.common.files import keep
from tests.metrics.test_fsitm import CHANNELS, ORIGINAL, ORIGINAL_LARGE

HERE = Path(__file__).parent
PROCEDURAL = HERE.parents[1] / "tests" / "data" / "procedural"
# Level of a flat area in an HDR image that reaches 25, and what TMQI.m of the HDR Toolbox makes
# of it under Octave 7.3: Q, and the mean of the finest map inside.
FLAT = ((5.0, 0.889785, 0.0126), (11.7, 0.945806, 0.0126), (20.0, 0.974783, 0.9999),
        (3.3, 0.900581, 1.0))  # fmt: skip


def tensor(array: Any) -> Tensor:
    """Return ``(H, W, 3)`` as ``(1, 3, H, W)`` float64."""
    return torch.from_numpy(np.moveaxis(np.asarray(array, dtype=np.float64), 2, 0).copy())[None]


def rows(folder: Path) -> Iterator[tuple[str, str, float, TMQIResult]]:
    """Yield window, quantity, the original's value and our result for each golden row."""
    known: dict[tuple[str, ...], TMQIResult] = {}
    with (folder / "goldens.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if not row["metric"].startswith("TMQI") or "TMQI.m" not in row["variant"]:
                continue
            window = "valid" if "with valid" in row["variant"] else "same"
            key = (window, row["reference_file"], row["test_file"])
            if key not in known:
                name, _, array = row["reference_file"].partition(":")
                with np.load(folder / name) as data:
                    reference = tensor(data[array])
                test = tensor(Image.open(folder / row["test_file"])) / 255
                known[key] = TMQI(window=window).predict(test, reference)  # type: ignore[arg-type]
            yield window, row["metric"].removeprefix("TMQI "), float(row["value"]), known[key]


def compare(folder: Path) -> list[dict[str, Any]]:
    """Return the largest difference of each quantity, per arrangement of windows."""
    found: dict[tuple[str, str], list[float]] = {}
    for window, quantity, want, result in rows(folder):
        name, _, level = quantity.partition(" level ")
        if level:
            got = float(result.s_local[0, int(level) - 1])
        else:
            got = float(getattr(result, name.lower()))
        found.setdefault((window, name), []).append(abs(got - want))
    return [
        {"window": window, "quantity": name, "values": len(errors), "largest": max(errors)}
        for (window, name), errors in found.items()
    ]


def compare_fsitm() -> dict[str, Any]:
    """Return how many pixels differ at most in FSITM, over pairs and channels."""
    pixels, values = 0.0, 0
    cases = [(*r[:2], 1, *r[2:]) for r in ORIGINAL] + list(ORIGINAL_LARGE)
    for scene, operator, times, *wanted in cases:
        with np.load(PROCEDURAL / f"{scene}.npz") as data:
            reference = tensor(data["reference"])
        test = tensor(Image.open(PROCEDURAL / "ldr" / f"{scene}__{operator}.png")) / 255
        test, reference = (
            image.repeat_interleave(times, dim=2).repeat_interleave(times, dim=3)
            for image in (test, reference)
        )
        for channel, want in zip(CHANNELS, wanted, strict=True):
            got = float(fsitm(test, reference, channel=channel))  # type: ignore[arg-type]
            pixels = max(pixels, abs(got - want) * test[0, 0].numel())
            values += 1
    return {"values": values, "pixels": round(pixels, 3)}


def flat_areas() -> list[dict[str, float]]:
    """Return what a flat area in both images is rated, by the original and here."""
    noise = torch.rand(200, 240, generator=torch.Generator().manual_seed(0))
    y, x = torch.meshgrid(torch.arange(200.0), torch.arange(240.0), indexing="ij")
    scene = (torch.exp(3 * torch.sin(x / 17) * torch.cos(y / 13)) * (1 + 0.1 * noise)).double()
    found = []
    for level, original_q, original_map in FLAT:
        light = scene.clone()
        light[0, 0] = 25.0
        light[40:160, 60:200] = level
        code = ((light / 25).clamp(0, 1) ** 0.45 * 255).round() / 255
        result = TMQI().predict(code[None, None], light[None, None])
        inside = float(result.s_maps[0][0, 0, 60:140, 80:180].mean())
        found.append({"level": level, "original q": original_q, "original inside": original_map,
                      "q": float(result.q), "inside": inside})  # fmt: skip
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--more", type=Path, help="folder of a further goldens.csv")
    options = parser.parse_args()
    report: dict[str, Any] = {"procedural": compare(PROCEDURAL), "fsitm": compare_fsitm()}
    report["flat"] = flat_areas()
    if options.more is not None:
        report["more"] = compare(options.more)
    keep(HERE / "agreement.json", report)


if __name__ == "__main__":
    main()
