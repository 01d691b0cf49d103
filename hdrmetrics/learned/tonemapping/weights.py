"""Weights files of tone-mapping networks."""

from __future__ import annotations

from pathlib import Path

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.netfile import NetFiles
from hdrmetrics.learned.tonemapping.card import ToneCard
from hdrmetrics.learned.tonemapping.sizes import Network, empty_net

WEIGHTS = Path(__file__).with_name("weights")
"""The networks that come with the package, by the name of their operator."""

# Parameters: ten times the largest of ours.
_FILES = NetFiles(ToneCard, lambda card, device: empty_net(card.size, device), 1_000_000)


def shipped(name: str) -> Path:
    """Return the weights file of an operator that comes with the package."""
    return WEIGHTS / f"{name}.safetensors"


def save_tone_net(path: str | Path, net: Network, card: ToneCard) -> ToneCard:
    """Write a network and its card; see :meth:`~hdrmetrics.learned.netfile.NetFiles.save`.

    Raises
    ------
    OptionError, ImageWriteError
        As there, and if the card is of a network of another size.
    """
    if card.size != net.size:
        raise OptionError(f"the card is of a network of {card.size}, not of {net.size}")
    return _FILES.save(path, net, card)


def load_tone_net(path: str | Path) -> tuple[Network, ToneCard]:
    """Return a network and its card; see :meth:`~hdrmetrics.learned.netfile.NetFiles.load`.

    Raises
    ------
    WeightsError
        As there.
    """
    return _FILES.load(path)
