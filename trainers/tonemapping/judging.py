"""What a network makes of whole pictures that are held out."""

from __future__ import annotations

import numpy as np
import torch

from datasets.streams import stream
from hdrmetrics import create_metric
from hdrmetrics.learned.tonemapping.sizes import Network
from hdrmetrics.learned.tonemapping.tone import Tone
from hdrmetrics.learned.tonemapping.toning import toned
from hdrmetrics.tonemap import to_display
from trainers.tonemapping.frames import Frames
from trainers.tonemapping.views import moved

_TOLERANCE = 0.02  # nepers that exposures of a moved picture may change by


def distance(tone: Tone, other: Tone) -> torch.Tensor:
    """Return the mean square of what two pictures' exposures differ by, in tolerances, ``(N,)``."""
    exposure = (tone.exposure - tone.centre) - (other.exposure - other.centre)
    return exposure.square().flatten(1).mean(dim=1) / _TOLERANCE**2


@torch.no_grad()
def judged(net: Network, metric: str, frames: Frames) -> dict[str, float]:
    """Return means over whole pictures: the score that is learnt from, TMQI, and steadiness."""
    score, teacher = create_metric(metric), create_metric("tmqi")
    rows = []
    for number, name in enumerate(one for names in frames.names.values() for one in names):
        light = frames.whole(name)
        code = to_display(toned(light, net(light)))
        pair = moved(light, stream(0, "judge", number))
        apart = distance(*(net(part.clamp(min=0.0)) for part in pair))
        rows.append([float(score(code)), float(teacher(code, light)), float(apart.sqrt())])
    told = np.array(rows).mean(axis=0)
    return {"learned": float(told[0]), "tmqi": float(told[1]), "moved": float(told[2])}
