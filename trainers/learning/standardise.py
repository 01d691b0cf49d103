"""Statistics brought to zero mean and unit variance while a network learns."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from hdrmetrics.learned.network import QualityNetwork

_FLOOR = 1e-5  # under the variance of a statistic that never varies


class Standardiser(nn.Module):
    """(x − mean) / √(variance + 10⁻⁵) of the pooled statistics, with running moments.

    Statistics of different levels differ by orders of magnitude; at one scale the heads learn
    several times faster. The moments follow the batches and have no gradient, so the result does
    not depend on who else is in the batch, nor on how many processes share it. After training
    :meth:`fold` moves them into the heads, and nothing is left of them.

    Parameters
    ----------
    count
        Number of statistics.
    rate
        Part of the newest batch in the moments; the first batches count fully.
    """

    mean: Tensor
    variance: Tensor
    updates: Tensor

    def __init__(self, count: int, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.register_buffer("mean", torch.zeros(count))
        self.register_buffer("variance", torch.ones(count))
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def follow(self, joint: Tensor) -> None:
        """Take the statistics ``(n, F)`` of a joint batch into the moments."""
        self.updates += 1
        rate = max(self.rate, 1.0 / int(self.updates))
        mean = joint.mean(dim=0)
        centre = mean if int(self.updates) == 1 else self.mean
        self.variance.lerp_((joint - centre).square().mean(dim=0), rate)
        self.mean.lerp_(mean, rate)

    def forward(self, pooled: Tensor) -> Tensor:
        """Return standardised statistics ``(n, F)``."""
        return (pooled - self.mean) * self._scale()

    @torch.no_grad()
    def fold(self, network: QualityNetwork) -> None:
        """Change the heads so that they want plain statistics, and round them to half precision.

        What is taken off through the bias is hundreds of times what a head adds up to, so that it
        must be of the weights that are kept.
        """
        _change_heads(network, list(network.heads), self._scale(), self.mean, torch.float16)

    @torch.no_grad()
    def unfold(self, network: QualityNetwork, heads: Sequence[str]) -> None:
        """Change heads that want plain statistics so that they want standardised ones."""
        _change_heads(network, heads, 1.0 / self._scale(), -self.mean * self._scale())

    def _scale(self) -> Tensor:
        return (self.variance + _FLOOR).rsqrt()


def _change_heads(
    network: QualityNetwork,
    heads: Sequence[str],
    scale: Tensor,
    shift: Tensor,
    kept: torch.dtype = torch.float64,
) -> None:
    """Let the first layers of heads see (x − shift)·scale, with weights as a type has them."""
    for name in heads:
        head = network.heads[name]
        assert isinstance(head, nn.Sequential)
        first = head[0]
        assert isinstance(first, nn.Linear)
        weight = (first.weight.double() * scale.double()).to(kept).double()
        first.bias.sub_((weight @ shift.double()).to(first.bias))
        first.weight.copy_(weight)
