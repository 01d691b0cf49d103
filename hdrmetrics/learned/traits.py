"""What a picture is like as a whole, measured directly: its light, its empty and its odd parts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from hdrmetrics.learned.fronts.pixels import Kind
from hdrmetrics.photometry.color import luminance
from hdrmetrics.photometry.transfer import pu21_encode, srgb_encode

NAMES = (
    "least", "low", "middle", "high", "peak", "chroma", "flat", "equal", "steps", "dark", "full",
    "contrast", "fine", "tilt", "grid", "uneven", "decoded",
)  # fmt: skip
"""The luminance codes under which 0.1, 10, 50, 90 and 99.9 % of the pixels lie; mean saturation;
the part of the cells without structure; of neighbours that are equal, and that differ by over a
quarter; of pixels next to black, and at the largest value; the mean logarithm of the structure of
the other cells, of how much finer detail they hold, how structure grows with the level; and the
part of values on an even grid, as whole numbers leave it: of codes those of 10 or 16 bits, of light
any of up to 256 levels, for all or for none; how much the fineness of detail differs from cell to
cell, as it does where a part is out of focus; and of codes the part that the sRGB curve, or a power
of 1/2.2, brings to whole numbers of 8 bits: it is the light of a photograph."""

CELL, BLOCK = 16, 4
FLAT = 0.004
"""Deviation of the codes of a cell, of means over 4 px, under which it holds no structure: one
step of 8 bits. Noise of up to four of them does not count."""

_SHARES = (0.001, 0.1, 0.5, 0.9, 0.999)
_WHITE = 256.0  # PU21 of an SDR display's white, as in the front end
_EQUAL, _STEP, _DARK = 1e-4, 0.25, 0.01
_SKIP = 4  # every fourth row tells as much of single pixels as all
_GRIDS, _NEAR, _EDGE = (65535, 1023), 0.02, 0.01  # of 8 bits are of 16, too
_FEWEST, _LEVELS, _EVEN = 12, 256, 0.1
_TOE = 0.05  # codes under which both curves are nearly one
_SAMPLE = 1 << 16
_STRIP = 1 << 18  # pixels at a time: the temporaries then stay in the cache
_FINE_BITS = 17  # of a float32 that are left out: 64 bins an octave remain
_BINS = 1 << (31 - _FINE_BITS)
_TINY = 1e-6


def _parts() -> Tensor:
    """Return the filters ``(3, 1, n, n)`` of a cell's blocks: their mean, and their slopes."""
    count = CELL // BLOCK
    line = torch.arange(count, dtype=torch.float32) - (count - 1) / 2
    line = line / line.square().mean().sqrt()
    flat = torch.ones(count)
    pairs = [torch.outer(flat, flat), torch.outer(line, flat), torch.outer(flat, line)]
    return torch.stack(pairs)[:, None] / count**2


_PARTS = _parts()


@dataclass(frozen=True, slots=True)
class Traits:
    """Measurements of one picture.

    Parameters
    ----------
    values
        By :data:`NAMES`, finite.
    peak
        The 99.9th percentile of luminance: cd/m², or a code.
    """

    values: tuple[float, ...]
    peak: float

    def __getitem__(self, name: str) -> float:
        """Return one of :data:`NAMES`."""
        return self.values[NAMES.index(name)]


