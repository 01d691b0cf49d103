"""The list of codecs by name."""

from __future__ import annotations

from typing import Any, cast

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.codecs.codec import CODECS, Codec, CodecInfo
from hdrmetrics.errors import OptionError


def codec_class(name: str) -> type[Codec]:
    """Return the class of the codec called ``name``, whose ``missing()`` tells what it lacks.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    made: Any = CODECS.entry(name).make
    return cast(type[Codec], made)


def codec_info(name: str) -> CodecInfo:
    """Return the description of the codec called ``name``.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    entry = CODECS.entry(name)
    info: CodecInfo = getattr(entry.make, "info", entry.info)
    return info


def missing(name: str) -> str | None:
    """Return what the codec called ``name`` lacks here, in a sentence; ``None`` for nothing."""
    told: str | None = getattr(CODECS.entry(name).make, "missing", lambda: None)()
    return told


def list_codecs(
    domain: PixelDomain | None = None, available: bool | None = None
) -> list[CodecInfo]:
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
        info
        for info in CODECS.infos(domain=domain)
        if available is None or (missing(info.name) is None) == available
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
    return CODECS.create(name, settings)


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
