"""The common shape of every image codec: its description, its settings and its round trip."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter, resolve
from hdrmetrics.errors import (
    DomainError,
    ImageReadError,
    MissingCodecError,
    OptionError,
    PixelValueError,
    ShapeError,
)
from hdrmetrics.metric import as_batch
from hdrmetrics.photometry.color import luminance

Domain = Literal["hdr", "sdr"]

_TOLERANCE = 1e-3  # a code of 1 after float rounding


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
    domain: Domain
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


class Codec(ABC):
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

    def __init__(self, **settings: Any) -> None:
        for name, value in settings.items():
            if isinstance(value, Tensor):
                raise OptionError(f"{name} is one number, not a tensor: no codec has a gradient")
        self.settings: dict[str, Any] = resolve(self.info.name, self.info.parameters, settings)

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

    def __repr__(self) -> str:
        chosen = {
            p.name: v for p in self.info.parameters if (v := self.settings[p.name]) != p.default
        }
        return f"<{self.info.name} {chosen}>" if chosen else f"<{self.info.name}>"

    @abstractmethod
    def encode(self, image: Tensor) -> bytes:
        """Return the coded file of a checked picture ``(1, C, H, W)``, float32."""

    @abstractmethod
    def decode(self, data: bytes) -> Tensor:
        """Return the picture ``(1, C, H, W)``, float32, of what :meth:`encode` returned."""


def check_picture(image: Tensor, domain: Domain) -> Tensor:
    """Return one picture as ``(1, C, H, W)`` float32, or raise what is wrong with it.

    Raises
    ------
    ShapeError, PixelValueError, DomainError
        See :meth:`Codec.__call__`.
    """
    batch = as_batch(image)
    if batch.shape[0] != 1:
        raise ShapeError(f"a codec takes one picture at a time, not {batch.shape[0]}")
    batch = batch.detach().float().cpu()
    low, high = (float(v) for v in torch.aminmax(batch))
    if not (math.isfinite(low) and math.isfinite(high)):
        raise PixelValueError("the picture has values that are NaN or infinite: repair it first")
    if domain == "hdr":
        if low < 0:
            raise PixelValueError(
                f"the picture has negative light, down to {low:.4g}: clamp it at zero first"
            )
        return batch
    if low < -_TOLERANCE or high > 1 + _TOLERANCE:
        raise DomainError(
            f"a codec of SDR takes display-encoded values in [0, 1]; the picture spans "
            f"{low:.4g} to {high:.4g}. Divide 8-bit values by 255; for cd/m² use a codec of HDR"
        )
    return batch.clamp(0.0, 1.0)
