"""How far off a trained network of opinions is to be expected, learnt from where it was."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from datasets.streams import stream
from hdrmetrics.learned.liked.distribution import mean_score
from hdrmetrics.learned.liked.nima import Nima
from trainers.opinions.opinions import Opinions
from trainers.opinions.whole import whole_pictures

Values = NDArray[np.float64]

MOST = 3000
"""Photographs that doubts are learnt from."""

_STRENGTHS = (30.0, 100.0, 300.0, 1000.0, 3000.0, 10000.0)
_FOLDS, _LEAST = 5, 0.1


def learn_doubts(metric: Nima, opinions: Opinions, seed: int, *, quiet: bool = False) -> int:
    """Fit the layer of doubts to the errors on photographs, and return of how many.

    They may be those that the network learnt from: its errors on them are half of what they are on
    others, but as uneven, and the conformal factor makes up for the half. The layer is a ridge
    regression of absolute errors on the hidden layer, its strength that under which left out errors
    are likeliest, if they are Laplace-distributed with the width that is foretold.

    Parameters
    ----------
    metric
        Its network is changed.
    opinions
        On photographs; :data:`MOST` of them are taken.
    seed
        Of which.
    quiet
        No lines of progress.

    Raises
    ------
    ImageReadError
        If a photograph cannot be read.
    """
    chosen = np.sort(stream(seed, "doubts").permutation(len(opinions))[:MOST])
    part = opinions.select(chosen)
    network = metric.network
    share = torch.tensor([view.weight for view in metric.card.views])
    share = share / share.sum()
    rows, means = [], []
    with torch.no_grad():
        for picture in whole_pictures(part, "doubts", quiet=quiet):
            seen = torch.cat(metric.statistics(picture))
            rows.append((share[:, None] * network.believe(seen)).sum(dim=0).double().numpy())
            mixed = (share[:, None] * network.judge(seen)).sum(dim=0)
            means.append(float(mean_score(mixed[None])))
    weight, bias = fit_doubts(np.stack(rows), np.abs(np.array(means) - part.mean), part.group)
    with torch.no_grad():
        network.doubt.weight[0] = torch.from_numpy(weight)
        network.doubt.bias[0] = bias
    return len(part)


def fit_doubts(x: Values, error: Values, groups: NDArray[np.generic]) -> tuple[Values, float]:
    """Return weights and bias of a layer that foretells absolute errors.

    Parameters
    ----------
    x
        Hidden layers ``(N, H)``.
    error
        ``(N,)``.
    groups
        ``(N,)``: what is left out together.
    """
    known, number = np.unique(groups, return_inverse=True)
    fold = np.random.default_rng(0).permutation(len(known))[number] % _FOLDS
    scale = x.std(axis=0) + 0.05 * x.std(axis=0).mean() + 1e-9
    z = x / scale

    def unlikely(strength: float) -> float:
        total = 0.0
        for index in range(_FOLDS):
            out = fold == index
            weight, bias = _ridge(z[~out], error[~out], strength)
            width = np.maximum(z[out] @ weight + bias, _LEAST)
            total += float((np.log(width) + error[out] / width).sum())
        return total

    weight, bias = _ridge(z, error, min(_STRENGTHS, key=unlikely))
    return weight / scale, bias


def _ridge(z: Values, y: Values, strength: float) -> tuple[Values, float]:
    centre, middle = z.mean(axis=0), float(y.mean())
    away = z - centre
    gram = away.T @ away + strength * np.eye(z.shape[1])
    weight = np.asarray(np.linalg.solve(gram, away.T @ (y - middle)))
    return weight, middle - float(centre @ weight)
