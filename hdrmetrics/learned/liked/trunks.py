"""Trunks by name: EfficientNet-Lite of our own, or any backbone of timm."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn

from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.learned.liked.lite import FAMILY, LiteTrunk

TIMM = "timm:"
_NAME = re.compile(r"[A-Za-z0-9_.\-]{1,80}")  # of timm's; nothing that a hub could be asked for
_LEAST = 64


def trunk_named(name: str, *, pretrained: bool = False) -> nn.Module:
    """Return a trunk: one of ours, or ``timm:NAME`` for any of timm's with features of levels.

    Parameters
    ----------
    name
        As ``efficientnet-lite0`` or ``timm:mobilenetv2_100``.
    pretrained
        Ask the hub for the weights that timm publishes; for its backbones only, and only where a
        hub can be reached.

    Raises
    ------
    OptionError
        If there is no such trunk, timm is missing, or the hub cannot be reached.
    """
    if name.startswith(TIMM):
        return TimmTrunk(name.removeprefix(TIMM), pretrained=pretrained)
    if name not in FAMILY:
        raise OptionError(f"no trunk {name[:80]!r}: {', '.join(FAMILY)}, or {TIMM}NAME")
    if pretrained:
        raise OptionError(f"{name} has no weights on a hub: training begins with those of a file")
    return LiteTrunk(name)


class TimmTrunk(nn.Module):
    """A backbone of timm, its batch normalisation kept as it was trained.

    Parameters
    ----------
    name
        As ``timm.list_models()`` has it.
    pretrained
        Whether to ask the hub for its weights.

    Raises
    ------
    OptionError
        If timm is not installed, knows no such model, or the hub cannot be reached.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, name: str, *, pretrained: bool = False) -> None:
        super().__init__()
        if not _NAME.fullmatch(name):
            raise OptionError(f"no model of timm is called {name[:80]!r}")
        timm = _timm()
        if name not in timm.list_models():
            raise OptionError(f"timm has no model {name!r}: timm.list_models() lists them")
        try:
            self.network = timm.create_model(name, features_only=True, pretrained=pretrained)
        except (OSError, RuntimeError, ValueError, TypeError) as error:
            raise OptionError(f"timm cannot make {name} level by level: {error}") from error
        self.name = TIMM + name
        self.channels: tuple[int, ...] = tuple(self.network.feature_info.channels())
        self.least = _LEAST
        told = self.network.default_cfg
        for own, key in (("mean", "mean"), ("deviation", "std")):
            value = torch.tensor(told[key]).view(1, 3, 1, 1)
            self.register_buffer(own, value, persistent=False)

    def train(self, mode: bool = True) -> TimmTrunk:
        """Leave normalisation as it was: a few views say little of means and variances."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()
        return self

    def maps(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the maps of each level, of pictures ``(N, 3, H, W)`` in [0, 1]."""
        if x.shape[1] != 3 or min(x.shape[-2:]) < _LEAST:
            raise ShapeError(f"pictures are (N, 3, H, W) of {_LEAST} px at least: {tuple(x.shape)}")
        return tuple(self.network((x - self.mean) / self.deviation))


def _timm() -> Any:
    """Return timm, which is loaded only where it is used."""
    from hdrmetrics.learned.liked.torchvision_stub import declare_operators

    declare_operators()
    try:
        return import_module("timm")
    except (ImportError, RuntimeError) as error:
        raise OptionError(
            f"backbones of timm need it: pip install 'hdrmetrics[train]' ({error})"
        ) from error
