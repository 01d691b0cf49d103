"""HDR assembly: exposures merged into light, and light photographed by a virtual camera."""

from __future__ import annotations

from hdrmetrics.assembly.camera import capture, capture_stack
from hdrmetrics.assembly.debevec import estimate_debevec
from hdrmetrics.assembly.exposure import (
    best_exposure,
    bracket,
    clipping_exposure,
    covering_exposures,
)
from hdrmetrics.assembly.merge import Merged, merge
from hdrmetrics.assembly.response import (
    LinearResponse,
    Response,
    SigmoidResponse,
    SrgbResponse,
    TableResponse,
    get_response,
    sample_response,
)
from hdrmetrics.assembly.robertson import estimate_robertson

__all__ = [
    "LinearResponse",
    "Merged",
    "Response",
    "SigmoidResponse",
    "SrgbResponse",
    "TableResponse",
    "best_exposure",
    "bracket",
    "capture",
    "capture_stack",
    "clipping_exposure",
    "covering_exposures",
    "estimate_debevec",
    "estimate_robertson",
    "get_response",
    "merge",
    "sample_response",
]
