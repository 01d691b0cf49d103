"""The luminance of code values, or of light, as TMQI takes it."""

from __future__ import annotations

from torch import Tensor

_LUMINANCE = (0.2126, 0.7152, 0.0722)  # BT.709 with the authors' four digits


def luminance(image: Tensor) -> Tensor:
    """Return the luminance ``(N, 1, H, W)`` of ``(N, C, H, W)``, C = 1 or 3, in float64."""
    if image.shape[1] == 1:
        return image.double()
    red, green, blue = _LUMINANCE
    r, g, b = (image[:, index : index + 1].double() for index in range(3))
    return r * red + g * green + b * blue
