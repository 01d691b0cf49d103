"""Pictures from files and into files."""

from __future__ import annotations

from hdrmetrics.io.limits import DEFAULT_MAX_PIXELS
from hdrmetrics.io.reading import read_image
from hdrmetrics.io.writing import write_image
from hdrmetrics.picture.endings import SUFFIXES

__all__ = ["DEFAULT_MAX_PIXELS", "SUFFIXES", "read_image", "write_image"]
