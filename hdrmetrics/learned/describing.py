"""How a card describes its heads as metrics: names, ranges, versions, how windows come together."""

from __future__ import annotations

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.architecture import WINDOW
from hdrmetrics.learned.card import Card
from hdrmetrics.learned.fronts.compared import CellsCompared
from hdrmetrics.learned.fronts.front import CellFront
from hdrmetrics.learned.whole_image import MINIMUM_SIZE
from hdrmetrics.metric import MapKind, MetricInfo
from hdrmetrics.metrics.hdrvdp2.quality import window_exponent

_FAMILIES = {
    "none": (
        "norvdpnet",
        "No-reference",
        "Banterle et al., NoR-VDPNet++, IEEE Access 11, 2023",
    ),
    "reference": (
        "diqm",
        "Full-reference",
        "Artusi et al., approximation of perceptual metrics (DIQM), IEEE TIP 29, 2020",
    ),
}


def pooling_exponent(card: Card, head: str) -> float | None:
    """Return how the windows of a picture come together; ``None`` for their mean.

    That of the card, where the head was trained on whole pictures. Otherwise with a reference
    the rule by which HDR-VDP-2 adds up differences; without one a window of little content is
    judged too unsurely to decide over a picture.
    """
    own = card.heads[head]
    if own.exponent is not None:
        return own.exponent
    if card.architecture.inputs != "reference" or own.target.shown != "hdrvdp2":
        return None
    assert card.ppd is not None, "what HDR-VDP-2 taught was seen at some distance"
    return window_exponent(WINDOW, card.ppd)


def leaves_borders(card: Card, head: str) -> bool:
    """Whether plain borders are left out: nothing to judge where there is no reference.

    To TMQI, whose teacher sees how bright a tone-mapped picture is on the whole, they belong to it.
    """
    return card.architecture.inputs == "none" and card.heads[head].target.shown == "hdrvdp2"


def family(card: Card) -> str:
    """Return ``norvdpnet`` or ``diqm``."""
    return _FAMILIES[card.architecture.inputs][0]


def describe(card: Card, head: str, name: str | None = None) -> MetricInfo:
    """Return the description of a head as a metric.

    Raises
    ------
    OptionError
        If the card does not describe this head.
    """
    if head not in card.heads:
        raise OptionError(
            f"the card describes no head {head!r}; it has {', '.join(card.heads) or 'none'}"
        )
    inputs = card.architecture.inputs
    prefix, kind, citation = _FAMILIES[inputs]
    sets = ", ".join(card.heads[head].sets)
    return MetricInfo(
        name=name or f"{prefix}-{head}",
        title=f"{kind} quality, learned from {card.heads[head].teacher} ({sets})",
        domain=card.heads[head].domain,
        reference=inputs == "reference",
        higher_is_better=True,
        range=(0.0, 100.0),
        unit="",
        differentiable=True,
        map_kind=_map_kind(card, head),
        minimum_size=MINIMUM_SIZE,
        citation=citation,
        version=_version(card, head),
        faults=_faults(card, head),
    )


def _version(card: Card, head: str) -> str:
    """Return the version of the weights, and of the rule by which windows come together."""
    if card.heads[head].target.shown != "hdrvdp2":
        return card.version
    return f"{card.version}+{1 if card.architecture.inputs == 'reference' else 2}"


def _map_kind(card: Card, head: str) -> MapKind | None:
    if (
        isinstance(card.architecture.seen, CellsCompared)
        and card.heads[head].target.shown == "hdrvdp2"
    ):
        return "probability"
    return "distortion" if isinstance(card.architecture.seen, CellFront) else None


def _faults(card: Card, head: str) -> tuple[str, ...]:
    """Return what a head tells apart: nothing of pictures that no fault was learnt from."""
    if card.faults is None:
        return ()
    return card.faults.names if card.heads[head].domain in card.faults.domains else ()
