"""TMQI: structural fidelity and naturalness of a tone-mapped image."""

from __future__ import annotations

from hdrmetrics.metrics.tmqi.metric import TMQI, TMQIResult, tmqi

__all__ = ["TMQI", "TMQIResult", "tmqi"]
