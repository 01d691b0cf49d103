"""How much better a picture became: the quality after enhancement less the quality before."""

from __future__ import annotations

import torch
from torch import Tensor

from hdrmetrics.catalogue.metrics import create_metric
from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.metric import Metric, MetricInfo

DEFAULT = "nima"


def delta_score(
    before: Tensor,
    after: Tensor,
    metric: str | Metric = DEFAULT,
    *,
    reference: Tensor | None = None,
) -> Tensor:
    """Return by how much pictures gained, positive where they became better, ``(N,)``.

    By ``nima`` this is delta-NIMA, from −9 to 9: negative means that enhancement harmed. With a
    reference, the pristine original, it is the true gain by any full-reference metric.

    Parameters
    ----------
    before, after
        ``(N, C, H, W)``, in the unit of the metric's domain: as many of the one as of the other.
    metric
        By name or made. Where lower is better the sign is turned.
    reference
        For metrics that need one.

    Raises
    ------
    OptionError
        If the metric needs a reference and there is none, or the other way round; or if it says
        what there is to gain, not how good a picture is, as ``improvability`` does.
    ShapeError
        If there are more of the one than of the other, and as for calling the metric.
    PixelValueError, DomainError
        As for calling the metric.

    References
    ----------
    H. Talebi et al., WO2024076611A1, 2024: check before commercial use.

    Examples
    --------
    >>> import torch
    >>> dull = torch.linspace(0.4, 0.6, 3 * 64 * 64).view(1, 3, 64, 64)
    >>> original = 5 * (dull - 0.4)
    >>> bool(delta_score(dull, original, "ssim", reference=original) > 0)
    True
    """
    chosen = create_metric(metric) if isinstance(metric, str) else metric
    check_quality(chosen.info)
    if chosen.info.reference and reference is None:
        raise OptionError(f"{chosen.info.name} says gains against an original: give reference=")
    if not chosen.info.reference and reference is not None:
        raise OptionError(f"{chosen.info.name} takes no reference: leave it out")
    new, old = chosen(after, reference), chosen(before, reference)
    if new.shape != old.shape:
        raise ShapeError(f"{len(old)} pictures before, but {len(new)} after: give pairs")
    # Two that are infinitely good, as by PSNR, differ in nothing.
    gain: Tensor = torch.where(new == old, torch.zeros_like(new), new - old)
    return gain if chosen.info.higher_is_better else -gain


def check_quality(info: MetricInfo) -> None:
    """Raise OptionError for a metric of which a higher or lower value is no better picture."""
    if not info.says_how_good:
        raise OptionError(
            f"{info.name} says what there is to gain, not how good a picture is: take the gains "
            "of another metric, such as nima"
        )
