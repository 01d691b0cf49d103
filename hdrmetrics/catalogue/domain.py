"""What pictures are: light, display codes, or both in a pair."""

from __future__ import annotations

from typing import Literal

PixelDomain = Literal["hdr", "sdr"]
"""What one picture is. ``hdr``: linear BT.709 RGB or luminance in cd/m²; ``sdr``: display-encoded
code values (sRGB) in [0, 1]."""

Domain = Literal["hdr", "sdr", "tonemapped"]
"""What a metric's test image is: a :data:`PixelDomain`, as its reference is too; or
``tonemapped``: display-encoded, with an HDR reference."""
