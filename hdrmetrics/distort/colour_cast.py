"""Wrong white balance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.distort.distortion import DISTORTIONS, Case, Distortion, DistortionInfo
from hdrmetrics.distort.pixels import from_light, to_light
from hdrmetrics.distort.scale import Scale
from hdrmetrics.photometry.color import LUMINANCE_WEIGHTS

# HDR-VDP-2 knows no colour but through the luminance that gains change on coloured areas: these
# are set by colour difference, and end where no white balance goes.
_STOPS = Scale(0.08, 2.0)


@DISTORTIONS.add
class ColourCast(Distortion):
    """A gain per channel of linear light (SDR is decoded, clipped at white and encoded).

    The amounts are ``stops``, the size of the gains' logarithms, and the gains ``red``,
    ``green`` and ``blue``; grey keeps its luminance.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.distort import distort
    >>> image = torch.linspace(1, 500, 3 * 24 * 24).view(1, 3, 24, 24)
    >>> spoiled = distort(image, "colour_cast", strength=0.7, domain="hdr")
    >>> bool((spoiled - image).abs().mean() > 0)
    True
    """

    info = DistortionInfo(
        name="colour_cast",
        title="Wrong white balance",
        parameters=(
            Parameter(
                "hue", None, (0.0, 360.0), "°",
                "of the cast: 0 is reddish, 120 greenish, 240 bluish",
                automatic="uniform in 0 to 360",
            ),
        ),
        random=False,
        extent="a pixel",
        citation="von Kries' gains, on the channels as a camera has them",
        color=True,
    )  # fmt: skip

    def scale(
        self, strength: float, domain: PixelDomain, settings: Mapping[str, Any]
    ) -> dict[str, float]:
        """Return ``stops`` and the gains of the three channels."""
        stops = _STOPS(strength)
        turns = [math.radians(settings["hue"] - 120 * channel) for channel in range(3)]
        gains = [2.0 ** (stops * math.cos(turn)) for turn in turns]
        grey = sum(w * g for w, g in zip(LUMINANCE_WEIGHTS["bt709"], gains, strict=True))
        red, green, blue = (gain / grey for gain in gains)
        return {"stops": stops, "red": red, "green": green, "blue": blue}

    def apply(self, image: Tensor, case: Case) -> Tensor:
        """Return the image with its cast."""
        gains = image.new_tensor([case.amount[name] for name in ("red", "green", "blue")])
        light = to_light(image, case.domain)
        return from_light(light * gains.view(1, 3, 1, 1), case.domain)
