"""What a learned score says of each view at every exposure: asked once, learnt from many times."""

from __future__ import annotations

import math
import os
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datasets.area import area_resize
from datasets.streams import stream
from hdrmetrics import create_metric
from hdrmetrics.errors import OptionError
from hdrmetrics.learned.tonemapping.net import START, Tone
from hdrmetrics.learned.tonemapping.thumbnail import thumbnail
from hdrmetrics.learned.tonemapping.toning import toned
from hdrmetrics.metric import MetricLoss
from hdrmetrics.photometry.color import luminance
from hdrmetrics.tonemap import to_display
from trainers.running.logs import clock
from trainers.tonemapping.frames import Frames
from trainers.tonemapping.recipe import Recipe
from trainers.tonemapping.views import moved, view

EXPOSURES: NDArray[np.float32] = np.linspace(-2.0, 2.5, 25, dtype=np.float32)
"""Nepers from the photographic key, at which a view is toned."""

_SLOPE = 0.1  # of the loss beyond the table
_KEPT, _NOTED = 60.0, 20.0  # seconds between files, and between lines of progress


class Tables:
    """Views of pictures as their thumbnails, with a loss for each exposure.

    Parameters
    ----------
    path
        An ``.npz`` file that :func:`make_tables` wrote.

    Raises
    ------
    OptionError
        If it is none.
    """

    def __init__(self, path: Path) -> None:
        found = read_tables(path)
        if not found:
            raise OptionError(f"{path} holds no tables of views")
        rows = [found[key] for key in sorted(found)]
        self.names = sorted(found)
        self.small = torch.from_numpy(np.stack([row["small"] for row in rows]))
        self.losses = torch.from_numpy(np.stack([row["losses"] for row in rows]))
        self.pair = torch.from_numpy(np.stack([row["pair"] for row in rows]))
        self.centres = torch.from_numpy(np.stack([row["centres"] for row in rows]))

    def loss(self, which: Tensor, exposure: Tensor) -> Tensor:
        """Return the loss of views at exposures, by cubic interpolation.

        Parameters
        ----------
        which
            Numbers of views, ``(N,)``.
        exposure
            Nepers from the key, ``(N,)``; beyond the table losses rise by 0.1 a neper.
        """
        return interpolated(self.losses[which], exposure)


def interpolated(losses: Tensor, exposure: Tensor) -> Tensor:
    """Return rows ``(N, 25)`` read at exposures ``(N,)`` by Catmull and Rom's cubic.

    Examples
    --------
    >>> import torch
    >>> row = torch.linspace(0, 1, 25)[None]
    >>> round(float(interpolated(row, torch.tensor([0.25]))), 3)  # half of the way
    0.5
    """
    first, last = float(EXPOSURES[0]), float(EXPOSURES[-1])
    count = losses.shape[1]
    place = ((exposure - first) / (last - first) * (count - 1)).clamp(0, count - 1 - 1e-4)
    cell = place.detach().floor().long()
    part = place - cell
    a, b, c, d = (
        losses.gather(1, (cell + k).clamp(0, count - 1)[:, None])[:, 0] for k in (-1, 0, 1, 2)
    )
    curve = c - a + part * (2 * a - 5 * b + 4 * c - d + part * (3 * (b - c) + d - a))
    beyond = (first - exposure).clamp(min=0.0) + (exposure - last).clamp(min=0.0)
    return b + 0.5 * part * curve + _SLOPE * beyond


def make_tables(
    path: Path, frames: Frames, recipe: Recipe, seed: int, *, quiet: bool = False
) -> Tables:
    """Return the tables of all pictures, those that a file holds already as they are.

    Parameters
    ----------
    path
        Of the file; a run that was stopped goes on with it.
    frames
        Of training.
    recipe
        Says how many views a picture has, and of how many pixels: the first is the whole.
    seed
        Of the views.
    quiet
        No lines of progress.
    """
    names = [name for kind in frames.names.values() for name in kind]
    wanted = [(name, part) for part in range(recipe.tabled) for name in names]
    loss = create_metric(recipe.metric).as_loss(reduction="none")
    found = read_tables(path)
    begun = kept = told = time.monotonic()
    left = [(name, part) for name, part in wanted if f"{name}|{part}" not in found]
    for done, (name, part) in enumerate(left, 1):
        draw = stream(seed, "table", name, part)
        light = _whole(frames, name, recipe) if part == 0 else _part(frames, name, recipe, draw)
        found[f"{name}|{part}"] = _row(light, loss, draw)
        now = time.monotonic()
        if now - kept > _KEPT:
            _keep(path, found)
            kept = now
        if not quiet and now - told > _NOTED:
            rest = (now - begun) / done * (len(left) - done)
            line = f"table {done}/{len(left)}, {clock(rest)} left"
            print(line, file=sys.stderr, flush=True)
            told = now
    _keep(path, found)
    return Tables(path)


def read_tables(path: Path) -> dict[str, dict[str, NDArray[np.float32]]]:
    """Return the rows of a file by picture and view; none where there is no such file."""
    if not path.exists():
        return {}
    try:
        with np.load(path, allow_pickle=False) as file:
            columns = {key: file[key] for key in ("small", "losses", "pair", "centres")}
            names = [str(name) for name in file["names"]]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return {}
    return {
        name: {key: column[i] for key, column in columns.items()} for i, name in enumerate(names)
    }


def _keep(path: Path, found: dict[str, dict[str, NDArray[np.float32]]]) -> None:
    names = sorted(found)
    columns = {
        key: np.stack([found[name][key] for name in names])
        for key in ("small", "losses", "pair", "centres")
    }
    draft = path.with_name(f".{path.name}.draft.npz")
    np.savez(draft, names=np.array(names), **columns)  # type: ignore[arg-type]
    os.replace(draft, path)


def _whole(frames: Frames, name: str, recipe: Recipe) -> Tensor:
    light = frames.whole(name)
    height, width = light.shape[-2:]
    factor = math.sqrt(recipe.pixels / (height * width))
    if factor < 1:
        light = area_resize(light, (max(1, round(height * factor)), max(1, round(width * factor))))
    return light.clamp(min=1e-8)


def _part(frames: Frames, name: str, recipe: Recipe, draw: np.random.Generator) -> Tensor:
    return view(frames.frame(name), recipe.pixels, recipe.contrast, recipe.colour, draw)


@torch.no_grad()
def _row(
    light: Tensor, loss: MetricLoss, draw: np.random.Generator
) -> dict[str, NDArray[np.float32]]:
    small, centre = thumbnail(luminance(light))
    losses = []
    for exposure in EXPOSURES.tolist():
        level = torch.full_like(centre, START + exposure)
        code = to_display(toned(light, Tone(centre, level, torch.ones_like(centre))))
        losses.append(float(loss(code)))
    pair = [thumbnail(luminance(one)) for one in moved(light, draw)]
    return {
        "small": small[0, 0].float().numpy(),
        "losses": np.array(losses, dtype=np.float32),
        "pair": torch.cat([one[0, 0][None] for one, _ in pair]).float().numpy(),
        "centres": np.array([float(one) for _, one in pair], dtype=np.float32),
    }
