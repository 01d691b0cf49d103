"""The common shape of every image codec: its description, its settings and its round trip."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from hdrmetrics.catalogue.catalogue import Catalogue
from hdrmetrics.catalogue.configured import Configured
from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.errors import (
    ImageReadError,
    MissingCodecError,
    ShapeError,
)
from hdrmetrics.photometry.color import luminance
from hdrmetrics.picture.pixels import as_batch, check_pixels


@dataclass(frozen=True, slots=True)
class CodecInfo:
    """What a user has to know about a codec.

    Parameters
    ----------
    name
        The name that :func:`~hdrmetrics.codecs.create_codec` takes.
    title
        One line for tables.
    domain
        ``hdr``: takes and returns linear BT.709 in cd/m²; ``sdr``: display-encoded in [0, 1].
    parameters
        The settings, in the order of importance; the first one trades size for quality.
    needs
        What has to be installed beyond the package's own dependencies; empty for nothing.
    citation
        The standard or paper.
    coding
        Colour primaries, transfer function and colour transform inside the file.
    peak
        Light above it is clipped, before coding and after, cd/m²; ``None`` where nothing is.
    ladder
        Values of the first parameter from just visible to severe at equal steps of visibility
        (mean Q of HDR-VDP-2; ``results/codecs``); see :func:`~hdrmetrics.codecs.quality_at`.
    """

    name: str
    title: str
    domain: PixelDomain
    parameters: tuple[Parameter, ...]
    needs: str
    citation: str
    coding: str = ""
    peak: float | None = None
    ladder: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Coded:
    """A picture that went through a codec.

    Parameters
    ----------
    image
        ``(1, C, H, W)`` as decoded, float32, in the units of the input.
    n_bytes
        Size of the coded file, headers included.
    bits_per_pixel
        ``8 · n_bytes / (H · W)``.
    """

    image: Tensor
    n_bytes: int
    bits_per_pixel: float


def span(ladder: tuple[float, ...]) -> tuple[float, float]:
    """Return the smallest and the largest value of a ladder: the range worth searching."""
    return min(ladder), max(ladder)


CODECS: Catalogue[CodecInfo, Codec] = Catalogue(
    "codec", "hdrmetrics.codecs", group="hdrmetrics.codecs"
)
"""All codecs; each file adds its own."""


class Codec(Configured, ABC):
    """Base of all codecs: ``codec(image)`` encodes and decodes one picture.

    Parameters
    ----------
    settings
        The codec's parameters; ``None`` (and leaving them out) stands for the default.

    Raises
    ------
    OptionError
        For an unknown setting or a value out of bounds.
    """

    info: ClassVar[CodecInfo]

    no_tensors = "one number, not a tensor: no codec has a gradient"

    @classmethod
    def missing(cls) -> str | None:
        """Return what is not installed that the codec needs, as a sentence that says what to do.

        ``None`` when it can run.
        """
        return None

    def __call__(self, image: Tensor) -> Coded:
        """Return the picture after encoding and decoding, with its size.

        Parameters
        ----------
        image
            One picture, ``(1, C, H, W)``, ``(C, H, W)`` or ``(H, W)``, C = 1 or 3; linear BT.709
            in cd/m² for a codec of HDR, display-encoded in [0, 1] for one of SDR.

        Raises
        ------
        ShapeError
            For another shape or several pictures.
        PixelValueError
            For NaN, infinity or negative light.
        DomainError
            If a codec of SDR is given values outside [0, 1].
        MissingCodecError
            If what the codec needs is not installed.
        ImageWriteError, ImageReadError
            If the encoder refuses the picture, or its file cannot be decoded.
        """
        lacking = self.missing()
        if lacking is not None:
            raise MissingCodecError(lacking)
        one = check_picture(image, self.info.domain)
        if self.info.peak is not None:
            one = one.clamp(max=self.info.peak)
        data = self.encode(one)
        pixels = one.shape[-1] * one.shape[-2]
        return Coded(self._checked(self.decode(data), one), len(data), 8 * len(data) / pixels)

    def _checked(self, decoded: Tensor, original: Tensor) -> Tensor:
        # Formats without grey pictures return three channels that are equal up to rounding.
        if decoded.shape[1] == 3 and original.shape[1] == 1:
            decoded = luminance(decoded)
        if decoded.shape != original.shape:
            raise ImageReadError(
                f"{self.info.name}: {tuple(original.shape)} went in, but "
                f"{tuple(decoded.shape)} came out"
            )
        if not bool(torch.isfinite(decoded).all()):
            raise ImageReadError(f"{self.info.name}: the decoded picture is not finite")
        # Filters and colour transforms of decoders overshoot at edges.
        peak = 1.0 if self.info.domain == "sdr" else self.info.peak
        return decoded.float().clamp(0.0, math.inf if peak is None else peak)

    @abstractmethod
    def encode(self, image: Tensor) -> bytes:
        """Return the coded file of a checked picture ``(1, C, H, W)``, float32."""

    @abstractmethod
    def decode(self, data: bytes) -> Tensor:
        """Return the picture ``(1, C, H, W)``, float32, of what :meth:`encode` returned."""


_ADVICE = "Divide 8-bit values by 255; for cd/m² use a codec of HDR"


def check_picture(image: Tensor, domain: PixelDomain) -> Tensor:
    """Return one picture as ``(1, C, H, W)`` float32, or raise what is wrong with it.

    Raises
    ------
    ShapeError, PixelValueError, DomainError
        See :meth:`Codec.__call__`.
    """
    batch = as_batch(image)
    if batch.shape[0] != 1:
        raise ShapeError(f"a codec takes one picture at a time, not {batch.shape[0]}")
    return check_pixels(batch.detach().float().cpu(), domain, _ADVICE)
