"""HDR-VDP-2.2.0: visibility and quality of differences under given viewing conditions."""

from __future__ import annotations

from hdrmetrics.metrics.hdrvdp2.metric import HDRVDP2, INFO
from hdrmetrics.metrics.hdrvdp2.result import HDRVDP2Result

__all__ = ["HDRVDP2", "INFO", "HDRVDP2Result"]
