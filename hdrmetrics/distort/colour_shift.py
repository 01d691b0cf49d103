"""Hues turned or colours faded at constant luminance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.distort.distortion import DISTORTIONS, Case, Distortion, DistortionInfo
from hdrmetrics.distort.pixels import from_light, to_light
from hdrmetrics.distort.scale import Scale
from hdrmetrics.photometry.color import LUMINANCE_WEIGHTS, luminance

# Hardly seen by HDR-VDP-2, as in colour_cast: set by colour difference, to the end of each scale.
_DEGREES = Scale(6.0, 180.0)
_LESS = Scale(0.06, 1.0)
_MORE = Scale(0.06, 3.0)


@DISTORTIONS.add
class ColourShift(Distortion):
    """Hue or saturation changed in linear light, luminance kept (SDR is decoded and encoded).

    The difference of a pixel to the grey of its luminance is turned by ``degrees`` within the
    plane of colours without luminance, and scaled by ``saturation``: these are the amounts.
    Where a channel would fall below zero (or, SDR, exceed white) the difference is shortened
    until it fits.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.distort import distort
    >>> image = torch.linspace(1, 500, 3 * 24 * 24).view(1, 3, 24, 24)
    >>> spoiled = distort(image, "colour_shift", strength=0.7, domain="hdr")
    >>> bool((spoiled - image).abs().mean() > 0)
    True
    """

    info = DistortionInfo(
        name="colour_shift",
        title="Hue turned or saturation changed",
        parameters=(
            Parameter(
                "change", None, None, "",
                "what happens to the colours",
                kind="choice", choices=("turn", "turn-back", "fade", "saturate"),
                automatic="any of the four",
            ),
        ),
        random=False,
        extent="a pixel",
        citation="a linear map of the plane of zero luminance; weights of ITU-R BT.709",
        color=True,
    )  # fmt: skip

    def scale(
        self, strength: float, domain: PixelDomain, settings: Mapping[str, Any]
    ) -> dict[str, float]:
        """Return ``degrees`` of turning and the factor on ``saturation``."""
        change = settings["change"]
        degrees, saturation = 0.0, 1.0
        if change == "fade":
            saturation -= _LESS(strength)
        elif change == "saturate":
            saturation += _MORE(strength)
        else:
            degrees = _DEGREES(strength) * (1 if change == "turn" else -1)
        return {"degrees": degrees, "saturation": saturation}

    def apply(self, image: Tensor, case: Case) -> Tensor:
        """Return the image with its colours changed."""
        light = to_light(image, case.domain)
        grey = luminance(light)
        matrix = _turn(case.amount["degrees"]) * case.amount["saturation"]
        chroma = torch.einsum("ij,njhw->nihw", matrix.to(image), light - grey)
        room = torch.where(chroma < 0, grey / -chroma, 1.0)
        if case.domain == "sdr":
            room = room.minimum(torch.where(chroma > 0, (1 - grey) / chroma, 1.0))
        return from_light(
            grey + chroma * room.amin(dim=1, keepdim=True).clamp(max=1.0), case.domain
        )


def _turn(degrees: float) -> Tensor:
    """Return the rotation about the axis of the luminance weights, which keeps luminance."""
    axis = torch.tensor(LUMINANCE_WEIGHTS["bt709"], dtype=torch.float64)
    x, y, z = (axis / axis.norm()).tolist()
    cross = torch.tensor([[0, -z, y], [z, 0, -x], [-y, x, 0]], dtype=torch.float64)
    angle = math.radians(degrees)
    eye = torch.eye(3, dtype=torch.float64)
    return eye + math.sin(angle) * cross + (1 - math.cos(angle)) * (cross @ cross)
