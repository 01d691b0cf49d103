"""Networks of fixed random weights with cards, for the tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hdrmetrics.catalogue.domain import Domain
from hdrmetrics.learned.architecture import OURS_DIQM, OURS_NOR, WINDOW, Architecture, Stage
from hdrmetrics.learned.card import Card, HeadCard, Interval
from hdrmetrics.learned.network import QualityNetwork, build_network
from hdrmetrics.learned.target import Target
from hdrmetrics.learned.whole_image import Axis

VDP = Target(-1.3, 0.4, 0.3, 0.8, False, "hdrvdp2", -4.5, 1.5)
TMQI = Target(0.8, 0.1, -0.2, 0.9, True, "tmqi", 0.0, 1.0)
DOMAINS: dict[str, Domain] = {
    "hdr-c": "hdr", "sdr-d": "sdr", "tmo": "tonemapped", "itmo": "hdr", "hdr": "hdr", "sdr": "sdr",
}  # fmt: skip


def narrow(architecture: Architecture) -> Architecture:
    """Return an architecture with a quarter of its channels: the same geometry, in less time."""
    stages = tuple(replace(stage, channels=stage.channels // 4) for stage in architecture.stages)
    return replace(architecture, stages=stages, hidden=16)


NOR, DIQM = narrow(OURS_NOR), narrow(OURS_DIQM)
TINY = Architecture(
    name="tiny",
    front=NOR.front,
    stages=(Stage(8, 1), Stage(16, 1)),
    heads=("hdr-c",),
    hidden=8,
)


def alive(network: QualityNetwork, seed: int = 0) -> QualityNetwork:
    """Return a network whose ReZero blocks do something and whose outputs spread."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("alpha"):
                parameter.uniform_(-0.8, 0.8, generator=generator)
            if name.endswith("2.weight"):
                parameter.mul_(10.0)
    return network.eval()


def pictures(count: int, height: int, width: int, seed: int = 0) -> Tensor:
    """Return light with blobs of all sizes, ``(N, 3, height, width)`` in cd/m²."""
    generator = torch.Generator().manual_seed(seed)
    total = torch.zeros(count, 3, height, width)
    for size in (3, 9, 40):
        coarse = torch.randn(count, 3, size, size, generator=generator)
        total = total + torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic")
    fine = 0.1 * torch.randn(count, 3, height, width, generator=generator)
    return (30.0 * torch.exp(total + fine)).clamp(0.005, 1e4)


def windows_of(image: Tensor) -> Iterator[Tensor]:
    """Yield the windows ``(N, C, 256, 256)`` of pictures row by row, mirrored as for a score."""
    rows, columns = (Axis.of(length) for length in image.shape[-2:])
    for top, left in product(rows.starts, columns.starts):
        band = rows.take(image, 2, top, top + WINDOW)
        yield columns.take(band, 3, left, left + WINDOW)


def card_of(
    architecture: Architecture, *, heads: dict[str, Target] | None = None, **entries: Any
) -> Card:
    """Return a card that describes all heads of an architecture."""
    chosen = heads or {h: TMQI if h == "tmo" else VDP for h in architecture.heads}
    described = {
        name: HeadCard(
            domain=DOMAINS[name],
            teacher="hdrvdp2 2.2.0+1",
            target=target,
            sets=(name,),
            interval=Interval(0.9, 0.15, 12),
            results={"srocc": 0.9},
            failures=("contrast is hard",),
        )
        for name, target in chosen.items()
    }
    return Card(architecture, heads=described, **entries)


def fill(folder: Path) -> Path:
    """Write weights of both families into a folder."""
    from hdrmetrics.learned.weights import save_weights

    for name, architecture in (("nor", NOR), ("diqm", DIQM)):
        network = alive(build_network(architecture, seed=3))
        save_weights(folder / f"{name}.safetensors", network, card_of(architecture))
    return folder
