"""Real HDR photographs that ship with the package, for first steps, tests and demonstrations."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def sample_images() -> dict[str, Path]:
    """Return the sample pictures by name; provenance and licence are in ``samples/README.md``."""
    folder = Path(str(files("hdrmetrics") / "samples"))
    return {path.stem: path for path in sorted(folder.glob("*.exr"))}
