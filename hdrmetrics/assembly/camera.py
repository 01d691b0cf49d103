"""A virtual camera: SDR exposures of an HDR picture."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from hdrmetrics.assembly.exposure import light_of
from hdrmetrics.assembly.response import Response, get_response
from hdrmetrics.errors import OptionError, ShapeError


def capture(
    light: Tensor,
    exposure: float | Tensor,
    *,
    response: str | Response = "sigmoid",
    bits: int | None = 8,
    noise: float = 0.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Photograph an HDR picture: expose, add noise, clip, encode and quantise.

    Parameters
    ----------
    light
        Linear, ``(N, C, H, W)``, not negative, any unit; ``(C, H, W)`` and ``(H, W)`` are taken as
        a batch of one.
    exposure
        ``light · exposure`` is 1 at full scale; a number, or a tensor of one per picture, such as
        :func:`best_exposure` and :func:`clipping_exposure` return.
    response
        ``"linear"``, ``"srgb"``, ``"sigmoid"`` (Eilertsen et al.'s mean camera) or any
        :class:`Response`.
    bits
        Of the code values; ``None`` leaves them unquantised (and differentiable).
    noise
        Standard deviation of normal noise on the exposed light, at full scale 1.
    generator
        Source of the noise, needed with it.

    Returns
    -------
    Tensor
        Code values in [0, 1], ``(N, C, H, W)``.

    Raises
    ------
    ShapeError, PixelValueError
        For other shapes, one exposure per picture that is not, NaN, infinity or negative light.
    OptionError
        For exposures that are not positive, other than 1 to 16 bits, or noise without generator.
    """
    batch = light_of(light)
    if bits is not None and not 1 <= bits <= 16:
        raise OptionError(f"a camera has 1 to 16 bits, or None; not {bits}")
    if not (math.isfinite(noise) and noise >= 0) or (noise > 0 and generator is None):
        raise OptionError("noise is a standard deviation from 0 upwards, and needs a generator")
    exposed = batch * _factors(exposure, batch)
    if noise > 0:
        grain = torch.randn(exposed.shape, generator=generator, dtype=torch.float64)
        exposed = exposed + noise * grain.to(exposed)
    code = get_response(response).encode(exposed.clamp(0.0, 1.0))
    if bits is None:
        return code
    steps = 2**bits - 1
    quantised: Tensor = torch.floor(code * steps + 0.5) / steps
    return quantised


def _factors(exposure: float | Tensor, batch: Tensor) -> Tensor:
    """Return exposures as ``(1 or N, 1, 1, 1)``."""
    factor = torch.as_tensor(exposure, dtype=batch.dtype, device=batch.device)
    if factor.numel() not in (1, batch.shape[0]):
        raise ShapeError(f"{factor.numel()} exposures for {batch.shape[0]} pictures")
    if not bool(((factor > 0) & torch.isfinite(factor)).all()):
        raise OptionError("an exposure is positive and finite")
    return factor.reshape(-1, 1, 1, 1)


def capture_stack(
    light: Tensor,
    exposures: Sequence[float],
    *,
    response: str | Response = "sigmoid",
    bits: int | None = 8,
) -> list[Tensor]:
    """Photograph an HDR picture at several exposures, without noise; see :func:`capture`.

    ``merge(capture_stack(light, times), times)`` with the same response gives the light back.
    """
    return [capture(light, one, response=response, bits=bits) for one in exposures]
