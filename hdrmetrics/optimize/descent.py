"""Descents from one point: quasi-Newton steps along gradients, and evolution without them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hdrmetrics.errors import MissingPackageError

Slope = Callable[[Tensor], tuple[float, Tensor]]
"""Loss and gradient ``(D,)`` at a point ``(D,)`` of the unit cube."""

_ENOUGH = 2e-5
"""A step that lowers the loss by less is the last: single precision is noisy below it."""

_WORST = 1e10
"""Stands for losses that are not finite, which no line search understands."""


def follow(slope: Slope, start: Tensor, *, reach: float) -> None:
    """Follow the gradient in the unit cube by L-BFGS-B; whoever gives the slope keeps the best.

    Parameters
    ----------
    slope
        See :data:`Slope`.
    start
        ``(D,)``.
    reach
        Length of the first step.

    References
    ----------
    R. H. Byrd, P. Lu, J. Nocedal and C. Zhu, "A limited memory algorithm for bound constrained
    optimization", SIAM Journal on Scientific Computing 16(5), 1995.
    """
    from scipy.optimize import minimize

    def asked(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        loss, gradient = slope(torch.from_numpy(x * reach))
        known = gradient.nan_to_num(0.0, 0.0, 0.0).double().numpy()
        return min(loss, _WORST), known * reach

    # The first step of the method is one long: in this unit it is as long as it should be.
    first = start.double().clamp(0.0, 1.0).numpy() / reach
    minimize(
        asked, first, jac=True, method="L-BFGS-B", bounds=[(0.0, 1.0 / reach)] * len(first),
        options={"ftol": _ENOUGH, "gtol": _ENOUGH, "maxls": 8},
    )  # fmt: skip


def evolve(
    loss: Callable[[Tensor], float], start: Tensor, *, width: float, steps: int, seed: int
) -> None:
    """Search the unit cube by CMA-ES; whoever gives the loss keeps the best point.

    Parameters
    ----------
    loss
        At a point ``(D,)``.
    start
        ``(D,)``.
    width
        Standard deviation of the first steps.
    steps
        Evaluations at most.
    seed
        Of the draws.

    Raises
    ------
    MissingPackageError
        If the package ``cma`` is not installed.

    References
    ----------
    N. Hansen and A. Ostermeier, "Completely derandomized self-adaptation in evolution strategies",
    Evolutionary Computation 9(2), 2001.
    """
    cma = evolution()
    dimensions = start.numel()
    # The package knows no space of one axis: a second one, without effect, stands in.
    first = [*start.tolist(), *([0.5] if dimensions == 1 else [])]
    options: dict[str, Any] = {
        "bounds": [0.0, 1.0], "maxfevals": steps, "verbose": -9, "verb_log": 0, "tolfun": 1e-6,
        "tolx": 1e-4,
        # Draws of its own: NumPy's are one for all threads, and belong to the caller.
        "seed": math.nan, "randn": np.random.RandomState(seed + 1).randn,
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own plots and options
        strategy = cma.CMAEvolutionStrategy(first, width, options)
        while not strategy.stop():
            asked = strategy.ask()
            told = [loss(torch.tensor(one[:dimensions], dtype=torch.float64)) for one in asked]
            strategy.tell(asked, told)


def evolution() -> Any:
    """Return the package ``cma``.

    Raises
    ------
    MissingPackageError
        If it is not installed.
    """
    try:
        import cma
    except ImportError as error:
        raise MissingPackageError(
            "optimising without gradients needs CMA-ES: pip install 'hdrmetrics[optimize]'"
        ) from error
    return cma
