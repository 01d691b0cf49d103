"""Two pictures of one file, what is shown and what is decoded, judged together."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from hdrmetrics.optimize.filling import Filled
from hdrmetrics.optimize.objective import Fitted, Goals, Objective, shares
from hdrmetrics.optimize.tonemapping import DOMAINS, TAKES

SHOWN = (DOMAINS, TAKES)
LIGHT = (("hdr",), "pictures in cd/m²")
"""What metrics of either picture may take, and how messages call it."""


@dataclass(frozen=True, slots=True)
class Layers:
    """What a file shows, ``(1, C, H, W)`` in [0, 1], and its light, in cd/m²."""

    base: Tensor
    light: Tensor

    @classmethod
    def of(cls, filled: Filled) -> Layers:
        """Return both pictures of a file."""
        codec, data = filled.codec, filled.data
        return cls(codec.base_picture(data), codec.decode(data).clamp(0.0, codec.info.peak))

    @property
    def stacked(self) -> Tensor:
        """Both as ``(2, C, H, W)``, which is how a search carries them."""
        return torch.cat((self.base, self.light))


class LayersObjective(Objective):
    """The sum of an objective of base pictures and one of light.

    Parameters
    ----------
    base, light
        See :data:`~hdrmetrics.optimize.objective.Goals`.

    Raises
    ------
    UnknownNameError, OptionError, DomainError
        As :class:`~hdrmetrics.optimize.objective.Objective`.
    """

    def __init__(self, base: Goals, light: Goals) -> None:
        self.base, self.light = Objective(base, *SHOWN), Objective(light, *LIGHT)
        self.names = self.base.names + self.light.names
        self.metrics = self.base.metrics + self.light.metrics
        # Ratios between the two count as well: the shares are those of all.
        self.given = self.base.given + self.light.given
        self.weights = shares(self.given)
        count = len(self.base.names)
        self.base.weights, self.light.weights = self.weights[:count], self.weights[count:]

    def at(self, reference: Tensor | None) -> FittedLayers:
        """Return the objective for files of one picture."""
        return FittedLayers(self, reference)


class FittedLayers(Fitted):
    """Both objectives for one original light."""

    def __init__(self, objective: LayersObjective, reference: Tensor | None) -> None:
        self.objective, self.reference = objective, reference
        self.base = objective.base.at(reference)
        self.light = objective.light.at(reference)

    def loss(self, test: Tensor) -> Tensor:
        """Return the loss of two pictures ``(2, C, H, W)``, ``(1,)``; infinite as they are."""
        if not bool(torch.isfinite(test).all()):
            return test.new_full((1,), torch.inf)
        with torch.no_grad():
            return self.base.loss(test[:1]) + self.light.loss(test[1:])

    def values(self, test: Tensor) -> dict[str, float]:
        """Return what each metric says of two pictures ``(2, C, H, W)``."""
        return {**self.base.values(test[:1]), **self.light.values(test[1:])}
