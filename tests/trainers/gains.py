"""Small clean photographs, and a network of opinions, for runs that learn what would gain."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from datasets.scenes.scene import Split
from datasets.scenes.splits import split_of
from hdrmetrics import create_metric
from hdrmetrics.enhance import create_enhancer
from hdrmetrics.learned.liked.card import View
from hdrmetrics.learned.liked.weights import save_opinions
from tests.learned.liked import small
from trainers.improving.recipe import GainRecipe
from trainers.restoring.degrade import degrade

RECIPE = GainRecipe(
    metric="ssim", takes=(40, 24, 20), untouched=0.3, single=0.7, filed=0.0, prevalence=0.5,
    side=64, along=1, ridge=(100.0, 1000.0), pull=(1e-2, 1.0),
)  # fmt: skip
TOML = """
metric = "ssim"
takes = [40, 24, 20]
untouched = 0.3
single = 0.7
filed = 0.0
prevalence = 0.5
side = 64
along = 1
ridge = [100.0, 1000.0]
pull = [1e-2, 1.0]
"""
"""The same."""

COUNTS: dict[Split, int] = {"train": 8, "validation": 4, "test": 3}


def names_of(split: Split) -> list[str]:
    """Return the names of the photographs of a split."""
    names = (f"p{number}" for number in range(200))
    return [name for name in names if split_of(name) == split][: COUNTS[split]]


def photograph(seed: int, side: int = 160) -> Image.Image:
    """Return soft colours with hard edges before them."""
    rng = np.random.default_rng(seed)
    soft = rng.integers(60, 200, (5, 6, 3), dtype=np.uint8)
    image = Image.fromarray(soft).resize((side, side), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(14):
        x, y = rng.integers(0, side - 20, 2)
        w, h = rng.integers(8, side // 3, 2)
        colour = tuple(int(one) for one in rng.integers(20, 236, 3))
        draw.rectangle((x, y, x + w, y + h), fill=colour)
    return image


def make_photographs(folder: Path) -> Path:
    """Fill a folder with photographs of all splits."""
    folder.mkdir(parents=True, exist_ok=True)
    for split in COUNTS:
        for number, name in enumerate(names_of(split)):
            photograph(1000 * len(split) + number).save(folder / f"{name}.png")
    return folder


def save_network(folder: Path) -> Path:
    """Write a network of opinions whose trunk is random, but that likes what is like its original.

    Of the statistics of the first level, which see noise, it learns how far a few noisy pictures
    are from theirs, before and after enhancement.
    """
    network = small.network(hidden=1)
    restore, ssim = create_enhancer("restore"), create_metric("ssim")
    seen, distance = [], []
    with torch.no_grad():
        for number in range(10):
            pixels = np.asarray(photograph(number, 96)).copy()
            clean = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
            for amount in (0.0, 0.3, 0.7):
                before = degrade(clean, [("gaussian_noise", amount)], number).float() / 255
                for one in (before, restore(before)):
                    seen.append(network.describe(one))
                    distance.append((1 - ssim(one, clean)).clamp(min=0).sqrt())
        x, y = torch.cat(seen), -torch.cat(distance)
        network.standard.centre.copy_(x.mean(dim=0))
        network.standard.scale.copy_(x.std(dim=0) + 0.05 * x.std(dim=0).mean())
        near = network.standard(x)[:, : 2 * network.trunk.channels[0]]
        learnt = torch.linalg.solve(near @ near.T + 10 * torch.eye(len(near)), y - y.mean())
        network.hidden.weight.zero_()
        network.hidden.weight[0, : near.shape[1]] = near.T @ learnt
        network.hidden.bias.fill_(2.0)  # so that its rectifier lets all of it through
        network.scores.weight[:, 0] = torch.linspace(-1, 1, 10)
        network.scores.bias.zero_()
    path = folder / "opinions.safetensors"
    save_opinions(path, network, replace(small.card(1), views=(View(96, 1.0),)))
    return path
