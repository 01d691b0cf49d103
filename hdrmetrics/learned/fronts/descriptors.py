"""Fixed descriptors of the cells of a picture: what natural light obeys, and artefacts do not.

Blur, noise, blocking and banding show in how strong detail is, how it is distributed and how
neighbours agree: relations (logarithms, quotients, products of neighbours) that small
convolutional networks learn slowly. Here they are measured, over cells of 16 px at three octaves,
and networks learn from there.

References
----------
A. Mittal et al., "No-reference image quality assessment in the spatial domain" (BRISQUE), IEEE TIP
21(12), 2012; D. L. Ruderman, "The statistics of natural images", Network 5(4), 1994.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.numerics.pieces import pieces_pay

CELL = 16
"""Side of a cell in pixels."""

MARGIN = 16
"""Pixels at each border that belong to no cell: what lies in cells sees nothing but the picture."""

OCTAVES = 3

_FAINT = 1e-7  # energy of detail that counts as nothing: a tenth of an 8-bit step
_SMALL = 1e-6  # energy under which quotients fade
_STEP = 500.0  # slopes under 1/500 are flat: half an 8-bit step
_DARK, _LIGHT, _EDGE = 0.01, 1.0, 0.01  # codes next to black and to the display's white
_LAGS = (2, 3)
_GRID_LAGS = (7, 8)  # blocks of 8 px agree with the next block, not with one 7 px away
_PART = 1 << 18  # pixels at a time: the temporaries then stay in the cache


def _names() -> Iterator[str]:
    yield from ("level", "contrast", "dark", "light")
    for octave in range(OCTAVES):
        yield from (f"{name}{octave}" for name in ("fine", "middle", "peaky", "heavy", "peakym"))
        yield from (f"{name}{octave}" for name in ("next-x", "next-y", "next-d", "next-e"))
        if octave < OCTAVES - 1:
            yield from (f"lag{lag}-{axis}{octave}" for lag in _LAGS for axis in "xy")
        yield from (f"{name}-{axis}{octave}" for name in ("slope", "flat") for axis in "xy")
    yield from (f"grid{lag}-{axis}" for lag in _GRID_LAGS for axis in "xy")
    yield from (f"{name}-{axis}" for name in ("plateau", "brink") for axis in "xy")


NAMES = tuple(_names())
"""Of one picture: mean and variance of the code; parts next to black and white; by octave the
energy of two bands of detail, their shapes, the correlation of fine detail with its neighbours
(x, y and both diagonals), slopes and flat parts; agreement 8 px on against 7; runs of equal codes,
and steps beside them."""

CHROMA_NAMES = ("red", "blue", "colourful")
"""Mean red and blue against luminance, and the variance of both."""

PAIR_NAMES = (
    *(f"{name}-{band}{octave}" for octave in range(OCTAVES) for band in ("fine", "middle")
      for name in ("error", "agreement")),
    *(f"error-slope{octave}" for octave in range(OCTAVES)),
    "error-level", "error-code", "error-coarse", "agreement-code",
)  # fmt: skip
"""Of two pictures: by band the energy of their difference and their correlation; the differences
of slopes, of the mean, of the code and of the code four octaves down; the correlation of the code
within the cell."""


@dataclass(frozen=True, slots=True)
class _Octave:
    """A level of the pyramid: code, its two bands, its slopes, and where its first pixel lies."""

    number: int
    code: Tensor
    fine: Tensor
    middle: Tensor
    slopes: tuple[Tensor, Tensor]

    def cells(self, values: Tensor, lost: int, shape: tuple[int, int]) -> Tensor:
        """Return the means over cells of a map that lost some pixels at the top left."""
        side = CELL >> self.number
        # Octave k begins 2·(2^k − 1) px inside the picture, on a grid of 2^k px.
        start = MARGIN / 2**self.number - 2.0 * (1.0 - 0.5**self.number) - lost
        first = int(start + 0.5)
        height, width = shape[0] * side, shape[1] * side
        own = values[..., first : first + height, first : first + width]
        # Rows first: adding whole rows up is several times faster than pooling.
        batch = own.shape[:2]
        rows = own.reshape(*batch, shape[0], side, width).sum(dim=-2)
        return rows.reshape(*batch, *shape, side).sum(dim=-1) / side**2


def cell_shape(height: int, width: int) -> tuple[int, int]:
    """Return the numbers of cells of a picture, down and across."""
    return (height - 2 * MARGIN) // CELL, (width - 2 * MARGIN) // CELL


def describe(code: Tensor) -> Tensor:
    """Return the descriptors of a picture's cells.

    Parameters
    ----------
    code
        ``(N, 1, H, W)``: display codes, or PU21 over 256; sides of at least 48 px.

    Returns
    -------
    Tensor
        ``(N, C, h, w)``, h and w of :func:`cell_shape`, of about unit scale; channels as
        :data:`NAMES`.
    """
    return in_strips(lambda parts: torch.cat(_describe(parts[0]), dim=1), [code])


def describe_pair(test: Tensor, reference: Tensor) -> Tensor:
    """Return how two pictures differ in each cell, ``(N, C, h, w)``; channels as PAIR_NAMES.

    Parameters
    ----------
    test, reference
        Codes as for :func:`describe`, of one shape.
    """
    return in_strips(lambda parts: torch.cat(_describe_pair(*parts), dim=1), [test, reference])


def in_strips(work: Callable[[list[Tensor]], Tensor], parts: list[Tensor]) -> Tensor:
    """Work through pictures ``(N, C, H, W)`` in parts whose temporaries stay in the cache.

    Parameters
    ----------
    work
        Makes cells ``(N, C, h, w)`` of parts of the pictures.
    parts
        The pictures, all of one height and width.
    """
    first = parts[0]
    (rows, columns), count = cell_shape(*first.shape[-2:]), first.shape[0]
    most = max(1, _PART // (max(columns, 1) * CELL**2))  # rows of cells of one picture
    if not pieces_pay(*parts) or count * rows <= most:
        return work(parts)
    if rows <= most:
        together = max(1, most // rows)
        found = [
            work([part[at : at + together] for part in parts]) for at in range(0, count, together)
        ]
        return torch.cat(found)
    strips = []
    for top in range(0, rows, most):
        span = slice(top * CELL, (top + min(most, rows - top)) * CELL + 2 * MARGIN)
        strips.append(in_strips(work, [part[..., span, :] for part in parts]))
    return torch.cat(strips, dim=-2)


def _octaves(code: Tensor) -> Iterator[_Octave]:
    for number in range(OCTAVES):
        once = blur(code)
        twice = blur(once)
        fine, middle = code[..., 1:-1, 1:-1] - once, once[..., 1:-1, 1:-1] - twice
        yield _Octave(number, code, fine, middle, _differences(code))
        code = twice[..., ::2, ::2]


def _describe(code: Tensor) -> list[Tensor]:
    shape = cell_shape(*code.shape[-2:])
    found: list[Tensor] = []
    for octave in _octaves(code):
        if octave.number == 0:
            found += _levels(octave, shape)
        found += _detail(octave, shape)
        found += _slopes(octave, shape)
        if octave.number == 0:
            late = [*_grid(octave, shape), *_plateaus(octave, shape)]
    return found + late


def _levels(octave: _Octave, shape: tuple[int, int]) -> list[Tensor]:
    code = octave.code
    mean = octave.cells(code, 0, shape)
    variance = (octave.cells(code.square(), 0, shape) - mean.square()).clamp(min=0.0)
    dark = octave.cells(_near(code, 1.0 / _DARK), 0, shape)
    light = octave.cells(_near((_LIGHT - code).clamp(min=0.0), 1.0 / _EDGE), 0, shape)
    return [(mean - 0.5) / 0.25, ((variance + _SMALL).log() + 6.0) / 2.5, 4 * dark, 4 * light]


def _detail(octave: _Octave, shape: tuple[int, int]) -> list[Tensor]:
    fine, middle = octave.fine, octave.middle
    square = fine.square()
    energy = octave.cells(square, 1, shape)
    energy_middle = octave.cells(middle.square(), 2, shape)
    share = 1.0 / (energy + _SMALL)
    peaky = octave.cells(fine.abs(), 1, shape) * share.sqrt()
    heavy = octave.cells(square.square(), 1, shape) * share.square()
    peaky_middle = octave.cells(middle.abs(), 2, shape) * (energy_middle + _SMALL).rsqrt()
    found = [
        _log_energy(energy),
        _log_energy(energy_middle),
        (peaky - 0.7) / 0.16,
        (heavy + 0.05).log() - 1.0,
        (peaky_middle - 0.7) / 0.16,
    ]
    lags = [(0, 1), (1, 0), (1, 1), (1, -1)]
    if octave.number < OCTAVES - 1:
        lags += [lag for k in _LAGS for lag in ((0, k), (k, 0))]
    for down, right in lags:
        product = _shifted(fine, down, right)
        found.append(octave.cells(product, 1, shape) * share / 0.35)
    return found


def _slopes(octave: _Octave, shape: tuple[int, int]) -> list[Tensor]:
    slopes = octave.slopes
    energies = [_log_energy(octave.cells(slope.square(), 0, shape)) for slope in slopes]
    return energies + [octave.cells(_near(slope, _STEP), 0, shape) / 0.25 - 1.0 for slope in slopes]


def _grid(octave: _Octave, shape: tuple[int, int]) -> list[Tensor]:
    along = [slope.abs() for slope in octave.slopes]
    shares = [1.0 / (octave.cells(slope.square(), 0, shape) + _SMALL) for slope in along]
    return [
        (octave.cells(_shifted(slope, *step), 0, shape) * share - 0.5) / 0.5
        for lag in _GRID_LAGS
        for slope, share, step in zip(along, shares, ((0, lag), (lag, 0)), strict=True)
    ]


def _plateaus(octave: _Octave, shape: tuple[int, int]) -> list[Tensor]:
    runs, brinks = [], []
    for slope, axis in zip(octave.slopes, (-1, -2), strict=True):
        flat, size = _near(slope, _STEP), slope.shape[axis]
        pair = flat.narrow(axis, 1, size - 1) * flat.narrow(axis, 0, size - 1)
        four = pair.narrow(axis, 0, size - 3) * pair.narrow(axis, 2, size - 3)
        runs.append(octave.cells(four, 0, shape) / 0.25 - 1.0)
        # A slope between two flat pixels on one of its sides: where a plateau ends.
        inner = slope.narrow(axis, 2, size - 4).square()
        sides = pair.narrow(axis, 0, size - 4) + pair.narrow(axis, 3, size - 4)
        # Both axes lose two pixels, so that the cells stay where they are.
        edge = (inner * sides).narrow(-3 - axis, 2, slope.shape[-3 - axis] - 4)
        brinks.append(_log_energy(octave.cells(edge, 2, shape)))
    return runs + brinks


def describe_chroma(chroma: Tensor) -> Tensor:
    """Return the colour of a picture's cells, ``(N, 3, h, w)``; channels as :data:`CHROMA_NAMES`.

    Parameters
    ----------
    chroma
        ``(N, 2, H, W)``: red and blue against luminance in [-1, 1].
    """
    shape = cell_shape(*chroma.shape[-2:])
    first, side = MARGIN, (shape[0] * CELL, shape[1] * CELL)
    inner = chroma[..., first : first + side[0], first : first + side[1]]
    mean = F.avg_pool2d(inner, CELL)
    energy = F.avg_pool2d(inner.square().sum(dim=1, keepdim=True), CELL)
    spread = (energy - mean.square().sum(dim=1, keepdim=True)).clamp(min=0.0)
    return torch.cat([mean / 0.35, ((spread + 1e-5).log() + 5.5) / 2.5], dim=1)


def _describe_pair(test: Tensor, reference: Tensor) -> list[Tensor]:
    shape = cell_shape(*test.shape[-2:])
    bands: list[Tensor] = []
    slopes: list[Tensor] = []
    for a, b in zip(_octaves(test), _octaves(reference), strict=True):
        if a.number == 0:
            codes = _compare_codes(a, b, shape)
        for x, y, lost in ((a.fine, b.fine, 1), (a.middle, b.middle, 2)):
            error = a.cells((x - y).square(), lost, shape)
            energies = [a.cells(band.square(), lost, shape) for band in (x, y)]
            both = a.cells(x * y, lost, shape)
            scale = (energies[0] + _SMALL) * (energies[1] + _SMALL)
            bands += [_log_energy(error), both * scale.rsqrt() / 0.5 - 1.0]
        ends = zip(a.slopes, b.slopes, strict=True)
        errors = [a.cells((x - y).square(), 0, shape) for x, y in ends]
        slopes.append(_log_energy(0.5 * (errors[0] + errors[1])))
        last = a, b
    coarse = last[0].cells(blur(blur(last[0].code - last[1].code)).square(), 2, shape)
    return [*bands, *slopes, *codes[:2], _log_energy(coarse), codes[2]]


def _compare_codes(a: _Octave, b: _Octave, shape: tuple[int, int]) -> list[Tensor]:
    means = [one.cells(one.code, 0, shape) for one in (a, b)]
    energies = [one.cells(one.code.square(), 0, shape) for one in (a, b)]
    spreads = [
        (energy - mean.square()).clamp(min=0.0)
        for energy, mean in zip(energies, means, strict=True)
    ]
    both = a.cells(a.code * b.code, 0, shape) - means[0] * means[1]
    error = a.cells((a.code - b.code).square(), 0, shape)
    scale = (spreads[0] + _SMALL) * (spreads[1] + _SMALL)
    shift = means[0] - means[1]
    return [
        _log_energy(shift.square()),
        _log_energy(error),
        both * scale.rsqrt() / 0.5 - 1.0,
    ]


def _log_energy(energy: Tensor) -> Tensor:
    return ((energy + _FAINT).log() + 9.0) / 2.5


def _near(x: Tensor, scale: float) -> Tensor:
    """Return 1 where x is nothing, falling to one half at 1/scale."""
    return x.square().mul_(scale**2).add_(1.0).reciprocal_()  # in place: few temporaries


def _differences(code: Tensor) -> tuple[Tensor, Tensor]:
    return code[..., :, 1:] - code[..., :, :-1], code[..., 1:, :] - code[..., :-1, :]


def _shifted(x: Tensor, down: int, right: int) -> Tensor:
    """Return the products of pixels with those some steps down and to the right (or left)."""
    height, width = x.shape[-2:]
    upper, lower = x[..., : height - down, :], x[..., down:, :]
    if right >= 0:
        return upper[..., : width - right] * lower[..., right:]
    return upper[..., -right:] * lower[..., : width + right]


def blur(x: Tensor) -> Tensor:
    """Blur by (1, 2, 1)/4 both ways, without the outermost pixels."""
    for _ in range(2):  # (1, 1) twice
        x = x[..., 1:] + x[..., :-1]
    for _ in range(2):
        x = x[..., 1:, :] + x[..., :-1, :]
    return x.mul_(1 / 16)
