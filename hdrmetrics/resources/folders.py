"""Where a system keeps what programs can make again."""

from __future__ import annotations

import os
import sys
from pathlib import Path

VARIABLE = "HDRMETRICS_CACHE"
"""Of the environment: a folder to use in place of the system's."""


def cache_folder() -> Path:
    r"""Return the user's folder for what this package can make again; it need not be there yet.

    ``HDRMETRICS_CACHE`` where that is set. Otherwise ``$XDG_CACHE_HOME/hdrmetrics`` or
    ``~/.cache/hdrmetrics``, on macOS ``~/Library/Caches/hdrmetrics``, on Windows
    ``%LOCALAPPDATA%\hdrmetrics\Cache``.
    """
    if own := os.environ.get(VARIABLE):
        return Path(own)
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else _home() / "AppData" / "Local") / "hdrmetrics" / "Cache"
    if sys.platform == "darwin":
        return _home() / "Library" / "Caches" / "hdrmetrics"
    named = os.environ.get("XDG_CACHE_HOME", "")
    # By its specification a relative path counts for nothing.
    return (Path(named) if os.path.isabs(named) else _home() / ".cache") / "hdrmetrics"


def _home() -> Path:
    return Path(os.path.expanduser("~"))
