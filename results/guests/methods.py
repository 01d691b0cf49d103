"""What is compared: the picture as it is, simple methods, and the guests through the adapter."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from hdrmetrics.enhance import create_enhancer, find_guest, from_callable, from_module

Method = Callable[[Tensor], Tensor]

GUESTS = Path(__file__).parents[2] / "trainers" / "guests"
INPUT = "input"


def gamma(image: Tensor) -> Tensor:
    """Return the picture with the power that brings its mean code to a half."""
    mean = float(image.mean().clamp(1e-3, 1 - 1e-3))
    return image ** (math.log(0.5) / math.log(mean))


def clahe(image: Tensor) -> Tensor:
    """Return the picture after contrast-limited equalisation of its brightest channel.

    Hue and saturation stay (the V of HSV); tiles and limit are scikit-image's defaults.
    """
    from skimage.exposure import equalize_adapthist

    value = image.amax(1, keepdim=True)
    made = equalize_adapthist(value[0, 0].double().numpy())
    ratio = torch.from_numpy(made.astype(np.float32)) / value.clamp(min=1 / 255)
    return (image * ratio).clamp(0, 1)


def methods(weights: Path) -> dict[str, Method]:
    """Return all methods by name.

    Parameters
    ----------
    weights
        Folder with ``hdrnet.safetensors`` and ``pyramid.safetensors``.
    """
    return {
        INPUT: lambda image: image,
        "unsharp mask": create_enhancer("unsharp_mask"),
        "gamma": from_callable(gamma),
        "CLAHE": from_callable(clahe),
        "hdrnet": from_module(
            find_guest(f"{GUESTS / 'hdrnet.py'}:hdrnet"), weights=weights / "hdrnet.safetensors"
        ),
        "pyramid": from_module(
            find_guest(f"{GUESTS / 'pyramid.py'}:pyramid"),
            weights=weights / "pyramid.safetensors",
            multiple=8,
        ),
    }
