"""The options of HDR-VDP-2 that users set."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np

from hdrmetrics.errors import OptionError
from hdrmetrics.metrics.hdrvdp2.calibration import DALY_PEAK_CONTRAST, PEAK_SENSITIVITY
from hdrmetrics.metrics.hdrvdp2.spectral import (
    DisplayMatrix,
    DisplayName,
    Encoding,
    display_matrix,
)

CHANNELS: dict[str, int] = {
    "luminance": 1,
    "luma-display": 1,
    "srgb-display": 3,
    "rgb-bt.709": 3,
    "xyz": 3,
}
IMAGE_MEAN = -1.0
"""Value of the surround luminance that stands for the reference's geometric mean."""


@dataclass(frozen=True, slots=True)
class HDRVDP2Options:
    """What a value of HDR-VDP-2 depends on, apart from the two images.

    Parameters
    ----------
    ppd
        Pixels per degree of visual angle.
    encoding
        See :data:`Encoding`; ``None`` takes ``luminance`` for one channel, ``rgb-bt.709`` for
        three.
    rgb_display
        Whose emission spectra turn channels into receptor responses: ``crt``, ``ccfl-lcd``,
        ``led-lcd``, ``d65``, or the rows of a channels × 4 matrix (L, M, S cones and rods).
        ``None`` takes ``ccfl-lcd`` for three channels, ``d65`` for one.
    surround_luminance
        What lies outside the image, cd/m²; −1 stands for the reference's geometric mean.
    peak_sensitivity
        Logarithm (base 10) of the observer's peak contrast sensitivity.
    do_mtf, do_masking, do_spatial_pooling
        Whether the eye's optics, contrast masking and the pooling of the visibility map take part.

    Raises
    ------
    OptionError
        If a value is out of range.
    """

    ppd: float = 30.0
    encoding: Encoding | None = None
    rgb_display: DisplayName | DisplayMatrix | None = None
    surround_luminance: float = 1e-5
    peak_sensitivity: float = PEAK_SENSITIVITY
    do_mtf: bool = True
    do_masking: bool = True
    do_spatial_pooling: bool = True

    def __post_init__(self) -> None:
        if not (math.isfinite(self.ppd) and self.ppd > 0):
            raise OptionError(f"pixels per degree must be a positive number, not {self.ppd!r}")
        if self.encoding is not None and self.encoding not in CHANNELS:
            raise OptionError(
                f"HDR-VDP-2 takes the encodings {', '.join(get_args(Encoding))}; "
                f"not {self.encoding!r}"
            )
        surround = self.surround_luminance
        if not (math.isfinite(surround) and (surround > 0 or surround == IMAGE_MEAN)):
            raise OptionError(
                "the surround luminance is a positive number in cd/m², or -1 for the geometric "
                f"mean of the reference, not {surround!r}"
            )
        if not math.isfinite(self.peak_sensitivity):
            raise OptionError(f"peak_sensitivity must be finite, not {self.peak_sensitivity!r}")
        display = self.rgb_display
        if display is not None and not isinstance(display, str):
            display = np.asarray(display, dtype=np.float64).tolist()
            object.__setattr__(self, "rgb_display", display)
        single = display == "d65" or (isinstance(display, list) and len(display) == 1)
        channels = 1 if single else 3
        display_matrix(display, channels if self.encoding is None else CHANNELS[self.encoding])

    @property
    def sensitivity_gain(self) -> float:
        """Factor on the photoreceptors' response."""
        return float(DALY_PEAK_CONTRAST * 10.0**self.peak_sensitivity)

    def encoding_of(self, channels: int) -> Encoding:
        """Return the encoding of an image with so many channels.

        Raises
        ------
        OptionError
            If the encoding that was set has another number of channels.
        """
        if self.encoding is None:
            return "luminance" if channels == 1 else "rgb-bt.709"
        if CHANNELS[self.encoding] != channels:
            raise OptionError(
                f"the encoding {self.encoding!r} has {CHANNELS[self.encoding]} channel(s), "
                f"the image has {channels}"
            )
        return self.encoding

    def to_dict(self) -> dict[str, Any]:
        """Return the options as JSON-ready values."""
        return {name: getattr(self, name) for name in self.__slots__}
