"""Measurements as JSON files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hdrmetrics.text.textfile import write_text


def keep(path: Path, found: Any) -> None:
    """Write measurements, replacing the file in one step."""
    write_text(path, json.dumps(found, indent=1, ensure_ascii=False) + "\n")


def kept(path: Path) -> Any:
    """Return the measurements of a file; an empty dictionary where there is none yet."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
