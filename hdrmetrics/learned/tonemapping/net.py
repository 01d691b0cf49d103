"""The network that looks at a thumbnail and says how bright the picture should be, and where."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.tonemapping.thumbnail import BINS, histogram, thumbnail

Form = Literal["curve", "grid"]
"""What is predicted: one exposure and an exponent of colour, or a grid of exposures."""

START = math.log(0.18)
"""Log exposure that a network without training predicts: the photographic key."""

_MOST = 3.0  # nepers that an exposure is moved from there, at most
_COLOUR = 0.4  # that γ is moved from 1, at most
_WIDEST = 256


@dataclass(frozen=True, slots=True)
class ToneSize:
    """How large a network of tone mapping is.

    Parameters
    ----------
    form
        See :data:`Form`.
    widths
        Channels at a half, a quarter and an eighth of the thumbnail.
    hidden
        Units that know the whole picture.
    levels
        Of brightness that a grid has; it has 8 rows and 8 columns.

    Raises
    ------
    OptionError
        For what no such network is.
    """

    form: Form = "curve"
    widths: tuple[int, int, int] = (8, 16, 32)
    hidden: int = 64
    levels: int = 8

    def __post_init__(self) -> None:
        if self.form not in get_args(Form):
            raise OptionError(f"form is one of {', '.join(get_args(Form))}; not {self.form!r}")
        numbers = (*self.widths, self.hidden, self.levels)
        if len(self.widths) != 3 or not all(type(n) is int and 1 <= n <= _WIDEST for n in numbers):
            raise OptionError(f"widths, hidden and levels are 1 to {_WIDEST}, widths three of them")

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {**asdict(self), "widths": list(self.widths)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ToneSize:
        """Return the size that :meth:`to_dict` wrote.

        Raises
        ------
        OptionError
            If it is none.
        """
        try:
            return cls(data["form"], tuple(data["widths"]), data["hidden"], data["levels"])
        except (KeyError, TypeError) as error:
            raise OptionError(f"this is no size of a tone-mapping network ({error!r})") from error


class Tone(NamedTuple):
    """What a network says of pictures.

    Parameters
    ----------
    centre
        Log luminance that exposures are relative to, ``(N, 1, 1, 1)``.
    exposure
        Logs of exposure over the centre, nepers: ``(N, 1, 1, 1)``, of a grid ``(N, D, 8, 8)``.
    gamma
        Exponent of the colour ratios, ``(N, 1, 1, 1)``; ones for a grid.
    """

    centre: Tensor
    exposure: Tensor
    gamma: Tensor


class ToneNet(nn.Module):
    """A few convolutions over the thumbnail, and two layers over its histogram and their means.

    Parameters
    ----------
    size
        Its form, widths and depth.

    References
    ----------
    M. Gharbi et al., "Deep bilateral learning for real-time image enhancement", ACM TOG 36(4), 2017
    (a thumbnail, local and global paths, a grid).
    """

    def __init__(self, size: ToneSize | None = None) -> None:
        super().__init__()
        self.size = size or ToneSize()
        a, b, c = self.size.widths
        hidden = self.size.hidden
        self.a = nn.Conv2d(1, a, 3, stride=2, padding=1)
        self.b = nn.Conv2d(a, b, 3, stride=2, padding=1)
        self.c = nn.Conv2d(b, c, 3, stride=2, padding=1)
        self.whole = nn.Linear(BINS + c, hidden)
        if self.size.form == "grid":
            self.place = nn.Conv2d(c, hidden, 3, padding=1)
            self.last: nn.Module = nn.Conv2d(hidden, self.size.levels, 1)
        else:
            self.deep = nn.Linear(hidden, hidden)
            self.last = nn.Linear(hidden, 2)

    def forward(self, light: Tensor) -> Tone:
        """Return how pictures should be toned.

        Parameters
        ----------
        light
            Luminance ``(N, 1, H, W)``, not negative, any unit.
        """
        kind = self.whole.weight.dtype
        small, centre = (one.to(kind) for one in thumbnail(light))
        maps = F.silu(self.c(F.silu(self.b(F.silu(self.a(small / 2))))))
        known = torch.cat([BINS / 4 * histogram(small), maps.mean(dim=(2, 3))], dim=1)
        whole = F.silu(self.whole(known))
        if self.size.form == "grid":
            found = self.last(F.silu(self.place(maps) + whole[..., None, None]))
            return Tone(centre, START + _held(found), torch.ones_like(centre))
        found = self.last(F.silu(self.deep(whole)))[..., None, None]
        gamma = 1 + _COLOUR * torch.tanh(found[:, 1:])
        return Tone(centre, START + _held(found[:, :1]), gamma)


def _held(moved: Tensor) -> Tensor:
    return _MOST * torch.tanh(moved / _MOST)


def empty_net(size: ToneSize | None = None, device: str = "cpu") -> ToneNet:
    """Return a network whose weights are still to be filled in.

    torch's own random state is neither used nor changed.

    Parameters
    ----------
    size
        Its form, widths and depth.
    device
        Where; ``meta`` takes no memory.
    """
    with torch.device("meta"):
        net = ToneNet(size)
    return net if device == "meta" else net.to_empty(device=device)


def fresh_net(size: ToneSize | None = None, seed: int = 0) -> ToneNet:
    """Return a network that says 0.18 over the centre for every picture, its other weights drawn.

    Parameters
    ----------
    size
        Its form, widths and depth.
    seed
        Decides the weights.

    Examples
    --------
    >>> import torch
    >>> tone = fresh_net()(torch.full((1, 1, 20, 30), 50.0))
    >>> round(tone.centre.exp().item()), round(tone.exposure.exp().item(), 2), tone.gamma.item()
    (50, 0.18, 1.0)
    """
    net = empty_net(size)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if name.startswith("last.") or name.endswith("bias"):
                parameter.zero_()
            else:
                deviation = math.sqrt(2.0 / parameter[0].numel())
                parameter.normal_(0.0, deviation, generator=generator)
    return net
