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
from hdrmetrics.learned.liked import nima
from hdrmetrics.learned.liked.catalogue import WEIGHTS
from hdrmetrics.learned.tensorfile import SUFFIX, card_path


def register(folder: Path) -> list[str]:
    """Register each output of a folder's layer of improvability; returns the names.

    It stands on the trunk of the opinions in the same folder. A broken file is left out with a
    warning.
    """
    path, opinions = (folder / f"{name}{SUFFIX}" for name in (NAME, nima.NAME))
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
        register_metric(info, _factory(path, opinions, output.name), ())
        names.append(info.name)
    return names


def _factory(path: Path, opinions: Path, output: str) -> Callable[[], Improvability]:
    return lambda: load_improvability(path, opinions, output)


register(WEIGHTS)
