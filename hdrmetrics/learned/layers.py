"""Layers of the quality networks, whose weights come later."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Convolution(nn.Conv2d):
    """A convolution whose weights come from a file, or from :func:`build_network`.

    Memory is taken as it is: PyTorch's own initialisation takes time and would draw from the
    global random state, and ``skip_init`` loads the compiler's packages (0.4 s) to avoid it.
    """

    def reset_parameters(self) -> None:
        """Leave the weights as they are."""


class Linear(nn.Linear):
    """A linear layer whose weights come later, as :class:`Convolution`."""

    def reset_parameters(self) -> None:
        """Leave the weights as they are."""


class CellStage(nn.Module):
    """A convolution with ReZero blocks after it, x + α·f(x).

    Parameters
    ----------
    before, channels
        Of its input and its output.
    blocks
        Residual convolutions.
    kernel
        Side of the convolutions: 1 looks at each cell by itself; 3 sees zeros around a map.
    """

    def __init__(self, before: int, channels: int, blocks: int, *, kernel: int = 1) -> None:
        super().__init__()
        self.border = kernel // 2
        self.first = Convolution(before, channels, kernel, padding=self.border)
        self.blocks = nn.ModuleList(
            Convolution(channels, channels, kernel, padding=self.border) for _ in range(blocks)
        )
        self.alpha = nn.Parameter(torch.zeros(blocks))

    def forward(self, x: Tensor) -> Tensor:
        """Return the stage's maps."""
        x = self.first(x).relu_()
        for alpha, block in zip(self.alpha, self.blocks, strict=True):
            assert isinstance(block, nn.Conv2d)
            assert block.bias is not None
            # α·f(x) with α in the weights: one pass over the map less.
            grown = F.conv2d(x, alpha * block.weight, alpha * block.bias, padding=self.border)
            grown += x
            x = grown.relu_()
        return x
