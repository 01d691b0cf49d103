"""TMQI: structural fidelity and naturalness of a tone-mapped image."""

from __future__ import annotations

from hdrmetrics.metrics.tmqi.metric import INFO, TMQI, TMQIResult, tmqi
from hdrmetrics.registry import register_metric

__all__ = ["TMQI", "TMQIResult", "register", "tmqi"]


def register() -> None:
    """Make the metric known as ``tmqi``."""
    register_metric(INFO, TMQI)
