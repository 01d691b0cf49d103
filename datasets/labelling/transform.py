"""The target of learners: a teacher's quality on an even scale from 0 to 1."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.transform import END, NUMBERS, Transform, entries_of

if TYPE_CHECKING:
    from torch import Tensor

BINS = 10
"""Bins of :func:`coverage`."""

_DIGITS = 6  # of the fitted numbers: enough for the target, and the same from every library
_SKEW, _TAIL, _STEPS = 3.0, (0.2, 1.41), 6.0  # bounds of the fit; that of the scale is exp(±6)
_QUANTILES = (5, 25, 50, 75, 95)
_PRIOR = 0.02  # pulls skew and tail to their neutral values; with thousands of labels, not at all


@dataclass(frozen=True, slots=True)
class LabelTransform(Transform):
    """The map from a teacher's quality to the target of learners, fitted to labels.

    Its density has one smooth peak, so fitted to labels it evens out their distribution as a whole,
    but it cannot bridge a gap between them: gaps stay visible in :func:`coverage`.

    Parameters and errors as of :class:`hdrmetrics.learned.transform.Transform`.

    Examples
    --------
    >>> transform = LabelTransform(location=-1.3, scale=0.4, higher_is_better=False)
    >>> transform([-3.0, -1.3, -0.5]).round(3)
    array([0.986, 0.5  , 0.119])
    >>> transform.inverse([0.5]).round(3)
    array([-1.3])
    """

    skew: float = 0.0
    tail: float = 1.0
    higher_is_better: bool = True

    parameters: ClassVar[tuple[str, ...]] = NUMBERS

    # -- from quality to target and back -----------------------------------------------------

    @overload
    def __call__(self, values: Tensor) -> Tensor: ...
    @overload
    def __call__(self, values: ArrayLike) -> NDArray[np.float64]: ...
    def __call__(self, values: Any) -> Any:
        """Return the target of quality values, the shape unchanged.

        Parameters
        ----------
        values
            Anything NumPy makes an array of, or a floating-point tensor, which keeps its dtype
            and its gradient. NaN stays NaN.

        Returns
        -------
        ndarray or Tensor
            In (0, 1). Within 1e-13 of either end the map is flat.
        """
        if _is_tensor(values):
            return self.target(values)
        # As NumPy works it out: tables hold these numbers, bit by bit.
        y = (np.asarray(values, dtype=np.float64) - self.location) / self.scale
        bent = np.clip(self.tail * np.arcsinh(y) - self.skew, -END, END)
        return np.asarray(1.0 / (1.0 + np.exp(-self.sign * np.sinh(bent))))

    @overload
    def inverse(self, targets: Tensor) -> Tensor: ...
    @overload
    def inverse(self, targets: ArrayLike) -> NDArray[np.float64]: ...
    def inverse(self, targets: Any) -> Any:
        """Return the quality values of targets, the shape unchanged.

        Parameters
        ----------
        targets
            As for the call; 0 and 1, where a network's output may saturate, count as one rounding
            unit of their type inside, values beyond them likewise, so the result is finite.
        """
        if _is_tensor(targets):
            import torch

            edge = torch.finfo(targets.dtype).eps
            t = targets.clamp(edge, 1 - edge)
            return self.free_quality(t.log() - (-t).log1p())
        edge = float(np.finfo(np.float64).eps)
        t = np.clip(np.asarray(targets, dtype=np.float64), edge, 1 - edge)
        bent = np.arcsinh(self.sign * (np.log(t) - np.log1p(-t)))
        return np.asarray(self.location + self.scale * np.sinh((bent + self.skew) / self.tail))

    # -- from labels -------------------------------------------------------------------------

    @classmethod
    def fit(cls, values: ArrayLike, *, higher_is_better: bool = True) -> LabelTransform:
        """Return the map that makes the targets of these labels as even as four numbers can.

        It minimises the squared distance between the targets in order and the evenly spaced
        numbers they should be (that of Cramér and von Mises); a target is bounded, so a few wild
        labels move it little. The order of the labels does not matter. Few labels are fitted
        with skew and tail near neutral.

        Parameters
        ----------
        values
            Quality of the training split's items, any shape; values that are not finite do not
            count.
        higher_is_better
            Direction of the quality: false for Q of HDR-VDP-2. The best target is 1 either way.

        Raises
        ------
        OptionError
            If no value is finite.
        """
        from scipy.optimize import least_squares

        labels = np.asarray(values, dtype=np.float64).ravel()
        labels = np.sort(labels[np.isfinite(labels)])
        if labels.size == 0:
            raise OptionError("no finite label to fit a transform to")
        least, low, middle, high, most = (float(q) for q in np.percentile(labels, _QUANTILES))
        # A quarter of a logistic variable lies above 1.0986 scales. Half of the labels, or all,
        # may be alike.
        unit = max((high - low) / (2 * math.log(3)), 1e-2 * (most - least), 1e-6 * abs(middle))
        unit = unit or 1e-6
        even = (np.arange(labels.size) + 0.5) / labels.size
        standard = (labels - middle) / unit

        def misfit(x: NDArray[np.float64]) -> NDArray[np.float64]:
            trial = cls(x[0], math.exp(x[1]), x[2], math.exp(x[3]))
            return np.concatenate(
                [(trial(standard) - even) / math.sqrt(labels.size), x[1:] * _prior(labels.size)]
            )

        tail = np.log(_TAIL)
        span = max(1.0, float(np.abs(standard).max()))
        ends = ([-span, -_STEPS, -_SKEW, tail[0]], [span, _STEPS, _SKEW, tail[1]])
        x = least_squares(misfit, np.zeros(4), bounds=ends, xtol=1e-12, ftol=1e-12, gtol=1e-12).x
        scale = float(f"{unit * math.exp(x[1]):.{_DIGITS}g}")
        finest = _DIGITS - 1 - math.floor(math.log10(scale))
        return cls(
            location=round(middle + unit * float(x[0]), finest),
            scale=scale,
            skew=round(float(x[2]), _DIGITS) + 0.0,  # no negative zero
            tail=round(math.exp(x[3]), _DIGITS),
            higher_is_better=higher_is_better,
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LabelTransform:
        """Return the map that its ``to_dict`` wrote.

        Raises
        ------
        OptionError
            If it is another kind of map, or lacks or has other entries than ours.
        """
        return cls(**entries_of(data))


def coverage(targets: ArrayLike) -> NDArray[np.float64]:
    """Return the share of items in each tenth of the range [0, 1], ``(10,)``, its sum 1.

    Parameters
    ----------
    targets
        Transformed labels, any shape; NaN does not count. 1 belongs to the last tenth.

    Returns
    -------
    ndarray
        Of NaN where no target is left.

    Raises
    ------
    OptionError
        If a target lies outside [0, 1].
    """
    known = np.asarray(targets, dtype=np.float64).ravel()
    known = known[~np.isnan(known)]
    if known.size == 0:
        return np.full(BINS, np.nan)
    if known.min() < 0 or known.max() > 1:
        raise OptionError(
            f"targets lie in [0, 1], not {known.min():.4g} to {known.max():.4g}: "
            "transform the labels first"
        )
    counts = np.bincount(np.minimum((known * BINS).astype(np.intp), BINS - 1), minlength=BINS)
    return counts / known.size


def _is_tensor(values: Any) -> bool:
    # Asked without torch, which reading a table does not need.
    return hasattr(values, "detach")


def _prior(count: int) -> float:
    return _PRIOR / math.sqrt(count)
