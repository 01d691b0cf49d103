"""ICC profiles made of tables, and those of CMYK, applied by Little CMS."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.optional import require
from hdrmetrics.photometry.color import CHROMATICITIES

_RELATIVE_COLORIMETRIC = 1
_SPACES = {b"RGB ": ("rgb", 3), b"CMYK": ("cmyk", 4), b"GRAY": ("gray", 1)}


def fits(profile: bytes, channels: int) -> bool:
    """Return whether a profile is for samples of so many channels."""
    name, wanted = _SPACES.get(profile[16:20], ("", 0))
    return channels == wanted or (name == "rgb" and channels == 1)


def to_bt2020(samples: NDArray[Any], top: int, profile: bytes) -> NDArray[np.float32]:
    """Return the light ``(H, W, 3)`` in BT.2020 of code values that a profile describes.

    Media white becomes white (relative colorimetric). Light outside BT.2020 is negative.

    Parameters
    ----------
    samples
        ``(H, W, C)``: whole numbers up to ``top`` or floating-point ones; grey is taken as equal
        channels of RGB, and CMYK counts ink.
    top
        The code of white.
    profile
        The profile, one that :func:`fits`.

    Raises
    ------
    MissingCodecError
        If ``imagecodecs`` is not installed.
    ImageReadError
        If the profile is damaged.
    """
    name, channels = _SPACES.get(profile[16:20], ("", 0))
    if samples.shape[2] == 1 and name == "rgb":
        samples = np.broadcast_to(samples, (*samples.shape[:2], 3))
    codec = require("imagecodecs", "ICC profile", "; or convert the picture to sRGB first")
    if samples.dtype.kind == "f" or samples.dtype.itemsize * 8 != top.bit_length():
        samples = samples.astype(np.float32) / np.float32(top)
        if name == "cmyk":  # whose floating-point values would be per cent
            samples = np.rint(np.clip(samples, 0, 1) * np.float32(65535)).astype(np.uint16)
    bt2020 = CHROMATICITIES["bt2020"]
    target = codec.cms_profile(
        "rgb",
        whitepoint=[*bt2020[3], 1.0],
        primaries=[number for point in bt2020[:3] for number in (*point, 1.0)],
        gamma=1.0,
    )
    try:
        light: NDArray[np.float32] = codec.cms_transform(
            np.ascontiguousarray(samples[..., 0] if channels == 1 else samples),
            profile,
            target,
            colorspace=name,
            outcolorspace="rgb",
            outdtype="float32",
            intent=_RELATIVE_COLORIMETRIC,
        )
    except (codec.CmsError, ValueError) as error:
        raise ImageReadError(
            f"its ICC profile cannot be applied ({error}): convert to sRGB first"
        ) from error
    return light
