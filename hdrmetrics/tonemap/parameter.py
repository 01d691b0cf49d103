"""One setting of an operator, described as data for optimisers, the command line and the docs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from hdrmetrics.errors import OptionError, ShapeError

Value = float | Tensor
"""A setting: a number for all images, or a tensor with one value (``()``) or one per image."""

Values = dict[str, Tensor]
"""Settings as tensors ``(N, 1, 1, 1)`` or ``(1, 1, 1, 1)``; those left to the image are absent."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """What an operator lets its user choose.

    Parameters
    ----------
    name
        The keyword.
    default
        Its value unless chosen; ``None`` where the operator derives it from each image.
    low, high
        Smallest and largest value allowed.
    unit
        ``"cd/m²"``, ``"stops"``, ``"pixels"``, …; ``""`` for plain numbers.
    meaning
        What it does, in a few words.
    automatic
        How the operator derives it where ``default`` is ``None``.
    """

    name: str
    default: float | None
    low: float
    high: float
    unit: str
    meaning: str
    automatic: str = ""

    def __post_init__(self) -> None:
        if (self.default is None) != bool(self.automatic):
            raise OptionError(f"{self.name}: say how it is derived where there is no default, only")
        if self.default is not None and not self.low <= self.default <= self.high:
            raise OptionError(f"{self.name}: the default {self.default} is out of bounds")

    def check(self, value: Value, owner: str) -> Value:
        """Return ``value`` if it may be taken, in the operator called ``owner``.

        Raises
        ------
        OptionError
            If it is no number, NaN, or out of bounds.
        ShapeError
            If it is a tensor of other than one value per image.
        """
        if isinstance(value, Tensor):
            if not value.is_floating_point() or value.numel() == 0:
                raise OptionError(f"{owner}: {self.name} must be a tensor of floats")
            if value.ndim > 1 and value.numel() != value.shape[0]:
                raise ShapeError(
                    f"{owner}: {self.name} has one value per image, (N,), not {tuple(value.shape)}"
                )
            low, high = (float(v) for v in torch.aminmax(value.detach()))
        elif isinstance(value, bool) or not isinstance(value, (int, float)):
            raise OptionError(f"{owner}: {self.name} is a number, not {value!r}")
        else:
            low = high = float(value)
        if not (self.low <= low and high <= self.high) or math.isnan(low + high):
            unit = f" {self.unit}" if self.unit else ""
            shown = f"{low:g}" if low == high else f"{low:g} to {high:g}"
            raise OptionError(
                f"{owner}: {self.name} ({self.meaning}) lies in [{self.low:g}, {self.high:g}]"
                f"{unit}, not {shown}"
            )
        return value


def as_values(settings: Mapping[str, Value | None], image: Tensor) -> Values:
    """Return the settings that have a value as tensors that broadcast with ``(N, C, H, W)``.

    Raises
    ------
    ShapeError
        If a tensor holds neither one value nor one per image.
    """
    found: Values = {}
    for name, value in settings.items():
        if value is None:
            continue
        if not isinstance(value, Tensor):
            found[name] = image.new_full((1, 1, 1, 1), float(value))
            continue
        if value.numel() not in (1, image.shape[0]):
            raise ShapeError(f"{value.numel()} values of {name} for {image.shape[0]} images")
        found[name] = value.to(image).reshape(-1, 1, 1, 1)
    return found
