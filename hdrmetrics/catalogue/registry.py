"""Where metrics make themselves known by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hdrmetrics.errors import OptionError

if TYPE_CHECKING:
    from hdrmetrics.metric import Metric, MetricInfo

Factory = Callable[..., "Metric"]

registered: dict[str, tuple[MetricInfo, Factory]] = {}
"""What is known so far; :mod:`hdrmetrics.catalogue.metrics` makes sure that it is everything."""


def register_metric(info: MetricInfo, factory: Factory) -> None:
    """Make a metric known by ``info.name``.

    Parameters
    ----------
    info
        The metric's description.
    factory
        Called with the user's keyword options; its signature tells which there are.

    Raises
    ------
    OptionError
        If the name is taken.
    """
    if info.name in registered:
        raise OptionError(f"there is a metric {info.name!r} already")
    registered[info.name] = (info, factory)
