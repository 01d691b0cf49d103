"""Options of metrics as typed on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hdrmetrics.catalogue.metrics import canonical_name, metric_options
from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.errors import OptionError


def parse_options(texts: Sequence[str], metrics: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return options by metric from ``METRIC.KEY=VALUE``.

    Parameters
    ----------
    texts
        As typed; the option's description tells how to read a value.
    metrics
        Those that will be computed.

    Raises
    ------
    OptionError
        If a text has another form, names another metric or option, or its value cannot be.
    """
    values: dict[str, dict[str, Any]] = {}
    for text in texts:
        left, equals, value = text.partition("=")
        metric, dot, key = left.strip().rpartition(".")
        metric = canonical_name(metric)
        if not (equals and dot and metric and key):
            raise OptionError(f"an option is METRIC.KEY=VALUE, not {text!r}")
        if metric not in metrics:
            raise OptionError(
                f"the option {text!r} is for {metric}, but computed are {', '.join(metrics)}"
            )
        known = metric_options(metric)
        key = key.replace("-", "_")
        if key not in known:
            raise OptionError(f"{metric} has no option {key}; it has {', '.join(known) or 'none'}")
        values.setdefault(metric, {})[key] = read_option(metric, known[key], value)
    return values


def read_option(metric: str, parameter: Parameter, text: str) -> Any:
    """Return the value of a metric's option from its text.

    Raises
    ------
    OptionError
        If it cannot be; the message says what the option takes.
    """
    try:
        return parameter.read(text.strip())
    except OptionError as error:
        raise OptionError(f"{metric}: {error}") from None


def takes(parameter: Parameter) -> str:
    """Return in words what an option takes, ``none`` included."""
    return parameter.allowed + (" or none" if parameter.default is None else "")
