"""The file that remembers how good the pictures were, and under which conditions."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hdrmetrics import __version__
from hdrmetrics.errors import OptionError
from hdrmetrics.text.textfile import json_text, write_text

_FORMAT = 1
_ABOUT = "Quality baseline of hdrmetrics. Renew it with --update-baseline, not by hand."
_DIGITS = 7  # of a stored number: what float32 holds
_SAME = 1e-5  # relative difference up to which two numbers among the conditions agree


@dataclass(frozen=True)
class Entry:
    """A value and what it depends on.

    Parameters
    ----------
    value
        The score; may be infinite.
    conditions
        Of the score, flattened: ``{"calibration.factor": 93.3, ...}``.
    """

    value: float
    conditions: dict[str, Any] = field(default_factory=dict)


Baseline = dict[str, dict[str, Entry]]
"""Entries by file and metric."""


def flatten(conditions: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested conditions as one level of dotted names, numbers rounded to 7 digits."""
    flat: dict[str, Any] = {}
    for key, value in conditions.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = _rounded(value)
    return flat


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else f"{value:g}"
    if isinstance(value, (list, tuple)):
        return [_rounded(one) for one in value]
    return value


def read_baseline(path: str | Path) -> Baseline:
    """Read a baseline file.

    Raises
    ------
    OptionError
        If there is no such file, or it is no baseline.
    """
    try:
        record = json.loads(Path(path).read_text(encoding="utf-8"))
        if record["format"] != _FORMAT:
            raise OptionError(
                f"the baseline {str(path)!r} has format {record['format']!r}; this version of "
                f"hdrmetrics reads format {_FORMAT}"
            )
        common = {name: dict(m["conditions"]) for name, m in record["metrics"].items()}
        return {
            file: {
                name: Entry(float(e["value"]), common[name] | e.get("conditions", {}))
                for name, e in metrics.items()
            }
            for file, metrics in record["files"].items()
        }
    except FileNotFoundError as error:
        raise OptionError(
            f"there is no baseline {str(path)!r} yet; make it by updating it (--update-baseline)"
        ) from error
    except OptionError:
        raise
    except OSError as error:
        raise OptionError(f"cannot read the baseline {str(path)!r}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise OptionError(
            f"{str(path)!r} is not a baseline of hdrmetrics ({type(error).__name__}: {error})"
        ) from error


def write_baseline(path: str | Path, baseline: Baseline, units: Mapping[str, str]) -> None:
    """Write a baseline file: the same entries give the same bytes.

    Conditions that a metric has in common over all files are written once.

    Parameters
    ----------
    path
        Where to; replaced in one step.
    baseline
        The entries.
    units
        By metric, for people who read the file.

    Raises
    ------
    ImageWriteError
        If the file cannot be written.
    """
    names = sorted({name for metrics in baseline.values() for name in metrics})
    common: dict[str, dict[str, Any]] = {}
    for name in names:
        sets = [metrics[name].conditions for metrics in baseline.values() if name in metrics]
        common[name] = {
            key: value
            for key, value in sets[0].items()
            if all(key in other and other[key] == value for other in sets)
        }
    record = {
        "about": _ABOUT,
        "format": _FORMAT,
        "hdrmetrics": __version__,
        "metrics": {name: {"unit": units[name], "conditions": common[name]} for name in names},
        "files": {
            file: {name: _entry(entry, common[name]) for name, entry in metrics.items()}
            for file, metrics in baseline.items()
        },
    }
    write_text(path, json_text(record, sort_keys=True))


def _entry(entry: Entry, common: Mapping[str, Any]) -> dict[str, Any]:
    own = {key: value for key, value in entry.conditions.items() if key not in common}
    record: dict[str, Any] = {"value": _rounded(entry.value)}
    return record | {"conditions": own} if own else record


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return in words what differs between two sets of flattened conditions.

    Numbers that agree to 1e-5 count as the same.
    """
    found = []
    for key in sorted(then.keys() | now.keys()):
        before, after = then.get(key), now.get(key)
        if not _agree(before, after):
            found.append(f"{key} was {_word(before)}, is {_word(after)}")
    return found


def _agree(a: Any, b: Any) -> bool:
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(_agree(x, y) for x, y in zip(a, b, strict=True))
    numbers = [isinstance(x, (int, float)) and not isinstance(x, bool) for x in (a, b)]
    if all(numbers):
        return math.isclose(a, b, rel_tol=_SAME)
    return type(a) is type(b) and bool(a == b)


def _word(value: Any) -> str:
    if value is None:
        return "not set"
    return f"{value:.7g}" if isinstance(value, float) else str(value)
