"""What the networks that come with the package say of pictures, on whatever device these are."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor

from hdrmetrics.learned.tonemapping.net import Tone, ToneNet
from hdrmetrics.learned.tonemapping.weights import load_tone_net, shipped
from hdrmetrics.tonemap.parameter import Values, setting

STOPS = setting("stops", 0.0, -6.0, 6.0, "stops", "exposure added to what the network says")


def predicted(name: str, light: Tensor, values: Values) -> Tone:
    """Return how pictures should be toned, in their dtype.

    Networks compute in double precision: they are small, and the same picture then gets the same
    settings whatever the number of threads or the size of the batch.

    Parameters
    ----------
    name
        Of the operator.
    light
        Luminance ``(N, 1, H, W)``, any unit.
    values
        With ``stops``.

    Raises
    ------
    WeightsError
        If the package's weights cannot be read.
    """
    tone = _network(name, light.device)(light)
    exposure = tone.exposure + values["stops"] * math.log(2.0)
    return Tone(*(one.to(light) for one in (tone.centre, exposure, tone.gamma)))


@lru_cache(maxsize=8)
def _network(name: str, device: torch.device) -> ToneNet:
    return load_tone_net(shipped(name))[0].to(device, torch.float64)
