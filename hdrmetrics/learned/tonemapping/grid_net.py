"""The network that looks at a thumbnail and says how bright each part of a picture should be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.tonemapping.thumbnail import BINS, histogram, thumbnail
from hdrmetrics.learned.tonemapping.tone import START, Tone
from hdrmetrics.photometry.color import luminance

_MOST = 3.0  # nepers that an exposure is moved from there, at most
_WIDEST = 256


@dataclass(frozen=True, slots=True)
class GridSize:
    """How large a network of a grid is.

    Parameters
    ----------
    widths
        Channels at a half, a quarter and an eighth of the thumbnail.
    hidden
        Units that know the whole picture.
    levels
        Of brightness that the grid has; it has 8 rows and 8 columns.

    Raises
    ------
    OptionError
        For what no such network is.
    """

    form: ClassVar = "grid"
    widths: tuple[int, int, int] = (8, 16, 32)
    hidden: int = 64
    levels: int = 8

    def __post_init__(self) -> None:
        numbers = (*self.widths, self.hidden, self.levels)
        if len(self.widths) != 3 or not all(type(n) is int and 1 <= n <= _WIDEST for n in numbers):
            raise OptionError(f"widths, hidden and levels are 1 to {_WIDEST}, widths three of them")

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {"form": self.form, **asdict(self), "widths": list(self.widths)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> GridSize:
        """Return the size that :meth:`to_dict` wrote.

        Raises
        ------
        OptionError
            If it is none.
        """
        try:
            return cls(tuple(data["widths"]), data["hidden"], data["levels"])
        except (KeyError, TypeError) as error:
            raise OptionError(f"this is no size of a tone-mapping network ({error!r})") from error


class GridNet(nn.Module):
    """A few convolutions over the thumbnail, and a layer over its histogram and their means.

    Parameters
    ----------
    size
        Its widths and levels.

    References
    ----------
    M. Gharbi et al., "Deep bilateral learning for real-time image enhancement", ACM TOG 36(4), 2017
    (a thumbnail, local and global paths, a grid).
    """

    def __init__(self, size: GridSize | None = None) -> None:
        super().__init__()
        self.size = size or GridSize()
        a, b, c = self.size.widths
        hidden = self.size.hidden
        self.a = nn.Conv2d(1, a, 3, stride=2, padding=1)
        self.b = nn.Conv2d(a, b, 3, stride=2, padding=1)
        self.c = nn.Conv2d(b, c, 3, stride=2, padding=1)
        self.whole = nn.Linear(BINS + c, hidden)
        self.place = nn.Conv2d(c, hidden, 3, padding=1)
        self.last = nn.Conv2d(hidden, self.size.levels, 1)

    def forward(self, image: Tensor) -> Tone:
        """Return how pictures should be toned.

        Parameters
        ----------
        image
            Light ``(N, C, H, W)``, C = 1 or 3, not negative, any unit; its luminance is seen.
        """
        kind = self.whole.weight.dtype
        small, centre = (one.to(kind) for one in thumbnail(luminance(image)))
        maps = F.silu(self.c(F.silu(self.b(F.silu(self.a(small / 2))))))
        known = torch.cat([BINS / 4 * histogram(small), maps.mean(dim=(2, 3))], dim=1)
        whole = F.silu(self.whole(known))
        found = self.last(F.silu(self.place(maps) + whole[..., None, None]))
        return Tone(centre, START + _held(found))


def _held(moved: Tensor) -> Tensor:
    return _MOST * torch.tanh(moved / _MOST)


def empty_grid_net(size: GridSize, device: str = "cpu") -> GridNet:
    """Return a network whose weights are still to be filled in; ``meta`` takes no memory."""
    with torch.device("meta"):
        net = GridNet(size)
    return net if device == "meta" else net.to_empty(device=device)


def fresh_grid_net(size: GridSize | None = None, seed: int = 0) -> GridNet:
    """Return a network that says 0.18 over the centre for every picture, its other weights drawn.

    torch's own random state is neither used nor changed.

    Parameters
    ----------
    size
        Its widths and levels.
    seed
        Decides the weights.

    Examples
    --------
    >>> import torch
    >>> tone = fresh_grid_net()(torch.full((1, 1, 20, 30), 50.0))
    >>> round(tone.centre.exp().item()), tuple(tone.exposure.shape)
    (50, (1, 8, 8, 8))
    """
    net = empty_grid_net(size or GridSize())
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if name.startswith("last.") or name.endswith("bias"):
                parameter.zero_()
            else:
                deviation = math.sqrt(2.0 / parameter[0].numel())
                parameter.normal_(0.0, deviation, generator=generator)
    return net
