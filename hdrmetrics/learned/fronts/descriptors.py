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

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.learned.fronts.cells import (
    BEFORE,
    CELL,
    DARK,
    EDGE,
    FAR_LAGS,
    GRID_LAGS,
    LIGHT,
    MARGIN,
    OCTAVES,
    STEP,
    cell_shape,
    first_pixel,
    lags,
)
from hdrmetrics.learned.fronts.quick import measure
from hdrmetrics.numerics.pieces import pieces_pay

_FAINT = 1e-7  # energy of detail that counts as nothing: a tenth of an 8-bit step
_SMALL = 1e-6  # energy under which quotients fade
_PART = 1 << 18  # pixels at a time: the temporaries then stay in the cache
_Span = tuple[int, int]  # pixels before and after
_NONE: _Span = 0, 0


def _names() -> Iterator[str]:
    yield from ("level", "contrast", "dark", "light")
    for octave in range(OCTAVES):
        yield from (f"{name}{octave}" for name in ("fine", "middle", "peaky", "heavy", "peakym"))
        yield from (f"{name}{octave}" for name in ("next-x", "next-y", "next-d", "next-e"))
        if octave < OCTAVES - 1:
            yield from (f"lag{lag}-{axis}{octave}" for lag in FAR_LAGS for axis in "xy")
        yield from (f"{name}-{axis}{octave}" for name in ("slope", "flat") for axis in "xy")
    yield from (f"grid{lag}-{axis}" for lag in GRID_LAGS for axis in "xy")
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
    """A level of the pyramid: code, blurred once and twice, and where its cells lie.

    Whatever is measured is cut out first: of a strip of pixels a large part is margin.
    """

    number: int
    code: Tensor
    once: Tensor
    twice: Tensor
    shape: tuple[int, int]

    @property
    def side(self) -> int:
        """Pixels of a cell."""
        return CELL >> self.number

    def cut(
        self,
        x: Tensor,
        lost: int = 0,
        down: tuple[int, int] = _NONE,
        right: tuple[int, int] = _NONE,
    ) -> Tensor:
        """Return the cells' part of a map that lost some pixels at the top left.

        With some pixels more before and after it, down and to the right.
        """
        first = first_pixel(self.number) - lost
        rows, columns = (
            slice(first - before, first + count * self.side + after)
            for count, (before, after) in zip(self.shape, (down, right), strict=True)
        )
        return x[..., rows, columns]

    def fine(self, reach: int = 0) -> Tensor:
        """Return the finest detail of the cells, and of some pixels below and to the right."""
        more = 0, reach
        return self.cut(self.code, 0, more, more) - self.cut(self.once, 1, more, more)

    def middle(self) -> Tensor:
        """Return the next band of the cells."""
        return self.cut(self.once, 1) - self.cut(self.twice, 2)

    def slopes(self, before: int = 0, after: int = 0) -> tuple[Tensor, Tensor]:
        """Return the steps to the next pixel of the cells, right and down, and some along them."""
        more = before, after + 1
        return (
            self.cut(self.code, right=more).diff(dim=-1),
            self.cut(self.code, down=more).diff(dim=-2),
        )

    def inside(self, x: Tensor, down: int = 0, right: int = 0) -> Tensor:
        """Return as much as the cells have, from some pixels below and to the right on."""
        height, width = (count * self.side for count in self.shape)
        return x[..., down : down + height, right : right + width]

    def mean(self, values: Tensor) -> Tensor:
        """Return the means over cells of a map of them."""
        return self.means([values])[0]

    def means(self, maps: Iterable[Tensor]) -> tuple[Tensor, ...]:
        """Return the means over cells of maps of them, which may be made one after the other."""
        # Rows first: adding whole rows up is several times faster than pooling.
        rows = torch.stack(
            [one.reshape(*one.shape[:2], self.shape[0], self.side, -1).sum(dim=-2) for one in maps]
        )
        cells = rows.reshape(*rows.shape[:3], *self.shape, self.side).sum(dim=-1) / self.side**2
        return cells.unbind()


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
    if pieces_pay(code):
        return described(measure(code, "code", chroma=False, seams=False).detail)
    return described(measured(code))


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
    shape = cell_shape(*code.shape[-2:])
    for number in range(OCTAVES):
        once = blur(code)
        twice = blur(once)
        yield _Octave(number, code, once, twice, shape)
        code = twice[..., ::2, ::2]


