"""The two networks that say how a picture's curves run: seven layers, and seven light ones."""

from __future__ import annotations

from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.curves.curve import ITERATIONS, bend

Kind = Literal["full", "light"]
"""``full``: 79,416 weights, maps for each iteration; ``light``: 10,561, one set of maps for all."""

WIDTH = 32
"""Channels of each layer."""

_DEVIATION = 0.02  # of drawn weights, as in the paper
_INPUTS = (3, WIDTH, WIDTH, WIDTH, 2 * WIDTH, 2 * WIDTH, 2 * WIDTH)


class Separable(nn.Module):
    """A 3×3 convolution of each channel by itself, then a mixture of channels.

    Parameters
    ----------
    inputs, outputs
        Channels.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.own = _plain(inputs, inputs, groups=inputs)
        self.mix = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(N, outputs, H, W)``."""
        found: Tensor = self.mix(self.own(x))
        return found


def _plain(inputs: int, outputs: int, groups: int = 1) -> nn.Conv2d:
    # Borders are repeated: beside zeros the curves of a flat picture would not be flat.
    return nn.Conv2d(inputs, outputs, 3, padding=1, groups=groups, padding_mode="replicate")


class CurveNet(nn.Module):
    """Seven convolutions of 3×3 with symmetric concatenations; the last says a in (−1, 1).

    The picture is not reduced between layers and nothing is normalised. A result depends on 7
    pixels to each side: how much of a picture that is depends on the size of the copy that the
    network is shown.

    Parameters
    ----------
    kind
        See :data:`Kind`.

    Raises
    ------
    OptionError
        For another kind.

    References
    ----------
    C. Guo et al., "Zero-reference deep curve estimation for low-light image enhancement", CVPR
    2020; C. Li, C. Guo, C. C. Loy, "Learning to enhance low-light image via zero-reference deep
    curve estimation", IEEE TPAMI 44(8), 2021 (the light one); US11356623B2: check before
    commercial use.

    Examples
    --------
    >>> sum(one.numel() for one in CurveNet("full").parameters())
    79416
    >>> sum(one.numel() for one in CurveNet("light").parameters())
    10561
    """

    def __init__(self, kind: Kind = "full") -> None:
        super().__init__()
        if kind not in get_args(Kind):
            raise OptionError(f"a curve network is {' or '.join(get_args(Kind))}, not {kind!r}")
        self.kind: Kind = kind
        last = 3 * ITERATIONS if kind == "full" else 3
        layer = _plain if kind == "full" else Separable
        outputs = (*([WIDTH] * 6), last)
        self.layers = nn.ModuleList(layer(a, b) for a, b in zip(_INPUTS, outputs, strict=True))

    def forward(self, image: Tensor) -> Tensor:
        """Return the maps ``(N, 24 or 3, H, W)`` in (−1, 1) of pictures ``(N, 3, H, W)``."""
        one, two, three, four, five, six, seven = self.layers
        a = F.relu(one(image))
        b = F.relu(two(a))
        c = F.relu(three(b))
        d = F.relu(four(c))
        e = F.relu(five(torch.cat((c, d), dim=1)))
        f = F.relu(six(torch.cat((b, e), dim=1)))
        return torch.tanh(seven(torch.cat((a, f), dim=1)))

    def enhance(self, image: Tensor) -> Tensor:
        """Return pictures ``(N, 3, H, W)`` bent by the maps of their own size, with gradients."""
        return bend(image, self(image))


def empty_net(kind: Kind, device: str = "cpu") -> CurveNet:
    """Return a network whose weights are still to be filled in.

    torch's own random state is neither used nor changed.

    Parameters
    ----------
    kind
        See :data:`Kind`.
    device
        Where; ``meta`` takes no memory.

    Raises
    ------
    OptionError
        For another kind.
    """
    with torch.device("meta"):
        net = CurveNet(kind)
    return net if device == "meta" else net.to_empty(device=device)


def fresh_net(kind: Kind, seed: int = 0, deviation: float = _DEVIATION) -> CurveNet:
    """Return a network with weights drawn from a normal distribution; biases are 0.

    torch's own random state is neither used nor changed.

    Parameters
    ----------
    kind
        See :data:`Kind`.
    seed
        Decides the weights.
    deviation
        Of weights: the paper's .02 makes curves that begin as the identity, nearly. 0 stands for
        deviations of √(2/fan-in), and a last layer of zeros: it learns several times faster.

    Raises
    ------
    OptionError
        For another kind.

    References
    ----------
    K. He et al., "Delving deep into rectifiers", ICCV 2015.
    """
    net = empty_net(kind)
    generator = torch.Generator().manual_seed(seed)
    last = [id(one) for one in net.layers[-1].parameters()]
    with torch.no_grad():
        for parameter in net.parameters():
            if parameter.ndim == 1 or (not deviation and id(parameter) in last[-2:]):
                parameter.zero_()
            else:
                own = deviation or (2.0 / parameter[0].numel()) ** 0.5
                parameter.normal_(0.0, own, generator=generator)
    return net
