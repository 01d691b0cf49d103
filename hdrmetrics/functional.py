"""Every metric as a plain function on tensors, for those who want no module.

Metrics of codes (``psnr``, ``ssim``, ``vsi`` …) take ``data_range``, the code of white: 1.0 unless
given. Values that cannot be codes of that range are refused. Encodings turn light in cd/m² into
codes, so that ``pu21-ssim`` is ``ssim`` with ``data_range=256`` on ``pu21_encode(luminance(x))``.
Metrics of light take linear light that is not negative.

Every other name of :func:`hdrmetrics.list_metrics` is a function here too, with ``_`` for ``-``:
``stack_psnr(test, reference)``, ``norvdpnet(image)``, ``pu21_ssim(test, reference)``. They take the
options of :func:`hdrmetrics.metric_options` by keyword and ``mask``. ``sdr_ssim`` is ``ssim``.

Examples
--------
>>> import torch
>>> import hdrmetrics as hm
>>> light = torch.rand(1, 3, 32, 32) * 1000
>>> a, b = (hm.functional.pu21_encode(x) for x in (light, light * 1.1))
>>> bool(hm.functional.psnr(a, b, data_range=256) > 30)
True
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from hdrmetrics.metrics.crf import crf_correction as crf_correction
from hdrmetrics.metrics.difference import mae as mae
from hdrmetrics.metrics.difference import mse as mse
from hdrmetrics.metrics.difference import rmse as rmse
from hdrmetrics.metrics.exposure_stack import expose as expose
from hdrmetrics.metrics.exposure_stack import exposure_stack as exposure_stack
from hdrmetrics.metrics.fsim import fsim as fsim
from hdrmetrics.metrics.fsim import fsimc as fsimc
from hdrmetrics.metrics.fsitm import fsitm as fsitm
from hdrmetrics.metrics.fsitm import fsitm_tmqi as fsitm_tmqi
from hdrmetrics.metrics.mpsnr import mpsnr as mpsnr
from hdrmetrics.metrics.ms_ssim import ms_ssim as ms_ssim
from hdrmetrics.metrics.piqe import piqe as piqe
from hdrmetrics.metrics.psnr import psnr as psnr
from hdrmetrics.metrics.psnr import psnr_y as psnr_y
from hdrmetrics.metrics.ssim import ssim as ssim
from hdrmetrics.metrics.ssim import ssim_map as ssim_map
from hdrmetrics.metrics.tmqi import tmqi as tmqi
from hdrmetrics.metrics.vsi import vsi as vsi
from hdrmetrics.numerics.recording import constants
from hdrmetrics.photometry.color import luminance as luminance
from hdrmetrics.photometry.transfer import bt1886_decode as bt1886_decode
from hdrmetrics.photometry.transfer import bt1886_encode as bt1886_encode
from hdrmetrics.photometry.transfer import hlg_decode as hlg_decode
from hdrmetrics.photometry.transfer import hlg_encode as hlg_encode
from hdrmetrics.photometry.transfer import log_decode as log_decode
from hdrmetrics.photometry.transfer import log_encode as log_encode
from hdrmetrics.photometry.transfer import mu_law_decode as mu_law_decode
from hdrmetrics.photometry.transfer import mu_law_encode as mu_law_encode
from hdrmetrics.photometry.transfer import pq_decode as pq_decode
from hdrmetrics.photometry.transfer import pq_encode as pq_encode
from hdrmetrics.photometry.transfer import pu21_decode as pu21_decode
from hdrmetrics.photometry.transfer import pu21_encode as pu21_encode
from hdrmetrics.photometry.transfer import srgb_decode as srgb_decode
from hdrmetrics.photometry.transfer import srgb_encode as srgb_encode
from hdrmetrics.picture.pixels import check_light

if TYPE_CHECKING:
    from hdrmetrics.metric import Metric, MetricInfo

__all__ = [
    "bt1886_decode",
    "bt1886_encode",
    "crf_correction",
    "expose",
    "exposure_stack",
    "fsim",
    "fsimc",
    "fsitm",
    "fsitm_tmqi",
    "hlg_decode",
    "hlg_encode",
    "log_decode",
    "log_encode",
    "luminance",
    "mae",
    "mpsnr",
    "ms_ssim",
    "mse",
    "mu_law_decode",
    "mu_law_encode",
    "piqe",
    "pq_decode",
    "pq_encode",
    "psnr",
    "psnr_y",
    "pu21_decode",
    "pu21_encode",
    "rmse",
    "srgb_decode",
    "srgb_encode",
    "ssim",
    "ssim_map",
    "tmqi",
    "vsi",
]


def __getattr__(name: str) -> Callable[..., Tensor]:
    if not name.startswith("_"):
        from hdrmetrics.catalogue.metrics import canonical_name, list_metrics

        # ``sdr_ssim`` is ``ssim``, as ``sdr-ssim`` is wherever a metric is named.
        plain = canonical_name(name.replace("_", "-")).replace("-", "_")
        if plain in __all__ and plain != name:
            function: Callable[..., Tensor] = globals()[plain]
            return function
        for info in list_metrics():
            if info.name.replace("-", "_") == plain:
                return _function(info)
    raise AttributeError(
        f"module {__name__!r} has no attribute {name!r}; dir() lists its functions"
    )


def __dir__() -> list[str]:
    from hdrmetrics.catalogue.metrics import list_metrics

    return sorted({*__all__, *(info.name.replace("-", "_") for info in list_metrics())})


@functools.cache
def _function(info: MetricInfo) -> Callable[..., Tensor]:
    """Return a registered metric as a function."""
    from hdrmetrics.catalogue.metrics import metric_options

    def call(test: Tensor, *reference: Tensor, mask: Tensor | None, options: Any) -> Tensor:
        for image, role in zip((test, *reference), ("test", "reference"), strict=False):
            # XYZ of colours outside BT.709 has negative channels.
            light = info.domain == "hdr" or (info.domain == "tonemapped" and role == "reference")
            if light and options.get("encoding") != "xyz":
                check_light(image, role)
        metric = _metric(info.name, test.device, *sorted(options.items()))
        value: Tensor = metric(test, *reference, mask=mask)
        return value

    if info.reference:

        def function(
            test: Tensor, reference: Tensor, *, mask: Tensor | None = None, **options: Any
        ) -> Tensor:
            return call(test, reference, mask=mask, options=options)
    else:

        def function(  # type: ignore[misc]
            test: Tensor, *, mask: Tensor | None = None, **options: Any
        ) -> Tensor:
            return call(test, mask=mask, options=options)

    known = metric_options(info.name)
    own = list(inspect.signature(function).parameters.values())[:-1]
    chosen = [
        inspect.Parameter(
            one.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=one.default,
            annotation=one.annotation,
        )
        for one in known.values()
    ]
    function.__signature__ = inspect.Signature([*own, *chosen])  # type: ignore[attr-defined]
    function.__name__ = function.__qualname__ = info.name.replace("-", "_")
    function.__doc__ = _description(info)
    return function


@constants(8)
def _metric(name: str, device: torch.device, *options: tuple[str, Any]) -> Metric:
    """Return a metric that later calls with these options share: weights are read once."""
    from hdrmetrics.catalogue.metrics import create_metric

    return create_metric(name, **dict(options)).to(device)


def _description(info: MetricInfo) -> str:
    units = {
        "hdr": "linear light in cd/m², not negative",
        "sdr": "display-encoded values in [0, 1]",
        "tonemapped": "tone-mapped codes in [0, 1] (test) and light (reference)",
    }
    images = "test, reference" if info.reference else "test"
    better = "higher" if info.higher_is_better else "lower"
    unit = f" {info.unit}" if info.unit else ""
    return f"""Return {info.title[0].lower()}{info.title[1:]} of each image, ``(N,)``.

    Parameters
    ----------
    {images}
        ``(N, C, H, W)``, C = 1 or 3: {units[info.domain]}.
    mask
        Weights ``(N, 1, H, W)`` in [0, 1].
    **options
        Of the metric, see ``metric_options({info.name!r})``.

    Returns
    -------
    Tensor
        {info.range[0]:g} to {info.range[1]:g}{unit}, {better} is better.

    Raises
    ------
    ShapeError, PixelValueError, DomainError, OptionError
        For images, masks and options that cannot be.

    References
    ----------
    {info.citation}
    """