def measured(code: Tensor) -> Tensor:
    """Return the means over cells that descriptors are made of, ``(N, C, h, w)``, recorded.

    Parameters
    ----------
    code
        As for :func:`describe`.
    """
    found: list[Tensor] = []
    for octave in _octaves(code):
        if octave.number == 0:
            found += octave.means(_levels(octave))
        found += octave.means(_detail(octave))
        if octave.number > 0:
            found += octave.means(_slopes(octave))
            continue
        slopes = octave.slopes(BEFORE, max(GRID_LAGS))
        for axis, slope in zip((-1, -2), slopes, strict=True):
            found += octave.means(_along(slope, axis, octave.shape[axis] * octave.side))
    return torch.cat(found, dim=1)


def described(means: Tensor) -> Tensor:
    """Return the descriptors that follow from :func:`measured`, or from its quick twin."""
    rest = iter(torch.split(means, 1, dim=1))

    def take(count: int) -> list[Tensor]:
        return list(islice(rest, count))

    found, late = _levels_of(*take(4)), []
    for octave in range(OCTAVES):
        found += _detail_of(*take(5 + len(lags(octave))))
        axes = [take(2 if octave > 0 else 4 + len(GRID_LAGS)) for _ in "xy"]
        energies, flats, *runs = zip(*axes, strict=True)
        found += map(_log_energy, energies)
        found += (flat / 0.25 - 1.0 for flat in flats)
        if runs:
            late = _runs_of(energies, *runs)
    return torch.cat(found + late, dim=1)


def _levels(octave: _Octave) -> Iterator[Tensor]:
    code = octave.cut(octave.code)
    yield code
    yield code.square()
    yield _near(code, 1.0 / DARK)
    yield _near((LIGHT - code).clamp_(min=0.0), 1.0 / EDGE)


def _levels_of(mean: Tensor, energy: Tensor, dark: Tensor, light: Tensor) -> list[Tensor]:
    variance = (energy - mean.square()).clamp(min=0.0)
    return [(mean - 0.5) / 0.25, ((variance + _SMALL).log() + 6.0) / 2.5, 4 * dark, 4 * light]


def _detail(octave: _Octave) -> Iterator[Tensor]:
    middle = octave.middle()
    yield middle.square()
    yield middle.abs()
    pairs = lags(octave.number)
    around = octave.fine(max(map(max, pairs)))
    fine = octave.inside(around)
    square = fine.square()
    yield square
    yield square.square()
    yield fine.abs()
    for down, right in pairs:
        first = octave.inside(around, 0, max(-right, 0))
        yield first * octave.inside(around, down, max(right, 0))


def _detail_of(
    energy_middle: Tensor,
    size_middle: Tensor,
    energy: Tensor,
    fourth: Tensor,
    size: Tensor,
    *products: Tensor,
) -> list[Tensor]:
    share = 1.0 / (energy + _SMALL)
    peaky, heavy = size * share.sqrt(), fourth * share.square()
    peaky_middle = size_middle * (energy_middle + _SMALL).rsqrt()
    return [
        _log_energy(energy),
        _log_energy(energy_middle),
        (peaky - 0.7) / 0.16,
        (heavy + 0.05).log() - 1.0,
        (peaky_middle - 0.7) / 0.16,
        *(product * share / 0.35 for product in products),
    ]


def _slopes(octave: _Octave) -> Iterator[Tensor]:
    for slope in octave.slopes():
        yield slope.square()
        yield _near(slope, STEP)


