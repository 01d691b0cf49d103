"""What a network of tone mapping says of a picture."""

from __future__ import annotations

import math
from typing import NamedTuple

from torch import Tensor

START = math.log(0.18)
"""Log exposure of the photographic key; what a network of a grid says without training."""


class Tone(NamedTuple):
    """How pictures should be toned.

    Parameters
    ----------
    centre
        Log luminance that exposures are relative to, ``(N, 1, 1, 1)``.
    exposure
        Logs of exposure over the centre, nepers: ``(N, 1, 1, 1)``, of a grid ``(N, D, 8, 8)``.
    """

    centre: Tensor
    exposure: Tensor
