"""Metrics by name: the package's own, and third parties' through a Python entry point."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from hdrmetrics.catalogue.catalogue import Catalogue, Entry
from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.errors import OptionError

if TYPE_CHECKING:
    from hdrmetrics.catalogue.domain import Domain
    from hdrmetrics.metric import Metric, MetricInfo

METRICS: Catalogue[MetricInfo, Metric] = Catalogue(
    "metric",
    "hdrmetrics.metrics",
    "hdrmetrics.learned.catalogue",
    "hdrmetrics.learned.liked.catalogue",
    "hdrmetrics.learned.improvable.catalogue",
    group="hdrmetrics.metrics",
    hint="see `hdrmetrics metrics`",
)
"""All metrics. Another package's entry point (group ``hdrmetrics.metrics``) names a function
without arguments, which calls :func:`hdrmetrics.register_metric`."""

_SDR = "sdr-"


def register_metric(
    info: MetricInfo,
    factory: Callable[..., Metric],
    parameters: Iterable[Parameter] | None = None,
) -> None:
    """Make a metric known by ``info.name``.

    Parameters
    ----------
    info
        The metric's description.
    factory
        Called with the user's keyword options.
    parameters
        The options described; without them, ``factory.option_parameters``, else what the factory's
        signature gives as plain values.

    Raises
    ------
    OptionError
        If the name is taken.
    """
    METRICS.register(info, factory, parameters)


def canonical_name(name: str) -> str:
    """Return the name that results have: ``psnr`` for ``sdr-psnr``, any other as it is.

    Metrics of light carry their encoding in front, those of display-encoded values need none; who
    writes one all the same means them.
    """
    if not name.startswith(_SDR):
        return name
    METRICS.load()
    plain = METRICS.entries.get(name.removeprefix(_SDR))
    meant = plain is not None and plain.info.domain == "sdr" and name not in METRICS.entries
    return plain.info.name if plain is not None and meant else name


def _entry(name: str) -> Entry[MetricInfo, Metric]:
    return METRICS.entry(canonical_name(name), like=name.removeprefix(_SDR))


def metric_info(name: str) -> MetricInfo:
    """Return the description of the metric called ``name``.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    return _entry(name).info


def metric_options(name: str) -> dict[str, Parameter]:
    """Return the keyword options of the metric called ``name``, with what they take.

    Raises
    ------
    UnknownNameError
        If there is no such metric.

    Examples
    --------
    >>> metric_options("pu21-ssim")["border"].choices
    ('valid', 'replicate')
    """
    return {parameter.name: parameter for parameter in _entry(name).parameters}


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

    Examples
    --------
    >>> import torch
    >>> reference = torch.full((1, 3, 16, 16), 100.0)
    >>> round(float(create_metric("pu21-psnr")(1.1 * reference, reference)), 1)
    32.3
    """
    entry = _entry(name)
    unknown = sorted(key for key in options if not entry.takes(key))
    if unknown:
        known = ", ".join(parameter.name for parameter in entry.parameters)
        raise OptionError(f"{name} has no option {', '.join(unknown)}; it has {known or 'none'}")
    return entry.make(**options)


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
    return METRICS.infos(reference=reference, domain=domain, differentiable=differentiable)
