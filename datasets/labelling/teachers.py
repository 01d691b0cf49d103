"""The full-reference metrics whose values become labels, each as one call per crop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from torch import Tensor

from hdrmetrics.metric import Metric
from hdrmetrics.metrics.hdrvdp2 import HDRVDP2
from hdrmetrics.metrics.psnr import PSNR
from hdrmetrics.metrics.ssim import SSIM
from hdrmetrics.metrics.tmqi import TMQI
from hdrmetrics.photometry.encoding import PU21

Judge = Callable[[Tensor], tuple[float, ...]]
"""From a test crop ``(1, 3, h, w)`` to its labels."""


class Teacher(Protocol):
    """What labels crops.

    Attributes
    ----------
    columns
        Names of the labels, the teacher's quality first.
    higher_is_better
        Direction of that quality.
    metrics
        Whose values the labels are, the teacher first.
    """

    columns: tuple[str, ...]
    higher_is_better: bool
    metrics: tuple[Metric, ...]

    def prepare(self, reference: Tensor) -> Judge:
        """Work through a reference ``(1, 3, h, w)`` once, for many tests against it."""
        ...


class HDRVDP2Teacher:
    """HDR-VDP-2.2 with PU21-PSNR and PU21-SSIM beside it, all of light in cd/m².

    Parameters
    ----------
    ppd
        Pixels per degree of visual angle.

    References
    ----------
    Mantiuk et al., SIGGRAPH 2011; Narwaria et al., JEI 2015; Mantiuk and Azimi, PCS 2021.
    """

    columns: tuple[str, ...] = (
        "hdrvdp_q",
        "hdrvdp_q_mos",
        "hdrvdp_p_det",
        "hdrvdp_c_max",
        "pu21_psnr",
        "pu21_ssim",
    )
    higher_is_better = False

    def __init__(self, ppd: float) -> None:
        self.vdp = HDRVDP2(ppd=ppd)
        self.psnr, self.ssim = PSNR(PU21()), SSIM(PU21())
        self.metrics: tuple[Metric, ...] = (self.vdp, self.psnr, self.ssim)

    def prepare(self, reference: Tensor) -> Judge:
        """Return what labels tests against this reference."""
        vdp = self.vdp.prepare(reference)
        psnr, ssim = self.psnr.prepare(reference), self.ssim.prepare(reference)

        def judge(test: Tensor) -> tuple[float, ...]:
            seen = self.vdp.predict(test, vdp)
            found: Any = (seen.q, seen.q_mos, seen.p_det, seen.c_max, psnr(test), ssim(test))
            return tuple(float(value) for value in found)

        return judge


class TMQITeacher:
    """TMQI: quality, structural fidelity, naturalness; it knows no viewing distance.

    References
    ----------
    Yeganeh and Wang, IEEE TIP 22(2), 2013.
    """

    columns: tuple[str, ...] = ("tmqi_q", "tmqi_s", "tmqi_n")
    higher_is_better = True

    def __init__(self) -> None:
        self.tmqi = TMQI()
        self.metrics: tuple[Metric, ...] = (self.tmqi,)

    def prepare(self, reference: Tensor) -> Judge:
        """Return what labels tests against this reference."""
        prepared = self.tmqi.prepare(reference)

        def judge(test: Tensor) -> tuple[float, ...]:
            found = self.tmqi.predict(test, prepared)
            return float(found.q), float(found.s), float(found.n)

        return judge
