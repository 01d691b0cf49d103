"""What is measured in cells, in NumPy, block by block: where nothing is recorded, on a CPU.

The formulas are those of ``descriptors.py`` and ``seams.py``, whose tensors record gradients. They
are some 130 passes over the pixels; here each is over a block that stays in the cache, in memory
that is used again. A map is one row of numbers, in which a neighbour lies so many numbers further
on, whatever its direction: passes over one piece of memory are three times as fast as over
rectangles. At the ends of rows such a map holds numbers of no meaning, which no cell sees.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hdrmetrics.learned.fronts.cells import (
    BEFORE,
    CELL,
    CHROMA_DARK,
    CHROMA_GAIN,
    DARK,
    EDGE,
    GRID_LAGS,
    LIGHT,
    MARGIN,
    OCTAVES,
    STEP,
    cell_shape,
    first_pixel,
    lags,
    measured_count,
)
from hdrmetrics.learned.fronts.pixels import Kind, picture_code
from hdrmetrics.photometry.color import LUMINANCE_WEIGHTS

Array = NDArray[Any]

# Cells of a block: its maps, of 350 kB, stay in the cache. Wide ones read more of a row at once.
_DOWN, _ACROSS = 8, 32
_BORDER = 2 * MARGIN
_MOST = 40  # maps of an octave


@dataclass(frozen=True, slots=True)
class Measured:
    """Means over the cells of pictures, all ``(N, C, h, w)``.

    Parameters
    ----------
    detail
        As :func:`~hdrmetrics.learned.fronts.descriptors.measured`.
    chroma
        Red and blue against luminance, and the sum of their squares.
    seams, steps
        As :func:`~hdrmetrics.learned.fronts.seams.measured`.
    """

    detail: Tensor
    chroma: Tensor
    seams: Tensor
    steps: Tensor


def measure(image: Tensor, kind: Kind, *, chroma: bool = True, seams: bool = True) -> Measured:
    """Measure pictures ``(N, 1, H, W)`` or ``(N, 3, H, W)`` on a CPU; what is not wanted is empty.

    Parameters
    ----------
    image
        Float32 or float64, sides of at least 48 px.
    kind
        What its pixels are.
    chroma, seams
        What is wanted beside detail.
    """
    height, width = cell_shape(*image.shape[-2:])
    pictures = image.detach()
    dtype = pictures.numpy().dtype
    counts = measured_count(), 3 * chroma, 2 * CELL * seams, 2 * seams
    found = [np.zeros((len(pictures), count, height, width), dtype) for count in counts]
    benches: dict[tuple[int, int], _Bench] = {}
    for rows, columns in product(_spans(height, _DOWN), _spans(width, _ACROSS)):
        size = rows.stop - rows.start, columns.stop - columns.start
        if size not in benches:
            benches[size] = _Bench(*size, dtype)
        high, wide = (slice(x.start * CELL, x.stop * CELL + _BORDER) for x in (rows, columns))
        for index in range(len(pictures)):
            out = [one[index, :, rows, columns] for one in found]
            # Of pixels that are no numbers nothing is said here.
            with np.errstate(all="ignore"):
                benches[size].measure(pictures[index, :, high, wide], kind, *out)
    return Measured(*map(torch.from_numpy, found))


def _spans(count: int, most: int) -> list[slice]:
    """Return so many cells in pieces of nearly one size."""
    number = -(-count // most)
    return [slice(*ends) for ends in pairwise(count * i // number for i in range(number + 1))]


class _Sums:
    """The means over the cells of a block, of maps that come one after the other."""

    def __init__(self, shape: tuple[int, int], side: int, pitch: int, dtype: Any) -> None:
        self.shape, self.side, self.pitch = shape, side, pitch
        self.length = shape[0] * side * pitch
        self.ones = np.ones((shape[0], 1, side), dtype)
        self.line = np.ones(side, dtype)
        self.space = np.empty((_MOST, shape[0], 1, shape[1] * side), dtype)
        self.count = 0

    def add(self, values: Array) -> None:
        """Add a map up, whose first number is that of the first pixel of the cells."""
        self.columns(values, out=self.space[self.count])
        self.count += 1

    def columns(self, values: Array, out: Array | None = None) -> Array:
        """Return the sums over the columns of each cell, ``(h, 1, w·side)``."""
        maps = values[: self.length].reshape(self.shape[0], self.side, self.pitch)
        # A product with ones: the fastest way to add.
        found: Array = np.matmul(self.ones, maps[..., : self.space.shape[-1]], out=out)
        return found

    def rows(self, values: Array) -> Array:
        """Return the sums over the rows of each cell, ``(h, side, w)``."""
        maps = values[: self.length].reshape(-1, self.pitch // self.side, self.side)
        sums: Array = np.matmul(maps, self.line)[:, : self.shape[1]]
        return sums.reshape(self.shape[0], self.side, -1)

    def means(self) -> Array:
        """Return the means of what was added so far, ``(K, h, w)``, and begin again."""
        count = self.count, self.shape[0] * self.shape[1], self.side
        columns = self.space[: self.count].reshape(count)
        self.count = 0
        found: Array = np.matmul(columns, self.line / self.side**2).reshape(-1, *self.shape)
        return found


class _Bench:
    """Memory for blocks of so many cells, and what is done in it."""

    def __init__(self, down: int, across: int, dtype: Any) -> None:
        height, pitch = down * CELL + _BORDER, across * CELL + _BORDER
        self.height, self.pitch = height, pitch
        # Zeros, and two rows more: no map is ever filled to its end.
        self.spare = list(np.zeros((5, (height + 2) * pitch), dtype))
        self.codes = [
            np.zeros((height + 2) * pitch >> 2 * octave, dtype) for octave in range(OCTAVES)
        ]
        self.sums = [
            _Sums((down, across), CELL >> octave, pitch >> octave, dtype)
            for octave in range(OCTAVES)
        ]

    def measure(
        self, block: Tensor, kind: Kind, detail: Array, chroma: Array, seams: Array, steps: Array
    ) -> None:
        """Measure the cells of pixels ``(C, H, W)``."""
        self._take(block, kind)
        if len(chroma):
            self._chroma(block, kind, chroma)
        found: list[Array] = []
        for octave, sums in enumerate(self.sums):
            start = first_pixel(octave) * (sums.pitch + 1)
            code = self.codes[octave][start:]
            self._blur(octave)
            if octave == 0:
                self._levels(code, sums)
            self._detail(octave, start, sums)
            for axis, step in enumerate((1, sums.pitch)):
                if octave > 0:
                    self._slopes(code, step, sums)
                    continue
                self._runs(self.codes[0][start - BEFORE * step :], step, sums)
                if len(seams):
                    own = slice(axis * CELL, (axis + 1) * CELL)
                    self._seams(axis, step, sums, seams[own])
                    *means, steps[axis] = sums.means()
                    found.extend(means)
            found.extend(sums.means())
        np.stack(found, out=detail)

    def _take(self, block: Tensor, kind: Kind) -> None:
        code = self._wide(torch.from_numpy(self.codes[0])[: self.height * self.pitch])
        if kind == "light" or block.shape[0] == 1:
            code.copy_(picture_code(block[None], kind)[0, 0])
        else:
            _luminance(block, code)

    def _chroma(self, block: Tensor, kind: Kind, out: Array) -> None:
        if block.shape[0] == 1:
            return  # none
        sums, first = self.sums[0], MARGIN * self.pitch
        *_, grey, light, ratio, total = (torch.from_numpy(x)[: sums.length] for x in self.spare)
        pixels = block[:, MARGIN : self.height - MARGIN]
        if kind == "light":
            pixels = pixels.clamp(min=0.0)
            _luminance(pixels, self._wide(grey))
        else:
            grey = torch.from_numpy(self.codes[0])[first : first + sums.length]
        torch.add(grey, CHROMA_DARK[kind], out=light)
        for channel in (0, 2):
            torch.sub(pixels[channel], self._wide(grey), out=self._wide(ratio))
            torch.add(pixels[channel], self._wide(light), out=self._wide(total))
            ratio.div_(total)
            if kind == "code":
                ratio.clamp_(-1.0 / CHROMA_GAIN, 1.0 / CHROMA_GAIN)
            sums.add(self.spare[3][MARGIN:])
            torch.square(ratio, out=total)
            sums.add(self.spare[4][MARGIN:])
        red, red_energy, blue, blue_energy = sums.means()
        gain = CHROMA_GAIN if kind == "code" else 1.0
        out[0], out[1] = gain * red, gain * blue
        out[2] = gain**2 * (red_energy + blue_energy)

    def _wide(self, values: Tensor) -> Tensor:
        return values.view(-1, self.pitch)

    def _blur(self, octave: int) -> None:
        """Blur an octave once, and twice; begin the next one."""
        code, pitch = self.codes[octave], self.sums[octave].pitch
        once, _, twice, other, _ = self.spare
        rows = (self.height >> octave) - 2 * (octave > 0)
        count = rows * pitch
        for source, target in ((code, once), (once, twice)):
            # (1, 1) twice, both ways.
            steps = (source, other, 1), (other, target, 1), (target, other, pitch)
            for before, after, step in (*steps, (other, target, pitch)):
                count -= step
                np.add(before[step : step + count], before[:count], out=after[:count])
            target[:count] *= 1 / 16
        if octave + 1 < OCTAVES:
            thin = twice[: rows * pitch].reshape(rows, pitch)[::2, ::2]
            self.codes[octave + 1][: thin.size].reshape(thin.shape)[:] = thin

    def _levels(self, code: Array, sums: _Sums) -> None:
        length = sums.length
        code, work = code[:length], self.spare[4][:length]
        sums.add(code)
        np.square(code, out=work)
        sums.add(work)
        _near(work, DARK, work)
        sums.add(work)
        np.subtract(LIGHT, code, out=work)
        np.maximum(work, 0.0, out=work)
        np.square(work, out=work)
        _near(work, EDGE, work)
        sums.add(work)

    def _detail(self, octave: int, start: int, sums: _Sums) -> None:
        length, pitch = sums.length, sums.pitch
        once, fine, twice, other, work = self.spare
        middle, work = other[:length], work[:length]
        first = start - pitch - 1  # of what lost a pixel all round
        np.subtract(once[first:][:length], twice[first - pitch - 1 :][:length], out=middle)
        np.square(middle, out=work)
        sums.add(work)
        np.abs(middle, out=work)
        sums.add(work)
        pairs = lags(octave)
        more = length + (pitch + 1) * max(map(max, pairs))
        np.subtract(self.codes[octave][start:][:more], once[first:][:more], out=fine[:more])
        square = other[:length]
        np.square(fine[:length], out=square)
        sums.add(square)
        np.square(square, out=work)
        sums.add(work)
        np.abs(fine[:length], out=work)
        sums.add(work)
        for down, right in pairs:
            one, two = max(-right, 0), down * pitch + max(right, 0)
            np.multiply(fine[one:][:length], fine[two:][:length], out=work)
            sums.add(work)

    def _slopes(self, code: Array, step: int, sums: _Sums) -> None:
        length = sums.length
        square, flat = (x[:length] for x in self.spare[:2])
        np.subtract(code[step:][:length], code[:length], out=square)
        np.square(square, out=square)
        sums.add(square)
        _near(square, 1.0 / STEP, flat)
        sums.add(flat)

    def _runs(self, code: Array, step: int, sums: _Sums) -> None:
        """Measure steps, from :data:`BEFORE` before the cells on; leave their size."""
        length, own = sums.length, BEFORE * step
        size, squares, flat, pair, other = self.spare
        work = other[:length]
        more = length + (BEFORE + GRID_LAGS[-1]) * step
        np.subtract(code[step:][:more], code[:more], out=size[:more])
        more = length + (BEFORE + 3) * step
        np.square(size[:more], out=squares[:more])
        sums.add(squares[own:])
        _near(squares[:more], 1.0 / STEP, flat[:more])
        sums.add(flat[own:])
        more -= step
        np.multiply(flat[step:][:more], flat[:more], out=pair[:more])
        np.multiply(pair[own:][:length], pair[own + 2 * step :][:length], out=work)
        sums.add(work)
        # A slope between two flat pixels on one of its sides: where a plateau ends.
        np.add(pair[:length], pair[own + step :][:length], out=work)
        np.multiply(work, squares[own:][:length], out=work)
        sums.add(work)
        more = length + (BEFORE + GRID_LAGS[-1]) * step
        np.abs(size[:more], out=size[:more])
        for lag in GRID_LAGS:
            np.multiply(size[own:][:length], size[own + lag * step :][:length], out=work)
            sums.add(work)

    def _seams(self, axis: int, step: int, sums: _Sums, out: Array) -> None:
        """Measure seams from the size of steps; their own mean is the last of the means."""
        size, _, _, _, work = self.spare
        length = sums.length
        excess = work[:length]
        np.maximum(size[:length], size[2 * step :][:length], out=excess)
        np.subtract(size[step:][:length], excess, out=excess)
        np.maximum(excess, 0.0, out=excess)
        if axis == 0:
            lines = sums.columns(excess).reshape(*sums.shape, CELL)
            out[:] = lines.transpose(2, 0, 1)
        else:
            out[:] = sums.rows(excess).transpose(1, 0, 2)
        sums.add(size[step:])


def _near(square: Array, half: float, out: Array) -> None:
    """Write 1 where what was squared is nothing, falling to one half at ``half``."""
    np.add(square, half**2, out=out)
    np.divide(half**2, out, out=out)


def _luminance(pixels: Tensor, out: Tensor) -> None:
    # By PyTorch, which is faster where rows of pixels do not follow one another in memory.
    red, green, blue = LUMINANCE_WEIGHTS["bt709"]
    torch.mul(pixels[0], red, out=out)
    out.add_(pixels[1], alpha=green).add_(pixels[2], alpha=blue)
