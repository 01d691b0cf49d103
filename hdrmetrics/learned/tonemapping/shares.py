"""How values are spread over levels, as a histogram with a slope."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def shares(values: Tensor, levels: Tensor) -> Tensor:
    """Return what part of values lies near each level.

    A value between two levels counts for both, more for the nearer one, so that the histogram has
    a slope; what lies beyond the first or the last one counts for that.

    Parameters
    ----------
    values
        ``(…, n)``.
    levels
        ``(L,)``, rising, at least two; of the same dtype, on the same device.

    Returns
    -------
    Tensor
        ``(…, L)``, of which each row has the sum one.

    Examples
    --------
    >>> shares(torch.tensor([0.0, 0.5, 9.0, 1.75]), torch.tensor([0.0, 1.0, 2.0]))
    tensor([0.3750, 0.1875, 0.4375])
    """
    rising = (values[..., None] - levels[:-1]) / levels.diff()
    falling = F.pad(1 - rising, (0, 1), value=1.0)
    near = torch.minimum(F.pad(rising, (1, 0), value=1.0), falling)
    return near.clamp(min=0.0, max=1.0).mean(dim=-2)
