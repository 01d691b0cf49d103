"""What is drawn of single pictures on demand: maps of quality, and what enhancement would make."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image as Pillow

from hdrmetrics.collection.decoded import Decoded
from hdrmetrics.collection.plan import Plan
from hdrmetrics.improve.enhancer import Enhancer
from hdrmetrics.improve.photograph import enhanced, read_photograph
from hdrmetrics.improve.previews import preview
from hdrmetrics.jobs.batch import score_files
from hdrmetrics.jobs.scoring import ScoreMap
from hdrmetrics.maps.falsecolor import draw_map
from hdrmetrics.metric import Metric

LONGEST = 1024
"""Pixels of the longer side of a map: it is looked at in a window."""


def maps_of(path: str, metrics: Sequence[Metric], plan: Plan) -> dict[str, bytes]:
    """Return maps of quality of one picture as PNG files, by the names of their metrics.

    Parameters
    ----------
    path
        The file; each metric sees it at the size at which it scored it, and large maps are made
        smaller afterwards.
    metrics
        Those without a map are passed over.
    plan
        By which the picture was scored.

    Raises
    ------
    ImageReadError
        If it cannot be read. A metric that refuses the picture has no map.
    """
    found: dict[str, bytes] = {}

    def draw(index: int, one: ScoreMap) -> None:
        file = io.BytesIO()
        Pillow.fromarray(draw_map(_smaller(one))).save(file, "PNG")
        found[one.score.metric] = file.getvalue()

    decoded = Decoded(path, plan.isolate)
    for metric in metrics:
        if metric.info.has_map:
            image = decoded.at(metric.enough if plan.reducible else None)
            score_files([(image, None)], [metric], jobs=1, on_map=draw, **plan.viewing)
    return found


def _smaller(found: ScoreMap) -> ScoreMap:
    """Return a map whose longer side is at most :data:`LONGEST`, by averaging."""
    height, width = found.values.shape
    if max(height, width) <= LONGEST:
        return found
    factor = LONGEST / max(height, width)
    size = max(1, round(height * factor)), max(1, round(width * factor))

    def made(values: NDArray[np.float32]) -> NDArray[np.float32]:
        plane = torch.from_numpy(values)[None, None]
        small: NDArray[np.float32] = F.interpolate(plane, size, mode="area")[0, 0].numpy()
        return small

    context = None if found.context is None else made(found.context)
    return dataclasses.replace(found, values=made(found.values), context=context)


def enhanced_preview(path: str, enhancer: Enhancer, side: int) -> bytes:
    """Return a JPEG file of a photograph after enhancement at its own size.

    Parameters
    ----------
    path
        The file.
    enhancer
        See :class:`~hdrmetrics.improve.enhancer.Enhancer`.
    side
        Of the longer side of the JPEG file, in pixels.

    Raises
    ------
    ImageReadError
        If it cannot be read.
    DomainError
        If the picture is HDR.
    EnhancerError, ShapeError, PixelValueError
        If the enhancer fails.
    """
    return preview(enhanced(read_photograph(Path(path)), enhancer), side)
