"""TMQI as a metric of the package."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, NamedTuple, get_args

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.catalogue.metrics import METRICS
from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.errors import OptionError
from hdrmetrics.metric import Metric, MetricInfo, PreparedMetric
from hdrmetrics.metrics.tmqi.fidelity import (
    MARGIN,
    MINIMUM_SIZE,
    SCALE_WEIGHTS,
    VALID_MINIMUM_SIZE,
    Scene,
    Window,
    fidelity_maps,
    mean_fidelity,
    pyramid,
    stretch,
    with_statistics,
)
from hdrmetrics.metrics.tmqi.light import luminance
from hdrmetrics.metrics.tmqi.naturalness import naturalness
from hdrmetrics.metrics.tmqi.quality import FIDELITY_POWER, NATURALNESS_POWER, quality_of_terms
from hdrmetrics.picture.pixels import check_light, check_pair

_LOSS_FLOOR = 1e-3

WINDOW = Parameter(
    "window", "same", None, "", "windows over the border too, as the original, or inside only",
    "choice", get_args(Window),
)  # fmt: skip

INFO = MetricInfo(
    name="tmqi",
    title="Tone-mapped image quality index",
    domain="tonemapped",
    reference=True,
    higher_is_better=True,
    range=(0.0, 1.0),
    unit="",
    differentiable=True,
    map_kind="similarity",
    minimum_size=MINIMUM_SIZE,
    citation="Yeganeh and Wang, IEEE TIP 22(2), 2013",
    version="1",
)


class TMQIResult(NamedTuple):
    """All that TMQI says about a batch of images.

    Parameters
    ----------
    q
        Quality ``(N,)``, 0 to 1.
    s
        Structural fidelity ``(N,)``, 0 to 1.
    n
        Statistical naturalness ``(N,)``, 0 to 1.
    s_local
        Mean local fidelity on each of the five scales, finest first, ``(N, 5)``.
    s_maps
        Local fidelity on each scale, ``(N, 1, h, w)`` halved from scale to scale.
    brightness, contrast
        The two factors of ``n``, ``(N,)``: how likely the mean luminance and the mean block
        deviation are in photographs, over the most likely one.
    mean, deviation
        That mean luminance and that deviation, ``(N,)``, in code values 0 to 255.
    """

    q: Tensor
    s: Tensor
    n: Tensor
    s_local: Tensor
    s_maps: tuple[Tensor, ...]
    brightness: Tensor
    contrast: Tensor
    mean: Tensor
    deviation: Tensor


def tmqi(
    test: Tensor,
    reference: Tensor,
    *,
    window: Window = "same",
    mask: Tensor | None = None,
) -> Tensor:
    """Return the tone-mapped image quality index of each image.

    Parameters
    ----------
    test
        Tone-mapped, display-encoded in [0, 1], ``(N, C, H, W)``, C = 1 or 3.
    reference
        The HDR image, same shape: linear BT.709 RGB or luminance in any unit, not negative.
    window
        ``same``: windows reach over the border into zeros, as in the HDR Toolbox; ``valid``:
        inside the image only, as in ports to other languages. They differ by up to 0.02.
    mask
        Weights ``(N, 1, H, W)`` in [0, 1], taken at each window's centre.

    Returns
    -------
    Tensor
        ``(N,)``, 0 to 1, higher is better. Also a perfect tone mapping is under 1.

    Raises
    ------
    ShapeError
        If the shapes differ, or a side is under 11 pixels (161 with ``valid``).
    OptionError
        For an unknown window.
    PixelValueError, DomainError
        For NaN or infinity, negative light, or a test image that is not display-encoded in
        [0, 1].

    References
    ----------
    H. Yeganeh and Z. Wang, "Objective quality assessment of tone-mapped images", IEEE Trans.
    Image Processing 22(2), 2013.
    """
    check_light(reference, "reference")
    value: Tensor = _made(window)(test, reference, mask=mask)
    return value


@functools.cache
def _made(window: Window) -> TMQI:
    return TMQI(window=window)


@METRICS.add
class TMQI(Metric):
    """Tone-mapped image quality index; see :func:`tmqi`.

    Computed in float64 whatever the precision of the images: squares of the stretched HDR image
    reach 2⁶⁴, and their differences matter.

    Where a scale's mean fidelity is negative (the structure is inverted), the authors' code gives
    complex numbers and ports NaN; here it counts as zero fidelity, so Q keeps its naturalness part
    only. The loss continues the logarithm of each scale's fidelity by its tangent under 0.001, so
    that even an inverted image has a slope towards a better one.

    Parameters
    ----------
    window
        See :func:`tmqi`.

    Raises
    ------
    OptionError
        For an unknown window.
    """

    info = INFO
    option_parameters = (WINDOW,)

    def __init__(self, *, window: Window = "same") -> None:
        super().__init__()
        WINDOW.check(window)
        self.window: Window = window
        least = MINIMUM_SIZE if window == "same" else VALID_MINIMUM_SIZE
        self.info = dataclasses.replace(INFO, minimum_size=least)

    def conditions(self, reference: Tensor | None = None) -> dict[str, Any]:
        """Return the arrangement of the windows and the precision inside."""
        return {"window": self.window, "computed_in": "float64"}

    def predict(self, test: Tensor, reference: Tensor | PreparedMetric) -> TMQIResult:
        """Return quality, its parts and the maps behind them.

        Parameters
        ----------
        test
            As when the metric is called.
        reference
            The HDR image, or what :meth:`prepare` made of it.

        Raises
        ------
        ShapeError, PixelValueError, DomainError
            As when the metric is called.
        OptionError
            If the reference was prepared by another metric.
        """
        batch = self.check(test, "test")
        if isinstance(reference, PreparedMetric):
            if reference.metric is not self:
                raise OptionError("this reference was prepared by another metric")
            check_pair(batch.shape, reference.shape)
            scene = reference.features
        else:
            other = self.check(reference, "reference")
            check_pair(batch.shape, other.shape)
            scene = self.features(other)
        light = luminance(batch) * 255.0
        maps = fidelity_maps(pyramid(light), scene, self.window)
        local = torch.stack([m.mean(dim=(1, 2, 3)) for m in maps], dim=1)
        look = naturalness(light)
        return TMQIResult(
            q=quality_of_terms(_fidelity(local, FIDELITY_POWER), look.value(NATURALNESS_POWER)),
            s=_fidelity(local),
            n=look.value(),
            s_local=local,
            s_maps=maps,
            brightness=look.brightness_likelihood(),
            contrast=look.contrast_likelihood(),
            mean=look.mean,
            deviation=look.contrast,
        )

    # -- the common interface ----------------------------------------------------------------

    def prepare(self, reference: Tensor) -> PreparedMetric:
        """Do the work on the reference once, its local statistics included."""
        prepared = super().prepare(reference)
        prepared.features = with_statistics(prepared.features, self.window)
        return prepared

    def features(self, reference: Tensor) -> Scene:
        """Return the scales of the stretched luminance."""
        return Scene(pyramid(stretch(luminance(reference))))

    def compare(self, test: Tensor, features: Any, mask: Tensor | None) -> Tensor:
        """Return Q."""
        local, look = self._parts(test, features, mask)
        return quality_of_terms(_fidelity(local, FIDELITY_POWER), look).to(test.dtype)

    def compare_loss(self, test: Tensor, features: Any, mask: Tensor | None) -> Tensor:
        """Return 1 − Q, continued where the fidelity is not positive."""
        local, look = self._parts(test, features, mask)
        logs = torch.log(local.clamp_min(_LOSS_FLOOR))
        logs = logs + (local - _LOSS_FLOOR).clamp_max(0) / _LOSS_FLOOR
        fidelity = torch.exp((logs * _weights(local)).sum(dim=1) * FIDELITY_POWER)
        return (1 - quality_of_terms(fidelity, look)).to(test.dtype)

    def compare_map(self, test: Tensor, features: Any) -> Tensor:
        """Return the local fidelity: the mean over scales with the weights they have in S."""
        light = luminance(test) * 255.0
        maps = fidelity_maps(pyramid(light), features, self.window)
        height, width = light.shape[-2:]
        total = torch.zeros_like(light)
        for index, (local, weight) in enumerate(zip(maps, SCALE_WEIGHTS, strict=True)):
            if self.window == "valid":
                local = F.pad(local, (MARGIN,) * 4, mode="replicate")
            step = 2**index
            spread = local.repeat_interleave(step, dim=2).repeat_interleave(step, dim=3)
            total = total + weight / sum(SCALE_WEIGHTS) * spread[..., :height, :width]
        return total.to(test.dtype)

    def _parts(self, test: Tensor, scene: Scene, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return the mean fidelity of each scale ``(N, 5)`` and the naturalness term ``(N,)``."""
        light = luminance(test) * 255.0
        mask = None if mask is None else mask.to(light.dtype)
        local = mean_fidelity(pyramid(light), scene, self.window, mask)
        return local, naturalness(light, mask).value(NATURALNESS_POWER)


def _weights(local: Tensor) -> Tensor:
    return local.new_tensor(SCALE_WEIGHTS)


def _fidelity(local: Tensor, power: float = 1.0) -> Tensor:
    """Return S, the weighted product over scales ``(N, 5)``, to a power; 0 where one is not > 0."""
    usable = (local > 0).all(dim=1)
    logs = torch.log(torch.where(local > 0, local, 1.0))
    return torch.exp((logs * _weights(local)).sum(dim=1) * power) * usable
