"""SDR metrics on a stack of exposures, as metrics of HDR images."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

from torch import Tensor

from hdrmetrics.catalogue.metrics import METRICS
from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.metric import Metric, MetricInfo
from hdrmetrics.metrics.code_metric import CodeMetric
from hdrmetrics.metrics.difference import MAE, MSE
from hdrmetrics.metrics.exposure_stack import exposure_stack, pooled
from hdrmetrics.metrics.fsim import FSIM
from hdrmetrics.metrics.ms_ssim import MSSSIM
from hdrmetrics.metrics.psnr import PSNR, decibel_loss, decibels
from hdrmetrics.metrics.ssim import SSIM
from hdrmetrics.metrics.vsi import VSI
from hdrmetrics.photometry.encoding import DisplayCode

_CITATION = "Cao, Mantiuk and Ma, CVPR 2024"
WEIGHTED = Parameter(
    "weighted", True, None, "", "weight pixels by how well each exposure shows them", "flag"
)
ALIGN_STOPS = Parameter(
    "align_stops", 0.0, (0.0, 40.0), "stops",
    "let each exposure of the test drift so far to where it scores best",
)  # fmt: skip


class ExposureStackMetric(Metric):
    """The mean of an SDR metric over virtual exposures of HDR images.

    Parameters
    ----------
    inner
        The metric of each exposure, of display-encoded images.
    weighted
        Weight pixels by how well each exposure shows them. MS-SSIM has no use for it: at its
        coarse scales an exposure's weights leave no window.
    align_stops
        Let each exposure of the test drift by at most so many stops to where it scores best, which
        forgives a difference of brightness; 0 compares calibrated light.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics import create_metric
    >>> reference = torch.linspace(1, 500, 3 * 64 * 64).view(1, 3, 64, 64)
    >>> round(float(create_metric("stack-ssim")(0.9 * reference, reference)), 2)
    0.99
    """

    option_parameters = (WEIGHTED, ALIGN_STOPS)

    def __init__(self, inner: Metric, *, weighted: bool = True, align_stops: float = 0.0) -> None:
        super().__init__()
        self.inner, self.weighted, self.align_stops = inner, weighted, align_stops
        self.info = _info(inner.info)

    def compare(self, test: Tensor, features: Any, mask: Tensor | None) -> Tensor:
        """Return the mean over exposures."""
        return pooled(
            self.inner,
            test,
            features,
            mask=mask,
            weighted=self.weighted,
            align_stops=self.align_stops,
            higher_is_better=self.inner.info.higher_is_better,
        )

    def conditions(self, reference: Tensor | None = None) -> dict[str, Any]:
        """Return the exposures and how they are pooled."""
        found = {
            "metric_of_exposures": self.inner.info.name,
            "weighted": self.weighted,
            "align_stops": self.align_stops,
        }
        if reference is not None:
            exposures = exposure_stack(reference).exposures
            found["exposures"] = [round(float(v), 4) for v in exposures]
        return found


class StackPSNR(ExposureStackMetric):
    """The ratio of the squared peak to the squared error, meant over exposures, in dB.

    Errors are averaged, not decibels: one exposure without a difference would make their mean
    infinite.
    """

    def __init__(self, *, weighted: bool = True, align_stops: float = 0.0) -> None:
        super().__init__(MSE(), weighted=weighted, align_stops=align_stops)
        self.info = _info(PSNR.describe(DisplayCode))

    def compare(self, test: Tensor, features: Any, mask: Tensor | None) -> Tensor:
        """Return the ratio in dB."""
        return decibels(super().compare(test, features, mask), 1.0)

    def compare_loss(self, test: Tensor, features: Any, mask: Tensor | None) -> Tensor:
        """Return how far the ratio stays under 100 dB, softly: 0 for identical images."""
        return decibel_loss(super().compare(test, features, mask), 1.0)


def _info(inner: MetricInfo) -> MetricInfo:
    return dataclasses.replace(
        inner,
        name=f"stack-{inner.name}",
        title=f"{inner.title} over a stack of exposures",
        domain="hdr",
        map_kind=None,
        citation=f"{_CITATION}; {inner.citation}",
    )


def _register() -> None:
    METRICS.register(_info(PSNR.describe(DisplayCode)), StackPSNR)
    inner: tuple[tuple[Callable[[], CodeMetric], bool], ...] = (
        (lambda: SSIM(border="replicate"), True),  # keeps well-exposed pixels at the border
        (MSSSIM, False),
        (VSI, True),
        (FSIM, True),
        (MAE, True),
    )
    for make, weights in inner:
        METRICS.register(
            _info(make().info),
            functools.partial(_stacked, make, weights),
            (dataclasses.replace(WEIGHTED, default=weights), ALIGN_STOPS),
        )


def _stacked(make: Callable[[], CodeMetric], weights: bool, **options: Any) -> Metric:
    return ExposureStackMetric(make(), **{"weighted": weights, **options})


_register()
