"""Following the gradient of a score on the pixels of pictures, held back in several ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, pad

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.numerics.filters import gaussian_taps, separable_filter
from hdrmetrics.photometry.transfer import pu21_decode, pu21_encode

STEPS, RATE, EVERY = 100, 0.5 / 255, 10
_TAPS_RATE = 0.01
_WHITE = 256.0  # PU21 of 100 cd/m²: pixels of light are changed on a scale like that of codes
_LIGHT = 0.005, 10_000.0

Loss = Callable[[Tensor], Tensor]
"""Loss per picture of a batch, of light or codes."""

Penalty = Callable[[Tensor, Tensor], Tensor]
"""What a change costs per picture, of the picture on the scale it is changed on, and the start."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way of following a gradient.

    Parameters
    ----------
    penalty
        Added to the loss.
    augmented
        Whether the loss sees the picture shifted, mirrored, turned and with faint noise, drawn anew
        at each step.
    coarse
        Factor by which the change is smaller than the picture, interpolated.
    smooth
        Standard deviation in pixels of a Gaussian over the gradient; 0 for none.
    taps
        Side of the one filter that makes the change of a whole picture; 0 where pixels change each
        for itself.
    """

    penalty: Penalty | None = field(default=None, compare=False)
    augmented: bool = False
    coarse: int = 1
    smooth: float = 0.0
    taps: int = 0


def scaled(picture: Tensor, domain: PixelDomain) -> Tensor:
    """Return light or codes on the scale that they are changed on: PU21 / 256, or codes."""
    return pu21_encode(picture) / _WHITE if domain == "hdr" else picture


def unscaled(x: Tensor, domain: PixelDomain) -> Tensor:
    """Undo :func:`scaled`."""
    return pu21_decode(x * _WHITE) if domain == "hdr" else x


def bounds(domain: PixelDomain) -> tuple[float, float]:
    """Return between which values of the scale pixels stay."""
    if domain == "sdr":
        return 0.0, 1.0
    ends = pu21_encode(torch.tensor(_LIGHT)) / _WHITE
    return float(ends[0]), float(ends[1])


def follow(
    loss: Loss, start: Tensor, domain: PixelDomain, way: Way, *, steps: int = STEPS
) -> list[Tensor]:
    """Return pictures ``(N, 3, h, w)`` after each ten Adam steps, the start first.

    Parameters
    ----------
    loss
        Of light or codes.
    start
        On the scale of :func:`scaled`.
    domain, way
        What pixels are, and how their gradient is followed.
    """
    low, high = bounds(domain)
    size = (start.shape[-2], start.shape[-1])
    small = (size[0] // way.coarse, size[1] // way.coarse)
    shape = (len(start), 1, way.taps, way.taps) if way.taps else (*start.shape[:2], *small)
    change = torch.zeros(shape, requires_grad=True)
    optimiser = torch.optim.Adam([change], lr=_TAPS_RATE if way.taps else RATE)
    draws = torch.Generator().manual_seed(0)
    found = [start.clone()]

    def picture() -> Tensor:
        own = filtered(start, change) if way.taps else change
        if way.coarse > 1:
            own = interpolate(change, size=size, mode="bilinear", align_corners=False)
        return (start + own).clamp(low, high)

    for step in range(1, steps + 1):
        x = picture()
        seen = augment(x, draws).clamp(low, high) if way.augmented else x
        total = loss(unscaled(seen, domain)).sum()
        if way.penalty is not None:
            total = total + way.penalty(x, start).sum()
        optimiser.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        if way.smooth:
            assert change.grad is not None
            taps = gaussian_taps(2 * round(3 * way.smooth) + 1, way.smooth)
            change.grad = separable_filter(change.grad, taps, border="replicate")
        optimiser.step()
        if step % EVERY == 0:
            with torch.no_grad():
                found.append(picture().clone())
    return found


def filtered(start: Tensor, taps: Tensor) -> Tensor:
    """Return pictures ``(N, 3, h, w)`` correlated with a filter each, ``(N, 1, k, k)``."""
    count, channels, height, width = start.shape
    edge = taps.shape[-1] // 2
    wide = pad(start, (edge,) * 4, mode="replicate").reshape(
        1, count * channels, height + 2 * edge, -1
    )
    own = taps.repeat_interleave(channels, dim=0)
    return conv2d(wide, own, groups=count * channels).reshape(count, channels, height, width)


def augment(x: Tensor, draws: torch.Generator) -> Tensor:
    """Return pictures cut off by up to 16 px at one corner, mirrored, turned, and faintly noisy."""
    down, across, mirrored, turned = (
        int(torch.randint(n, (), generator=draws)) for n in (17, 17, 2, 2)
    )
    height, width = x.shape[-2:]
    x = x[..., down : height - 16 + down, across : width - 16 + across]
    if mirrored:
        x = x.flip(-1)
    if turned:
        x = x.transpose(-1, -2)
    noise = torch.empty(x.shape).normal_(0, 1 / 255, generator=draws)
    return x + noise


def pull(weight: float) -> Penalty:
    """Return the mean square of the change."""
    return lambda x, start: weight * (x - start).square().mean(dim=(1, 2, 3))


def variation(weight: float) -> Penalty:
    """Return the mean slope of the change: its total variation per pixel."""

    def cost(x: Tensor, start: Tensor) -> Tensor:
        change = x - start
        parts = (change.diff(dim=dim).abs().mean(dim=(1, 2, 3)) for dim in (-1, -2))
        return weight * sum(parts, torch.zeros(len(x)))

    return cost


def stopped(judge: Loss, path: Sequence[Tensor], domain: PixelDomain) -> list[int]:
    """Return for each picture of a path where a judge that was never followed would stop it.

    Before the first ten steps after which its loss is larger than before them.
    """
    with torch.no_grad():
        said = torch.stack([judge(unscaled(x, domain)) for x in path])
    worse = said[1:] > said[:-1]
    return [int(one.nonzero()[0]) if one.any() else len(path) - 1 for one in worse.T]
