"""Baselines without learning: plain statistics of a picture, and PIQE."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datasets.statistics.logistic import LogisticCurve
from hdrmetrics.errors import OptionError, UnknownNameError
from hdrmetrics.metrics.piqe import piqe
from hdrmetrics.photometry.color import luminance
from hdrmetrics.photometry.transfer import pu21_encode
from trainers.feeding.labels import Labels, find_labels
from trainers.judging.predictions import score_items, with_predictions

_WHITE = 255.0
_LEAST = 1e-12


def code_values(image: Tensor, domain: str) -> Tensor:
    """Return the grey code values ``(N, 1, H, W)`` that statistics are taken of.

    Parameters
    ----------
    image
        ``(N, 3, H, W)``: cd/m² (``hdr``), or display codes in [0, 1] (any other domain).
    domain
        Of the test.

    Returns
    -------
    Tensor
        PU21 of the luminance (about 256 at 100 cd/m²), or 255 times the luma.
    """
    grey = luminance(image)
    return pu21_encode(grey) if domain == "hdr" else grey * _WHITE


def laplacian_energy(codes: Tensor) -> Tensor:
    """Return log10 of the mean square of the four-neighbour Laplacian, ``(N,)``.

    Parameters
    ----------
    codes
        ``(N, 1, H, W)``, see :func:`code_values`.

    References
    ----------
    M. Subbarao, T. Choi and A. Nikzad, "Focusing techniques", Optical Engineering 32(11), 1993.
    """
    x = codes.double()
    middle = x[..., 1:-1, 1:-1]
    across = x[..., 1:-1, :-2] + x[..., 1:-1, 2:]
    down = x[..., :-2, 1:-1] + x[..., 2:, 1:-1]
    energy = (across + down - 4 * middle).square().mean(dim=(1, 2, 3))
    return energy.clamp(min=_LEAST).log10()


def gradient_kurtosis(codes: Tensor) -> Tensor:
    """Return log10 of the kurtosis of the differences of neighbours, ``(N,)``; 0.477 for noise.

    The fourth moment about zero over the square of the second, of horizontal and vertical
    differences together. Photographs have heavy tails, which blur, noise and quantisation change.

    ``codes`` are ``(N, 1, H, W)``, see :func:`code_values`.

    References
    ----------
    A. Srivastava, A. B. Lee, E. P. Simoncelli, S.-C. Zhu, "On advances in statistical modeling of
    natural images", J. Math. Imaging and Vision 18, 2003.
    """
    x = codes.double()
    steps = torch.cat(
        [x.diff(dim=-1).flatten(start_dim=1), x.diff(dim=-2).flatten(start_dim=1)], dim=1
    )
    second = steps.square().mean(dim=1)
    fourth = steps.pow(4).mean(dim=1)
    flat = second <= _LEAST
    return torch.where(flat, 0.0, (fourth / second.square().clamp(min=_LEAST**2)).log10())


BASELINES: dict[str, Callable[[Tensor], Tensor]] = {
    "piqe": functools.partial(piqe, data_range=_WHITE),
    "laplacian-energy": laplacian_energy,
    "gradient-kurtosis": gradient_kurtosis,
}
"""From codes ``(N, 1, H, W)`` to one value per picture. With light the codes are PU21, so that
``piqe`` is then PU21-PIQE."""


def predict_baseline(
    name: str,
    set_name: str,
    *,
    tables: Path,
    stores: Path,
    splits: tuple[str, ...] = ("test",),
    batch: int = 32,
) -> Labels:
    """Return items with a baseline's predictions of the target.

    A statistic has no scale and no direction of its own: see :func:`brought_to_target`.

    Parameters
    ----------
    name
        Of :data:`BASELINES`.
    set_name
        Of the set.
    tables, stores
        Folders with labels and crops.
    splits
        Of the items returned.
    batch
        Items at a time.

    Raises
    ------
    UnknownNameError
        For an unknown baseline.
    OptionError
        If there are too few validation items to fit to, or none of the splits asked for.
    ImageReadError
        If labels or crops cannot be read.
    """
    if name not in BASELINES:
        raise UnknownNameError(f"no baseline {name!r}; there are {', '.join(BASELINES)}")
    labels = find_labels(tables, set_name)
    needed = labels.select(np.isin(labels["split"], [*splits, "validation"]))

    def predictor(test: Tensor, reference: Tensor | None) -> Tensor:
        return BASELINES[name](code_values(test, labels.domain))[:, None]

    there, values = score_items(
        predictor, needed, stores, reference=False, device=torch.device("cpu"), batch=batch
    )
    found = brought_to_target(values[:, 0].astype(np.float64), there)
    return with_predictions(there, {name: found}).select(np.isin(there["split"], list(splits)))


def brought_to_target(raw: NDArray[np.float64], labels: Labels) -> NDArray[np.float64]:
    """Return a statistic on the scale of the target, ``(n,)`` in [0, 1], 1 best.

    Scale and direction are those of the monotone logistic curve through the items of the
    *validation* split, which learned predictors are not fitted to either.

    Parameters
    ----------
    raw
        The statistic of each item, ``(n,)``, finite.
    labels
        The items, of any splits.

    Raises
    ------
    OptionError
        If fewer than two of the items are of the validation split.
    ShapeError
        If the statistic of one of these is not finite.
    """
    fitting = labels["split"] == "validation"
    if np.count_nonzero(fitting) < 2:
        raise OptionError(
            f"{labels.name}: a statistic is brought to the target by two items of the validation "
            f"split at least, not {np.count_nonzero(fitting)}: use a store that holds them"
        )
    curve = LogisticCurve.fit(raw[fitting], labels["target"][fitting].astype(np.float64))
    return np.clip(curve(raw), 0, 1)
