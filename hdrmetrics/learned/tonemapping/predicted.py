"""What the networks that come with the package say of pictures, on whatever device these are."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor

from hdrmetrics.learned.tonemapping.grid_net import GridNet
from hdrmetrics.learned.tonemapping.sizes import Network
from hdrmetrics.learned.tonemapping.tone import Tone
from hdrmetrics.learned.tonemapping.weights import load_tone_net, shipped
from hdrmetrics.numerics.recording import unrecorded
from hdrmetrics.tonemap.parameter import Values, setting

STOPS = setting("stops", 0.0, -6.0, 6.0, "stops", "exposure added to what the network says")


def predicted(name: str, image: Tensor, values: Values) -> Tone:
    """Return how pictures should be toned, in their dtype.

    A grid's network computes in double precision: it is small, and the same picture then gets the
    same settings whatever the number of threads or the size of the batch. That of an exposure looks
    at pictures at eight exposures, in their precision: of single ones, a few millionths of a stop
    may differ.

    Parameters
    ----------
    name
        Of the operator.
    image
        Light ``(N, C, H, W)``, any unit. What says one exposure looks at its colours, what says a
        grid at its luminance alone.
    values
        With ``stops``.

    Raises
    ------
    WeightsError
        If the package's weights cannot be read.
    """
    tone = _network(name, image.device, image.dtype)(image)
    exposure = tone.exposure + values["stops"] * math.log(2.0)
    return Tone(*(one.to(image) for one in (tone.centre, exposure)))


@lru_cache(maxsize=8)
def _network(name: str, device: torch.device, dtype: torch.dtype) -> Network:
    with unrecorded():
        net = load_tone_net(shipped(name))[0]
        return net.to(device, torch.float64 if isinstance(net, GridNet) else dtype)
