"""Makes the report on base pictures, text and figure, from its measurements."""

from pathlib import Path
from typing import Any


def write(found: dict[str, Any], folder: Path) -> None: ...
