"""Multi-exposure PSNR: the PSNR of a bracket of virtual photographs."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from hdrmetrics.catalogue.metrics import METRICS
from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.errors import OptionError
from hdrmetrics.metric import Metric, MetricInfo
from hdrmetrics.metrics._plain import on_light
from hdrmetrics.metrics.code_metric import ROUND_TO_8BIT
from hdrmetrics.metrics.psnr import decibel_loss, decibels
from hdrmetrics.numerics.pooling import masked_mean
from hdrmetrics.numerics.recording import need_values
from hdrmetrics.photometry.color import luminance

GAMMA = 2.2
MAXIMUM_STOPS = 40

INFO = MetricInfo(
    name="mpsnr",
    title="Multi-exposure peak signal-to-noise ratio",
    domain="hdr",
    reference=True,
    higher_is_better=True,
    range=(-math.inf, math.inf),
    unit="dB",
    differentiable=True,
    map_kind=None,
    minimum_size=1,
    citation="Munkberg, Clarberg, Hasselgren and Akenine-Möller, ACM TOG 25(3), 2006",
    version="1",
)


def exposure_range(reference: Tensor) -> tuple[int, int]:
    """Return the f-stops (first, last) whose virtual photographs cover a reference ``(C, H, W)``.

    At the first stop the brightest luminance is just not clipped; at the last one the darkest
    hundredth of the pixels (of those that emit light at all) reaches mid-grey, code 0.5.
    Stop c multiplies radiance by 2**c.

    Raises
    ------
    OptionError
        If the reference is black, or its range is over 40 stops.
    """
    need_values(reference, "mpsnr takes its stops from the reference: give it stops=(first, last)")
    light = luminance(reference.detach()).flatten()
    light = light[light > 0]
    if light.numel() == 0:
        raise OptionError("the reference is black: give mpsnr its stops")
    # kthvalue, not quantile: torch.quantile refuses more than 16 million elements
    dark = light.kthvalue(max(1, round(0.01 * light.numel()))).values
    first = math.floor(-math.log2(float(light.max())))
    last = max(first, math.ceil(math.log2(0.5**GAMMA / float(dark))))
    if last - first > MAXIMUM_STOPS:
        raise OptionError(
            f"the reference spans {last - first} stops; give mpsnr its stops (at most "
            f"{MAXIMUM_STOPS} apart)"
        )
    return first, last


def virtual_photograph(image: Tensor, stop: float, *, round_to_8bit: bool = False) -> Tensor:
    """Return 8-bit-scale code values [0, 255] of an exposure: 255·(2^stop · x)^(1/2.2), clipped.

    Parameters
    ----------
    image
        Linear light ``(N, C, H, W)``.
    stop
        f-stop: 2**stop multiplies the light.
    round_to_8bit
        Round to whole codes, as in the paper; without gradient then.
    """
    # The floor, a thousandth of a code, keeps the slope of x**(1/2.2) finite at black.
    exposed = (image * 2.0**stop).clamp(1e-9, 1.0)
    code: Tensor = 255.0 * exposed ** (1 / GAMMA)
    return code.round() if round_to_8bit else code


def mpsnr(
    test: Tensor,
    reference: Tensor,
    *,
    stops: tuple[int, int] | None = None,
    round_to_8bit: bool = False,
    mask: Tensor | None = None,
) -> Tensor:
    """Return the multi-exposure PSNR of each image in dB.

    Parameters
    ----------
    test, reference
        Linear light ``(N, C, H, W)``, not negative, cd/m² or relative.
    stops
        First and last f-stop; ``None`` takes :func:`exposure_range` of each reference.
    round_to_8bit
        Round each photograph to whole codes, as in the paper.
    mask
        Weights ``(N, 1, H, W)`` in [0, 1].

    Returns
    -------
    Tensor
        ``(N,)``; ``inf`` for identical images.

    Raises
    ------
    OptionError
        If the stops are reversed or more than 40 apart, or cannot be found.
    ShapeError, PixelValueError
        For shapes that differ; NaN, infinity or negative light.

    References
    ----------
    J. Munkberg et al., "High dynamic range texture compression for graphics hardware", ACM TOG
    25(3), 2006. The paper picks the stops by hand.
    """
    _check_stops(stops)
    return on_light(
        lambda t, r, m: decibels(_bracket_mse(t, r, stops, round_to_8bit, m), 255.0),
        test, reference, mask=mask,
    )  # fmt: skip


def _check_stops(stops: tuple[int, int] | None) -> None:
    if stops is not None and not 0 <= stops[1] - stops[0] <= MAXIMUM_STOPS:
        raise OptionError(f"stops are (first, last), at most {MAXIMUM_STOPS} apart: {stops}")


def _bracket_mse(
    test: Tensor,
    reference: Tensor,
    stops: tuple[int, int] | None,
    round_to_8bit: bool,
    mask: Tensor | None,
) -> Tensor:
    values = []
    for index in range(test.shape[0]):
        one = slice(index, index + 1)
        wanted = reference[one] if reference.shape[0] > 1 else reference
        first, last = stops or exposure_range(wanted[0])
        errors = []
        for stop in range(first, last + 1):
            a = virtual_photograph(test[one], stop, round_to_8bit=round_to_8bit)
            b = virtual_photograph(wanted, stop, round_to_8bit=round_to_8bit)
            errors.append(masked_mean((a - b).square(), None if mask is None else mask[one]))
        values.append(torch.stack(errors).mean())
    return torch.stack(values)


@METRICS.add
class MPSNR(Metric):
    """Multi-exposure PSNR; see :func:`mpsnr` for the options."""

    info = INFO
    option_parameters = (
        Parameter(
            "stops", None, (-200, 200), "stops", "first and last exposure",
            "numbers", automatic="those that show something of the reference",
        ),
        ROUND_TO_8BIT,
    )  # fmt: skip

    def __init__(
        self, *, stops: tuple[int, int] | None = None, round_to_8bit: bool = False
    ) -> None:
        super().__init__()
        if stops is not None:
            stops = (int(stops[0]), int(stops[1]))
            _check_stops(stops)
        self.stops, self.round_to_8bit = stops, round_to_8bit

    def compare(self, test: Tensor, features: Any, mask: Tensor | None) -> Tensor:
        """Return the ratio in dB."""
        mse = _bracket_mse(test, features, self.stops, self.round_to_8bit, mask)
        return decibels(mse, 255.0)

    def compare_loss(self, test: Tensor, features: Any, mask: Tensor | None) -> Tensor:
        """Return how far the ratio stays under 100 dB, softly: 0 for identical images."""
        return decibel_loss(_bracket_mse(test, features, self.stops, False, mask), 255.0)

    def conditions(self, reference: Tensor | None = None) -> dict[str, Any]:
        """Return the stops and the rounding."""
        stops = self.stops
        if stops is None and reference is not None:
            stops = exposure_range(reference[0])
        found: dict[str, Any] = {"round_to_8bit": self.round_to_8bit, "gamma": GAMMA}
        return found if stops is None else found | {"stops": list(stops)}
