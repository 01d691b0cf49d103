"""Scenes that are computed: no files, no licence, any number of them; for tests and first steps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from datasets.scenes.scene import Kind, Split
from datasets.scenes.splits import split_of
from datasets.streams import stream
from hdrmetrics.errors import OptionError

if TYPE_CHECKING:
    from torch import Tensor

Plane = NDArray[np.float32]

_SHAPES = 14  # patches with sharp edges
_LAMPS = 4  # small, so that they lie above the 99.9th percentile as the sun does
_SHADE = 0.025  # light in the shadow, against the light outside it


@dataclass(frozen=True, slots=True)
class ProceduralScene:
    """A computed scene; the attributes are those of :class:`datasets.scenes.scene.Scene`.

    Parameters
    ----------
    name, kind, panorama, licence, group, split
        As there; the pixels depend on the name, kind and size alone.
    size
        Height and width in pixels.
    """

    name: str
    kind: Kind
    size: tuple[int, int]
    group: str
    split: Split
    panorama: bool = False
    licence: str = "CC0-1.0"

    def load(self) -> Tensor:
        """Return the pixels ``(3, H, W)``; see :meth:`datasets.scenes.scene.Scene.load`."""
        import torch

        from hdrmetrics.photometry.transfer import srgb_encode

        light = torch.from_numpy(_light(self.name, self.size))
        if self.kind == "hdr":
            return light
        # An exposure as a camera chooses it: nearly all is shown, the lamps are clipped.
        return srgb_encode(light / float(np.percentile(light.numpy(), 95)))


def procedural_scenes(
    count: int, *, kind: Kind = "hdr", size: tuple[int, int] = (384, 512)
) -> list[ProceduralScene]:
    """Return computed scenes: textured surfaces with edges, half in shadow, with lamps.

    The light spans four orders of magnitude and more (HDR); of SDR scenes the lamps are clipped.

    Parameters
    ----------
    count
        How many; the first ones stay the same whatever the number.
    kind
        HDR or SDR.
    size
        Height and width in pixels, 64 or more.

    Raises
    ------
    OptionError
        If the count is negative or the size too small.
    """
    if count < 0 or min(size) < 64:
        raise OptionError(f"computed scenes are 64×64 pixels or larger, not {count} of {size}")
    prefix = "procedural" if kind == "hdr" else "procedural_sdr"
    names = [f"{prefix}_{index:03d}" for index in range(count)]
    return [ProceduralScene(name, kind, size, name, split_of(name)) for name in names]


def _light(name: str, size: tuple[int, int]) -> Plane:
    rng = stream(0, "procedural", name)
    height, width = size
    # In units of the height: discs stay round.
    y: Plane = np.linspace(0, 1, height, endpoint=False, dtype=np.float32)[:, None]
    x: Plane = np.linspace(0, width / height, width, endpoint=False, dtype=np.float32)[None]
    patches = np.zeros(size, np.intp)
    for index in range(_SHAPES):
        patches[_shape(rng, y, x, width / height)] = index + 1
    reflectances = rng.uniform(0.02, 0.9, _SHAPES + 1) * rng.uniform(0.4, 1.0, (3, _SHAPES + 1))
    surface = reflectances.astype(np.float32)[:, patches]
    texture = np.exp2(_noise(rng, size) * np.float32(rng.uniform(0.15, 0.5)))
    light = surface * (texture * _illumination(rng, y, x, width / height))
    for _ in range(_LAMPS):
        _add_lamp(light, rng)
    return np.ascontiguousarray(light)


def _shape(rng: np.random.Generator, y: Plane, x: Plane, aspect: float) -> NDArray[np.bool_]:
    """Return the pixels of a turned rectangle or an ellipse."""
    down = y - np.float32(rng.random())
    across = x - np.float32(rng.random() * aspect)
    half_y, half_x = (np.float32(v) for v in rng.uniform(0.04, 0.3, 2))
    angle = rng.uniform(0.0, math.pi)
    u = (across * math.cos(angle) + down * math.sin(angle)) / half_x
    v = (down * math.cos(angle) - across * math.sin(angle)) / half_y
    inside: NDArray[np.bool_] = (
        u * u + v * v < 1 if rng.random() < 0.5 else (np.abs(u) < 1) & (np.abs(v) < 1)
    )
    return inside


def _noise(rng: np.random.Generator, size: tuple[int, int]) -> Plane:
    """Return noise with the amplitude spectrum of natural pictures, 1/f, and unit deviation."""
    height, width = size
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    frequency[0, 0] = np.inf
    angles = rng.random(frequency.shape, dtype=np.float32) * np.float32(2 * np.pi)
    spectrum = (np.cos(angles) + 1j * np.sin(angles)) / frequency.astype(np.float32)
    plane = fft.irfft2(spectrum, s=size)
    noise: Plane = (plane / plane.std()).astype(np.float32)
    return noise


def _illumination(rng: np.random.Generator, y: Plane, x: Plane, aspect: float) -> Plane:
    """Return a slope of light with a shadow over part of the picture."""
    angle = rng.uniform(0.0, 2 * math.pi)
    along = (x - aspect / 2) * math.cos(angle) + (y - 0.5) * math.sin(angle)
    steepness, edge = rng.uniform(1.0, 4.0), rng.uniform(-0.2, 0.2)
    softness = rng.uniform(0.002, 0.05)
    lit = 1 / (1 + np.exp(-np.clip((along - edge) / softness, -30, 30)))
    light: Plane = (np.exp2(along * steepness) * (_SHADE + (1 - _SHADE) * lit)).astype(np.float32)
    return light


def _add_lamp(light: Plane, rng: np.random.Generator) -> None:
    """Add a small bright disc with a soft edge."""
    height, width = light.shape[1:]
    row, column = rng.random() * height, rng.random() * width
    radius = max(1.5, rng.uniform(0.004, 0.010) * height)
    power = 10 ** rng.uniform(1.5, 3.0) * rng.uniform(0.6, 1.0, 3)
    top, left = max(0, int(row - radius) - 1), max(0, int(column - radius) - 1)
    window = light[:, top : int(row + radius) + 2, left : int(column + radius) + 2]
    y = np.arange(top, top + window.shape[1])[:, None]
    x = np.arange(left, left + window.shape[2])[None]
    disc = np.clip(radius - np.hypot(y - row, x - column) + 0.5, 0.0, 1.0)
    window += (power[:, None, None] * disc).astype(np.float32)
