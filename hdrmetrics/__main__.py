"""``python -m hdrmetrics``: the shell command."""

from __future__ import annotations

import sys

from hdrmetrics.cli import main

if __name__ == "__main__":
    sys.exit(main())
