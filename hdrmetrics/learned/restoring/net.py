"""The restoration network: a small U of convolutions over pixels of two by two."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hdrmetrics.errors import OptionError

MULTIPLE = 8
"""Sides of what the network takes are multiples of this: it halves three times."""

_WIDEST, _DEEPEST = 512, 16


@dataclass(frozen=True, slots=True)
class NetSize:
    """How large a restoration network is.

    Parameters
    ----------
    widths
        Channels at a half, a quarter and an eighth of the picture's size.
    middle
        Residual blocks at an eighth.

    Raises
    ------
    OptionError
        For numbers that no such network has.
    """

    widths: tuple[int, int, int] = (24, 48, 96)
    middle: int = 3

    def __post_init__(self) -> None:
        whole = all(type(one) is int for one in (*self.widths, self.middle))
        if not (whole and len(self.widths) == 3 and all(1 <= w <= _WIDEST for w in self.widths)):
            raise OptionError(f"three widths of 1 to {_WIDEST} channels, not {self.widths!r}")
        if not 1 <= self.middle <= _DEEPEST:
            raise OptionError(f"1 to {_DEEPEST} blocks in the middle, not {self.middle!r}")

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {**asdict(self), "widths": list(self.widths)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> NetSize:
        """Return the size that :meth:`to_dict` wrote.

        Raises
        ------
        OptionError
            If it is none.
        """
        try:
            return cls(tuple(data["widths"]), data["middle"])
        except (KeyError, TypeError) as error:
            raise OptionError(f"this is no size of a restoration network ({error!r})") from error


_COLOURS = ((1, 1, 1), (1, 0, -1), (1, -2, 1))  # grey, red against blue, green against both
_SQUARES = ((1, 1, 1, 1), (1, -1, 1, -1), (1, 1, -1, -1), (1, -1, -1, 1))  # Haar's
_USUAL = ((1.0, 0.11, 0.1, 0.05), (0.28, 0.024, 0.022, 0.008), (0.12, 0.012, 0.012, 0.005))
"""Deviations of these bands in photographs, by colour and square, about."""

_STEP, _LARGEST = 0.25, 0.03  # of these that an output of one stands for, and at most


def _bands() -> tuple[Tensor, Tensor]:
    """Return kernels ``(12, 12, 1, 1)`` from the pixels of a square to its bands, and back.

    Details of a photograph are a tenth of its shading and less: what learns from pixels has to
    learn first to leave the shading alone. Bands of about one deviation each are spared this.
    """
    colours, squares, usual = (
        torch.tensor(x, dtype=torch.float64, device="cpu") for x in (_COLOURS, _SQUARES, _USUAL)
    )
    colours /= colours.norm(dim=1, keepdim=True)
    turn, usual = torch.kron(colours, squares / 2), usual.flatten()
    there, back = turn / usual[:, None], turn.T * (_STEP * usual).clamp(max=_LARGEST)
    return there.float()[..., None, None], back.float()[..., None, None]


class Residual(nn.Module):
    """x + b(relu(a(x))) with two 3×3 convolutions.

    Parameters
    ----------
    width
        Channels.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.a = nn.Conv2d(width, width, 3, padding=1)
        self.b = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(N, C, H, W)`` of the same."""
        found: Tensor = x + self.b(F.relu(self.a(x)))
        return found


class Rise(nn.Module):
    """(1 + s)·x + t at a level, where s and t come from the level below.

    What is wrong with a picture is seen below, and decides on what is done above: sharpened or
    smoothed. A sum alone learns that much more slowly.

    Parameters
    ----------
    below, here
        Channels.
    """

    def __init__(self, below: int, here: int) -> None:
        super().__init__()
        self.both = nn.Conv2d(below, 8 * here, 1)

    def forward(self, below: Tensor, x: Tensor) -> Tensor:
        """Return ``(N, here, H, W)`` of ``(N, below, H/2, W/2)`` and of the same."""
        s, t = F.pixel_shuffle(self.both(below), 2).chunk(2, dim=1)
        found: Tensor = x + s * x + t
        return found


class RestorationNet(nn.Module):
    """Adds what is missing to a picture: ``x + U(x)``, where U begins as nothing.

    The picture is folded into 12 channels at half its size; two levels further down a few residual
    blocks see about 80 pixels to each side; on the way up each level steers the one above. There is
    no normalisation, so that a pixel's result depends on its surroundings alone, and no word on
    what is wrong: one network for all.

    Parameters
    ----------
    size
        Widths and depth.

    References
    ----------
    O. Ronneberger, P. Fischer, T. Brox, "U-Net", MICCAI 2015; K. Zhang, W. Zuo, L. Zhang,
    "FFDNet", IEEE TIP 27(9), 2018 (the folding); E. Perez et al., "FiLM", AAAI 2018 (the steering);
    B. Lim et al., "Enhanced deep residual networks", CVPR workshops 2017 (blocks without
    normalisation).
    """

    def __init__(self, size: NetSize | None = None) -> None:
        super().__init__()
        self.size = size or NetSize()
        a, b, c = self.size.widths
        bands, pixels = _bands()
        self.bands: Tensor
        self.pixels: Tensor
        self.register_buffer("bands", bands, persistent=False)
        self.register_buffer("pixels", pixels, persistent=False)
        self.first = nn.Conv2d(12, a, 3, padding=1)
        self.down_a, self.to_b = Residual(a), nn.Conv2d(a, b, 2, stride=2)
        self.down_b, self.to_c = Residual(b), nn.Conv2d(b, c, 2, stride=2)
        self.middle = nn.Sequential(*(Residual(c) for _ in range(self.size.middle)))
        self.from_c, self.up_b = Rise(c, b), Residual(b)
        self.from_b, self.up_a = Rise(b, a), Residual(a)
        self.last = nn.Conv2d(a, 12, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        """Return the restored picture, not yet clipped.

        Parameters
        ----------
        image
            ``(N, 3, H, W)`` in [0, 1], sides multiples of :data:`MULTIPLE`.
        """
        return self.add(image, *self.look(image))

    def look(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return what the three levels know of a picture, the last at an eighth of its size."""
        a = self.down_a(self.first(self.split(image)))
        b = self.down_b(self.to_b(a))
        return a, b, self.middle(self.to_c(b))

    def split(self, image: Tensor) -> Tensor:
        """Return the bands ``(N, 12, H/2, W/2)`` of a picture."""
        return F.conv2d(F.pixel_unshuffle(image - 0.5, 2), self.bands)

    def add(self, image: Tensor, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
        """Return a picture with what its levels say that it lacks."""
        found: Tensor = F.conv2d(self.rise(a, b, c)[-1], self.pixels)
        return image + F.pixel_shuffle(found, 2).to(image.dtype)

    def rise(self, a: Tensor, b: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return what two levels know once those below steered them, and the bands to be added."""
        b = self.up_b(self.from_c(c, b))
        a = self.up_a(self.from_b(b, a))
        return b, a, self.last(a)

    @property
    def reach(self) -> int:
        """How many pixels to each side a result depends on at most, in multiples of 8."""
        # Two 3×3 convolutions of each block, in pixels of its level; folding and halving see no
        # further than their own squares, which the multiple of 8 covers.
        pixels = 2 * (1 + 2 + 2 + 1) + 4 * (2 + 2) + 8 * 2 * self.size.middle
        return -(-(pixels + MULTIPLE) // MULTIPLE) * MULTIPLE


def empty_net(size: NetSize | None = None, device: str = "cpu") -> RestorationNet:
    """Return a network whose weights are still to be filled in.

    torch's own random state is neither used nor changed.

    Parameters
    ----------
    size
        Widths and depth.
    device
        Where; ``meta`` takes no memory.
    """
    with torch.device("meta"):
        net = RestorationNet(size)
    if device != "meta":
        net.to_empty(device=device)
        for own, fixed in zip((net.bands, net.pixels), _bands(), strict=True):
            own.copy_(fixed)
    return net


def fresh_net(size: NetSize | None = None, seed: int = 0) -> RestorationNet:
    """Return a network that is the identity: drawn weights, but those of the last layer zero.

    Each layer has normal weights of variance 2/fan-in, the second of a block a tenth of that, so
    that blocks begin near the identity too. torch's own random state is neither used nor changed.

    Parameters
    ----------
    size
        Widths and depth.
    seed
        Decides the weights.

    References
    ----------
    K. He et al., "Delving deep into rectifiers", ICCV 2015.
    """
    net = empty_net(size)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if name.startswith("last.") or name.endswith("bias"):
                parameter.zero_()
            else:
                gain = 2.0 if name.endswith(".a.weight") else 1.0
                deviation = (gain / parameter[0].numel()) ** 0.5
                deviation *= 0.3 if name.endswith(".b.weight") else 1.0
                parameter.normal_(0.0, deviation, generator=generator)
    return net
