"""Measures whether what restoration sees of a picture foretells what a curve would gain.

    python -m results.curves.foretold --material DIR

The 528 statistics by which improvability knows noise and blur, against plain ones of exposure: how
well a ridge regression on photographs at wrong exposures orders the gain of ``curve`` in PSNR, on
other photographs. Writes ``foretold.json``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from datasets.statistics.bootstrap import SceneBootstrap
from datasets.statistics.weighted import srocc
from datasets.streams import stream
from hdrmetrics.enhance import create_enhancer
from hdrmetrics.learned.improvable.network import describe
from hdrmetrics.learned.restoring.weights import load_restoration
from hdrmetrics.photometry.transfer import srgb_decode
from results.common.files import keep
from trainers.curves.exposing import photographed
from trainers.curves.learner import psnr
from trainers.curves.material import SIDE, Material
from trainers.improving.fit import fit_baseline

HERE = Path(__file__).parent
COUNTS = {"train": 700, "validation": 300}
STRENGTHS = (1.0, 10.0, 100.0, 1000.0, 1e4)
MODERATE = 1.0  # dB

Values = NDArray[np.float64]


def rows(material: Material, split: str) -> tuple[Values, Values, Values]:
    """Return statistics ``(N, 528)``, plain ones ``(N, 6)`` and gains in dB ``(N,)``."""
    net, _ = load_restoration()
    curve = create_enhancer("curve")
    seen, plain, gains = [], [], []
    for number in range(COUNTS[split]):
        draw = stream(5, split, number)
        codes = material.photograph(int(draw.integers(len(material.codes))))
        stops = float(draw.uniform(-3.0, 2.0)) if draw.random() > 0.15 else 0.0
        seed = int(draw.integers(2**31))
        picture = photographed(srgb_decode(codes), stops, well=20_000.0, seed=seed)
        with torch.no_grad():
            seen.append(describe(net, picture, SIDE, 1)[0].double().numpy())
        gains.append(float(psnr(curve(picture), codes) - psnr(picture, codes)))
        flat = picture.flatten().double().numpy()
        levels = np.quantile(flat, [0.02, 0.25, 0.5, 0.75, 0.98])
        plain.append(np.concatenate([[flat.mean()], levels]))
    return np.stack(seen), np.stack(plain), np.array(gains)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--material", type=Path, required=True, help="of python -m trainers curves")
    options = parser.parse_args()
    torch.set_num_threads(1)
    train = rows(Material(options.material / "train"), "train")
    test = rows(Material(options.material / "validation"), "validation")
    half = np.arange(len(test[2])) % 2 == 0  # by one half strengths are chosen
    squared = [np.concatenate([one[1], one[1] ** 2], axis=1) for one in (train, test)]
    cases = {
        "528 statistics": (train[0], test[0]),
        "mean code and quantiles": (squared[0], squared[1]),
        "both": (np.hstack([train[0], squared[0]]), np.hstack([test[0], squared[1]])),
    }
    found: dict[str, object] = {"moderate": float((test[2] > MODERATE).mean())}
    for name, (x, held) in cases.items():
        centre, scale = x.mean(axis=0), x.std(axis=0) + 1e-9
        x, held = (x - centre) / scale, (held - centre) / scale
        layer, _ = fit_baseline(x, train[2], held[half], test[2][half], STRENGTHS)
        told, true = layer(held[~half]), test[2][~half]
        interval = SceneBootstrap(np.arange(len(true)), resamples=1000).interval(srocc(told, true))
        found[name] = [round(one, 3) for one in interval]
        print(name, found[name], flush=True)
    keep(HERE / "foretold.json", found)


if __name__ == "__main__":
    main()
