"""The exponential moving average of weights, with which a run is judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from hdrmetrics.errors import ImageReadError


class WeightAverage:
    """a ← d·a + (1 − d)·w after every step, with d = min(decay, (1 + t)/(10 + t)) at update t.

    The small decay of the first updates lets go of the random start.

    Parameters
    ----------
    network
        Whose weights are followed; buffers are taken as they are.
    decay
        In [0, 1); 0 for no average.

    References
    ----------
    B. T. Polyak and A. B. Juditsky, "Acceleration of stochastic approximation by averaging", SIAM
    J. Control Optim. 30(4), 1992.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network, self.decay = network, decay
        self.updates = 0
        self._average = {n: p.detach().clone() for n, p in network.named_parameters()}

    @torch.no_grad()
    def update(self) -> None:
        """Follow the weights after a step."""
        d = min(self.decay, (1 + self.updates) / (10 + self.updates)) if self.decay else 0.0
        self.updates += 1
        for name, parameter in self.network.named_parameters():
            self._average[name].lerp_(parameter.detach(), 1 - d)

    @contextmanager
    def applied(self) -> Iterator[nn.Module]:
        """Lend the network with the average in the place of its weights."""
        kept = {n: p.detach().clone() for n, p in self.network.named_parameters()}
        self._put(self._average)
        try:
            yield self.network
        finally:
            self._put(kept)

    def state(self) -> dict[str, Tensor]:
        """Return the average by name of the weight, for a checkpoint."""
        return dict(self._average)

    def restore(self, state: Mapping[str, Tensor], updates: int) -> None:
        """Go on from what :meth:`state` returned.

        Raises
        ------
        ImageReadError
            If it is of another network.
        """
        if {n: a.shape for n, a in state.items()} != {n: a.shape for n, a in self._average.items()}:
            raise ImageReadError("the checkpoint's average is that of another network")
        for name, average in self._average.items():
            average.copy_(state[name])
        self.updates = updates

    @torch.no_grad()
    def _put(self, values: Mapping[str, Tensor]) -> None:
        for name, parameter in self.network.named_parameters():
            parameter.copy_(values[name])