def _along(slope: Tensor, axis: int, length: int) -> Iterator[Tensor]:
    """Yield squares, flat parts, runs, their ends and agreements of the steps along an axis."""

    def own(x: Tensor, first: int = 0) -> Tensor:
        # From so many steps after the first of the cells.
        return x.narrow(axis, BEFORE + first, length)

    square = own(slope).square()
    yield square
    flat = _near(slope.narrow(axis, 0, BEFORE + length + 3), STEP)
    yield own(flat)
    pair = flat.narrow(axis, 1, length + 4) * flat.narrow(axis, 0, length + 4)
    yield own(pair) * own(pair, 2)
    # A slope between two flat pixels on one of its sides: where a plateau ends.
    yield square * (own(pair, -2) + own(pair, 1))
    del square, flat, pair
    size = slope.abs()
    for lag in GRID_LAGS:
        yield own(size) * own(size, lag)


def _runs_of(
    energies: Sequence[Tensor],
    runs: Sequence[Tensor],
    edges: Sequence[Tensor],
    *agreements: Sequence[Tensor],
) -> list[Tensor]:
    """Return agreement on a grid, runs of equal codes, their ends."""
    grid = [
        (agreement / (energy + _SMALL) - 0.5) / 0.5
        for lag in agreements
        for agreement, energy in zip(lag, energies, strict=True)
    ]
    return [*grid, *(run / 0.25 - 1.0 for run in runs), *map(_log_energy, edges)]


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
    return described_chroma(torch.cat([mean, energy], dim=1))


def described_chroma(means: Tensor) -> Tensor:
    """Return the colour of cells from the means of red, blue, and the sum of their squares."""
    mean, energy = means[:, :2], means[:, 2:]
    spread = (energy - mean.square().sum(dim=1, keepdim=True)).clamp(min=0.0)
    return torch.cat([mean / 0.35, ((spread + 1e-5).log() + 5.5) / 2.5], dim=1)


def _describe_pair(test: Tensor, reference: Tensor) -> list[Tensor]:
    bands: list[Tensor] = []
    slopes: list[Tensor] = []
    for a, b in zip(_octaves(test), _octaves(reference), strict=True):
        if a.number == 0:
            codes = _compare_codes(a, b)
        for x, y in ((a.fine(), b.fine()), (a.middle(), b.middle())):
            error = a.mean((x - y).square())
            energies = [a.mean(band.square()) for band in (x, y)]
            both = a.mean(x * y)
            scale = (energies[0] + _SMALL) * (energies[1] + _SMALL)
            bands += [_log_energy(error), both * scale.rsqrt() / 0.5 - 1.0]
        ends = zip(a.slopes(), b.slopes(), strict=True)
        errors = [a.mean((x - y).square()) for x, y in ends]
        slopes.append(_log_energy(0.5 * (errors[0] + errors[1])))
        last = a, b
    far = blur(blur(last[0].code - last[1].code))
    coarse = last[0].mean(last[0].cut(far, 2).square())
    return [*bands, *slopes, *codes[:2], _log_energy(coarse), codes[2]]


def _compare_codes(a: _Octave, b: _Octave) -> list[Tensor]:
    own = [one.cut(one.code) for one in (a, b)]
    means = [a.mean(code) for code in own]
    energies = [a.mean(code.square()) for code in own]
    spreads = [
        (energy - mean.square()).clamp(min=0.0)
        for energy, mean in zip(energies, means, strict=True)
    ]
    both = a.mean(own[0] * own[1]) - means[0] * means[1]
    error = a.mean((own[0] - own[1]).square())
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


def blur(x: Tensor) -> Tensor:
    """Blur by (1, 2, 1)/4 both ways, without the outermost pixels."""
    for _ in range(2):  # (1, 1) twice
        x = x[..., 1:] + x[..., :-1]
    for _ in range(2):
        x = x[..., 1:, :] + x[..., :-1, :]
    return x.mul_(1 / 16)
