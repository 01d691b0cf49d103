"""The domain guard: whether a picture looks like those a network was trained on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from hdrmetrics.errors import OptionError

_RIDGE = 1e-4  # variance added to each number, so that one that never varied does not rule
_LONGEST = 256


@dataclass(frozen=True, slots=True)
class Guard:
    """The distribution of descriptions of training windows, as an ellipsoid.

    Parameters
    ----------
    mean
        Centre, D numbers; see :func:`hdrmetrics.learned.whole_image.describe_channels`.
    whitening
        D rows of D numbers: the Mahalanobis distance is the length of ``whitening · (x − mean)``.
    threshold
        Distance beyond which a window is unlike them.

    Raises
    ------
    OptionError
        For numbers that are none, or rows that do not fit.
    """

    mean: tuple[float, ...]
    whitening: tuple[tuple[float, ...], ...]
    threshold: float

    def __post_init__(self) -> None:
        length = len(self.mean)
        if not 0 < length <= _LONGEST or [len(row) for row in self.whitening] != [length] * length:
            raise OptionError(f"a guard has D numbers and D rows of D, D up to {_LONGEST}")
        numbers = [*self.mean, *(x for row in self.whitening for x in row), self.threshold]
        # Tens of thousands at every start: looked at one by one only if something is odd.
        if not (set(map(type, numbers)) <= {int, float} and all(map(math.isfinite, numbers))):
            for x in numbers:
                if isinstance(x, bool) or not isinstance(x, (int, float)) or not math.isfinite(x):
                    raise OptionError(f"the numbers of a guard are finite, not {x!r}")
        if not self.threshold > 0:
            raise OptionError(f"a guard's threshold is positive, not {self.threshold}")

    @classmethod
    def fit(cls, descriptions: ArrayLike, *, share: float = 0.995) -> Guard:
        """Return the guard of windows ``(n, D)`` of which ``share`` lie within.

        Raises
        ------
        OptionError
            If there are fewer than two windows per number, or they are not finite.
        """
        found = np.asarray(descriptions, dtype=np.float64)
        if found.ndim != 2 or found.shape[0] < 2 * found.shape[1] or not np.isfinite(found).all():
            raise OptionError(
                f"a guard is fitted to finite windows (n, D), n at least 2·D, not {found.shape}"
            )
        if not 0 < share < 1:
            raise OptionError(f"share lies in (0, 1), not {share}")
        mean = found.mean(axis=0)
        covariance = np.cov(found, rowvar=False).reshape(mean.size, mean.size)
        covariance = covariance + _RIDGE * np.eye(mean.size)
        whitening = np.linalg.inv(np.linalg.cholesky(covariance))
        lengths = np.linalg.norm((found - mean) @ whitening.T, axis=1)
        # Seven digits: the card stays readable, and no distance moves by more than rounding.
        return cls(
            mean=tuple(float(f"{x:.7g}") for x in mean),
            whitening=tuple(tuple(float(f"{x:.7g}") for x in row) for row in whitening),
            threshold=float(f"{np.quantile(lengths, share):.7g}"),
        )

    def distance(self, descriptions: Tensor) -> Tensor:
        """Return the Mahalanobis distance ``(…)`` of descriptions ``(…, D)``.

        Raises
        ------
        OptionError
            If they have another length.
        """
        if descriptions.shape[-1] != len(self.mean):
            raise OptionError(
                f"this guard knows descriptions of {len(self.mean)} numbers, not "
                f"{descriptions.shape[-1]}"
            )
        x = descriptions.double().cpu() - torch.tensor(self.mean, dtype=torch.float64)
        whitened = x @ torch.tensor(self.whitening, dtype=torch.float64).T
        return whitened.square().sum(dim=-1).sqrt()

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "mean": list(self.mean),
            "whitening": [list(row) for row in self.whitening],
            "threshold": self.threshold,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Guard:
        """Return the guard that :meth:`to_dict` wrote.

        Raises
        ------
        OptionError
            If entries are missing or cannot be.
        """
        try:
            rows = tuple(tuple(row) for row in data["whitening"])
            return cls(tuple(data["mean"]), rows, data["threshold"])
        except (KeyError, TypeError) as error:
            raise OptionError(f"not the description of a guard: {error}") from None
