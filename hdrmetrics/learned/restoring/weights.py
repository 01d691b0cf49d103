"""Weights files of restoration networks."""

from __future__ import annotations

from pathlib import Path

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.netfile import NetFiles
from hdrmetrics.learned.restoring.card import RestorationCard
from hdrmetrics.learned.restoring.net import RestorationNet, empty_net

SHIPPED = Path(__file__).with_name("weights") / "restore.safetensors"
"""The network that comes with the package."""

# Parameters: four times the largest of ours.
_FILES = NetFiles(RestorationCard, lambda card, device: empty_net(card.size, device), 4_000_000)


def save_restoration(
    path: str | Path, net: RestorationNet, card: RestorationCard
) -> RestorationCard:
    """Write a network and its card; see :meth:`~hdrmetrics.learned.netfile.NetFiles.save`.

    Raises
    ------
    OptionError, ImageWriteError
        As there, and if the card is of a network of another size.
    """
    if card.size != net.size:
        raise OptionError(f"the card is of a network of {card.size}, not of {net.size}")
    return _FILES.save(path, net, card)


def load_restoration(path: str | Path = SHIPPED) -> tuple[RestorationNet, RestorationCard]:
    """Return a network and its card; see :meth:`~hdrmetrics.learned.netfile.NetFiles.load`.

    Raises
    ------
    WeightsError
        As there.
    """
    return _FILES.load(path)


def read_restoration_card(path: Path) -> RestorationCard:
    """Return the card in a JSON file.

    Raises
    ------
    WeightsError
        If it is missing, too large or no card, or its network would be too large.
    """
    return _FILES.read_card(path)