@torch.no_grad()
def measure(picture: Tensor, kind: Kind) -> Traits:
    """Return the traits of a picture.

    Parameters
    ----------
    picture
        ``(1, H, W)`` or ``(3, H, W)``, sides of at least 16 px: cd/m² or codes in [0, 1].
    kind
        Which of the two.

    Notes
    -----
    One pass over strips of bounded size. Percentiles of all pixels come from a histogram of 64
    bins an octave, so they are right to one percent; what single pixels are like comes from every
    fourth row.
    """
    picture = picture.detach()
    height, width = picture.shape[-2:]
    rows = max(1, _STRIP // (width * CELL)) * CELL
    top = float(picture.amax())
    count = torch.zeros(_BINS, dtype=torch.int64)
    sums = np.zeros(5)
    cells: list[NDArray[np.float64]] = []
    for first in range(0, height, rows):
        strip = picture[:, first : first + rows].to("cpu", torch.float32).clamp(min=0.0)
        grey = luminance(strip[None])[0, 0]
        count += torch.bincount(_bins(grey), minlength=_BINS)
        code = pu21_encode(grey).div_(_WHITE) if kind == "light" else grey
        sums += _pixels(strip[:, ::_SKIP], code[::_SKIP], top)
        if strip.shape[-2] >= CELL:
            cells.append(_cells(code))
    quantiles = _quantiles(count)
    codes = pu21_encode(torch.tensor(quantiles)) / _WHITE if kind == "light" else quantiles
    lines = -(-height // _SKIP)
    pairs, pixels = lines * (width - 1), lines * width
    equal, steps = (float(x) / pairs for x in sums[:2])
    dark, full, chroma = (float(x) / pixels for x in sums[2:])
    flat, contrast, fine, tilt, uneven = _structure(np.concatenate(cells, axis=1))
    values = (
        *(float(x) for x in codes), chroma, flat, equal, steps, dark, full, contrast, fine, tilt,
        _grid(picture, kind), uneven, _decoded(picture) if kind == "code" else 0.0,
    )  # fmt: skip
    return Traits(values, float(quantiles[-1]))


def _structure(cells: NDArray[np.float64]) -> tuple[float, ...]:
    """Return the flat part, contrast, fineness, tilt and unevenness of :func:`_cells`."""
    level, coarse, within = cells
    busy = coarse > FLAT**2
    flat = 1.0 - float(busy.mean())
    if not busy.any():
        return flat, 0.0, 0.0, 0.0, 0.0
    structure = np.log(coarse[busy]) / 2
    detail = np.log((within[busy] + _TINY) / coarse[busy]) / 2
    # Where all cells are alike, nothing grows.
    both = float((structure * (level[busy] - level[busy].mean())).mean())
    tilt = both / (float(level[busy].var()) + 1e-3)
    return flat, float(structure.mean()) + 3.0, float(detail.mean()), tilt, float(detail.std())


def _pixels(strip: Tensor, code: Tensor, top: float) -> NDArray[np.float64]:
    slopes = (code[:, 1:] - code[:, :-1]).abs_()
    most, least = strip.amax(dim=0), strip.amin(dim=0)
    # Black is no colour: a little is added, as much as noise there.
    chroma = (most - least) / (most + 0.01 * max(top, _TINY))
    found = [
        (slopes < _EQUAL).sum(), (slopes > _STEP).sum(), (code < _DARK).sum(),
        (most >= 0.999 * top).sum(), chroma.double().sum(),
    ]  # fmt: skip
    return np.array([float(x) for x in found])


def _grid(picture: Tensor, kind: Kind) -> float:
    """Return the part of values on an even grid, from a sample of one channel."""
    values = _sample(picture)
    if kind == "code":
        inside = values[(values > _EDGE) & (values < 1 - _EDGE)]
        near = [(inside * most - (inside * most).round()).abs() < _NEAR for most in _GRIDS]
        return float((near[0] | near[1]).double().mean()) if len(inside) else 1.0
    found = np.unique(values.numpy())
    if not _FEWEST <= len(found) <= _LEVELS:
        return 0.0
    places = found / np.diff(found).min()
    return float(np.abs(places - np.round(places)).max() < _EVEN)


def _decoded(picture: Tensor) -> float:
    """Return the part of values that were whole numbers of 8 bits before a curve was undone."""
    values = _sample(picture)
    if len(torch.unique(values)) < _FEWEST:
        return 0.0
    parts = []
    for curve in (srgb_encode(values), values.pow(1 / 2.2)):
        inside = curve[(curve > _TOE) & (curve < 1 - _EDGE)] * 255
        near = (inside - inside.round()).abs() < _NEAR
        parts.append(float(near.double().mean()) if len(inside) >= _FEWEST else 0.0)
    return max(parts)


def _sample(picture: Tensor) -> Tensor:
    """Return values ``(n,)`` of one channel, evenly over the picture."""
    height, width = picture.shape[-2:]
    apart = max(1, math.ceil((height * width / _SAMPLE) ** 0.5))
    return picture[picture.shape[0] // 2, ::apart, ::apart].flatten().double().cpu()


def _cells(code: Tensor) -> NDArray[np.float64]:
    """Return mean, variance of blocks, and mean variance within blocks, of cells ``(3, n)``."""
    rows, columns = (size // CELL * CELL for size in code.shape)
    own = code[None, None, :rows, :columns]
    blocks, squares = F.avg_pool2d(own, BLOCK), F.avg_pool2d(own.square(), BLOCK)
    within = F.avg_pool2d((squares - blocks.square()).clamp_(min=0.0), CELL // BLOCK)
    parts = F.conv2d(blocks, _PARTS, stride=CELL // BLOCK)
    mean, slopes = parts[:, :1], parts[:, 1:].square().sum(dim=1, keepdim=True)
    # A slope that is even over the cell is no structure: shading, a sky, what is out of focus.
    spread = F.avg_pool2d(blocks.square(), CELL // BLOCK) - mean.square() - slopes
    joint = torch.cat([mean, spread.clamp_(min=0.0), within], dim=1)
    return joint[0].flatten(1).double().numpy()


def _bins(grey: Tensor) -> Tensor:
    """Return the first bits of positive floats, which grow with their logarithm, ``(n,)``."""
    return (grey.contiguous().view(torch.int32) >> _FINE_BITS).flatten()


def _quantiles(count: Tensor) -> NDArray[np.float32]:
    total = np.cumsum(count.numpy())
    places = np.searchsorted(total, np.array(_SHARES) * total[-1], side="left")
    middle = (places.astype(np.int32) << _FINE_BITS) + (1 << (_FINE_BITS - 1))
    found = middle.view(np.float32)
    return np.where(places == 0, np.float32(0), found)
