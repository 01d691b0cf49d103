"""Whether an enhanced photograph is no worse than the original: who judges, and the verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from hdrmetrics.catalogue.metrics import canonical_name, metric_info
from hdrmetrics.errors import OptionError
from hdrmetrics.improve.gains import IMPROVABILITY
from hdrmetrics.result import Score
from hdrmetrics.text.formatting import format_value

GUARD = "nima"
"""The metric that judges where nobody chooses another."""

NO_GUARD = "none"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guard says of an enhanced photograph.

    Parameters
    ----------
    passed
        Whether it may take the original's place.
    text
        What changed, or which metric speaks against it.
    """

    passed: bool
    text: str


def guard_metric(name: str) -> str | None:
    """Return the metric that judges, ``None`` for ``"none"``.

    Raises
    ------
    UnknownNameError
        If there is no such metric.
    OptionError
        If it needs a reference, is not of SDR pictures, or says what there is to gain: of such,
        ``improvability`` alone can judge, as it always does.
    """
    if name == NO_GUARD:
        return None
    info = metric_info(canonical_name(name))
    why = ""
    if info.reference:
        why = "compares with a reference"
    elif info.domain != "sdr":
        why = "is not of SDR photographs"
    elif not info.says_how_good and info.name != IMPROVABILITY:
        why = "says what there is to gain, not how good a picture is"
    if why:
        raise OptionError(
            f"the guard cannot be {info.name}, which {why}: choose one of `hdrmetrics metrics "
            f"--no-reference --domain sdr`, or {NO_GUARD}"
        )
    return info.name


def judge(before: Mapping[str, Score], after: Mapping[str, Score], metric: str) -> Verdict:
    """Compare the scores of an enhanced photograph with those of the original.

    Parameters
    ----------
    before, after
        By the metric's name: that of ``metric``, and of ``improvability`` where it is registered.
    metric
        The guard: the enhanced one must not be worse by it.

    Returns
    -------
    Verdict
        Not passed where the guard's value is worse than before, where improvability *rose* (there
        is then more left to gain than before), or where a value is no number. Equal values pass.

    Examples
    --------
    >>> scale = {"unit": "", "range": (1.0, 10.0), "higher_is_better": True}
    >>> judge({"nima": Score("nima", 5.0, **scale)}, {"nima": Score("nima", 4.5, **scale)}, "nima")
    Verdict(passed=False, text='nima fell from 5.00 to 4.50')
    """
    changes = []
    for name in dict.fromkeys((metric, IMPROVABILITY)):
        if name == IMPROVABILITY and not (name in before and name in after):
            continue
        # High improvability is no merit, whatever direction its scale is said to have.
        higher = before[name].higher_is_better and name != IMPROVABILITY
        old, new = before[name].value, after[name].value
        if math.isnan(old) or math.isnan(new):
            return Verdict(False, f"{name} is not a number")
        texts = [format_value(v, before[name].unit, before[name].range) for v in (old, new)]
        if new != old and (new > old) != higher:
            went = "rose" if new > old else "fell"
            return Verdict(False, f"{name} {went} from {texts[0]} to {texts[1]}")
        changes.append(f"{name} {texts[0]} → {texts[1]}")
    return Verdict(True, ", ".join(changes))
