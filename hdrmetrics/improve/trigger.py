"""When a photograph is enhanced: a threshold for each degradation on its calibrated score."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from hdrmetrics.errors import OptionError

OVERALL = "overall"
"""What the score of the metric ``improvability`` is called beside those of single degradations."""

THRESHOLD = 0.4
"""That of every score for which nobody chose another; of the calibrated score, as in the patent."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which score on a photograph is enhanced, by degradation.

    Parameters
    ----------
    common
        Of every degradation that has none of its own, in [0, 1].
    own
        By the degradation's name (``"noise"``), or by ``"overall"``.

    Raises
    ------
    OptionError
        If a threshold is not in [0, 1].

    Examples
    --------
    >>> chosen = Thresholds(0.5, {"noise": 0.6})
    >>> chosen.of("noise"), chosen.of("saturation")
    (0.6, 0.5)
    """

    common: float = THRESHOLD
    own: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, value in (("all", self.common), *self.own.items()):
            _probability(value, f"the threshold of {name}")

    def of(self, degradation: str) -> float:
        """Return the threshold of a degradation."""
        return self.own.get(degradation, self.common)


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether to enhance a photograph, and because of what.

    Parameters
    ----------
    triggers
        The degradations whose score reaches its threshold, the highest score first.
    """

    triggers: tuple[str, ...] = ()

    @property
    def enhance(self) -> bool:
        """Whether anything triggers."""
        return bool(self.triggers)


def decide(scores: Mapping[str, float], thresholds: Thresholds | None = None) -> Decision:
    """Return which degradations of a photograph make it worth enhancing.

    Parameters
    ----------
    scores
        By degradation (and ``"overall"``): the probability in [0, 1] that enhancing it would be a
        moderate improvement or more.
    thresholds
        By default 0.4 each.

    Returns
    -------
    Decision
        A score that equals its threshold triggers. Equal scores keep the order of their names.

    Raises
    ------
    OptionError
        If there is no score, or one is not a number in [0, 1]: NaN must not pass for "none".

    References
    ----------
    WO2024076611A1: thresholds on the score of each degradation, 0.4 in its example.

    Examples
    --------
    >>> decide({"overall": 0.7, "noise": 0.9, "lens-blur": 0.1}).triggers
    ('noise', 'overall')
    >>> decide({"noise": 0.4}).enhance, decide({"noise": 0.399}).enhance
    (True, False)
    """
    chosen = thresholds or Thresholds()
    if not scores:
        raise OptionError("there is no score to decide by: give one for each degradation")
    for name, value in scores.items():
        _probability(value, f"the score of {name}")
    reached = [name for name in sorted(scores) if scores[name] >= chosen.of(name)]
    return Decision(tuple(sorted(reached, key=lambda name: -scores[name])))


def _probability(value: float, what: str) -> None:
    if not (isinstance(value, (int, float)) and math.isfinite(value) and 0 <= value <= 1):
        raise OptionError(f"{what} is a number from 0 to 1, not {value!r}")
