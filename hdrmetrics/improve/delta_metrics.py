"""Metrics as what tells how much photographs gained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from hdrmetrics.catalogue.metrics import canonical_name
from hdrmetrics.errors import HdrMetricsError, OptionError, PixelValueError
from hdrmetrics.improve.delta import check_quality, delta_score
from hdrmetrics.jobs.inputs import Units, prepare_inputs
from hdrmetrics.jobs.scoring import build_metric
from hdrmetrics.metric import Metric
from hdrmetrics.picture.image import Image


def delta_metrics(
    metrics: str | Metric | Sequence[str | Metric], *, referenced: bool
) -> dict[str, Metric]:
    """Return metrics by their names, ready to say gains of photographs.

    Parameters
    ----------
    metrics
        Names or metrics; one may stand alone.
    referenced
        Whether there are originals.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    OptionError
        If there is none at all, one is named twice, one needs originals and there are none, none
        needs those that there are, one compares with HDR pictures, or says what there is to gain.

    Examples
    --------
    >>> list(delta_metrics(["piqe", "ssim"], referenced=True))
    ['piqe', 'ssim']
    """
    if isinstance(metrics, (str, Metric)):
        metrics = [metrics]
    models: dict[str, Metric] = {}
    for one in metrics:
        model = build_metric(canonical_name(one) if isinstance(one, str) else one, None, {})
        name = model.info.name
        if name in models:
            raise OptionError(f"{name} is named twice: each metric has one column")
        check_quality(model.info)
        if model.info.domain == "tonemapped":
            raise OptionError(
                f"{name} compares with an HDR original, and photographs have none: choose one of "
                "`hdrmetrics metrics --domain sdr`"
            )
        if model.color_space != "bt709":
            raise OptionError(f"this {name} takes {model.color_space}: leave that option out")
        if model.info.reference and not referenced:
            raise OptionError(
                f"{name} says gains against an original: give the folder of the originals "
                "(references, --reference)"
            )
        models[name] = model
    if not models:
        raise OptionError("a set of gains needs a metric at least, such as nima")
    if referenced and not any(model.info.reference for model in models.values()):
        raise OptionError(f"{', '.join(models)}: none takes a reference; leave it out")
    return models


def delta_of(metric: Metric, before: Image, after: Image, original: Image | None) -> float:
    """Return what a metric says was gained.

    Parameters
    ----------
    metric
        Of photographs; or of light, which then sees them as their display shows them.
    before, after
        Display-encoded, of the same size.
    original
        The pristine one, passed over by metrics without a reference.

    Returns
    -------
    float
        Positive where ``after`` is better, in the metric's unit; see
        :func:`~hdrmetrics.improve.delta.delta_score`.

    Raises
    ------
    PixelValueError
        If the gain is NaN or infinite, as of a ratio to no error at all.
    ShapeError
        If the pictures are too small, or of other sizes than the original.

    Examples
    --------
    >>> import hdrmetrics as hm, numpy as np
    >>> dark, darker = (hm.as_image(np.full((4, 4), code, np.uint8)) for code in (40, 20))
    >>> white = hm.as_image(np.full((4, 4), 255, np.uint8))
    >>> round(delta_of(hm.create_metric("mae"), darker, dark, white), 3)
    0.078
    """
    model = metric.suited_to(before)
    name, reference = model.info.name, original if model.info.reference else None
    try:
        ends = [
            prepare_inputs(one, reference, model.info.domain, Units()) for one in (before, after)
        ]
        with torch.no_grad():
            gain = float(
                delta_score(ends[0].test, ends[1].test, model, reference=ends[0].reference)
            )
    except HdrMetricsError as error:
        if str(error).startswith(name):
            raise
        raise type(error)(f"{name}: {error}") from error
    if not np.isfinite(gain):
        raise PixelValueError(
            f"{name} gives no finite gain ({gain}), as where a picture equals its original: choose "
            "a metric with a finite range, such as ssim"
        )
    return gain + 0.0  # no −0
