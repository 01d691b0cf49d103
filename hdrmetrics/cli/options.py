"""Options of metrics as typed on the command line."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from hdrmetrics.catalogue.metrics import canonical_name, metric_options
from hdrmetrics.errors import OptionError

_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def parse_options(texts: Sequence[str], metrics: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return options by metric from ``METRIC.KEY=VALUE``.

    Parameters
    ----------
    texts
        As typed. A value is read by the type of the option: a number, ``true`` or ``false``,
        ``none``, numbers with commas, or text.
    metrics
        Those that will be computed.

    Raises
    ------
    OptionError
        If a text has another form, names another metric or option, or its value is of another
        type.
    """
    found: dict[str, dict[str, Any]] = {}
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
        found.setdefault(metric, {})[key] = _value(value.strip(), known[key], f"{metric}.{key}")
    return found


def option_type(parameter: inspect.Parameter) -> str:
    """Return the type of an option in words, such as ``number or none``."""
    kinds = sorted(_kinds(parameter))
    choices = _only_choices(parameter)
    words = {
        "bool": "true or false",
        "float": "number",
        "int": "whole number",
        "none": "none",
        "str": " or ".join(choices) or "text",
        "tuple": "numbers with commas",
    }
    ordered = [kind for kind in words if kind in kinds and kind != "none"]
    return " or ".join([words[kind] for kind in ordered] + (["none"] if "none" in kinds else []))


def _choices(parameter: inspect.Parameter) -> list[str]:
    """Return the texts that the type names, in its order."""
    return re.findall(r"'([^']*)'", _annotation(parameter).replace('"', "'"))


def _only_choices(parameter: inspect.Parameter) -> list[str]:
    """Return the texts that an option takes, if it takes no other text."""
    words = re.findall(r"\w+", re.sub(r"'[^']*'|\"[^\"]*\"", "", _annotation(parameter)))
    return [] if "str" in words else _choices(parameter)


def _annotation(parameter: inspect.Parameter) -> str:
    """Return what the type lets one type, as text; a matrix, say, is no option of a shell."""
    annotation = parameter.annotation
    if annotation is inspect.Parameter.empty:
        return ""
    if isinstance(annotation, str):
        return annotation
    union = get_origin(annotation) in (Union, UnionType)
    members = get_args(annotation) if union else (annotation,)
    return " | ".join(text for member in members if (text := _written(member)))


def _written(member: Any) -> str:
    if member is NoneType:
        return "None"
    if member in (bool, int, float, str):
        return str(member.__name__)
    inside = get_args(member)
    if get_origin(member) is Literal:
        return ", ".join(repr(choice) for choice in inside)
    numbers = bool(inside) and all(one in (int, float, ...) for one in inside)
    return "tuple" if get_origin(member) is tuple and numbers else ""


def _kinds(parameter: inspect.Parameter) -> set[str]:
    """Return which types the annotation and the default allow."""
    words = set(re.findall(r"\w+", re.sub(r"'[^']*'|\"[^\"]*\"", "", _annotation(parameter))))
    kinds = {kind for kind in ("bool", "float", "int", "tuple") if kind in words}
    if "tuple" in kinds:  # tuple[int, int]: the numbers inside are no types of the option itself
        kinds -= {"int", "float"}
    if "None" in words or parameter.default is None:
        kinds.add("none")
    default = parameter.default
    if default is not None and default is not inspect.Parameter.empty:
        name = type(default).__name__
        kinds.add(name if name in ("bool", "float", "int", "tuple") else "str")
    # Other words are type aliases, of strings in all our metrics: "Border", "Channels".
    if not kinds - {"none"} or words - {"bool", "float", "int", "tuple", "None", "Optional"}:
        kinds.add("str")
    return kinds if "str" in words else kinds - ({"str"} if "tuple" in kinds else set())


def _value(text: str, parameter: inspect.Parameter, name: str) -> Any:
    kinds = _kinds(parameter)
    low = text.lower()
    if "none" in kinds and low == "none":
        return None
    if "bool" in kinds and low in _TRUE + _FALSE:
        return low in _TRUE
    for kind, read in (("int", int), ("float", float)):
        if kind in kinds:
            try:
                return read(text)
            except ValueError:
                continue
    if "tuple" in kinds:
        try:
            return tuple(float(p) if set(p) & set(".eE") else int(p) for p in text.split(","))
        except ValueError:
            pass
    if "str" in kinds and text:  # of choices the metric knows best what is wrong
        return text
    raise OptionError(f"{name} takes {option_type(parameter)}, not {text!r}")
