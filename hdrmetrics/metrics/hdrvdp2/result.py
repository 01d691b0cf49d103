"""What HDR-VDP-2 says about a batch of image pairs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class HDRVDP2Result:
    """All outputs of HDR-VDP-2, one entry per image pair.

    Parameters
    ----------
    q
        Quality correlate ``(N,)``: higher is worse; comparable at equal size and ppd only.
    q_mos
        Predicted mean opinion score ``(N,)``, 0 to 100, higher is better.
    p_map
        Probability that a difference is seen, per pixel, ``(N, 1, H, W)``.
    p_det
        Probability that any difference is seen, ``(N,)``.
    c_map
        Contrast in units of its detection threshold, ``(N, 1, H, W)``.
    c_max
        Largest contrast, ``(N,)``: at 1 a difference is seen half of the time.
    version
        Of HDR-VDP whose values these are.
    conditions
        The options that the values depend on.
    """

    q: Tensor
    q_mos: Tensor
    p_map: Tensor
    p_det: Tensor
    c_map: Tensor
    c_max: Tensor
    version: str
    conditions: dict[str, Any] = field(default_factory=dict)
