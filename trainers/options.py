"""What a run is told, apart from its configuration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PredictorName = Literal["norvdpnet", "diqm"]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a run is told, apart from its configuration.

    Parameters
    ----------
    predictor
        ``norvdpnet``: sees tests; ``diqm``: sees references too.
    sets
        Names.
    tables, stores, out
        Folders.
    budget, steps
        Seconds or steps: one of them, or neither to go on with a run that has its plan.
    seed
        Of every draw.
    scenes_fraction, crops_fraction
        Parts of the training split, for learning curves.
    start_from
        Weights to begin with, as far as their names and shapes agree (pre-training).
    prepared
        Folder with channels of the sets' crops, see :mod:`trainers.feeding.prepared`; ``None`` to
        train on pixels.
    resume
        Go on with the run in ``out``.
    quiet
        No lines of progress.
    """

    predictor: PredictorName
    sets: tuple[str, ...]
    tables: Path
    stores: Path
    out: Path
    budget: float | None = None
    steps: int | None = None
    seed: int = 0
    scenes_fraction: float = 1.0
    crops_fraction: float = 1.0
    start_from: Path | None = None
    prepared: Path | None = None
    resume: bool = False
    quiet: bool = False
