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
        Whose weights are followed, and its buffers of floats likewise.
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
        self._average = {n: v.clone() for n, v in self._followed()}

    def _followed(self) -> Iterator[tuple[str, Tensor]]:
        for name, value in self.network.state_dict().items():
            if value.is_floating_point():
                yield name, value

    @torch.no_grad()
    def begin(self) -> None:
        """Begin with the weights as they are now."""
        for name, value in self._followed():
            self._average[name].copy_(value)

    @torch.no_grad()
    def update(self) -> None:
        """Follow the weights after a step."""
        d = min(self.decay, (1 + self.updates) / (10 + self.updates)) if self.decay else 0.0
        self.updates += 1
        for name, value in self._followed():
            self._average[name].lerp_(value, 1 - d)

    @contextmanager
    def applied(self) -> Iterator[nn.Module]:
        """Lend the network with the average in the place of its weights."""
        kept = {n: v.clone() for n, v in self._followed()}
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
        for name, value in self._followed():
            value.copy_(values[name])
