"""The metrics of improvability whose weights lie in the package; importing this registers them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

from hdrmetrics.catalogue.metrics import register_metric
from hdrmetrics.errors import HdrMetricsError, HdrMetricsWarning
from hdrmetrics.learned.improvable.metric import (
    NAME,
    Improvability,
    described,
    load_improvability,
)
from hdrmetrics.learned.improvable.weights import read_gain_card
from hdrmetrics.learned.restoring.weights import SHIPPED
from hdrmetrics.learned.tensorfile import SUFFIX, card_path

WEIGHTS = Path(__file__).with_name("weights")
"""Folder of the layer that comes with the package."""


def register(folder: Path) -> list[str]:
    """Register each output of a folder's layer of improvability; returns the names.

    It sees by the restoration that comes with the package. A broken file is left out with a
    warning.
    """
    path = folder / f"{NAME}{SUFFIX}"
    if not path.exists():
        return []
    try:
        card = read_gain_card(card_path(path))
    except HdrMetricsError as error:
        warnings.warn(f"{NAME} is left out: {error}", HdrMetricsWarning, stacklevel=2)
        return []
    names = []
    for output in card.outputs:
        info = described(card, output.name)
        register_metric(info, _factory(path, output.name), ())
        names.append(info.name)
    return names


def _factory(path: Path, output: str) -> Callable[[], Improvability]:
    return lambda: load_improvability(path, SHIPPED, output)


register(WEIGHTS)
