"""What whole pictures look like at a row of exposures, and how good that is: asked once."""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hdrmetrics import create_metric
from hdrmetrics.errors import ImageReadError
from hdrmetrics.learned.tonemapping.rendered import NUMBERS, rendered, small_copy
from hdrmetrics.learned.tonemapping.tone import START
from hdrmetrics.metrics.tmqi.naturalness import naturalness_of_codes
from hdrmetrics.photometry.color import luminance
from hdrmetrics.text.textfile import replacing
from hdrmetrics.tonemap import to_display
from trainers.tonemapping.frames import Frames

STOPS = tuple(np.arange(-2.0, 4.01, 0.5).tolist())
"""Over the photographic key."""

_PATIENCE = 20.0  # seconds between lines of progress


class Table(NamedTuple):
    """Of pictures, at :data:`STOPS` over the key.

    Parameters
    ----------
    numbers, mean, contrast
        ``(N, K, NUMBERS)`` and ``(N, K)``: see
        :class:`~hdrmetrics.learned.tonemapping.rendered.Rendered`.
    true_mean, true_contrast
        ``(N, K)``: the latter two of the pictures at full size.
    quality
        ``(N, K)``: one minus the loss of the metric at full size.
    """

    numbers: Tensor
    mean: Tensor
    contrast: Tensor
    true_mean: Tensor
    true_contrast: Tensor
    quality: Tensor


def make_table(folder: Path, frames: Frames, metric: str, *, quiet: bool = False) -> Table:
    """Return the table of all frames; what the folder holds of it already is read.

    Parameters
    ----------
    folder
        A file for each picture is kept there, in a folder of the metric, so that what is stopped
        goes on.
    frames
        Pictures of light.
    metric
        That is asked.
    quiet
        No lines of progress.

    Raises
    ------
    ImageReadError
        If a frame or a file of the folder cannot be read.
    ImageWriteError
        If a file cannot be written.
    """
    folder = folder / metric
    folder.mkdir(parents=True, exist_ok=True)
    names = [one for kind in frames.names.values() for one in kind]
    loss = create_metric(metric).as_loss()
    rows = []
    began = told = time.monotonic()
    for number, name in enumerate(names):
        path = folder / f"{name}.npy"
        if not path.exists():
            found = _row(frames.whole(name), loss).astype(np.float32)
            with replacing(path) as draft:
                np.save(draft, found)
        rows.append(_read(path))
        if not quiet and time.monotonic() - told > _PATIENCE:
            told = time.monotonic()
            line = f"{number + 1}/{len(names)} pictures at {len(STOPS)} exposures"
            print(f"{line}, {told - began:.0f} s", file=sys.stderr, flush=True)
    whole = torch.from_numpy(np.stack(rows))
    return Table(whole[..., :NUMBERS], *whole[..., NUMBERS:].unbind(dim=-1))


@torch.no_grad()
def _row(light: Tensor, loss: torch.nn.Module) -> NDArray[np.float32]:
    """Return ``(K, NUMBERS + 5)`` of a picture whose log mean is one."""
    logs = torch.tensor([START + math.log(2.0) * stops for stops in STOPS])
    small, centre = small_copy(light)
    seen = rendered(small, logs[None] + centre.flatten())
    bright = luminance(light)
    rest = []
    for factor in logs.exp().tolist():
        code = to_display(light * factor / (1 + bright * factor))
        natural = naturalness_of_codes(code)
        rest.append([float(natural.mean), float(natural.contrast), 1 - float(loss(code))])
    own = torch.stack([seen.mean[0], seen.contrast[0]], dim=1)
    row: NDArray[np.float32] = torch.cat([seen.numbers[0], own, torch.tensor(rest)], dim=1).numpy()
    return row


def _read(path: Path) -> NDArray[np.float32]:
    try:
        found: NDArray[np.float32] = np.load(path)
    except (OSError, ValueError, EOFError) as error:
        raise ImageReadError(f"{path}: cannot be read ({error})") from error
    if found.shape != (len(STOPS), NUMBERS + 5):
        raise ImageReadError(f"{path}: is of another kind of table; remove it")
    return found
