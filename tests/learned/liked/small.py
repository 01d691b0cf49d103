"""A network of opinions with random weights, for tests."""

from __future__ import annotations

from pathlib import Path

import torch

from hdrmetrics.learned.liked.card import OpinionCard, View
from hdrmetrics.learned.liked.lite import LiteTrunk, Same
from hdrmetrics.learned.liked.network import OpinionNetwork
from hdrmetrics.learned.liked.nima import Nima
from hdrmetrics.learned.liked.weights import save_opinions


def network(hidden: int = 8, seed: int = 0) -> OpinionNetwork:
    """Return a network whose maps keep their size, and whose scores differ."""
    torch.manual_seed(seed)
    trunk = LiteTrunk()
    for layer in trunk.modules():
        if isinstance(layer, Same):
            assert layer.bias is not None
            torch.nn.init.kaiming_normal_(layer.weight)
            torch.nn.init.normal_(layer.bias, std=0.1)
    found = OpinionNetwork(trunk, hidden)
    for linear in (found.hidden, found.scores):
        torch.nn.init.kaiming_normal_(linear.weight)
        torch.nn.init.zeros_(linear.bias)
    found.standard.scale.fill_(10.0)
    return found.eval()


def card(hidden: int = 8, **more: object) -> OpinionCard:
    """Return the card of it."""
    views = (View(128, 2.0), View(96, 1.0))
    return OpinionCard("efficientnet-lite0", hidden, views, {"name": "tests"}, **more)  # type: ignore[arg-type]


def metric() -> Nima:
    """Return it as a metric."""
    return Nima(network(), card())


def saved(folder: Path) -> Path:
    """Return its weights file."""
    path = folder / "small.safetensors"
    save_opinions(path, network(), card())
    return path


def pictures(count: int = 2, height: int = 80, width: int = 112, seed: int = 0) -> torch.Tensor:
    """Return smooth pictures in [0, 1]."""
    made = torch.Generator().manual_seed(seed)
    small = torch.rand(count, 3, 8, 10, generator=made)
    return torch.nn.functional.interpolate(small, (height, width), mode="bicubic").clamp(0, 1)
