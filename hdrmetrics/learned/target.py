"""From a network's raw output to the teacher's quality, and on to the score users see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.transform import Transform, check_numbers, entries_of

Scale = Literal["hdrvdp2", "tmqi", "tmqi-s"]
"""Whose quality a head has learnt. ``hdrvdp2``: the Q of HDR-VDP-2, shown as its opinion score
Q_MOS; ``tmqi``: the Q of TMQI in [0, 1], shown as 100·Q; ``tmqi-s``: its structural fidelity S,
shown as the 100·Q that S makes with the naturalness of the picture itself."""


@dataclass(frozen=True, slots=True)
class Target(Transform):
    """What a head's output means: target = sigmoid(raw), the transform of the quality.

    Parameters
    ----------
    location, scale, skew, tail, higher_is_better
        Of the label table's transform, see :class:`~hdrmetrics.learned.transform.Transform`.
    shown
        Whose quality it is.
    least, most
        The quality's range among the training labels; predictions are kept in it.

    Raises
    ------
    OptionError
        For numbers that cannot be.
    """

    shown: Scale
    least: float
    most: float

    def __post_init__(self) -> None:
        Transform.__post_init__(self)  # a class with slots has no super() of its own
        check_numbers(self.least, self.most)
        if not self.least < self.most:
            raise OptionError(f"a target has a range not empty, not {self.least} to {self.most}")
        if self.shown not in get_args(Scale):
            raise OptionError(f"a scale is one of {', '.join(get_args(Scale))}; not {self.shown!r}")

    @classmethod
    def of_transform(
        cls, transform: Mapping[str, Any], shown: Scale, quality_range: tuple[float, float]
    ) -> Target:
        """Return the target of a label table's transform, as its metadata holds it.

        Raises
        ------
        OptionError
            If it is another kind of transform, or lacks or has other entries.
        """
        least, most = quality_range
        return cls(**entries_of(transform), shown=shown, least=least, most=most)

    def transform(self) -> dict[str, Any]:
        """Return the table's transform."""
        return self.to_dict()

    def quality(self, raw: Tensor) -> Tensor:
        """Return the teacher's quality of raw outputs, kept in the range of the labels."""
        return self.free_quality(raw).clamp(self.least, self.most)

    def quality_of_target(self, target: Tensor) -> Tensor:
        """Return the quality of targets; 0 and below, 1 and above give the ends of the range.

        Ends are as far as the precision goes: within its epsilon of 0 or 1.
        """
        edge = torch.finfo(target.dtype).eps
        found = self.quality(torch.logit(target.clamp(edge, 1 - edge)))
        # In float32 the logit there is ±16, which can be far from where the range ends.
        ends = (self.least, self.most) if self.higher_is_better else (self.most, self.least)
        found = torch.where(target <= edge, ends[0], found)
        return torch.where(target >= 1 - edge, ends[1], found)

    def score(self, quality: Tensor, look: Tensor | None = None) -> Tensor:
        """Return the score, 0 to 100, higher is better, of the teacher's quality.

        Parameters
        ----------
        quality
            Any shape.
        look
            Where the quality is TMQI's structural fidelity, the term of naturalness of the same
            pictures; see :func:`hdrmetrics.learned.fidelity.natural_look`.

        Raises
        ------
        OptionError
            If that is missing.
        """
        if self.shown == "tmqi-s":
            from hdrmetrics.metrics.tmqi.quality import quality_of_parts

            if look is None:
                raise OptionError(
                    "structural fidelity is shown as TMQI's Q: give the pictures' naturalness too"
                )
            return 100.0 * quality_of_parts(quality, look)
        from hdrmetrics.metrics.hdrvdp2.quality import opinion_score

        return opinion_score(quality) if self.shown == "hdrvdp2" else 100.0 * quality.clamp(0, 1)


def bring_together(quality: Tensor, weight: Tensor, exponent: float) -> Tensor:
    """Return the quality of pictures from that of their windows, where it falls as Q rises.

    (1/β)·log of the mean of exp(β·Q): the larger β, the more the worst window decides.

    Parameters
    ----------
    quality, weight
        ``(…, K)``; some weight is positive.
    exponent
        β.
    """
    share = (weight / weight.sum(dim=-1, keepdim=True)).log()
    return torch.logsumexp(exponent * quality + share, dim=-1) / exponent
