"""The pictures of each step: photographs and scenes, exposed too little, well or too much."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datasets.streams import digest, stream
from hdrmetrics.errors import ImageReadError
from hdrmetrics.photometry.transfer import srgb_decode
from hdrmetrics.text.textfile import replacing
from trainers.curves.exposing import RESPONSES, photographed
from trainers.curves.material import Material
from trainers.curves.recipe import Recipe

HELD_STOPS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0)
"""Exposures that weights are judged at."""


@dataclass(frozen=True)
class Held:
    """Pictures kept aside, the same for every look.

    Parameters
    ----------
    pictures, originals
        ``(N, 3, side, side)``: badly exposed, and as a good exposure has them.
    stops
        ``(N,)`` numbers.
    """

    pictures: Tensor
    originals: Tensor
    stops: tuple[float, ...]


class Batches:
    """Pictures of each step, which follow from seed and step alone.

    Parameters
    ----------
    material
        What they are made of.
    recipe
        Says what befalls them.
    seed
        Of all draws.
    """

    def __init__(self, material: Material, recipe: Recipe, seed: int) -> None:
        self.material, self.recipe, self.seed = material, recipe, seed

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        """Return the pictures of a step ``(N, 3, side, side)``, and what a meter says.

        That is the mean code ``(N,)`` of the good exposure of each; the picture itself is not told.
        """
        draw = stream(self.seed, "step", step)
        pool, means = self._pool
        places = draw.integers(0, len(pool), self.recipe.batch)
        chosen = torch.from_numpy(pool[places]).movedim(-1, 1).float() / 255
        mirrored = torch.from_numpy(draw.random(len(chosen)) < 0.5).view(-1, 1, 1, 1)
        told = torch.from_numpy(means[places])
        return torch.where(mirrored, chosen.flip(-1), chosen), told

    @cached_property
    def _pool(self) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Return the exposures that steps draw from, made once for all runs; and mean codes."""
        own = self.recipe
        of = (own.stops, own.untouched, own.scenes, own.wells, own.pool)
        path = self.material.folder / f"pool-{digest(self.seed, str(of)):016x}.npz"
        if not path.exists():
            draws = (stream(self.seed, "pool", number) for number in range(own.pool))
            made, told = zip(*(self._picture(draw) for draw in draws), strict=True)
            rows = (255 * torch.cat(made)).round().to(torch.uint8).movedim(1, -1).contiguous()
            with replacing(path) as draft, draft.open("wb") as file:
                np.savez(file, pictures=rows.numpy(), means=np.array(told, np.float32))
        try:
            with np.load(path, allow_pickle=False) as kept:
                return kept["pictures"], kept["means"]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise ImageReadError(f"{path} is damaged ({error}): remove it") from error

    def _picture(self, draw: np.random.Generator) -> tuple[Tensor, float]:
        """Return a picture ``(1, 3, side, side)``, and the mean code of its good exposure."""
        light, codes = self._drawn(draw)
        stops = float(draw.uniform(*self.recipe.stops))
        if draw.random() < self.recipe.untouched:
            if codes is not None:
                return codes, float(codes.mean())
            stops = 0.0
        low, high = (float(np.log(one)) for one in self.recipe.wells)
        well = float(np.exp(draw.uniform(low, high)))
        response = RESPONSES[int(draw.integers(len(RESPONSES)))] if codes is None else "srgb"
        seed = int(draw.integers(2**31))
        good = codes
        if good is None:
            good = photographed(light, 0.0, well=None, seed=0, response=response)
        picture = photographed(light, stops, well=well, seed=seed, response=response)
        return picture, float(good.mean())

    def _drawn(self, draw: np.random.Generator) -> tuple[Tensor, Tensor | None]:
        """Return the light of a picture, and the codes of one that is a photograph."""
        many, few = len(self.material.codes), len(self.material.light)
        lot = draw.random() < self.recipe.scenes
        if (lot and few) or not many:
            return self.material.scene(int(draw.integers(few))), None
        codes = self.material.photograph(int(draw.integers(many)))
        return srgb_decode(codes), codes

    def held(self) -> Held:
        """Return pictures at :data:`HELD_STOPS` with their originals."""
        found, originals, stops = [], [], []
        for number in range(self.recipe.held):
            draw = stream(self.seed, "held", number)
            light, _ = self._drawn(draw)
            original = photographed(light, 0.0, well=None, seed=0)
            for one in HELD_STOPS:
                seed = int(draw.integers(2**31))
                found.append(photographed(light, one, well=10_000.0, seed=seed))
                originals.append(original)
                stops.append(one)
        return Held(torch.cat(found), torch.cat(originals), tuple(stops))
