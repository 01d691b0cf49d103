"""How many steps a run takes, frozen before its first one."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hdrmetrics.errors import ImageReadError, OptionError
from hdrmetrics.text.textfile import write_text

PRECISIONS = ("float32", "bfloat16")
LAYOUTS = ("contiguous", "channels_last")

_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")
_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_GAIN = 0.95  # another mode is taken if it needs less than this part of the plain one's time


@dataclass(frozen=True, slots=True)
class Plan:
    """What was decided at the start of a run, so that a resumed one ends in the same weights.

    Parameters
    ----------
    steps
        Of the run.
    precision, layout
        How the network runs; see :data:`PRECISIONS`, :data:`LAYOUTS`.
    seconds_per_step
        As measured; 0 where steps were given and there was nothing to choose.
    budget
        Seconds; 0 where steps were given.
    measured
        Seconds per step of each mode that was tried.
    """

    steps: int
    precision: str
    layout: str
    seconds_per_step: float
    budget: float
    measured: dict[str, float]

    def save(self, path: Path) -> None:
        """Write the plan as JSON."""
        write_text(path, json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def load(cls, path: Path) -> Plan:
        """Return the plan of a run that was begun.

        Raises
        ------
        ImageReadError
            If the file is missing or no plan.
        """
        try:
            data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            plan = cls(**data)
            good = (
                isinstance(plan.steps, int)
                and plan.steps > 0
                and plan.precision in PRECISIONS
                and plan.layout in LAYOUTS
            )
        except (OSError, ValueError, TypeError) as error:
            raise ImageReadError(f"{path}: cannot be read as a run's plan ({error})") from error
        if not good:
            raise ImageReadError(f"{path}: is no plan of a run")
        return plan


def mode_name(precision: str, layout: str) -> str:
    """Return the name under which a mode's time is kept."""
    return f"{precision}, {layout}"


def choose_mode(measured: dict[str, float]) -> tuple[str, str]:
    """Return precision and layout of the fastest mode; the plain one unless another gains.

    Parameters
    ----------
    measured
        Seconds per step by :func:`mode_name`, the plainest first.
    """
    names = list(measured)
    best = names[0]
    for name in names[1:]:
        if measured[name] < _GAIN * measured[names[0]] and measured[name] < measured[best]:
            best = name
    precision, layout = best.split(", ")
    return precision, layout


def steps_in(budget: float, seconds_per_step: float, *, overhead: float = 0.0) -> int:
    """Return how many steps fit into a budget of seconds, at least one.

    Parameters
    ----------
    budget
        Seconds for the whole run.
    seconds_per_step
        As measured.
    overhead
        Seconds for everything else: validation, checkpoints.
    """
    return max(1, int((budget - overhead) / seconds_per_step))


def parse_duration(text: str) -> float:
    """Return the seconds of ``90m``, ``1.5h``, ``2h30m``, ``45s`` or a plain number of seconds.

    Raises
    ------
    OptionError
        For another text, or none at all.

    Examples
    --------
    >>> parse_duration("2h30m")
    9000.0
    """
    plain = text.strip().lower()
    parts = _DURATION.findall(plain)
    if not parts or "".join(a + b for a, b in parts) != plain:
        raise OptionError(f"a duration is like 90m, 1.5h or 2h30m; not {text!r}")
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if not seconds > 0:
        raise OptionError(f"a duration is positive, not {text!r}")
    return seconds
