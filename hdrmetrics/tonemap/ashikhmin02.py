"""Threshold-versus-intensity mapping of local adaptation, the detail multiplied back."""

from __future__ import annotations

import torch
from torch import Tensor

from hdrmetrics.tonemap.blur import blur
from hdrmetrics.tonemap.operator import OPERATORS, LuminanceOperator, OperatorInfo
from hdrmetrics.tonemap.parameter import Values, setting
from hdrmetrics.tonemap.statistics import TINY, percentile

_WIDEST = 10


@OPERATORS.add
class Ashikhmin02(LuminanceOperator):
    """L_d = (T(A) − T(A_min)) / (T(A_max) − T(A_min)) · L / A, T the eye's capacity.

    The adaptation A of a pixel is the Gaussian mean over the widest of ten windows whose contrast
    to a window twice as wide stays below a threshold. T integrates the inverse of the just
    noticeable difference over luminance.

    Notes
    -----
    As in the HDR Toolbox a wide window counts even where a narrower one has failed.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.tensor([[1.0, 10.0, 100.0]]).expand(3, 3, 3)
    >>> [round(float(v), 2) for v in tonemap(light, "ashikhmin02")[0, 0, 1]]
    [0.0, 0.41, 1.0]
    """

    info = OperatorInfo(
        name="ashikhmin02",
        title="Threshold mapping of local adaptation",
        kind="local",
        parameters=(
            setting("peak", 100.0, 1.0, 1e4, "cd/m²", "luminance that white stands for, of 100"),
            setting("threshold", 0.5, 0.01, 10.0, "", "contrast that ends a surround"),
        ),
        monotone=False,
        scale_invariant=False,
        differentiable=True,
        citation="M. Ashikhmin, Eurographics Workshop on Rendering 2002",
    )

    def map_light(self, light: Tensor, values: Values) -> Tensor:
        """Return the mapped adaptation times the detail."""
        adapting = _adaptation(light, values["threshold"])
        low = _capacity(percentile(adapting, 0.0005))
        high = _capacity(percentile(adapting, 0.9995))
        room = high - low
        mapped = (_capacity(adapting) - low) / torch.where(room > 0, room, 1.0)
        mapped = torch.where(room > 0, mapped, 1.0)
        detail = torch.where(adapting > TINY, light / adapting.clamp(min=TINY), 0.0)
        return values["peak"] / 100 * mapped * detail


def _adaptation(light: Tensor, threshold: Tensor) -> Tensor:
    means = {w: _window_mean(light, w) for w in range(1, _WIDEST + 1)}
    chosen = means[_WIDEST]
    open_ = torch.ones_like(light, dtype=torch.bool)
    for window in range(_WIDEST, 0, -1):  # the widest that qualifies
        narrow = means[window]
        wide = means[2 * window] if 2 * window in means else _window_mean(light, 2 * window)
        contrast = (narrow - wide).abs() / narrow.clamp(min=TINY)
        takes = open_ & (contrast < threshold)
        chosen = torch.where(takes, narrow, chosen)
        open_ = open_ & ~takes
    return chosen


def _window_mean(light: Tensor, window: int) -> Tensor:
    return blur(light, window / 5, max(window, 3))


def _capacity(light: Tensor) -> Tensor:
    """Return how many just noticeable steps lie below a luminance in cd/m²."""
    dim = 2.4483 + torch.log(light.clamp(min=0.0034) / 0.0034) / 0.4027
    middle = 16.5630 + (light - 1) / 0.4027
    bright = 32.0693 + torch.log(light.clamp(min=7.2444) / 7.2444) / 0.0556
    low = torch.where(light < 0.0034, light / 0.0014, dim)
    return torch.where(light < 1, low, torch.where(light < 7.2444, middle, bright))
