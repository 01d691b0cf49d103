"""The list of codecs by name."""

from __future__ import annotations

from typing import Any

from hdrmetrics.catalogue.names import look_up
from hdrmetrics.codecs.avif import Avif, AvifSdr
from hdrmetrics.codecs.codec import Codec, CodecInfo, Domain
from hdrmetrics.codecs.htj2k import Htj2k
from hdrmetrics.codecs.jpeg import Jpeg
from hdrmetrics.codecs.jpeg2000 import Jpeg2000, Jpeg2000Sdr
from hdrmetrics.codecs.jpegxl import JpegXl, JpegXlSdr
from hdrmetrics.codecs.jpegxr import JpegXr
from hdrmetrics.codecs.jpegxt.codec import JpegXt
from hdrmetrics.codecs.jpegxt.layers import JpegXtA, JpegXtB, JpegXtC
from hdrmetrics.codecs.ultrahdr import UltraHdr
from hdrmetrics.codecs.webp import WebP
from hdrmetrics.errors import OptionError

_CLASSES: tuple[type[Codec], ...] = (
    Avif, AvifSdr, Htj2k, Jpeg, Jpeg2000, Jpeg2000Sdr, JpegXl, JpegXlSdr, JpegXr, JpegXt, JpegXtA,
    JpegXtB, JpegXtC, UltraHdr, WebP,
)  # fmt: skip
_CODECS = {one.info.name: one for one in _CLASSES}


def codec_class(name: str) -> type[Codec]:
    """Return the class of the codec called ``name``, whose ``missing()`` tells what it lacks.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    return look_up("codec", name, _CODECS)


def codec_info(name: str) -> CodecInfo:
    """Return the description of the codec called ``name``.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    return codec_class(name).info


def list_codecs(domain: Domain | None = None, available: bool | None = None) -> list[CodecInfo]:
    """Return the descriptions of all codecs, sorted by name, or of those that match.

    Parameters
    ----------
    domain
        Keep the codecs of light (``"hdr"``) or of display-encoded pictures (``"sdr"``).
    available
        Keep those that can (True) or cannot (False) run here, for lack of a package or program.

    Examples
    --------
    >>> [info.name for info in list_codecs("sdr")]
    ['avif-sdr', 'jpeg', 'jpeg2000-sdr', 'jpegxl-sdr', 'webp']
    """
    return [
        _CODECS[name].info
        for name in sorted(_CODECS)
        if (domain is None or _CODECS[name].info.domain == domain)
        and (available is None or (_CODECS[name].missing() is None) == available)
    ]


def create_codec(name: str, **settings: Any) -> Codec:
    """Return a codec, called as ``codec(image)``.

    A codec can be made where what it needs is not installed; calling it then says what to do.

    Parameters
    ----------
    name
        One of :func:`list_codecs`.
    settings
        The codec's parameters.

    Raises
    ------
    UnknownNameError
        If there is no such codec.
    OptionError
        If a setting is unknown or out of bounds.

    Examples
    --------
    >>> import torch
    >>> coded = create_codec("jpeg", quality=90)(torch.full((1, 3, 16, 16), 0.5))
    >>> coded.image.shape, coded.bits_per_pixel == 8 * coded.n_bytes / 256
    (torch.Size([1, 3, 16, 16]), True)
    """
    return codec_class(name)(**settings)


def quality_at(name: str, strength: float) -> float | int:
    """Return the value of a codec's first parameter for a strength of distortion.

    Equal steps of strength are about equal steps of visibility, on the mean of several scenes; a
    single picture can be far from the mean.

    Parameters
    ----------
    name
        One of :func:`list_codecs`.
    strength
        0 just visible to 1 severe; between, the codec's ladder is interpolated.

    Raises
    ------
    UnknownNameError
        If there is no such codec.
    OptionError
        If the strength lies outside [0, 1], or the codec has no ladder.

    Examples
    --------
    >>> quality_at("jpeg", 0.0) > quality_at("jpeg", 1.0)
    True
    """
    info = codec_info(name)
    if not 0 <= strength <= 1:
        raise OptionError(f"a strength lies in [0, 1], not {strength!r}")
    if len(info.ladder) < 2:
        raise OptionError(f"{name} has no ladder of strengths: choose its settings themselves")
    place = strength * (len(info.ladder) - 1)
    below = min(int(place), len(info.ladder) - 2)
    low, high = info.ladder[below], info.ladder[below + 1]
    value = low + (place - below) * (high - low)
    return round(value) if info.parameters[0].kind == "integer" else value
