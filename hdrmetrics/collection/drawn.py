"""What is drawn of single pictures on demand: maps of quality, and what enhancement would make."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image as Pillow

from hdrmetrics.collection.plan import Plan
from hdrmetrics.improve.enhancer import Enhancer
from hdrmetrics.improve.photograph import enhanced, read_photograph
from hdrmetrics.improve.previews import preview
from hdrmetrics.io import read_image
from hdrmetrics.jobs.batch import score_files
from hdrmetrics.jobs.scoring import ScoreMap
from hdrmetrics.maps.falsecolor import draw_map
from hdrmetrics.metric import Metric

SIDE = 512
"""Pixels of the shorter side that maps are made of, where files can be decoded smaller."""


def maps_of(path: str, metrics: Sequence[Metric], plan: Plan) -> dict[str, bytes]:
    """Return maps of quality of one picture as PNG files, by the names of their metrics.

    Parameters
    ----------
    path
        The file; a JPEG is decoded at a reduced size, since a map is looked at in a window, unless
        a mask or a region is given in pixels of the whole.
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
        Pillow.fromarray(draw_map(one)).save(file, "PNG")
        found[one.score.metric] = file.getvalue()

    drawn = [metric for metric in metrics if metric.info.has_map]
    if drawn:
        side = SIDE if plan.reducible else None
        image = read_image(path, at_least=side, isolate=plan.isolate)
        score_files([(image, None)], drawn, jobs=1, on_map=draw, **plan.viewing)
    return found


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
