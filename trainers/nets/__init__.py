"""Networks that can be trained, by name: ours, and the papers'."""

from __future__ import annotations

from hdrmetrics.learned.architecture import OURS_DIQM, OURS_NOR, Architecture
from trainers.nets.papers import PAPER_DIQM, PAPER_NOR

ARCHITECTURES: dict[str, Architecture] = {
    each.name: each for each in (PAPER_NOR, PAPER_DIQM, OURS_NOR, OURS_DIQM)
}
"""All by name."""
