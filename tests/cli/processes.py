"""Programs run in a process of their own, with the package of this clone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
POLICIES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
"""How threads wait; the command chooses where nobody else has."""


def process(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python with some words, without the user's own choice of how threads wait."""
    kept = {name: value for name, value in os.environ.items() if name not in POLICIES}
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        env=kept | {"PYTHONPATH": paths, **environment},
        check=False,
    )
