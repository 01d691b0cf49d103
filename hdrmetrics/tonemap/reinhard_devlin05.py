"""Photoreceptor response with local or global, chromatic or achromatic adaptation."""

from __future__ import annotations

import torch
from torch import Tensor

from hdrmetrics.numerics.recording import is_recording
from hdrmetrics.photometry.color import luminance
from hdrmetrics.tonemap.operator import OPERATORS, Operator, OperatorInfo
from hdrmetrics.tonemap.parameter import Values, setting
from hdrmetrics.tonemap.statistics import (
    TINY,
    largest,
    log_mean,
    percentile,
    power,
    smallest,
)


@OPERATORS.add
class ReinhardDevlin05(Operator):
    """C_d = C / (C + (e^−f · I_a)^m), I_a between the pixel's light and the picture's mean.

    The result is scaled so that its luminance spans [0, 1]. It counts as a code value, since linear
    light of it looks washed out; the HDR Toolbox suggests a further gamma of 1.6.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.tensor([[1.0, 10.0, 100.0]]).expand(3, 3, 3)
    >>> [round(float(v), 2) for v in tonemap(light, "reinhard_devlin05")[0, 0, 1]]
    [0.0, 0.61, 1.0]
    """

    info = OperatorInfo(
        name="reinhard_devlin05",
        title="Photoreceptor physiology",
        kind="global",
        parameters=(
            setting(
                "contrast", None, 0.3, 1.0, "", "m: exponent of the semi-saturation",
                "0.3 + 0.7·k^1.4, k = (log L₉₉ − log L̄) / (log L₉₉ − log L₁)",
            ),
            setting("intensity", 0.0, -8.0, 8.0, "", "f: more is brighter"),
            setting("light", 1.0, 0.0, 1.0, "", "a: adapt to the picture (0) or pixel (1)"),
            setting("chroma", 0.0, 0.0, 1.0, "", "c: adapt to luminance (0) or channel (1)"),
        ),
        monotone=True,
        scale_invariant=False,
        differentiable=True,
        citation="E. Reinhard and K. Devlin, IEEE Transactions on Visualization and Computer "
        "Graphics 11(1), 2005",
        encoded=True,
        own_color=True,
    )  # fmt: skip

    def derive(self, name: str, light: Tensor, values: Values) -> Tensor:
        """Return the exponent that the picture's range asks for."""
        return _automatic_contrast(light, log_mean(light))

    def tone(self, image: Tensor, light: Tensor, values: Values) -> Tensor:
        """Return the receptors' response, normalised."""
        average = log_mean(light)
        contrast = values.get("contrast")
        if contrast is None:
            contrast = _automatic_contrast(light, average)
        chroma, local = values["chroma"], values["light"]
        pixel, whole = light, average
        if is_recording(chroma) or bool((chroma != 0).any()):  # otherwise one channel does
            pixel = chroma * image + (1 - chroma) * light
            whole = chroma * image.mean(dim=(2, 3), keepdim=True) + (1 - chroma) * average
        adapting = local * pixel + (1 - local) * whole
        half = power(torch.exp(-values["intensity"]) * adapting, contrast)
        response = image / (image + half).clamp(min=TINY)
        bright = luminance(response)
        low, high = smallest(bright), largest(bright)
        room = high - low
        scaled = (response - low) / torch.where(room > 0, room, 1.0)
        return torch.where(room > 0, scaled, response)


def _automatic_contrast(light: Tensor, average: Tensor) -> Tensor:
    high = torch.log2(percentile(light, 0.99) + 1e-9)
    low = torch.log2(percentile(light, 0.01) + 1e-9)
    room = high - low
    share = (high - torch.log2(average + 1e-9)) / torch.where(room > 0, room, 1.0)
    # The log mean of a picture with a few extreme pixels can lie outside the percentiles.
    return 0.3 + 0.7 * power(torch.where(room > 0, share, 0.5).clamp(0.0, 1.0), 1.4)
