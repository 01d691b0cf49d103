"""What befalls a clean photograph before the network sees it: v = C(S(u∗k) + n), in any order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from hdrmetrics.codecs import create_codec
from hdrmetrics.distort import create_distortion
from trainers.restoring.recipe import Recipe

Step = tuple[str, float]
"""A distortion of :mod:`hdrmetrics.distort` with its strength, or ``jpeg`` with its quality."""

QUALITIES = (10, 90)
"""Of JPEG; the tables of the standard, colours at half resolution."""

FILES = (75, 98)
"""Qualities of JPEG that photographs are kept in."""

# In the order in which they befall a picture: lens, sensor, electronics, scaling, file.
_KINDS: dict[str, tuple[str, ...]] = {
    "blur": ("motion_blur", "defocus_blur", "gaussian_blur"),
    "clipping": ("saturation_clipping",),
    "noise": ("gaussian_noise", "camera_noise"),
    "resampling": ("resampling",),
    "compression": ("jpeg",),
}
# Blur is learnt last: of fewer cases nothing is learnt of it for thousands of steps.
_ALONE = {"noise": 0.16, "resampling": 0.03, "compression": 0.23}
_AMONG = {"blur": 0.55, "clipping": 0.2, "noise": 0.6, "resampling": 0.15, "compression": 0.65}
# Beyond these strengths there is little left to restore, and what cannot be learnt drowns what can.
_MOST = {"motion_blur": 0.75, "defocus_blur": 0.8, "gaussian_blur": 0.75, "camera_noise": 0.8,
         "saturation_clipping": 0.6, "resampling": 0.5}  # fmt: skip
_LEAST = 0.1
_MILDER = 1.4  # of several degradations each is milder than one alone


def draw_steps(recipe: Recipe, draw: np.random.Generator) -> list[Step]:
    """Return what happens to a photograph, in order; nothing at all for some.

    What is saved as a file comes last, see :func:`filed`.

    Parameters
    ----------
    recipe
        Says how many are left clean, have one degradation or several.
    draw
        Of this take.
    """
    return filed(_degradations(recipe, draw), recipe.filed, draw)


def filed(steps: list[Step], part: float, draw: np.random.Generator) -> list[Step]:
    """Return steps, a part of them with JPEG of a usual quality after, if there was none."""
    if part and draw.random() < part and not any(name == "jpeg" for name, _ in steps):
        return [*steps, ("jpeg", float(draw.integers(FILES[0], FILES[1] + 1)))]
    return steps


def _degradations(recipe: Recipe, draw: np.random.Generator) -> list[Step]:
    lot = draw.random()
    if lot < recipe.untouched:
        return []
    names = list(_KINDS)
    if lot < recipe.untouched + recipe.single:
        parts = {**_ALONE, "clipping": recipe.clipping}
        parts["blur"] = 1.0 - sum(parts.values())
        chosen = [str(draw.choice(names, p=[parts[one] for one in names]))]
        return [_step(kind, draw, 1.0) for kind in chosen]
    chosen = []
    while len(chosen) < 2:
        chosen = [kind for kind in names if draw.random() < _AMONG[kind]]
    if draw.random() >= recipe.ordered:
        chosen = [str(one) for one in draw.permutation(chosen)]
    return [_step(kind, draw, _MILDER) for kind in chosen]


def _step(kind: str, draw: np.random.Generator, power: float) -> Step:
    name = _KINDS[kind][int(draw.integers(len(_KINDS[kind])))]
    if name == "jpeg":
        return name, float(draw.integers(QUALITIES[0], QUALITIES[1] + 1))
    return name, _LEAST + (_MOST.get(name, 1.0) - _LEAST) * float(draw.random()) ** power


def degrade(clean: Tensor, steps: Sequence[Step], seed: int) -> Tensor:
    """Return a photograph after some steps, in eight bits as a file has it.

    Parameters
    ----------
    clean
        ``(1, 3, H, W)``, display-encoded in [0, 1].
    steps
        See :func:`draw_steps`.
    seed
        Of directions and noise.

    Returns
    -------
    Tensor
        uint8 ``(1, 3, H, W)``.
    """
    image = clean
    for name, amount in steps:
        if name == "jpeg":
            image = create_codec("jpeg", quality=int(amount))(image).image
        else:
            change = create_distortion(name)
            image = change(image, strength=amount, domain="sdr", seed=seed)
    return eight_bits(image)


def eight_bits(image: Tensor) -> Tensor:
    """Return values of [0, 1] as uint8."""
    return (255 * image).round().clamp(0, 255).to(torch.uint8)
