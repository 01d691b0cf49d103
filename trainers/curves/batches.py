"""The pictures of each step: photographs and scenes, exposed too little, well or too much."""

from __future__ import annotations

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

    def __call__(self, step: int) -> Tensor:
        """Return the pictures of a step ``(N, 3, side, side)``; nothing says how they should be."""
        draw = stream(self.seed, "step", step)
        pool = self._pool
        places = draw.integers(0, len(pool), self.recipe.batch)
        chosen = torch.from_numpy(pool[places]).movedim(-1, 1).float() / 255
        mirrored = torch.from_numpy(draw.random(len(chosen)) < 0.5).view(-1, 1, 1, 1)
        return torch.where(mirrored, chosen.flip(-1), chosen)

    @cached_property
    def _pool(self) -> NDArray[np.uint8]:
        """Return the exposures that steps draw from, made once for all runs that want them."""
        own = self.recipe
        of = (own.stops, own.untouched, own.scenes, own.wells, own.pool)
        path = self.material.folder / f"pool-{digest(self.seed, str(of)):016x}.npy"
        if not path.exists():
            draws = (stream(self.seed, "pool", number) for number in range(own.pool))
            made = [(255 * self._picture(draw)).round().to(torch.uint8) for draw in draws]
            rows = torch.cat(made).movedim(1, -1).contiguous().numpy()
            with replacing(path) as draft, draft.open("wb") as file:
                np.save(file, rows)
        try:
            found: NDArray[np.uint8] = np.load(path, mmap_mode="r")
        except (OSError, ValueError) as error:
            raise ImageReadError(f"{path} is damaged ({error}): remove it") from error
        return found

    def _picture(self, draw: np.random.Generator) -> Tensor:
        light, codes = self._drawn(draw)
        stops = float(draw.uniform(*self.recipe.stops))
        if draw.random() < self.recipe.untouched:
            if codes is not None:
                return codes
            stops = 0.0
        low, high = (float(np.log(one)) for one in self.recipe.wells)
        well = float(np.exp(draw.uniform(low, high)))
        response = RESPONSES[int(draw.integers(len(RESPONSES)))] if codes is None else "srgb"
        seed = int(draw.integers(2**31))
        return photographed(light, stops, well=well, seed=seed, response=response)

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
