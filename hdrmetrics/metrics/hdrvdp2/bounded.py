"""Quality of a whole picture in bounded memory: fine bands from tiles, coarse ones reduced."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from hdrmetrics.metrics.hdrvdp2 import spectral
from hdrmetrics.metrics.hdrvdp2.calibration import QUALITY_FLOOR
from hdrmetrics.metrics.hdrvdp2.csf import local_sensitivity
from hdrmetrics.metrics.hdrvdp2.glare import PartedOptics
from hdrmetrics.metrics.hdrvdp2.masking import (
    band_differences,
    log_adaptation,
    masked,
    mutual_activity,
)
from hdrmetrics.metrics.hdrvdp2.options import HDRVDP2Options
from hdrmetrics.metrics.hdrvdp2.pathway import band_frequencies, filtered_base, surround_of
from hdrmetrics.metrics.hdrvdp2.photoreceptor import achromatic_response
from hdrmetrics.metrics.hdrvdp2.quality import (
    band_energies,
    band_energy,
    changed_pixels,
    quality_of_energies,
)
from hdrmetrics.numerics.pyramid import ORIENTATIONS, pyramid_height, split_octave, split_top
from hdrmetrics.numerics.resize import imresize_window

FINE = 3
"""Octaves that are worked through tile by tile; the rest is a 64th of the picture."""

_TILE = 1024  # side without its margin, a multiple of the coarsest step
_MARGIN = 64  # pixels that a fine band looks around itself, its neighbours' masking included
_STEP = 1 << FINE


def fits(height: int, width: int) -> bool:
    """Tell whether pictures of this size can be cut: smaller ones have too few octaves."""
    return pyramid_height(height, width) > FINE


@dataclass
class _Whole:
    """What the tiles of one pair of images leave for the coarse bands, at their finest size."""

    test: Tensor
    reference: Tensor
    activity: Tensor  # shared, of the last fine band
    adaptation: Tensor  # log10
    changed: Tensor


@dataclass(frozen=True)
class _Tile:
    """A part of a picture: its own pixels, and those with the margin."""

    rows: range
    columns: range
    wide_rows: range
    wide_columns: range

    def own(self, step: int, whole: tuple[int, int]) -> tuple[range, range]:
        """Return the tile's samples of a band that keeps every ``step``-th pixel."""
        return _kept(self.rows, step, whole[0]), _kept(self.columns, step, whole[1])

    def wide(self, step: int, whole: tuple[int, int]) -> tuple[range, range]:
        """Return the same with the margin."""
        return _kept(self.wide_rows, step, whole[0]), _kept(self.wide_columns, step, whole[1])


