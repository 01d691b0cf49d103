"""What becomes of colour when luminance changes: the treatments that operators offer."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

from hdrmetrics.tonemap.ipt import ipt_from_rgb, rgb_from_ipt
from hdrmetrics.tonemap.statistics import DELTA, TINY, largest, mean, power

ColorTreatment = Literal["per-channel", "schlick", "mantiuk2009", "pouli2013"]
"""How the picture is coloured again.

``per-channel``
    The operator's curve on red, green and blue alike (curves over luminance only): strong tones
    lose colour.
``schlick``
    (C / L)^s · L_d with the saturation s; s = 1 keeps the ratios between the channels.
``mantiuk2009``
    Luminance-preserving, its strength taken from how much the operator compressed contrast.
``pouli2013``
    Saturation and hue of the HDR picture in the IPT space, at the new lightness.
"""

COLOR_TREATMENTS: tuple[str, ...] = get_args(ColorTreatment)

_K1, _K2 = 2.3892, 0.8552  # Mantiuk et al. 2009, fit for the luminance-preserving formula


def scale_pixels(image: Tensor, light: Tensor, mapped: Tensor) -> Tensor:
    """Return the pixels scaled by mapped / light, ratios between channels kept; black stays black.

    Parameters
    ----------
    image
        ``(N, C, H, W)``, linear.
    light, mapped
        Its luminance before and after, ``(N, 1, H, W)``.
    """
    return image * torch.where(light > TINY, mapped / light.clamp(min=TINY), 0.0)


def schlick(image: Tensor, light: Tensor, mapped: Tensor, saturation: Tensor) -> Tensor:
    """Return (C / L)^s · L_d.

    Parameters
    ----------
    image, light, mapped
        As for :func:`scale_pixels`.
    saturation
        The exponent s, ``(N, 1, 1, 1)`` or ``(1, 1, 1, 1)``.

    References
    ----------
    C. Schlick, "Quantization techniques for visualization of high dynamic range pictures",
    Photorealistic Rendering Techniques, 1994.
    """
    ratio = image / light.clamp(min=TINY)
    return torch.where(light > TINY, power(ratio, saturation) * mapped, 0.0)


def mantiuk2009(image: Tensor, light: Tensor, mapped: Tensor) -> Tensor:
    """Return ((C / L − 1) · s + 1) · L_d, with s from the contrast that is left.

    The contrast factor c is the slope of log L_d over log L, fitted by least squares over the
    picture's pixels; s = (1 + k₁)·c^k₂ / (1 + k₁·c^k₂). The luminance is L_d exactly; saturated
    colours can become negative.

    References
    ----------
    R. Mantiuk, R. Mantiuk, A. Tomaszewska and W. Heidrich, "Color correction for tone mapping",
    Computer Graphics Forum 28(2), 2009.
    """
    seen = (light > TINY).to(light)
    x = torch.log(light + DELTA)
    y = torch.log(mapped.clamp(min=0.0) + DELTA)
    count = mean(seen).clamp(min=TINY)
    x = (x - mean(x * seen) / count) * seen
    y = (y - mean(y * seen) / count) * seen
    contrast = (mean(x * y) / mean(x * x).clamp(min=1e-12)).clamp(min=DELTA)
    strength = (1 + _K1) * contrast**_K2 / (1 + _K1 * contrast**_K2)
    ratio = image / light.clamp(min=TINY)
    return torch.where(light > TINY, ((ratio - 1) * strength + 1) * mapped, 0.0)


def pouli2013(image: Tensor, light: Tensor, mapped: Tensor) -> Tensor:
    """Return the picture with the HDR picture's hue and saturation at the new lightness.

    Both pictures are divided by their largest value. In IPT the chroma C first follows lightness I,
    then is multiplied by the ratio of the saturations C / √(C² + I²), HDR over tone-mapped. Colours
    outside the gamut are clamped at zero.

    References
    ----------
    T. Pouli, A. Artusi, F. Banterle, A. O. Akyüz, H.-P. Seidel and E. Reinhard, "Color correction
    for tone reproduction", Color Imaging Conference 2013.
    """
    toned = scale_pixels(image, light, mapped)
    if image.shape[1] == 1:
        return toned
    peak = largest(toned).clamp(min=TINY)
    before = ipt_from_rgb(image / largest(image).clamp(min=TINY))
    after = ipt_from_rgb(toned / peak)
    lightness, old_lightness = after[:, :1], before[:, :1]
    old_chroma = _hypot(before[:, 1:2], before[:, 2:3])
    chroma = _hypot(after[:, 1:2], after[:, 2:3]) * old_lightness / (lightness + 1e-5)
    wanted = old_chroma / _hypot(old_chroma, old_lightness)
    present = chroma / _hypot(chroma, lightness)
    chroma = chroma * wanted / present.clamp(min=1e-12)
    unit = before[:, 1:] / old_chroma
    result = rgb_from_ipt(torch.cat([lightness, unit * chroma], dim=1)) * peak
    return torch.where(light > TINY, result.clamp(min=0.0), 0.0)


def recolor(
    treatment: ColorTreatment, image: Tensor, light: Tensor, mapped: Tensor, saturation: Tensor
) -> Tensor:
    """Return the picture ``(N, C, H, W)`` at its new luminance, coloured by a named treatment."""
    if treatment == "schlick":
        return schlick(image, light, mapped, saturation)
    if treatment == "mantiuk2009":
        return mantiuk2009(image, light, mapped)
    return pouli2013(image, light, mapped)


def _hypot(a: Tensor, b: Tensor) -> Tensor:
    """Return √(a² + b²), kept off zero so that its slope is finite for greys."""
    return torch.sqrt(a * a + b * b + 1e-24)
