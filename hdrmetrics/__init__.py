"""Quality metrics for HDR and SDR images, with and without a reference, in absolute luminance."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hdrmetrics import assembly as assembly
    from hdrmetrics import codecs as codecs
    from hdrmetrics import distort as distort
    from hdrmetrics import errors as errors
    from hdrmetrics import expand as expand
    from hdrmetrics import functional as functional
    from hdrmetrics import tonemap as tonemap
    from hdrmetrics import transfer as transfer
    from hdrmetrics.batch import Row as Row
    from hdrmetrics.batch import score_files as score_files
    from hdrmetrics.catalogue import create_metric as create_metric
    from hdrmetrics.catalogue import list_metrics as list_metrics
    from hdrmetrics.catalogue import metric_info as metric_info
    from hdrmetrics.catalogue import metric_options as metric_options
    from hdrmetrics.display import Display as Display
    from hdrmetrics.display import get_display as get_display
    from hdrmetrics.display import list_displays as list_displays
    from hdrmetrics.display import load_displays as load_displays
    from hdrmetrics.frames import rows_to_dataframe as rows_to_dataframe
    from hdrmetrics.image import Calibration as Calibration
    from hdrmetrics.image import Image as Image
    from hdrmetrics.inputs import as_image as as_image
    from hdrmetrics.io import read_image as read_image
    from hdrmetrics.io import write_image as write_image
    from hdrmetrics.metric import Metric as Metric
    from hdrmetrics.metric import MetricInfo as MetricInfo
    from hdrmetrics.ranking import rank as rank
    from hdrmetrics.registry import register_metric as register_metric
    from hdrmetrics.result import Score as Score
    from hdrmetrics.samples import sample_images as sample_images
    from hdrmetrics.scoring import ScoreMap as ScoreMap
    from hdrmetrics.scoring import score as score
    from hdrmetrics.scoring import score_map as score_map

__version__ = "0.1.0"

# Where each public name lives. Loaded on first use: importing the package takes milliseconds,
# importing torch a second.
_HOMES = {
    "Calibration": "image",
    "Display": "display",
    "Image": "image",
    "Metric": "metric",
    "MetricInfo": "metric",
    "Row": "batch",
    "Score": "result",
    "ScoreMap": "scoring",
    "as_image": "inputs",
    "create_metric": "catalogue",
    "get_display": "display",
    "list_displays": "display",
    "list_metrics": "catalogue",
    "load_displays": "display",
    "metric_info": "catalogue",
    "metric_options": "catalogue",
    "rank": "ranking",
    "read_image": "io",
    "register_metric": "registry",
    "rows_to_dataframe": "frames",
    "sample_images": "samples",
    "score": "scoring",
    "score_files": "batch",
    "score_map": "scoring",
    "write_image": "io",
}

# Modules that need no import of their own: hdrmetrics.functional.ssim(…).
_ROOMS = frozenset(
    {"assembly", "codecs", "distort", "errors", "expand", "functional", "tonemap", "transfer"}
)

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"hdrmetrics.{_HOMES[name]}"), name)
    if name in _ROOMS:
        return importlib.import_module(f"hdrmetrics.{name}")
    raise AttributeError(f"module 'hdrmetrics' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_ROOMS})