def _kept(pixels: range, step: int, length: int) -> range:
    return range(-(-pixels.start // step), min(-(-pixels.stop // step), length))


def _tiles(height: int, width: int) -> Iterator[_Tile]:
    for rows, wide_rows in _cuts(height):
        for columns, wide_columns in _cuts(width):
            yield _Tile(rows, columns, wide_rows, wide_columns)


def _cuts(length: int) -> Iterator[tuple[range, range]]:
    for start in range(0, length, _TILE):
        stop = min(length, start + _TILE)
        yield range(start, stop), range(max(0, start - _MARGIN), min(length, stop + _MARGIN))


@dataclass
class _Eye:
    """One image seen through the eye, part by part."""

    image: Tensor
    options: HDRVDP2Options
    surround: Tensor | float | None = None
    light: Tensor = field(init=False)
    mean_response: Tensor = field(init=False)
    mean_adaptation: Tensor = field(init=False)

    def __post_init__(self) -> None:
        channels = self.image.shape[1]
        self.light = spectral.to_light(self.image, self.options.encoding_of(channels))
        if self.surround is None:
            self.surround = surround_of(self.light, self.options)
        self._optics = None
        if self.options.do_mtf:
            self._optics = PartedOptics(self.light, self.options.ppd, self.surround)
        self._matrix = spectral.display_matrix(self.options.rgb_display, channels).T[[0, 1, 3]]
        height, width = self.image.shape[-2:]
        responses, adaptations = [], []
        for tile in _tiles(height, width):
            response, adaptation = self._see(tile.rows, tile.columns)
            responses.append(response.double().sum(dim=(-2, -1), keepdim=True))
            adaptations.append(adaptation.double().sum(dim=(-2, -1), keepdim=True))
        dtype, count = self.light.dtype, height * width
        self.mean_response = (torch.stack(responses).sum(dim=0) / count).to(dtype)
        self.mean_adaptation = (torch.stack(adaptations).sum(dim=0) / count).to(dtype)

    def _see(self, rows: range, columns: range) -> tuple[Tensor, Tensor]:
        retina = (
            _crop(self.light, rows, columns)
            if self._optics is None
            else self._optics.part(rows, columns)
        )
        receptors = spectral.mix(retina, self._matrix)
        response = achromatic_response(receptors, self.options.sensitivity_gain)
        return response, receptors[:, :1] + receptors[:, 1:2]

    def bands(self, tile: _Tile) -> tuple[list[Tensor], Tensor, Tensor]:
        """Return the fine bands of a tile, what coarser ones are made of, and its adaptation."""
        response, adaptation = self._see(tile.wide_rows, tile.wide_columns)
        high, low = split_top(response - self.mean_response)
        bands = [high]
        for _ in range(FINE - 1):
            oriented, low = split_octave(low)
            bands.append(oriented)
        # Of the last octave the coarse bands begin: here it only masks the one before.
        bands.append(split_octave(low)[0])
        return bands, low, adaptation


def _crop(image: Tensor, rows: range, columns: range) -> Tensor:
    return image[..., rows.start : rows.stop, columns.start : columns.stop]


def bounded_quality(
    test: Tensor,
    reference: Tensor,
    options: HDRVDP2Options,
    mask: Tensor | None = None,
    *,
    window: int | None = None,
    above_floor: bool = False,
) -> Tensor:
    """Return Q of whole pictures, ``(N,)``, in memory that grows with a 16th of their size only.

    The bands, their number and what masks them are those of the whole picture; energies are
    added up over its tiles before the logarithm. It differs from the picture worked through at
    once by the tails of the eye's optics (see :class:`PartedOptics`), and by the adapting
    luminance of bands below 1/16 of the finest, which is reduced in two steps.

    Parameters
    ----------
    test, reference
        ``(N, C, H, W)``, in the encoding of the options, of a size that :func:`fits`.
    options
        Viewing conditions.
    mask
        Weights of the pixels that are wanted, ``(N, 1, H, W)`` in [0, 1].
    window, above_floor
        As for :func:`quality_of_energies`.
    """
    reference = reference.expand_as(test)
    masks = [None] * test.shape[0] if mask is None else list(torch.split(mask, 1))
    pairs = zip(torch.split(test, 1), torch.split(reference, 1), masks, strict=True)
    return torch.cat([_one(*pair, options, window, above_floor) for pair in pairs])


def _one(
    test: Tensor,
    reference: Tensor,
    mask: Tensor | None,
    options: HDRVDP2Options,
    window: int | None,
    above_floor: bool,
) -> Tensor:
    height, width = test.shape[-2:]
    octaves = pyramid_height(height, width)
    frequencies = band_frequencies(options.ppd, octaves + 2)
    meant = _Eye(reference, options)
    seen = _Eye(test, options, meant.surround)
    sizes = [(height, width)]
    for _ in range(octaves):
        sizes.append(((sizes[-1][0] + 1) // 2, (sizes[-1][1] + 1) // 2))
    coarse = sizes[FINE - 1]
    plane = test.new_empty(1, 1, *coarse)
    whole = _Whole(
        test=plane,
        reference=plane.clone(),
        activity=test.new_empty(1, ORIENTATIONS, *coarse),
        adaptation=plane.clone(),
        changed=plane.clone(),
    )
    energies: list[Tensor] = [test.new_zeros(())] * FINE
    for tile in _tiles(height, width):
        found = _fine(seen, meant, tile, sizes, frequencies, mask, whole)
        energies = [energy + more for energy, more in zip(energies, found, strict=True)]
    energies += _coarse(seen, meant, whole, octaves)
    area: Tensor | float = 1.0
    if mask is not None:
        area = mask.mean(dim=(-2, -1)).clamp(min=QUALITY_FLOOR)
    pixels = [h * w for h, w in (sizes[0], *sizes)]
    return quality_of_energies(
        energies, pixels, frequencies, area, window=window, above_floor=above_floor
    )


def _fine(
    seen: _Eye,
    meant: _Eye,
    tile: _Tile,
    sizes: list[tuple[int, int]],
    frequencies: tuple[float, ...],
    mask: Tensor | None,
    whole: _Whole,
) -> list[Tensor]:
    """Return the energies of a tile's fine bands, and write down what the coarse ones need."""
    options = seen.options
    test, low_test, adapted_test = seen.bands(tile)
    reference, low_reference, adapted_reference = meant.bands(tile)
    adaptation = log_adaptation(adapted_test, adapted_reference)
    wide = (tile.wide_rows, tile.wide_columns)
    changed = changed_pixels(_crop(seen.light, *wide), _crop(meant.light, *wide))
    if mask is not None:
        changed = changed * _crop(mask, *wide)
    activity = [
        mutual_activity(t, r) if options.do_masking else None
        for t, r in zip(test, reference, strict=True)
    ]

    def brought(image: Tensor, origin: int, target: int) -> Tensor:
        """Resize a tile's samples of one level to those of its own part of another level."""
        place = tile.wide(1 << origin, sizes[origin])
        window = tile.own(1 << target, sizes[target])
        return imresize_window(image, place, sizes[origin], sizes[target], window)

    def neighbour(band: int, target: int) -> Tensor | None:
        shared = activity[band] if 0 <= band <= FINE else None
        if shared is None:
            return None
        return brought(shared[:, : test[target].shape[1]], _level(band), _level(target))

    energies = []
    for band in range(FINE):
        at = _level(band)
        difference = masked(
            brought(test[band], at, at),
            brought(reference[band], at, at),
            local_sensitivity(frequencies[band], brought(adaptation, 0, at)),
            neighbour(band, band),
            neighbour(band - 1, band),
            neighbour(band + 1, band),
            scale=2.0**-band,
        )
        energies.append(band_energy(difference, brought(changed, 0, at)))

    at = FINE - 1
    rows, columns = tile.own(1 << at, sizes[at])
    where = (..., slice(rows.start, rows.stop), slice(columns.start, columns.stop))
    whole.test[where] = brought(low_test, at, at)
    whole.reference[where] = brought(low_reference, at, at)
    whole.adaptation[where] = brought(adaptation, 0, at)
    whole.changed[where] = brought(changed, 0, at)
    shared = activity[FINE - 1]
    if shared is not None:
        whole.activity[where] = brought(shared, _level(FINE - 1), at)
    return energies


def _level(band: int) -> int:
    """Return how often the picture is halved for a band."""
    return max(0, band - 1)


def _coarse(seen: _Eye, meant: _Eye, whole: _Whole, octaves: int) -> list[Tensor]:
    """Return the energies of the bands that are worked through at once."""
    options = seen.options
    bands: list[list[Tensor]] = []
    outside = None
    for eye, low in ((meant, whole.reference), (seen, whole.test)):
        found = []
        for _ in range(octaves - FINE + 1):
            oriented, low = split_octave(low)
            found.append(oriented)
        if outside is None:
            outside = low.mean(dim=(-2, -1), keepdim=True)
        frequency = band_frequencies(options.ppd, octaves + 2)[-1]
        found.append(filtered_base(low, frequency, eye.mean_adaptation, outside))
        bands.append(found)
    differences = band_differences(
        bands[1], bands[0], whole.adaptation, options,
        first=FINE, finer=whole.activity if options.do_masking else None,
    )  # fmt: skip
    return band_energies(differences, whole.changed)
