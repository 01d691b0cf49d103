"""Camera responses: from the light that reached the sensor to code values, with the way back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from hdrmetrics.errors import OptionError, UnknownNameError
from hdrmetrics.photometry.transfer import srgb_decode, srgb_encode


class Response(Protocol):
    """What turns exposure (linear, 1 at full scale) into code values in [0, 1]."""

    @property
    def name(self) -> str:
        """One word for results."""

    def encode(self, exposure: Tensor) -> Tensor:
        """Return the code values ``(N, C, H, W)`` of an exposure, clipped to [0, 1]."""

    def decode(self, code: Tensor) -> Tensor:
        """Return the exposure ``(N, C, H, W)`` of code values in [0, 1]."""


@dataclass(frozen=True, slots=True)
class LinearResponse:
    """A sensor's own response: code values are proportional to light."""

    name: str = "linear"

    def encode(self, exposure: Tensor) -> Tensor:
        """Return the exposure, clipped to [0, 1]."""
        return exposure.clamp(0.0, 1.0)

    def decode(self, code: Tensor) -> Tensor:
        """Return the code values."""
        return code


@dataclass(frozen=True, slots=True)
class SrgbResponse:
    """The response that a camera has which does nothing but encode as sRGB."""

    name: str = "srgb"

    def encode(self, exposure: Tensor) -> Tensor:
        """Return sRGB code values."""
        return srgb_encode(exposure)

    def decode(self, code: Tensor) -> Tensor:
        """Return linear light."""
        return srgb_decode(code)


@dataclass(frozen=True, slots=True)
class SigmoidResponse:
    """Eilertsen et al.'s family of camera curves: (1 + s)·xⁿ/(xⁿ + s).

    Parameters
    ----------
    n, s
        Exponent and shoulder, positive; 0.9 and 0.6 fit the mean of 201 cameras' responses.

    Raises
    ------
    OptionError
        If a parameter is not positive.

    References
    ----------
    G. Eilertsen, J. Kronander, G. Denes, R. K. Mantiuk and J. Unger, "HDR image reconstruction
    from a single exposure using deep CNNs", ACM TOG 36(6), 2017; the responses are those of
    M. D. Grossberg and S. K. Nayar, "What is the space of camera response functions?", CVPR 2003.
    """

    n: float = 0.9
    s: float = 0.6

    def __post_init__(self) -> None:
        if not (math.isfinite(self.n + self.s) and self.n > 0 and self.s > 0):
            raise OptionError(f"a camera curve has positive n and s, not {self.n}, {self.s}")

    @property
    def name(self) -> str:
        """``sigmoid`` with its parameters."""
        return f"sigmoid(n={self.n:g}, s={self.s:g})"

    def encode(self, exposure: Tensor) -> Tensor:
        """Return the code values; exposures above 1 are clipped."""
        x = exposure.clamp(0.0, 1.0)
        lit = x > 0
        raised = torch.pow(torch.where(lit, x, torch.ones_like(x)), self.n)
        code = (1 + self.s) * raised / (raised + self.s)
        return torch.where(lit, code, torch.zeros_like(code))

    def decode(self, code: Tensor) -> Tensor:
        """Return the exposure of code values in [0, 1]."""
        z = code.clamp(0.0, 1.0)
        lit = z > 0
        safe = torch.where(lit, z, torch.ones_like(z))
        exposure = torch.pow(self.s * safe / (1 + self.s - safe), 1 / self.n)
        return torch.where(lit, exposure, torch.zeros_like(exposure))


SIGMOID_N = (0.9, 0.1)
SIGMOID_S = (0.6, 0.1)
"""Mean and standard deviation of the two independent normal distributions of the paper."""


def sample_response(generator: torch.Generator) -> SigmoidResponse:
    """Return a random camera curve with the published distribution of its parameters.

    Parameters
    ----------
    generator
        Seeded by the caller; two numbers are drawn.

    References
    ----------
    Eilertsen et al. 2017, as in :class:`SigmoidResponse`; their program limits n to [0.2, 2.5] and
    s to [0, 5] (here from 0.01, where the curve is still one).
    """
    draw = torch.randn(2, generator=generator, dtype=torch.float64).tolist()
    n = min(max(SIGMOID_N[0] + SIGMOID_N[1] * draw[0], 0.2), 2.5)
    s = min(max(SIGMOID_S[0] + SIGMOID_S[1] * draw[1], 0.01), 5.0)
    return SigmoidResponse(n, s)


@dataclass(frozen=True, slots=True, eq=False)
class TableResponse:
    """A measured or estimated response: the exposure of each code value.

    Parameters
    ----------
    table
        ``(C, levels)``, floating point: exposure at codes 0, 1/(levels − 1), …, 1, positive at the
        top, never falling; C = 1 serves all channels. Interpolated linearly.
    name
        Who made it.

    Raises
    ------
    OptionError
        If the table is not such a curve.
    """

    table: Tensor
    name: str = "table"

    def __post_init__(self) -> None:
        table = self.table
        if table.ndim != 2 or table.shape[0] not in (1, 3) or table.shape[1] < 2:
            raise OptionError(f"a response table is (1 or 3, levels), not {tuple(table.shape)}")
        if not table.is_floating_point() or not bool(torch.isfinite(table).all()):
            raise OptionError("a response table holds finite floats")
        if bool((table[:, 1:] < table[:, :-1]).any()) or bool((table < 0).any()):
            raise OptionError("a response table holds exposures that never fall, from 0 upwards")
        if not bool((table[:, -1] > table[:, 0]).all()):
            raise OptionError("a response table rises")

    def decode(self, code: Tensor) -> Tensor:
        """Return the exposure of code values in [0, 1]."""
        table = self._for(code)
        place = code.clamp(0.0, 1.0) * (table.shape[1] - 1)
        below = place.detach().floor().clamp(max=table.shape[1] - 2).long()
        channel = torch.arange(len(table), device=table.device)[:, None, None]
        low, high = table[channel, below], table[channel, below + 1]
        return low + (place - below) * (high - low)

    def encode(self, exposure: Tensor) -> Tensor:
        """Return the code values of an exposure; what lies beyond the table is clipped."""
        table = self._for(exposure)
        codes = []
        for channel, curve in enumerate(table):
            x = exposure[:, channel]
            above = torch.searchsorted(curve, x.detach().contiguous(), right=True)
            above = above.clamp(1, curve.numel() - 1)
            low, high = curve[above - 1], curve[above]
            step = torch.where(high > low, high - low, torch.ones_like(high))
            part = ((x - low) / step).clamp(0.0, 1.0)
            codes.append((above - 1 + part) / (curve.numel() - 1))
        return torch.stack(codes, dim=1)

    def _for(self, pixels: Tensor) -> Tensor:
        channels = pixels.shape[1]
        if self.table.shape[0] not in (1, channels):
            raise OptionError(
                f"the response has {self.table.shape[0]} channels, the pictures {channels}"
            )
        return self.table.to(pixels).expand(channels, -1)


def get_response(response: str | Response) -> Response:
    """Return a response by name (``linear``, ``srgb``, ``sigmoid``), or the one given.

    Raises
    ------
    UnknownNameError
        If there is no such response.
    """
    if not isinstance(response, str):
        return response
    known: dict[str, Response] = {
        "linear": LinearResponse(),
        "srgb": SrgbResponse(),
        "sigmoid": SigmoidResponse(),
    }
    if response not in known:
        raise UnknownNameError(f"unknown response {response!r}; there are {', '.join(known)}")
    return known[response]
