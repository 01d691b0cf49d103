"""Quality metrics for HDR and SDR images, with and without a reference, in absolute luminance."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hdrmetrics import assembly as assembly
    from hdrmetrics import codecs as codecs
    from hdrmetrics import distort as distort
    from hdrmetrics import enhance as enhance
    from hdrmetrics import errors as errors
    from hdrmetrics import expand as expand
    from hdrmetrics import functional as functional
    from hdrmetrics import optimize as optimize
    from hdrmetrics import tonemap as tonemap
    from hdrmetrics.catalogue.metrics import create_metric as create_metric
    from hdrmetrics.catalogue.metrics import list_metrics as list_metrics
    from hdrmetrics.catalogue.metrics import metric_info as metric_info
    from hdrmetrics.catalogue.metrics import metric_options as metric_options
    from hdrmetrics.catalogue.metrics import register_metric as register_metric
    from hdrmetrics.collection.ranked import rank_collection as rank_collection
    from hdrmetrics.io import read_image as read_image
    from hdrmetrics.io import write_image as write_image
    from hdrmetrics.jobs.batch import Row as Row
    from hdrmetrics.jobs.batch import score_files as score_files
    from hdrmetrics.jobs.frames import rows_to_dataframe as rows_to_dataframe
    from hdrmetrics.jobs.inputs import as_image as as_image
    from hdrmetrics.jobs.ranking import rank as rank
    from hdrmetrics.jobs.scoring import ScoreMap as ScoreMap
    from hdrmetrics.jobs.scoring import score as score
    from hdrmetrics.jobs.scoring import score_map as score_map
    from hdrmetrics.metric import Metric as Metric
    from hdrmetrics.metric import MetricInfo as MetricInfo
    from hdrmetrics.photometry import transfer as transfer
    from hdrmetrics.photometry.display import Display as Display
    from hdrmetrics.photometry.display import get_display as get_display
    from hdrmetrics.photometry.display import list_displays as list_displays
    from hdrmetrics.photometry.display import load_displays as load_displays
    from hdrmetrics.picture.image import Calibration as Calibration
    from hdrmetrics.picture.image import Image as Image
    from hdrmetrics.result import Score as Score
    from hdrmetrics.samples import sample_images as sample_images

__version__ = "0.1.0"

# Where each public name lives. Loaded on first use: importing the package takes milliseconds,
# importing torch a second.
_HOMES = {
    "Calibration": "picture.image",
    "Display": "photometry.display",
    "Image": "picture.image",
    "Metric": "metric",
    "MetricInfo": "metric",
    "Row": "jobs.batch",
    "Score": "result",
    "ScoreMap": "jobs.scoring",
    "as_image": "jobs.inputs",
    "create_metric": "catalogue.metrics",
    "get_display": "photometry.display",
    "list_displays": "photometry.display",
    "list_metrics": "catalogue.metrics",
    "load_displays": "photometry.display",
    "metric_info": "catalogue.metrics",
    "metric_options": "catalogue.metrics",
    "rank": "jobs.ranking",
    "rank_collection": "collection.ranked",
    "read_image": "io",
    "register_metric": "catalogue.metrics",
    "rows_to_dataframe": "jobs.frames",
    "sample_images": "samples",
    "score": "jobs.scoring",
    "score_files": "jobs.batch",
    "score_map": "jobs.scoring",
    "write_image": "io",
}

# Modules that need no import of their own, hdrmetrics.functional.ssim(…), and where they live.
_ROOMS = {
    **{
        name: name
        for name in (
            "assembly",
            "codecs",
            "distort",
            "enhance",
            "errors",
            "expand",
            "functional",
            "optimize",
            "tonemap",
        )
    },
    "transfer": "photometry.transfer",
}

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"hdrmetrics.{_HOMES[name]}"), name)
    if name in _ROOMS:
        return importlib.import_module(f"hdrmetrics.{_ROOMS[name]}")
    raise AttributeError(f"module 'hdrmetrics' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_ROOMS})
