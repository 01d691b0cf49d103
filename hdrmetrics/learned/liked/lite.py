"""EfficientNet-Lite without batch normalisation: what it says of pictures on all its levels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.learned.layers import Convolution

_CENTRE, _SCALE = 127.0 / 255.0, 255.0 / 128.0
LEAST = 32
"""Pixels a side: below, the last level has nothing to average."""


@dataclass(frozen=True, slots=True)
class Row:
    """Blocks of one level.

    Parameters
    ----------
    kernel, stride
        Of the depthwise convolutions; the stride is that of the first block.
    expansion
        Channels between the two 1×1 convolutions, by those before.
    channels
        After each block.
    blocks
        How many.
    """

    kernel: int
    stride: int
    expansion: int
    channels: int
    blocks: int


STEM = 32
LITE0 = (
    Row(3, 1, 1, 16, 1), Row(3, 2, 6, 24, 2), Row(5, 2, 6, 40, 2), Row(3, 2, 6, 80, 3),
    Row(5, 1, 6, 112, 3), Row(5, 2, 6, 192, 4), Row(3, 1, 6, 320, 1),
)  # fmt: skip
"""The smallest of the family: 3.0 million weights in its blocks."""

FAMILY: dict[str, tuple[Row, ...]] = {"efficientnet-lite0": LITE0}


class Same(Convolution):
    """A convolution that sees as many zeros on both sides, one more at the end, as TensorFlow's."""

    def forward(self, x: Tensor) -> Tensor:
        """Return maps of the input's size over the stride, rounded up."""
        stride, kernel = self.stride[0], self.kernel_size[0]
        rows, columns = (_missing(int(n), kernel, stride) for n in x.shape[-2:])
        if rows % 2 == 0 and columns % 2 == 0:
            sides = rows // 2, columns // 2
            return F.conv2d(x, self.weight, self.bias, stride, sides, 1, self.groups)
        x = F.pad(x, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))
        return F.conv2d(x, self.weight, self.bias, stride, 0, 1, self.groups)


class Block(nn.Module):
    """An inverted residual: 1×1, depthwise, 1×1, with ReLU6 after the first two."""

    def __init__(self, before: int, row: Row, stride: int) -> None:
        super().__init__()
        between = before * row.expansion
        self.expand = None if row.expansion == 1 else Same(before, between, 1)
        self.depth = Same(between, between, row.kernel, stride, groups=between)
        self.project = Same(between, row.channels, 1)
        self.residual = stride == 1 and before == row.channels

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's maps."""
        y = x if self.expand is None else F.relu6(self.expand(x), inplace=True)
        y = self.project(F.relu6(self.depth(y), inplace=True))
        found: Tensor = y + x if self.residual else y
        return found


class LiteTrunk(nn.Module):
    """The convolutions of EfficientNet-Lite, their normalisation folded into the weights.

    Parameters
    ----------
    name
        Of the :data:`FAMILY`.

    Raises
    ------
    OptionError
        If it is none of them.

    References
    ----------
    M. Tan, Q. V. Le, "EfficientNet", ICML 2019; R. Liu, "Higher accuracy on vision models with
    EfficientNet-Lite", TensorFlow blog, 2020.
    """

    least = LEAST

    def __init__(self, name: str = "efficientnet-lite0") -> None:
        super().__init__()
        if name not in FAMILY:
            raise OptionError(f"no trunk {name!r}; known: {', '.join(FAMILY)}")
        self.name = name
        self.stem = Same(3, STEM, 3, 2)
        levels, before = [], STEM
        for row in FAMILY[name]:
            blocks = []
            for index in range(row.blocks):
                blocks.append(Block(before, row, row.stride if index == 0 else 1))
                before = row.channels
            levels.append(nn.Sequential(*blocks))
        self.levels = nn.ModuleList(levels)
        self.channels: tuple[int, ...] = (STEM, *(row.channels for row in FAMILY[name]))

    def maps(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the maps of each level, of pictures ``(N, 3, H, W)`` in [0, 1]."""
        if x.shape[1] != 3 or min(x.shape[-2:]) < LEAST:
            raise ShapeError(f"pictures are (N, 3, H, W) of {LEAST} px at least: {tuple(x.shape)}")
        x = F.relu6(self.stem((x - _CENTRE) * _SCALE), inplace=True)
        found = [x]
        for level in self.levels:
            found.append(level(found[-1]))
        return tuple(found)


def _missing(length: int, kernel: int, stride: int) -> int:
    return max((-(-length // stride) - 1) * stride + kernel - length, 0)


def fold(state: dict[str, Tensor], name: str = "efficientnet-lite0") -> LiteTrunk:
    """Return a trunk with the weights of a published model, whose layers come in this order.

    Parameters
    ----------
    state
        Convolutions and batch normalisations in the order of the network, as PyTorch names their
        parts; what comes after the last block is left out.
    name
        Of the trunk.

    Raises
    ------
    OptionError
        If they are of another network.
    """
    trunk = LiteTrunk(name)
    own = [layer for layer in trunk.modules() if isinstance(layer, Same)]
    # PyTorch lists modules as they were made: the order in which they are passed.
    kept = [(key, value) for key, value in state.items() if "num_batches" not in key]
    parts = [value for _, value in kept]
    try:
        for index, layer in enumerate(own):
            weight, gain, shift, mean, variance = parts[5 * index : 5 * index + 5]
            scale = gain / (variance + 1e-3).sqrt()
            with torch.no_grad():
                layer.weight.copy_(weight * scale[:, None, None, None])
                assert layer.bias is not None
                layer.bias.copy_(shift - mean * scale)
    except (ValueError, RuntimeError) as error:
        raise OptionError(f"these are not the weights of {name}: {error}") from error
    return trunk
