"""JPEG XT profiles A, B and C, simulated with two ordinary JPEG layers."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.codecs.backward import BackwardCompatible, base_parameters
from hdrmetrics.codecs.codec import CODECS, CodecInfo
from hdrmetrics.codecs.jpegxt.base import OWN_BASES, Light, base_codes, exposure_white
from hdrmetrics.codecs.jpegxt.container import Layers, check_writable, pack, unpack
from hdrmetrics.codecs.jpegxt.jpeg import (
    SUBSAMPLINGS,
    JpegCoder,
    Planes,
    Samples,
    Tables,
    quality_tables,
)
from hdrmetrics.codecs.jpegxt.profile_a import ProfileA
from hdrmetrics.codecs.jpegxt.profile_b import ProfileB
from hdrmetrics.codecs.jpegxt.profile_c import LARGEST, ProfileC
from hdrmetrics.codecs.samples import from_codes

BRIGHTEST = 1e12
"""Light that profiles A and B clip at, in cd/m²; C has half-floats and clips at 65504."""

DARKEST = 1e-9
"""Light below which all profiles write black, in cd/m²."""

_PAPER = (
    "ISO/IEC 18477-7; A. Artusi, R. K. Mantiuk, T. Richter et al., Journal of Real-Time Image "
    "Processing 16, 2019"
)


# Qualities of both layers at equal steps of the mean Q of HDR-VDP-2, from results/jpegxt.
_LADDER_A = (97, 93, 89, 81, 69, 48, 31, 19, 11, 5)
_LADDER_B = (96, 92, 86, 78, 64, 44, 27, 16, 9, 5)
_LADDER_C = (89, 83, 74, 58, 37, 23, 14, 8, 5, 2)


def _parameters(ladder: tuple[int, ...], base: str) -> tuple[Parameter, ...]:
    search = (min(ladder), max(ladder))
    return (
        Parameter(
            "quality", 75, (1, 100), "", "JPEG quality of the base layer", "integer", search=search
        ),
        Parameter(
            "residual_quality", None, (1, 100), "", "JPEG quality of the residual layer", "integer",
            search=search, automatic="that of the base layer",
        ),
        *base_parameters(base, OWN_BASES),
        Parameter(
            "subsampling", "4:4:4", None, "", "chroma of both layers", "choice",
            choices=SUBSAMPLINGS,
        ),
    )  # fmt: skip


Profile = ProfileA | ProfileB | ProfileC
"""The constants of a profile: packed, unpacked, and what puts two layers together."""


class LayeredCodec(BackwardCompatible):
    """Base of the simulated profiles: two JPEG streams with a header before them.

    The bytes are really written and :meth:`decode` needs nothing else, so size and distortion are
    those of the two streams. Only the frame around them is our own: the base layer is a JPEG file
    that any program shows, but no other program finds the residual layer. Light below 1e-9 cd/m²
    is written as black.

    Simplified against the standard: no refinement scans (each layer has eight bits), residual and
    base layer share the subsampling, and the constants stand in a header of our own where the
    standard has boxes.
    """

    second = "residual_quality"
    own_bases = OWN_BASES
    profile: ClassVar[str]
    constants: ClassVar[type[Profile]]
    residual_planes: ClassVar[Planes]
    coder: ClassVar[JpegCoder] = JpegCoder()
    """What the layers are coded with."""

    def check_sides(self, height: int, width: int) -> None:
        """Refuse sides that are longer than a JPEG layer holds, 65500 pixels.

        Raises
        ------
        ImageWriteError
            For those.
        """
        check_writable(height, width)

    def tone(self, image: Tensor) -> Samples:
        """Return the codes of the base layer."""
        return base_codes(_light(image), self.settings["base"], self.settings["base_settings"])

    def encode_with(self, image: Tensor, codes: Samples) -> bytes:
        """Return the header and both layers of ``(1, C, H, W)``, cd/m²."""
        light = _light(image)
        height, width, channels = light.shape
        tables = quality_tables(self.settings["quality"])
        base = self._write(codes[..., 0] if channels == 1 else codes, tables, "rgb")
        profile, samples, tables = self.split(light, codes, base)
        residual = self._write(samples, tables, self.residual_planes)
        constants = profile.pack()
        return pack(Layers(self.profile, channels, height, width, constants, base, residual))

    def decode(self, data: bytes) -> Tensor:
        """Return the picture ``(1, C, H, W)``, float32, cd/m², finite and not negative.

        Raises
        ------
        ImageReadError
            If the bytes are not of this profile, truncated or changed.
        """
        layers = unpack(data, self.profile)
        profile = self.constants.unpack(layers.constants)
        base = self.read_base(layers.base, (layers.height, layers.width, layers.channels))
        shape = base.shape if layers.channels == 3 else base.shape[:2]
        residual = self.coder.decode(layers.residual, shape, planes=self.residual_planes)
        light = profile.merge(base, residual)
        return torch.from_numpy(np.ascontiguousarray(np.moveaxis(light, 2, 0)))[None]

    def read_base(self, data: bytes, shape: tuple[int, int, int]) -> Samples:
        """Return the base layer as decoded, ``(H, W, C)``."""
        flat = shape if shape[2] == 3 else shape[:2]
        return self.coder.decode(data, flat, planes="rgb").reshape(shape)

    def base_picture(self, data: bytes) -> Tensor:
        """Return what ordinary readers show, ``(1, C, H, W)`` in [0, 1].

        Raises
        ------
        ImageReadError
            If the bytes are not of this profile, truncated or changed.
        """
        layers = unpack(data, self.profile)
        return from_codes(
            self.read_base(layers.base, (layers.height, layers.width, layers.channels)), 8
        )

    @property
    def residual_quality(self) -> int:
        """The quality of the residual layer."""
        chosen = self.settings["residual_quality"]
        return int(self.settings["quality"] if chosen is None else chosen)

    def _write(self, samples: Samples, tables: Tables, planes: Planes) -> bytes:
        return self.coder.encode(
            samples, tables, planes=planes, subsampling=self.settings["subsampling"]
        )

    @abstractmethod
    def split(self, light: Light, codes: Samples, base: bytes) -> tuple[Profile, Samples, Tables]:
        """Return the constants, the residual layer and its quantisation steps.

        Parameters
        ----------
        light
            ``(H, W, C)``, cd/m².
        codes
            The base layer before it was coded.
        base
            The base layer as coded.
        """


def _light(image: Tensor) -> Light:
    """Return ``(1, C, H, W)`` as ``(H, W, C)``, held to what the profiles can say."""
    light = np.ascontiguousarray(np.moveaxis(image[0].numpy(), 0, 2))
    held: Light = np.where(light < DARKEST, np.float32(0), np.minimum(light, np.float32(BRIGHTEST)))
    return held


@CODECS.add
class JpegXtA(LayeredCodec):
    """Profile A: the base layer times a ratio of luminance, with chroma differences.

    The residual layer is worked out from the base layer before it is coded ("open loop"), as the
    standard's software recommends; see :class:`~hdrmetrics.codecs.jpegxt.profile_a.ProfileA`.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.codecs import create_codec
    >>> coded = create_codec("jpegxt-a")(torch.full((1, 3, 64, 64), 100.0))
    >>> bool((coded.image - 100.0).abs().max() < 5.0)
    True
    """

    info = CodecInfo(
        name="jpegxt-a",
        title="JPEG XT profile A, simulated",
        domain="hdr",
        parameters=_parameters(_LADDER_A, "reinhard02"),
        needs="",
        citation=_PAPER,
        coding="BT.709 primaries, sRGB base layer and logarithm of a ratio, 8 bit; "
        "YCbCr with the BT.601 matrix",
        peak=BRIGHTEST,
        ladder=_LADDER_A,
    )
    profile = "a"
    constants = ProfileA
    residual_planes = "ycbcr"

    def split(self, light: Light, codes: Samples, base: bytes) -> tuple[Profile, Samples, Tables]:
        """Return the constants, the residual layer and its quantisation steps."""
        return *ProfileA.split(light, codes), quality_tables(self.residual_quality)


@CODECS.add
class JpegXtB(LayeredCodec):
    """Profile B: the base layer divided by the residual layer, both behind a gamma.

    As profile A in open loop; see :class:`~hdrmetrics.codecs.jpegxt.profile_b.ProfileB`.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.codecs import create_codec
    >>> coded = create_codec("jpegxt-b")(torch.full((1, 3, 64, 64), 100.0))
    >>> bool((coded.image - 100.0).abs().max() < 5.0)
    True
    """

    info = CodecInfo(
        name="jpegxt-b",
        title="JPEG XT profile B, simulated",
        domain="hdr",
        parameters=_parameters(_LADDER_B, "exposure"),
        needs="",
        citation=_PAPER,
        coding="BT.709 primaries, sRGB base layer and power of a quotient, 8 bit; "
        "YCbCr with the BT.601 matrix",
        peak=BRIGHTEST,
        ladder=_LADDER_B,
    )
    profile = "b"
    constants = ProfileB
    residual_planes = "rgb"

    def split(self, light: Light, codes: Samples, base: bytes) -> tuple[Profile, Samples, Tables]:
        """Return the constants, the residual layer and its quantisation steps."""
        white = exposure_white(light) if self.settings["base"] == "exposure" else None
        return *ProfileB.split(light, codes, white), quality_tables(self.residual_quality)


@CODECS.add
class JpegXtC(LayeredCodec):
    """Profile C: base and residual layer added up in the scale of half-float bit patterns.

    The residual layer is worked out from the base layer as decoded ("closed loop"). Its quality
    means the same error in the light as that of a twelve-bit residual layer, which
    ``jpeg -r -profile c -rR 4`` writes: the layer has eight bits, but is spread over the range that
    the picture needs, and its quantisation steps are scaled to fit. Light above 65504 cd/m² is
    clipped there. See :class:`~hdrmetrics.codecs.jpegxt.profile_c.ProfileC`.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.codecs import create_codec
    >>> coded = create_codec("jpegxt-c")(torch.full((1, 3, 64, 64), 100.0))
    >>> bool((coded.image - 100.0).abs().max() < 5.0)
    True
    """

    info = CodecInfo(
        name="jpegxt-c",
        title="JPEG XT profile C, simulated",
        domain="hdr",
        parameters=_parameters(_LADDER_C, "photoreceptor"),
        needs="",
        citation=_PAPER,
        coding="BT.709 primaries, base layer and difference of half floats, 8 bit; "
        "YCbCr with the BT.601 matrix",
        peak=LARGEST,
        ladder=_LADDER_C,
    )
    profile = "c"
    constants = ProfileC
    residual_planes = "ycbcr"

    _STEP = 16.0  # bit patterns per step of a twelve-bit residual layer

    def split(self, light: Light, codes: Samples, base: bytes) -> tuple[Profile, Samples, Tables]:
        """Return the constants, the residual layer and its quantisation steps."""
        height, width, channels = light.shape
        shown = self.read_base(base, (height, width, channels))
        profile, residual = ProfileC.split(light, codes, shown)
        return profile, residual, quality_tables(self.residual_quality, profile.scale / self._STEP)
