"""The measurement at the start of a run: seconds per step of each mode."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable

from trainers.config import RunSettings
from trainers.learning.learner import Learner
from trainers.learning.loop import validate
from trainers.running.plan import LAYOUTS, PRECISIONS, Plan, choose_mode, mode_name, steps_in

_PART = 0.02  # of the budget, for each mode
_LONGEST = 5.0  # seconds, for each mode
_UNTIMED, _LEAST, _MOST = 1, 2, 200
_HOPELESS = 2.0  # times the best mode's seconds: one step is enough to know
_PRETENDED = 10**6  # steps, so that the rate stays in its rise and weights hardly move


def make_plan(
    make: Callable[[str, str], Learner],
    settings: RunSettings,
    *,
    budget: float | None,
    steps: int | None,
) -> Plan:
    """Return the plan of a run: its mode, and its steps where a budget of time was given.

    Parameters
    ----------
    make
        Makes a learner of its own for a precision and a layout, which need not have begun; it is
        thrown away, so the measurement leaves no trace in the run.
    settings
        Precision and layout, ``auto`` or fixed, and the number of validations.
    budget
        Seconds for the whole run.
    steps
        Instead of a budget.
    """
    precisions = PRECISIONS if settings.precision == "auto" else (settings.precision,)
    layouts = LAYOUTS if settings.layout == "auto" else (settings.layout,)
    modes = [(p, layout) for layout in layouts for p in precisions]
    if steps is not None and len(modes) == 1:
        return Plan(steps, *modes[0], 0.0, 0.0, {})
    limit = _LONGEST if budget is None else min(_LONGEST, _PART * budget)
    measured: dict[str, float] = {}
    judged = math.inf
    for precision, layout in modes:
        learner = make(precision, layout)
        best = min(measured.values(), default=math.inf)
        measured[mode_name(precision, layout)] = _seconds_per_step(learner, limit, best)
        if budget is not None and judged == math.inf:
            start = time.perf_counter()
            validate(learner)
            judged = learner.processes.agree([time.perf_counter() - start])[0]
    precision, layout = choose_mode(measured)
    each = measured[mode_name(precision, layout)]
    if steps is None:
        assert budget is not None
        steps = steps_in(budget, each, overhead=min(judged * settings.validations, 0.5 * budget))
    return Plan(steps, precision, layout, each, budget or 0.0, measured)


def _seconds_per_step(learner: Learner, limit: float, best: float) -> float:
    processes = learner.processes
    times: list[float] = []
    spent = 0.0
    for number in range(_UNTIMED + _MOST):
        processes.synchronise()
        start = time.perf_counter()
        learner.step(number, _PRETENDED)
        processes.synchronise()
        # All processes must take the same number of steps: the first one's clock decides.
        seconds = processes.agree([time.perf_counter() - start])[0]
        spent += seconds
        if number < _UNTIMED:
            if spent > max(limit, _HOPELESS * best):
                return seconds
            continue
        times.append(seconds)
        if len(times) >= _LEAST and spent >= limit:
            break
    return statistics.median(times)
