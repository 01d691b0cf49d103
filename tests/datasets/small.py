"""A recipe small enough for tests, with what several of them share."""

from __future__ import annotations

from datasets.recipe import Recipe, parse_recipe

TEXT = """
name = "small"
title = "A set for tests"
seed = 5
teacher = "hdrvdp2"
reference = "sdr"
test = "sdr"
crop = 64
frame_size = [96, 128]
scale = [1.0, 1.0]
after = [{ kind = "round", bits = 8 }]

[[sources]]
kind = "sdr"
frames = 2
crops = 1
versions = 3

[[operations]]
name = "gaussian_blur"
strength = [0.1, 1.0]
steps = [{ kind = "distort", name = "gaussian_blur" }]

[[operations]]
name = "gaussian_noise"
strength = [0.1, 1.0]
steps = [{ kind = "distort", name = "gaussian_noise" }]

[[operations]]
name = "jpeg"
strength = [0.0, 1.0]
steps = [{ kind = "codec", name = "jpeg", quality = { from = 95, to = 5 } }]
"""


def small_recipe(**changes: str) -> Recipe:
    """Return the recipe with texts replaced (``seed = 5`` by keyword ``a``, ``b`` pairs)."""
    text = TEXT
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return parse_recipe(text)
