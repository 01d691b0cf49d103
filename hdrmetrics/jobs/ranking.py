"""A set of pictures in order of quality, by any no-reference metric."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from typing import Unpack

from hdrmetrics.catalogue.metrics import metric_info
from hdrmetrics.errors import OptionError
from hdrmetrics.jobs.batch import BatchSettings, Row, score_files
from hdrmetrics.jobs.defaults import ranked_by
from hdrmetrics.jobs.pairing import find_files
from hdrmetrics.metric import Metric, MetricInfo


def rank(
    files: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    metric: str | Metric | Sequence[str | Metric] | None = None,
    *,
    recursive: bool = False,
    **settings: Unpack[BatchSettings],
) -> list[Row]:
    """Return a row for each picture, the best one first; nothing is kept from call to call.

    For tens of thousands, and for bursts, see :func:`hdrmetrics.rank_collection`.

    Parameters
    ----------
    files
        A folder, or files, folders and patterns; see :func:`hdrmetrics.jobs.pairing.find_files`.
    metric
        A no-reference metric, by name or made; or several, of which the first decides the order.
        Without one photographs are ranked by how people like them (``nima``), HDR pictures and
        mixtures by how faithful they are (``norvdpnet``); see
        :func:`hdrmetrics.jobs.defaults.ranked_by`.
    recursive
        Look into the folders of a folder, too.
    settings
        As for :func:`hdrmetrics.score_files`.

    Returns
    -------
    list of Row
        Pictures with the same score in the order of their names; those that could not be scored
        at the end, with their errors.

    Raises
    ------
    OptionError
        If the metric needs a reference; otherwise as :func:`hdrmetrics.score_files`.
    ImageReadError
        If there is no picture.
    """
    found = find_files(files, recursive=recursive)
    if metric is None:
        metric = ranked_by([one.path for one in found])
    metrics = [metric] if isinstance(metric, (str, Metric)) else list(metric)
    infos = [one.info if isinstance(one, Metric) else metric_info(one) for one in metrics]
    if not infos:
        raise OptionError("rank orders by a metric: name one")
    for info in infos:
        check_rankable(info)
    rows = score_files([(one.path, None) for one in found], metrics, **settings)
    return in_order(rows, infos[0])


def check_rankable(info: MetricInfo) -> None:
    """Raise OptionError for a metric that pictures cannot be ranked by."""
    if info.reference:
        raise OptionError(
            f"{info.name} compares with a reference; rank takes a no-reference metric "
            "(`hdrmetrics metrics --no-reference` lists them)"
        )


def in_order(rows: Iterable[Row], info: MetricInfo) -> list[Row]:
    """Return rows with the best value of a metric first, those without a value last."""
    sign = -1.0 if info.higher_is_better else 1.0

    def place(row: Row) -> tuple[bool, float, str]:
        value = row.scores[info.name].value if info.name in row.scores else math.nan
        return math.isnan(value), 0.0 if math.isnan(value) else sign * value, row.test

    return sorted(rows, key=place)
