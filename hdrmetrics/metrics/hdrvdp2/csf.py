"""Neural contrast sensitivity: what is left of it without the eye's optics and photoreceptors."""

from __future__ import annotations

import torch
from torch import Tensor

from hdrmetrics.metrics.hdrvdp2.calibration import CSF_LUMINANCES, CSF_PARAMETERS
from hdrmetrics.numerics.recording import constants

LOG_RANGE = (-5.0, 5.0)
SAMPLES = 256


def neural_csf(frequency: Tensor, luminance: Tensor) -> Tensor:
    """Return the neural contrast sensitivity.

    Parameters
    ----------
    frequency
        cpd, broadcastable with ``luminance``.
    luminance
        Adapting luminance, cd/m².
    """
    knots = torch.tensor(CSF_LUMINANCES, dtype=luminance.dtype, device=luminance.device).log10()
    values = torch.tensor(CSF_PARAMETERS, dtype=luminance.dtype, device=luminance.device)
    position = luminance.log10().clamp(knots[0], knots[-1])
    left = (torch.searchsorted(knots, position.detach(), right=True) - 1).clamp(0, len(knots) - 2)
    fraction = (position - knots[left]) / (knots[left + 1] - knots[left])
    shape, exponent, low, peak = torch.lerp(
        values[left], values[left + 1], fraction.unsqueeze(-1)
    ).unbind(-1)
    # The square root is taken of each factor: of the product it has no gradient at frequency 0.
    low_cut = (-torch.expm1(-((frequency / 7.0) ** 2))).pow(0.5 * low)
    return peak * low_cut / torch.sqrt(1.0 + (shape * frequency) ** exponent)


@constants(64)
def sensitivity_table(frequency: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return the sensitivity at one frequency (cpd) for 256 luminances, even in log10."""
    luminance = torch.logspace(*LOG_RANGE, SAMPLES, dtype=torch.float64, device=device)
    table = neural_csf(torch.tensor(frequency, dtype=torch.float64, device=device), luminance)
    return table.to(dtype)


def local_sensitivity(frequency: float, log_luminance: Tensor) -> Tensor:
    """Return the sensitivity at one frequency (cpd) for a map of log10 luminance."""
    table = sensitivity_table(frequency, log_luminance.dtype, log_luminance.device)
    low, high = LOG_RANGE
    position = (log_luminance.clamp(low, high) - low) * ((SAMPLES - 1) / (high - low))
    index = position.detach().clamp(max=SAMPLES - 2).to(torch.int32)
    where = index.flatten()
    start = table.index_select(0, where).view_as(position)
    step = table.diff().index_select(0, where).view_as(position)
    return torch.addcmul(start, step, position - index)
