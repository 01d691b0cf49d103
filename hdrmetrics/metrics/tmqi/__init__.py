"""TMQI: structural fidelity and naturalness of a tone-mapped image."""

from __future__ import annotations

from hdrmetrics.catalogue.registry import register_metric
from hdrmetrics.metrics.tmqi.metric import INFO, TMQI, TMQIResult, tmqi

__all__ = ["TMQI", "TMQIResult", "register", "tmqi"]


def register() -> None:
    """Make the metric known as ``tmqi``."""
    register_metric(INFO, TMQI)
