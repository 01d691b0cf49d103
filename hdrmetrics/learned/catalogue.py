"""The learned metrics whose weights lie in the package; importing this registers them by name."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from hdrmetrics.catalogue.domain import Domain
from hdrmetrics.catalogue.metrics import register_metric
from hdrmetrics.errors import HdrMetricsError, HdrMetricsWarning
from hdrmetrics.learned import general
from hdrmetrics.learned.card import Card
from hdrmetrics.learned.describing import describe, family
from hdrmetrics.learned.predictor import PLACES, PRECISION, LearnedMetric, Precision
from hdrmetrics.learned.sampled import Places
from hdrmetrics.learned.tensorfile import SUFFIX, card_path
from hdrmetrics.learned.weights import load_weights, read_card

WEIGHTS = Path(__file__).parent / "weights"
"""The package's weights files with their cards."""

_OPTIONS = PRECISION, PLACES

_Found = tuple[Path, str]  # weights file, head


def register(folder: Path) -> list[str]:
    """Register every head that a card in a folder describes, and the general predictor.

    A head becomes ``norvdpnet-HEAD``, or ``diqm-HEAD`` where the network takes a reference.
    ``norvdpnet`` chooses among them by the picture; see :mod:`hdrmetrics.learned.general`. A
    broken file is left out with a warning, so that it does not take the others with it.

    Parameters
    ----------
    folder
        With files ``*.safetensors`` and their cards ``*.json``; it may be absent or empty.

    Returns
    -------
    list of str
        The names.
    """
    names: list[str] = []
    heads: dict[str, tuple[Path, Card]] = {}
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            card = read_card(card_path(path))
            for head in card.heads:
                info = describe(card, head)
                alone = family(card) == general.NAME
                register_metric(info, _factory(path, head), _OPTIONS if alone else _OPTIONS[:1])
                names.append(info.name)
                if alone:
                    heads[head] = (path, card)
        except HdrMetricsError as error:
            warnings.warn(
                f"the predictors of {path.name} are left out: {error}",
                HdrMetricsWarning,
                stacklevel=2,
            )
    chosen = dict(_choose(heads))
    if chosen:
        path, head = chosen[min(chosen)]
        info = general.described(describe(heads[head][1], head))
        register_metric(info, _general_factory(chosen), _OPTIONS)
        names.append(general.NAME)
    return names


def _choose(heads: dict[str, tuple[Path, Card]]) -> Iterator[tuple[Domain, _Found]]:
    for domain, candidates in general.CHOICE.items():
        for head in candidates:
            if head in heads and heads[head][1].heads[head].domain == domain:
                yield domain, (heads[head][0], head)
                break


def _factory(path: Path, head: str) -> Callable[..., LearnedMetric]:
    def create(*, precision: Precision = "float32", places: Places = "all") -> LearnedMetric:
        return LearnedMetric(*load_weights(path), head, precision=precision, places=places)

    return create


def _general_factory(chosen: dict[Domain, _Found]) -> Callable[..., LearnedMetric]:
    def create(
        *, precision: Precision = "float32", places: Places = "all"
    ) -> general.GeneralMetric:
        loaded = {path: load_weights(path) for path, _ in chosen.values()}
        return general.GeneralMetric(
            {
                domain: LearnedMetric(*loaded[path], head, precision=precision, places=places)
                for domain, (path, head) in chosen.items()
            }
        )

    return create


register(WEIGHTS)
