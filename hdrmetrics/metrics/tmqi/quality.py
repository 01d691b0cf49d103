"""TMQI's Q from its two parts, structural fidelity and naturalness, and back."""

from __future__ import annotations

import torch
from torch import Tensor

SHARE, FIDELITY_POWER, NATURALNESS_POWER = 0.8012, 0.3046, 0.7088

_TINY = 1e-12  # fidelity under which the power's slope, which has no end at 0, is taken for none
_LOSS_FLOOR = 1e-3


def quality_of_terms(fidelity: Tensor, look: Tensor) -> Tensor:
    """Return Q from both terms, each raised to its power already."""
    return SHARE * fidelity + (1 - SHARE) * look


def quality_of_parts(fidelity: Tensor, look: Tensor) -> Tensor:
    """Return Q of structural fidelity S and of the naturalness term N^0.7088, 0 to 1.

    Parameters
    ----------
    fidelity
        S, any shape; what is negative counts as 0.
    look
        ``value(NATURALNESS_POWER)`` of :class:`~hdrmetrics.metrics.tmqi.naturalness.Naturalness`,
        of a shape that goes with it.

    Returns
    -------
    Tensor
        With a finite slope everywhere; at S = 0 it is 0.
    """
    usable = fidelity > _TINY
    term = torch.where(usable, fidelity, 1.0).pow(FIDELITY_POWER)
    return quality_of_terms(torch.where(usable, term, 0.0), look)


def fidelity_of_quality(quality: Tensor, look: Tensor) -> Tensor:
    """Return the S of a Q and the naturalness term: the inverse of :func:`quality_of_parts`."""
    term = (quality - (1 - SHARE) * look) / SHARE
    return term.clamp(0.0, 1.0).pow(1 / FIDELITY_POWER)


def loss_of_parts(fidelity: Tensor, look: Tensor) -> Tensor:
    """Return 1 − Q, with a slope towards more fidelity where that is next to nothing.

    Under an S of 0.001 its logarithm goes on as its tangent.
    """
    logs = fidelity.clamp_min(_LOSS_FLOOR).log()
    logs = logs + (fidelity - _LOSS_FLOOR).clamp_max(0) / _LOSS_FLOOR
    return 1 - quality_of_terms((logs * FIDELITY_POWER).exp(), look)
