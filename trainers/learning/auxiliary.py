"""Auxiliary targets: what else the features of a picture should tell, while they are learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from hdrmetrics.errors import OptionError
from trainers.config import AuxiliarySettings
from trainers.feeding.labels import Labels

_NUMBERS = "numbers"
_TYPES = "types"


class AuxiliaryTargets(nn.Module):
    """Linear heads on pooled features, and their losses; one pair of heads per set.

    Numbers (PU21-PSNR, strength …) are standardised by the mean and spread of the training items,
    and judged by a smooth absolute error; the type of distortion by cross entropy. Items without a
    number (NaN: a distortion without a strength) do not count.

    Parameters
    ----------
    labels
        Training items by set.
    features
        Length of the pooled features.
    settings
        Which targets, with their factors.

    Raises
    ------
    OptionError
        If no set has a column that is asked for.
    """

    def __init__(
        self, labels: Sequence[Labels], features: int, settings: AuxiliarySettings
    ) -> None:
        super().__init__()
        asked = {name: factor for name, factor in settings.columns.items() if factor}
        if settings.strength:
            asked["strength"] = settings.strength
        self._type_factor = settings.distortion
        self._names: dict[str, list[str]] = {}
        self._numbers: dict[str, NDArray[np.float32]] = {}
        self._types: dict[str, NDArray[np.int64]] = {}
        self.heads = nn.ModuleDict()
        used: set[str] = set()
        for one in labels:
            names = [name for name in asked if _is_number(one, name)]
            used |= set(names)
            self._names[one.name] = names
            heads = nn.ModuleDict()
            if names:
                self._numbers[one.name] = np.stack([_standard(one[n]) for n in names], axis=1)
                heads[_NUMBERS] = nn.Linear(features, len(names))
            kinds, number = np.unique(one["distortion"], return_inverse=True)
            if self._type_factor and kinds.size > 1:
                self._types[one.name] = number.astype(np.int64)
                heads[_TYPES] = nn.Linear(features, int(kinds.size))
            self.heads[_key(one.name)] = heads
        absent = sorted(set(settings.columns) & set(asked) - used)
        if absent:
            raise OptionError(f"[auxiliary]: no set has the column {', '.join(absent)}")
        self._factors = asked

    def forward(self, features: Tensor, name: str, rows: NDArray[np.int64]) -> Tensor:
        """Return the mean loss over the items of a batch.

        Parameters
        ----------
        features
            Pooled, ``(n, F)``.
        name
            Of the set.
        rows
            Places of the items in the training labels.
        """
        heads = self.heads[_key(name)]
        assert isinstance(heads, nn.ModuleDict)
        total = features.new_zeros(())
        if _NUMBERS in heads:
            wanted = torch.from_numpy(self._numbers[name][rows]).to(features.device)
            known = wanted.isfinite()
            error = functional.smooth_l1_loss(
                heads[_NUMBERS](features), wanted.nan_to_num(), reduction="none"
            )
            factors = features.new_tensor([self._factors[n] for n in self._names[name]])
            total = total + (error * known * factors).sum() / len(rows)
        if _TYPES in heads:
            kinds = torch.from_numpy(self._types[name][rows]).to(features.device)
            total = total + self._type_factor * functional.cross_entropy(
                heads[_TYPES](features), kinds
            )
        return total


def _is_number(labels: Labels, name: str) -> bool:
    column: Mapping[str, NDArray[np.generic]] = labels.columns
    return (
        name in column
        and column[name].dtype.kind == "f"
        and bool(np.isfinite(column[name].astype(np.float64)).any())
    )


def _standard(values: NDArray[np.float32]) -> NDArray[np.float32]:
    finite = np.where(np.isfinite(values), values, np.nan).astype(np.float64)
    spread = float(np.nanstd(finite)) or 1.0
    return np.asarray((finite - np.nanmean(finite)) / spread, dtype=np.float32)


def _key(name: str) -> str:
    return name.replace(".", "_")  # what a module may not be called
