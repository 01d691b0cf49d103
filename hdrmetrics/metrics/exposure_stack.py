"""HDR evaluation by SDR metrics on a stack of exposures.

P. Cao, R. K. Mantiuk, K. Ma, "Perceptual assessment and optimization of HDR image rendering", CVPR
2024.

As in the authors' code: display model, exposures and their selection, weights, the mean over
exposures. Unlike it: pixels of the reference that are not positive are raised for the choice of
exposures but shown as they are, so that identical images have no difference; an exposure in which
no pixel counts is left out instead of yielding NaN; an image of a single luminance is given three
exposures to choose from instead of none; and alignment, for which the authors run Adam from a
random start on the test scaled to its maximum, is here a search within bounds, on a grid of half
stops refined by golden section and judged by the weighted metric itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from hdrmetrics.errors import OptionError, PixelValueError, ShapeError
from hdrmetrics.numerics.recording import need_values
from hdrmetrics.photometry.color import luminance
from hdrmetrics.picture.pixels import as_batch, check_mask, check_pair, value_range

# The inverse display model and the choice of exposures, as in the authors' code.
_BLACK = 1 / 128
_GAMMA = 2.2
_DARKEST = 1e-8
_DISPLAY_STOPS = 8.0
_EXPOSURES_PER_DISPLAY = 3
_MOST_WHITE, _MOST_BLACK = 7 / 8, 3 / 4
_WELL_EXPOSED = (0.1, 0.9)

_GRID_STOPS = 0.5
_ALIGNMENT_STOPS = 0.01  # precision of an aligned exposure
_GOLDEN = (math.sqrt(5) - 1) / 2

SdrMetric = Callable[..., Tensor]
"""``metric(test, reference, mask=weights) -> (N,)`` on display-encoded images in [0, 1]."""


class ExposureStack(NamedTuple):
    """The exposures that show the whole dynamic range of one reference image.

    Parameters
    ----------
    exposures
        ``(K,)``, the linear value (cd/m²) that each exposure shows as white, ascending.
    weights
        ``(K, 1, H, W)``, what each pixel counts in each exposure; sums to 1 over the exposures.
    """

    exposures: Tensor
    weights: Tensor


def expose(image: Tensor, exposure: Tensor | float) -> Tensor:
    """Return the SDR picture that a display would need to be sent to show an exposure.

    The display has a gamma of 2.2 and emits 1/128 of its white at code 0.

    Parameters
    ----------
    image
        Linear light of any shape, unit as ``exposure``.
    exposure
        The value shown as white, positive; broadcast over ``image``.

    Returns
    -------
    Tensor
        Display-encoded values in [0, 1]; the black level is encoded as 0.00023, since the power
        function has no slope at 0. Differentiable, with zero gradient where clipped.

    References
    ----------
    See :func:`pooled`.
    """
    return (((image / exposure) - _BLACK) / (1 - _BLACK)).clamp(_DARKEST, 1.0) ** (1 / _GAMMA)


def exposure_stack(reference: Tensor) -> ExposureStack:
    """Choose the exposures of a reference image, and what each pixel counts in each.

    Exposures lie 8/3 stops apart, three for each eight stops of the image's range of luminance,
    from its minimum upwards; those with at least 7/8 of the values clipped to white or over 3/4
    to black are left out. A pixel counts equally in all exposures that encode it with a luma
    between 0.1 and 0.9; if there are none, equally in all.

    Parameters
    ----------
    reference
        One HDR image in linear light, ``(1, C, H, W)``, ``(C, H, W)`` or ``(H, W)``. Values that
        are not positive are raised to the smallest positive one.

    Raises
    ------
    ShapeError
        For other shapes or several images (each has its own exposures).
    PixelValueError
        If no value is positive, or some are NaN or infinite.

    References
    ----------
    See :func:`pooled`.
    """
    image = as_batch(reference, "reference").detach()
    if image.shape[0] != 1:
        raise ShapeError(f"an exposure stack belongs to one image, not to {image.shape[0]}")
    need_values(image, "a stack of exposures is chosen by the reference's values")
    value_range(image, "reference")
    positive = image > 0
    if not bool(positive.any()):
        raise PixelValueError("the reference image is black: there is nothing to expose for")
    image = torch.where(positive, image, image[positive].min())

    darkest, brightest = (math.log2(float(v)) for v in torch.aminmax(luminance(image)))
    displays = max(1, math.ceil((brightest - darkest) / _DISPLAY_STOPS))
    step = _DISPLAY_STOPS / _EXPOSURES_PER_DISPLAY
    exposures = [
        2.0 ** (darkest + step * (i + 1)) for i in range(displays * _EXPOSURES_PER_DISPLAY)
    ]
    clipped = [_clipped(image, exposure) for exposure in exposures]
    kept = [
        exposure
        for exposure, (white, black) in zip(exposures, clipped, strict=True)
        if white < _MOST_WHITE and black <= _MOST_BLACK
    ]
    if not kept:
        kept = [exposures[min(range(len(exposures)), key=lambda i: sum(clipped[i]))]]

    luma = torch.cat([luminance(expose(image, exposure)) for exposure in kept])
    well = ((luma >= _WELL_EXPOSED[0]) & (luma <= _WELL_EXPOSED[1])).to(image.dtype)
    count = well.sum(dim=0, keepdim=True)
    weights = torch.where(count > 0, well / count.clamp_min(1), 1 / len(kept))
    return ExposureStack(image.new_tensor(kept), weights)


def _clipped(image: Tensor, exposure: float) -> tuple[float, float]:
    """Return the shares of values that an exposure shows as white and as black."""
    limit = exposure * (_BLACK + _DARKEST * (1 - _BLACK))
    white, black = (image >= exposure).double().mean(), (image <= limit).double().mean()
    return float(white), float(black)


def pooled(
    metric: SdrMetric,
    test: Tensor,
    reference: Tensor,
    *,
    mask: Tensor | None = None,
    weighted: bool = True,
    align_stops: float = 0.0,
    higher_is_better: bool = True,
) -> Tensor:
    """Return an SDR metric's mean over the exposures of the reference, one value per image.

    Parameters
    ----------
    metric
        Called as ``metric(test, reference, mask=weights)`` with one exposure ``(1, C, H, W)`` of
        both, display-encoded in [0, 1]; returns ``(1,)``.
    test, reference
        HDR images in linear light, the same unit, ``(N, C, H, W)``; one reference may serve all.
    mask
        Weights in [0, 1], ``(N, 1, H, W)``; they multiply the weights of the exposures.
    weighted
        Hand the metric the pixels' weights of :func:`exposure_stack`. ``False`` for a metric that
        takes no mask (then only ``mask``, if given, is handed on).
    align_stops
        Look for the exposure of the test that suits each exposure of the reference best, at most
        so many stops from it. 0 compares equal exposures, which is what calibrated images and
        training want.
    higher_is_better
        The metric's direction, for the alignment.

    Returns
    -------
    Tensor
        ``(N,)``. Differentiable in ``test`` if the metric is; aligned exposures count as constants
        (at an optimum their gradient is zero).

    Raises
    ------
    ShapeError, PixelValueError
        For images that do not fit each other or have no positive value.
    OptionError
        For a negative alignment, or a mask outside [0, 1] or selecting nothing.

    """
    batch, target = as_batch(test, "test"), as_batch(reference, "reference")
    check_pair(batch.shape, target.shape)
    _check_alignment(batch, align_stops)
    region = check_mask(mask, batch)
    stacks = [exposure_stack(image) for image in target]
    values = []
    for index, image in enumerate(batch):
        own = index if target.shape[0] > 1 else 0
        scores = []
        for exposure, weights in zip(*stacks[own], strict=True):
            counted = _weights(weights, None if region is None else region[index], weighted)
            if counted is None or bool(counted.any()):
                score = _Score(metric, image[None], target[own : own + 1], exposure, counted)
                stops = _best(score, align_stops, higher_is_better) if align_stops else 0.0
                scores.append(score(stops))
        values.append(torch.stack(scores).mean())
    return torch.stack(values)


def _check_alignment(test: Tensor, stops: float) -> None:
    if not stops >= 0:
        raise OptionError(f"align_stops must be at least 0, not {stops}")
    if stops:
        need_values(test, "alignment is a search by the test's values: leave align_stops=0")


def _weights(weights: Tensor, region: Tensor | None, weighted: bool) -> Tensor | None:
    """Return what to hand to the metric: ``(1, 1, H, W)``, or ``None`` for no mask."""
    if not weighted:
        return None if region is None else region[None]
    return (weights if region is None else weights * region)[None]


class _Score:
    """The metric at one exposure of the reference, as a function of the test's offset in stops."""

    def __init__(
        self,
        metric: SdrMetric,
        test: Tensor,
        reference: Tensor,
        exposure: Tensor,
        weights: Tensor | None,
    ) -> None:
        self.metric = metric
        self.test = test
        self.shown = expose(reference, exposure)
        self.exposure = exposure
        self.options = {} if weights is None else {"mask": weights}

    def __call__(self, stops: float) -> Tensor:
        shown = expose(self.test, self.exposure * 2.0**stops)
        return self.metric(shown, self.shown, **self.options).reshape(())


@torch.no_grad()
def _best(score: _Score, reach: float, higher_is_better: bool) -> float:
    """Return the offset within ``reach`` at which a score is best; 0 is among those tried."""
    sign = -1.0 if higher_is_better else 1.0

    def cost(stops: float) -> float:
        value = sign * float(score(stops))
        return math.inf if math.isnan(value) else value

    steps = math.ceil(reach / _GRID_STOPS)
    grid = [reach * i / steps for i in range(-steps, steps + 1)]
    # The smallest offset wins a tie: images without any contrast are left where they are.
    best = min(grid, key=lambda stops: (cost(stops), abs(stops)))
    low, high = max(-reach, best - reach / steps), min(reach, best + reach / steps)
    inner = [high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)]
    costs = [cost(stops) for stops in inner]
    while high - low > _ALIGNMENT_STOPS:
        if costs[0] <= costs[1]:
            high, inner[1], costs[1] = inner[1], inner[0], costs[0]
            inner[0] = high - _GOLDEN * (high - low)
            costs[0] = cost(inner[0])
        else:
            low, inner[0], costs[0] = inner[0], inner[1], costs[1]
            inner[1] = low + _GOLDEN * (high - low)
            costs[1] = cost(inner[1])
    return min([best, *inner], key=cost)
