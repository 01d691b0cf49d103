"""From what a network says of a picture to the tone-mapped picture."""

from __future__ import annotations

import torch
from torch import Tensor

from hdrmetrics.learned.tonemapping.tone import Tone
from hdrmetrics.photometry.color import luminance
from hdrmetrics.tonemap.color import scale_pixels
from hdrmetrics.tonemap.exposure_grid import map_by_grid


def toned(image: Tensor, tone: Tone) -> Tensor:
    """Return pictures ``(N, 3, H, W)`` toned as a network says, display-referred before clipping.

    Parameters
    ----------
    image
        Linear light, any unit.
    tone
        Of the same pictures.

    Examples
    --------
    >>> from hdrmetrics.learned.tonemapping.grid_net import fresh_grid_net
    >>> light = torch.full((1, 3, 20, 30), 50.0)
    >>> tone = fresh_grid_net()(luminance(light))
    >>> round(toned(light, tone).max().item(), 4)  # 0.18 / (1 + 0.18)
    0.1525
    """
    light = luminance(image)
    if tone.exposure.shape[1] > 1:
        mapped = map_by_grid(light, tone.exposure, tone.centre)
    else:
        scaled = light * torch.exp(tone.exposure - tone.centre)
        mapped = scaled / (1 + scaled)
    return scale_pixels(image, light, mapped)
