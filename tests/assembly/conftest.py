"""A scene with its bracket."""

from __future__ import annotations

import pytest
import torch

from hdrmetrics.assembly import best_exposure, bracket


@pytest.fixture(scope="session")
def scene(hdr_scene: torch.Tensor) -> torch.Tensor:
    """Real light, ``(1, 3, 96, 128)`` float64, five decades."""
    return hdr_scene[..., 20:116, 40:168]


@pytest.fixture(scope="session")
def times(scene: torch.Tensor) -> list[float]:
    """Exposures that leave no pixel of the scene clipped or black in all of them."""
    return bracket(float(best_exposure(scene)), count=9, step=2.0)
