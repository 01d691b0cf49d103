"""The metrics that say what enhancement would bring, found in the registry by their names."""

from __future__ import annotations

from collections.abc import Mapping

from hdrmetrics.catalogue.metrics import list_metrics
from hdrmetrics.errors import UnknownNameError
from hdrmetrics.improve.trigger import OVERALL
from hdrmetrics.result import Score

IMPROVABILITY = "improvability"
"""The metric of all degradations together."""

_PREFIX = f"{IMPROVABILITY}-"


def gain_metrics() -> dict[str, str]:
    """Return the names of the metrics by degradation, ``"overall"`` first.

    Whatever is registered as ``improvability`` or ``improvability-…``, of SDR photographs and
    without a reference, is one: a model that somebody adds takes part at once.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    names = [info.name for info in list_metrics(reference=False, domain="sdr")]
    found = {OVERALL: IMPROVABILITY} if IMPROVABILITY in names else {}
    found |= {name.removeprefix(_PREFIX): name for name in names if name.startswith(_PREFIX)}
    if not found:
        raise UnknownNameError(
            "there is no metric that says what enhancement would bring: install a version of "
            f"hdrmetrics with the weights of {IMPROVABILITY!r}, or register one of that name"
        )
    return found


def gains_of(scores: Mapping[str, Score]) -> dict[str, float]:
    """Return the values of the metrics of :func:`gain_metrics` among scores, by degradation."""
    found = {OVERALL: scores[IMPROVABILITY].value} if IMPROVABILITY in scores else {}
    return found | {
        name.removeprefix(_PREFIX): score.value
        for name, score in scores.items()
        if name.startswith(_PREFIX)
    }
