"""Metrics and enhancers whose values a test can foretell, in the place of trained ones."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as Pillow
from torch import Tensor

from hdrmetrics.catalogue.metrics import METRICS
from hdrmetrics.metric import Metric, MetricInfo

# Red tells how much everything together would gain, green noise, blue motion blur.
CHANNELS = {"improvability": 0, "improvability-noise": 1, "improvability-motion-blur": 2}


def _info(name: str, top: float, low: float = 0.0) -> MetricInfo:
    return MetricInfo(
        name=name, title=name, domain="sdr", reference=False, higher_is_better=True,
        range=(low, top), unit="", differentiable=True, map_kind=None, minimum_size=1,
        citation="a test", version="1",
    )  # fmt: skip


class Gain(Metric):
    """The mean of one channel."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.info, self.channel = _info(name, 1.0), CHANNELS[name]

    def compare(self, test: Tensor, features: Any, mask: Any) -> Tensor:
        return test[:, min(self.channel, test.shape[1] - 1)].mean(dim=(1, 2))


class Liked(Metric):
    """From 1 to 10: what is less red is liked better."""

    info = _info("nima", 10.0, 1.0)

    def compare(self, test: Tensor, features: Any, mask: Any) -> Tensor:
        return 10 - 9 * test[:, 0].mean(dim=(1, 2))


def less_red(image: Tensor) -> Tensor:
    """Enhance as the metrics here see it."""
    return image * torch.tensor([0.5, 1.0, 1.0])[:, None, None]


def more_red(image: Tensor) -> Tensor:
    """Make it worse for them, but leave it a picture."""
    return image * torch.tensor([1.2, 1.0, 1.0])[:, None, None]


ENHANCERS = {"restore": less_red, "spoil": more_red}


def install(monkeypatch: Any = None) -> None:
    """Register the metrics and the enhancers, for a test or (without it) for a whole process."""
    METRICS.load()
    own = {name: (lambda name=name: Gain(name), _info(name, 1.0)) for name in CHANNELS}
    own["nima"] = (Liked, Liked.info)
    entries = {k: v for k, v in METRICS.entries.items() if not k.startswith("improvability")}
    entries.pop("nima", None)
    room = types.ModuleType("hdrmetrics.enhance")
    room.create_enhancer = lambda name, **options: ENHANCERS[name]  # type: ignore[attr-defined]
    if monkeypatch is None:
        METRICS.entries, sys.modules["hdrmetrics.enhance"] = entries, room
    else:
        monkeypatch.setattr(METRICS, "entries", entries)
        monkeypatch.setitem(sys.modules, "hdrmetrics.enhance", room)
    for make, info in own.values():
        METRICS.register(info, make, ())


def texture(red: float, green: float, blue: float, seed: int = 0) -> NDArray[np.float64]:
    """Return codes ``(32, 40, 3)`` whose channels have about these means."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:32, 0:40]
    wave = 0.04 * np.sin(x / 4 + seed) * np.cos(y / 5) + 0.01 * rng.standard_normal((32, 40))
    return np.clip(np.array([red, green, blue]) + wave[..., None] - wave.mean(), 0, 1)


def photograph(path: Path, red: float, green: float = 0.1, blue: float = 0.1, **save: Any) -> Path:
    """Write a small photograph of eight bits, whose gains are about the given ones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    codes = np.rint(255 * texture(red, green, blue)).astype(np.uint8)
    Pillow.fromarray(codes).save(path, **save)
    return path
