from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

Array = NDArray[np.float64]


@pytest.fixture(scope="session")
def scene() -> torch.Tensor:
    """A colourful picture of five decades in cd/m², ``(1, 3, 22, 31)`` float64, no black pixel."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[0:22, 0:31] / 31.0
    logs = 2.2 * np.sin(5 * x + 3 * y) + 0.6 * (x > 0.6) + 0.8 * rng.standard_normal((22, 31)) * 0.4
    tint = 0.4 * rng.standard_normal((3, 22, 31))
    light = 10.0 ** (logs + 0.5 + tint)
    return torch.from_numpy(np.clip(light, 2e-3, None))[None]


@pytest.fixture(scope="session")
def grey_ramp() -> torch.Tensor:
    """Six decades of grey in rising order, ``(1, 1, 16, 24)`` float64, cd/m²."""
    return torch.logspace(-3, 3, 16 * 24, dtype=torch.float64).view(1, 1, 16, 24)
