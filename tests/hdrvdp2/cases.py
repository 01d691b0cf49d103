"""The pairs of the goldens, with the options they were computed under."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from tests.conftest import Goldens

_WEIGHTS = {
    "luminance": (0.212656, 0.715158, 0.072186),
    "luma-display": (0.299, 0.587, 0.114),
}
_OPTION_NAMES = {"surround_l": "surround_luminance"}


@dataclass
class Case:
    """One pair of images and what the original says about it."""

    options: dict[str, Any]
    test: str
    reference: str
    values: dict[str, float] = field(default_factory=dict)


def golden_cases(goldens: Goldens) -> list[Case]:
    cases: dict[tuple[str, str, str], Case] = {}
    for row in goldens.rows:
        if not row["metric"].startswith("HDR-VDP-2.2.0 "):
            continue
        key = (row["variant"], row["test_file"], row["reference_file"])
        case = cases.setdefault(key, Case(_options(row["variant"]), *key[1:]))
        case.values[row["metric"].split()[-1]] = float(row["value"])
    return list(cases.values())


def image(goldens: Goldens, name: str, encoding: str) -> Tensor:
    """Return a stimulus ``(1, C, H, W)`` float64 in an encoding."""
    if uniform := re.fullmatch(r"uniform (\S+) cd/m2 (\d+)x(\d+)", name):
        light, height, width = uniform.groups()
        return torch.full((1, 1, int(height), int(width)), float(light), dtype=torch.float64)
    if gabor := re.fullmatch(r"(\S+)\*\(1\+(\S+)\*(\S+)\)", name):
        light, contrast, pattern = gabor.groups()
        return float(light) * (1 + float(contrast) * goldens.tensor(pattern))
    pixels = goldens.tensor(name)
    if encoding.endswith("-display"):
        pixels = pixels / 255
    if encoding in _WEIGHTS and pixels.shape[1] == 3:
        weights = torch.tensor(_WEIGHTS[encoding], dtype=torch.float64).view(1, 3, 1, 1)
        pixels = (pixels * weights).sum(dim=1, keepdim=True)
    return pixels


def _options(variant: str) -> dict[str, Any]:
    encoding, *settings = (part.strip() for part in variant.split(";"))
    options: dict[str, Any] = {"encoding": encoding.split()[0].lower()}
    for name, value in (setting.split("=") for setting in settings):
        if name == "rgb_display":
            options[name] = value
        elif name.startswith("do_"):
            options[name] = value != "0"
        else:
            options[_OPTION_NAMES.get(name, name)] = float(value)
    return options
