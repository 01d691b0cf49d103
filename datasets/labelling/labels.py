"""Labels of crops: what a teacher says of many tests against one reference."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datasets.labelling.teachers import HDRVDP2Teacher, Judge, Teacher, TMQITeacher
from datasets.threads import one_thread
from hdrmetrics.errors import (
    CalibrationWarning,
    HdrMetricsError,
    OptionError,
    ShapeError,
    UnknownNameError,
)
from hdrmetrics.metrics.hdrvdp2 import HDRVDP2

TeacherName = Literal["hdrvdp2", "tmqi"]
"""``hdrvdp2``: reference and test are light in cd/m²; ``tmqi``: the test is tone-mapped."""

WHOLE = "hdrvdp_whole_q"
"""Column of the Q of whole frames, as of pictures of the crops' size."""

PPD = 30.0
"""Pixels per degree of visual angle that all sets are labelled at."""


class Labeller:
    """A teacher that labels crops, always with the same bits for the same crop.

    Tests are labelled one by one on one thread, in float32 as they come, so a label depends
    neither on the tests beside it nor on the number of threads or processes: metrics cut a batch
    into strips by its size, sums run in another order on more threads, and either changes last
    bits. One by one takes a tenth longer than batches of eight, and a crop that cannot be
    labelled costs no other its label. Between machines or versions of libraries last bits do
    differ.

    Parameters
    ----------
    teacher
        See :data:`TeacherName`.
    ppd
        Pixels per degree for HDR-VDP-2; TMQI has none.

    Attributes
    ----------
    columns
        Names of the labels, the teacher's quality first.
    higher_is_better
        Direction of that quality: HDR-VDP-2's Q falls with quality, TMQI's rises.
    version
        Name of the teacher with the version of its implementation.
    reasons
        Why tests of the last call have no labels, by their index in the batch.

    Raises
    ------
    UnknownNameError
        For an unknown teacher.
    OptionError
        If ``ppd`` is not positive and finite.

    Examples
    --------
    >>> labeller = Labeller("hdrvdp2")
    >>> light = torch.full((3, 64, 64), 100.0)
    >>> labels = labeller.label(light, torch.stack([light, light * 1.2]))
    >>> bool(labels["hdrvdp_q"][0] < labels["hdrvdp_q"][1])
    True
    """

    def __init__(self, teacher: TeacherName, *, ppd: float = PPD) -> None:
        if teacher not in get_args(TeacherName):
            known = ", ".join(get_args(TeacherName))
            raise UnknownNameError(f"unknown teacher {teacher!r}; known: {known}")
        if not (math.isfinite(ppd) and ppd > 0):
            raise OptionError(f"pixels per degree must be a positive number, not {ppd!r}")
        self.name = teacher
        self._ppd = ppd
        self._teacher: Teacher = HDRVDP2Teacher(ppd) if teacher == "hdrvdp2" else TMQITeacher()
        self.columns: tuple[str, ...] = self._teacher.columns
        self.higher_is_better: bool = self._teacher.higher_is_better
        info = self._teacher.metrics[0].info
        self.version: str = f"{info.name} {info.version}"
        self.reasons: dict[int, str] = {}

    def conditions(self) -> dict[str, Any]:
        """Return version and options of every metric behind the labels, JSON-ready, by name."""
        return {
            metric.info.name: {"version": metric.info.version, **metric.conditions()}
            for metric in self._teacher.metrics
        }

    def label(self, reference: Tensor, tests: Tensor) -> dict[str, NDArray[np.float64]]:
        """Return the labels of tests against one reference.

        Parameters
        ----------
        reference
            ``(3, h, w)``, linear BT.709 in cd/m².
        tests
            ``(N, 3, h, w)``: in cd/m² for ``hdrvdp2``, display-encoded in [0, 1] for ``tmqi``.

        Returns
        -------
        dict
            One array ``(N,)`` per name of :attr:`columns`. All labels of a test that cannot be
            labelled (pixels that are NaN, say) are NaN, and :attr:`reasons` says why. The
            PU21-PSNR of a test that equals its reference is infinite.

        Raises
        ------
        ShapeError
            If the shapes are others, or the crops too small for the teacher.
        PixelValueError
            If the reference holds NaN or infinity.
        """
        self._check(reference, tests)
        self.reasons = {}
        found = np.full((len(tests), len(self.columns)), np.nan)
        # A dark crop of a calibrated scene is meant to be dark.
        with torch.inference_mode(), one_thread(), warnings.catch_warnings():
            warnings.simplefilter("ignore", CalibrationWarning)
            judge = self._teacher.prepare(_own(reference))
            untouched: tuple[float, ...] | None = None
            for index, test in enumerate(tests):
                try:
                    # Where damage is kept to a place, most crops hold none of it.
                    same = torch.equal(test, reference)
                    if not same or untouched is None:
                        found[index] = self._judge(judge, test)
                        untouched = tuple(found[index].tolist()) if same else untouched
                    else:
                        found[index] = untouched
                except (HdrMetricsError, ArithmeticError, RuntimeError) as error:
                    self.reasons[index] = str(error) or type(error).__name__
        return {name: found[:, index].copy() for index, name in enumerate(self.columns)}

    def of_whole(self, reference: Tensor, *, window: int) -> Callable[[Tensor], float]:
        """Return what labels whole frames ``(3, h, w)`` against a whole reference, in cd/m².

        Their label is the Q of HDR-VDP-2 with ``window``: that of the frame's worst places, on the
        scale of crops of that side.

        Raises
        ------
        OptionError
            For another teacher than HDR-VDP-2.
        """
        if self.name != "hdrvdp2":
            raise OptionError(f"whole frames are labelled by hdrvdp2, not by {self.name}")
        vdp = HDRVDP2(ppd=self._ppd, window=window)
        with torch.inference_mode(), one_thread(), warnings.catch_warnings():
            warnings.simplefilter("ignore", CalibrationWarning)
            prepared = vdp.prepare(_own(reference))

        def judge(test: Tensor) -> float:
            with torch.inference_mode(), one_thread(), warnings.catch_warnings():
                warnings.simplefilter("ignore", CalibrationWarning)
                found = float(vdp.q(_own(test), prepared))
            if not math.isfinite(found):
                raise ArithmeticError(f"{self.version} gives no number for the whole frame")
            return found

        return judge

    def _judge(self, judge: Judge, test: Tensor) -> tuple[float, ...]:
        values = judge(_own(test))
        bad = [
            name
            for name, value in zip(self.columns, values, strict=True)
            if math.isnan(value) or (name == self.columns[0] and math.isinf(value))
        ]
        if bad:
            raise ArithmeticError(f"{self.version} gives no number for {', '.join(bad)}")
        return values

    def _check(self, reference: Tensor, tests: Tensor) -> None:
        if reference.ndim != 3 or reference.shape[0] != 3:
            raise ShapeError(f"the reference is (3, h, w), not {tuple(reference.shape)}")
        if tests.ndim != 4 or tests.shape[1:] != reference.shape:
            raise ShapeError(
                f"the tests are (N, {', '.join(map(str, reference.shape))}) like their "
                f"reference, not {tuple(tests.shape)}"
            )


def _own(crop: Tensor) -> Tensor:
    """Return a crop as a float32 batch of one in memory of its own.

    Libraries may sum in another order where memory is aligned otherwise, and crops come as views
    into frames; the allocator aligns all its memory alike.
    """
    batch: Tensor = crop.detach()[None].to(device="cpu", dtype=torch.float32)
    return batch.clone(memory_format=torch.contiguous_format)
