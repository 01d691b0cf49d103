"""Weights files of curve networks."""

from __future__ import annotations

from pathlib import Path

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.curves.card import CurveCard
from hdrmetrics.learned.curves.net import CurveNet, Kind, empty_net
from hdrmetrics.learned.netfile import NetFiles

_FOLDER = Path(__file__).with_name("weights")
SHIPPED: dict[Kind, Path] = {
    "full": _FOLDER / "curve.safetensors",
    "light": _FOLDER / "curve-light.safetensors",
}
"""The networks that come with the package."""

_FILES = NetFiles(CurveCard, lambda card, device: empty_net(card.kind, device), 100_000)


def save_curves(path: str | Path, net: CurveNet, card: CurveCard) -> CurveCard:
    """Write a network and its card; see :meth:`~hdrmetrics.learned.netfile.NetFiles.save`.

    Raises
    ------
    OptionError, ImageWriteError
        As there, and if the card is of a network of another kind.
    """
    if card.kind != net.kind:
        raise OptionError(f"the card is of the network {card.kind}, not of {net.kind}")
    return _FILES.save(path, net, card)


def load_curves(path: str | Path) -> tuple[CurveNet, CurveCard]:
    """Return a network and its card; see :meth:`~hdrmetrics.learned.netfile.NetFiles.load`.

    Raises
    ------
    WeightsError
        As there.
    """
    return _FILES.load(path)
