"""The versions of what made a table: pixels and labels may differ in the last bits between them."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

_NAMES = ("hdrmetrics", "torch", "numpy", "pillow", "imagecodecs", "OpenEXR")


def library_versions() -> dict[str, str]:
    """Return the version of every library that pixels or labels pass through, by name."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in _NAMES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
