"""Weights files and the cards beside them, as they are written."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from torch import Tensor, nn

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.tensorfile import SUFFIX, Tensors, card_path, stored_type
from hdrmetrics.text.jsontext import readable
from hdrmetrics.text.textfile import replacing, write_text


class Hashed(Protocol):
    """A card, a dataclass that knows the hash of its weights file."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def sha256(self) -> str:
        """Of the weights file."""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""


Card = TypeVar("Card", bound=Hashed)


def weights_path(path: str | Path) -> Path:
    """Return the path of a weights file that is to be written.

    Raises
    ------
    OptionError
        If it does not end in ``.safetensors``.
    """
    path = Path(path)
    if path.suffix != SUFFIX:
        raise OptionError(f"a weights file ends in {SUFFIX}, not {path.name!r}")
    return path


def kept_weights(network: nn.Module) -> Tensors:
    """Return the weights of a network as files keep them: matrices in half precision.

    Raises
    ------
    OptionError
        If a weight is NaN or beyond half precision.
    """
    return finite(
        {
            name: value.detach().to("cpu", stored_type(value)).contiguous()
            for name, value in network.state_dict().items()
        }
    )


def finite(kept: dict[str, Tensor]) -> Tensors:
    """Return weights, or raise :class:`OptionError` for those that are NaN or infinite."""
    for name, value in kept.items():
        if not bool(value.isfinite().all()):
            raise OptionError(f"{name} has weights that are NaN or beyond half precision")
    return kept


def save_with_card(path: Path, kept: Tensors, card: Card) -> Card:
    """Write tensors, and beside them their card with the hash of the file; returns the card.

    Both files are replaced, each in one step.

    Raises
    ------
    OptionError
        If the card cannot be written as JSON.
    ImageWriteError
        If a file cannot be written.
    """
    from safetensors.torch import save

    content = save(kept)
    card = replace(card, sha256=hashlib.sha256(content).hexdigest())
    write_both(path, content, card.to_dict())
    return card


def write_both(path: Path, content: bytes, told: Mapping[str, Any]) -> None:
    """Replace a weights file, and beside it the JSON of its card, each in one step.

    Raises
    ------
    OptionError
        If the card cannot be written as JSON; nothing is then written.
    ImageWriteError
        If a file cannot be written.
    """
    try:
        text = readable(told)
    except (TypeError, ValueError) as error:
        raise OptionError(f"this card cannot be written as JSON: {error}") from None
    with replacing(path) as draft:
        draft.write_bytes(content)
    write_text(card_path(path), text)
