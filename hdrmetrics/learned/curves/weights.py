"""Weights files of curve networks: safetensors with a JSON card beside them."""

from __future__ import annotations

from pathlib import Path

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.curves.card import CurveCard
from hdrmetrics.learned.curves.net import CurveNet, Kind, empty_net
from hdrmetrics.learned.saving import kept_weights, save_with_card, weights_path
from hdrmetrics.learned.tensorfile import (
    card_path,
    read_json_card,
    read_tensors,
)

_FOLDER = Path(__file__).with_name("weights")
SHIPPED: dict[Kind, Path] = {
    "full": _FOLDER / "curve.safetensors",
    "light": _FOLDER / "curve-light.safetensors",
}
"""The networks that come with the package."""

_LARGEST, _CARD = 1 << 20, 1 << 20  # bytes: three times the larger network in single precision


def save_curves(path: str | Path, net: CurveNet, card: CurveCard) -> CurveCard:
    """Write the weights of a network, its matrices in half precision, and its card.

    Parameters
    ----------
    path
        Ends in ``.safetensors``; both files are replaced, each in one step.
    net
        Whose weights.
    card
        Its hash is filled in.

    Returns
    -------
    CurveCard
        As written.

    Raises
    ------
    OptionError
        If the path ends otherwise, the card is of a network of another kind or cannot be written
        as JSON, or a weight is NaN or beyond half precision.
    ImageWriteError
        If a file cannot be written.
    """
    path = weights_path(path)
    if card.kind != net.kind:
        raise OptionError(f"the card is of the network {card.kind}, not of {net.kind}")
    return save_with_card(path, kept_weights(net), card)


def load_curves(path: str | Path) -> tuple[CurveNet, CurveCard]:
    """Return the network of a weights file, in float32 and for evaluation, and its card.

    Nothing is unpickled; the sizes of both files and of the list of tensors are
    checked before anything of that size is made.

    Raises
    ------
    WeightsError
        If a file is missing, too large, truncated, damaged, does not belong to its card, or holds
        NaN.
    """
    path = Path(path)
    card = read_curve_card(card_path(path))
    wanted = empty_net(card.kind, "meta").state_dict()
    weights = read_tensors(path, wanted, card.sha256, _LARGEST)
    net = empty_net(card.kind)
    net.load_state_dict({name: value.float() for name, value in weights.items()})
    return net.eval().requires_grad_(False), card


def read_curve_card(path: Path) -> CurveCard:
    """Return the card in a JSON file.

    Raises
    ------
    WeightsError
        If it is missing, too large or no card.
    """
    return read_json_card(path, CurveCard.from_dict, _CARD)
