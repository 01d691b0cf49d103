"""The metric of opinions whose weights lie in the package; importing this registers it."""

from __future__ import annotations

import warnings
from pathlib import Path

from hdrmetrics.catalogue.metrics import register_metric
from hdrmetrics.errors import HdrMetricsError, HdrMetricsWarning
from hdrmetrics.learned.liked.nima import NAME, described, load_nima
from hdrmetrics.learned.liked.weights import read_opinion_card
from hdrmetrics.learned.tensorfile import SUFFIX, card_path

WEIGHTS = Path(__file__).parent / "weights"
"""The package's weights files with their cards."""


def register(folder: Path) -> list[str]:
    """Register ``nima`` if a folder holds its weights; returns the names.

    A broken file is left out with a warning, so that it does not take other metrics with it.
    """
    path = folder / f"{NAME}{SUFFIX}"
    if not path.exists():
        return []
    try:
        info = described(read_opinion_card(card_path(path)))
    except HdrMetricsError as error:
        warnings.warn(f"{NAME} is left out: {error}", HdrMetricsWarning, stacklevel=2)
        return []
    register_metric(info, lambda: load_nima(path), ())
    return [info.name]


register(WEIGHTS)
