"""Metrics by name: the package's own, and third parties' through a Python entry point."""

from __future__ import annotations

import functools
import importlib
import inspect
import warnings
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from hdrmetrics.catalogue.registry import Factory, registered
from hdrmetrics.errors import HdrMetricsWarning, OptionError, UnknownNameError

if TYPE_CHECKING:
    from hdrmetrics.metric import Domain, Metric, MetricInfo

ENTRY_POINT_GROUP = "hdrmetrics.metrics"
"""A package adds metrics by an entry point of this group that names a function without
arguments, which calls :func:`hdrmetrics.register_metric`."""

_SDR = "sdr-"


@functools.cache
def _load_all() -> None:
    importlib.import_module("hdrmetrics.metrics")
    importlib.import_module("hdrmetrics.learned.catalogue")
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        try:
            entry.load()()
        except Exception as error:  # a broken plug-in must not take the others with it
            warnings.warn(
                f"the metrics of {entry.value!r} could not be loaded: {error!r}",
                HdrMetricsWarning,
                stacklevel=2,
            )


def canonical_name(name: str) -> str:
    """Return the name that results have: ``psnr`` for ``sdr-psnr``, any other as it is.

    Metrics of light carry their encoding in front, those of display-encoded values need none; who
    writes one all the same means them.
    """
    if not name.startswith(_SDR):
        return name
    _load_all()
    plain = name.removeprefix(_SDR)
    known = plain in registered and registered[plain][0].domain == "sdr"
    return plain if known and name not in registered else name


def _lookup(name: str) -> tuple[MetricInfo, Factory]:
    _load_all()
    name = canonical_name(name)
    if name not in registered:
        import difflib

        near = difflib.get_close_matches(name.removeprefix(_SDR), registered, n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else "; see `hdrmetrics metrics`"
        raise UnknownNameError(f"unknown metric {name!r}{hint}")
    return registered[name]


def metric_info(name: str) -> MetricInfo:
    """Return the description of the metric called ``name``.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    return _lookup(name)[0]


def metric_options(name: str) -> dict[str, inspect.Parameter]:
    """Return the keyword options of the metric called ``name``, with their defaults.

    Raises
    ------
    UnknownNameError
        If there is no such metric.
    """
    return dict(inspect.signature(_lookup(name)[1], eval_str=True).parameters)


def create_metric(name: str, **options: Any) -> Metric:
    """Return a new metric, an :class:`torch.nn.Module` called as ``metric(test, reference)``.

    Parameters
    ----------
    name
        One of :func:`list_metrics`; metrics of display-encoded values also with ``sdr-`` before
        it.
    options
        Of that metric; see :func:`metric_options`.

    Raises
    ------
    UnknownNameError
        If there is no such metric.
    OptionError
        If an option is unknown or its value is out of range.
    """
    _, factory = _lookup(name)
    known = metric_options(name)
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise OptionError(
            f"{name} has no option {', '.join(unknown)}; it has {', '.join(known) or 'none'}"
        )
    return factory(**options)


def list_metrics(
    *,
    reference: bool | None = None,
    domain: Domain | None = None,
    differentiable: bool | None = None,
) -> list[MetricInfo]:
    """Return the descriptions of all metrics, sorted by name, or of those that match.

    Parameters
    ----------
    reference
        Keep metrics that need (True) or do not take (False) a reference.
    domain
        Keep metrics of ``"hdr"``, ``"sdr"`` or ``"tonemapped"`` images.
    differentiable
        Keep metrics with (True) or without (False) gradients.
    """
    _load_all()
    infos = sorted((info for info, _ in registered.values()), key=lambda info: info.name)
    return [
        info
        for info in infos
        if (reference is None or info.reference == reference)
        and (domain is None or info.domain == domain)
        and (differentiable is None or info.differentiable == differentiable)
    ]
