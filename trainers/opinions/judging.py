"""What a network says of photographs, and how it agrees with people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from datasets.statistics.weighted import krocc, mean_absolute_error, once, plcc, srocc
from hdrmetrics.learned.liked.distribution import mean_score
from hdrmetrics.learned.liked.network import OpinionNetwork
from trainers.opinions.material import as_tensor
from trainers.opinions.opinions import Opinions
from trainers.opinions.views import load

_BATCH = 16
SIDE = 320
"""Of the views that a run is validated by."""


@torch.no_grad()
def predict(
    network: OpinionNetwork, paths: Sequence[Path], side: int = SIDE
) -> NDArray[np.float64]:
    """Return the mean opinions that a network expects of photographs, seen as squares."""
    network.eval()
    found = []
    for start in range(0, len(paths), _BATCH):
        part = paths[start : start + _BATCH]
        views = [
            np.asarray(load(path).resize((side, side), Image.Resampling.BICUBIC)) for path in part
        ]
        found.append(mean_score(network(as_tensor(views))))
    return torch.cat(found).double().numpy()


def agreement(expected: NDArray[np.float64], opinions: Opinions) -> dict[str, float]:
    """Return PLCC, SROCC, KROCC and MAE of expected and mean opinions."""
    count = len(opinions)
    ranks = krocc(expected, opinions.mean, np.arange(count))
    return {
        "plcc": once(plcc(expected, opinions.mean), count),
        "srocc": once(srocc(expected, opinions.mean), count),
        "krocc": once(ranks, count),
        "mae": once(mean_absolute_error(expected, opinions.mean), count),
    }
