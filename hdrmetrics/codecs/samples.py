"""Pictures between the tensors of the package and the sample arrays of codecs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hdrmetrics.photometry.color import convert_primaries
from hdrmetrics.photometry.transfer import pq_decode, pq_encode

Samples = NDArray[Any]


def to_samples(image: Tensor) -> Samples:
    """Return ``(1, C, H, W)`` as a contiguous array ``(H, W)`` of grey or ``(H, W, 3)``."""
    plane = image[0].permute(1, 2, 0).contiguous().numpy()
    return plane[..., 0] if plane.shape[2] == 1 else plane


def to_tensor(samples: Samples) -> Tensor:
    """Return an array ``(H, W)``, ``(H, W, 1)`` or ``(H, W, 3)`` as ``(1, C, H, W)`` float32."""
    plane = samples[..., None] if samples.ndim == 2 else samples
    return torch.from_numpy(np.array(plane, dtype=np.float32)).permute(2, 0, 1)[None]


def to_codes(signal: Tensor, bits: int) -> Samples:
    """Return a signal in [0, 1] as full-range integer codes, rounded to the nearest.

    ``uint8`` up to eight bits, ``uint16`` above.
    """
    codes = torch.round(signal.double() * ((1 << bits) - 1))
    return to_samples(codes).astype(np.uint8 if bits <= 8 else np.uint16)


def from_codes(codes: Samples, bits: int) -> Tensor:
    """Return full-range integer codes as a signal in [0, 1], ``(1, C, H, W)`` float32."""
    return to_tensor(codes) / ((1 << bits) - 1)


def to_pq_codes(light: Tensor, bits: int) -> Samples:
    """Return linear BT.709 in cd/m² as PQ codes with BT.2020 primaries.

    Computed in double precision, so that no code depends on how a machine rounds powers.

    References
    ----------
    ITU-R BT.2100-2, tables 2 and 4.
    """
    return to_codes(pq_encode(convert_primaries(light.double(), "bt709", "bt2020")), bits)


def from_pq_codes(codes: Samples, bits: int) -> Tensor:
    """Return PQ codes with BT.2020 primaries as linear BT.709 in cd/m², ``(1, C, H, W)`` float32.

    Colours outside BT.709, which coding errors make, come out negative.
    """
    light = pq_decode(to_tensor(codes).double() / ((1 << bits) - 1))
    return convert_primaries(light, "bt2020", "bt709").float()


@dataclass(frozen=True, slots=True)
class Signal:
    """What the samples of a file stand for.

    Parameters
    ----------
    write
        From a picture ``(1, C, H, W)`` to samples.
    read
        The way back, float32.
    """

    write: Callable[[Tensor], Samples]
    read: Callable[[Samples], Tensor]


def codes(bits: int) -> Signal:
    """Return full-range integer codes of display-encoded values in [0, 1]."""
    return Signal(partial(to_codes, bits=bits), partial(from_codes, bits=bits))


def pq(bits: int) -> Signal:
    """Return PQ codes with BT.2020 primaries; colours outside BT.709 are read as negative."""
    return Signal(partial(to_pq_codes, bits=bits), partial(from_pq_codes, bits=bits))


def light(white: float, dtype: type[np.floating[Any]] = np.float32) -> Signal:
    """Return linear BT.709 where 1.0 stands for so many cd/m²; coding can make it negative."""
    return Signal(
        lambda image: to_samples(image / white).astype(dtype, copy=False),
        lambda samples: to_tensor(samples) * white,
    )
