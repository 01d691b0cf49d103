"""Reading one picture file, whatever its format."""

from __future__ import annotations

import os

import numpy as np

from hdrmetrics.errors import ImageReadError, OptionError, PixelValueError
from hdrmetrics.image import Image
from hdrmetrics.io.decoding import decode
from hdrmetrics.io.isolate import DEFAULT_MEMORY, DEFAULT_TIMEOUT, read_isolated
from hdrmetrics.io.limits import DEFAULT_MAX_PIXELS
from hdrmetrics.io.source import load


def read_image(
    path: str | os.PathLike[str],
    *,
    peak: float | None = None,
    scale: float | None = None,
    part: str | int | None = None,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    isolate: bool = False,
    timeout: float = DEFAULT_TIMEOUT,
    memory: int = DEFAULT_MEMORY,
) -> Image:
    """Read a picture with what its file says about light.

    The format is recognised by content: OpenEXR, Radiance, PFM, TIFF, PNG, JPEG, WebP, BMP, GIF,
    PNM and QOI; with the extra ``codecs`` also JPEG XL, JPEG XR, JPEG 2000, AVIF, HEIC and Ultra
    HDR.

    Linear files give linear BT.709 pixels, ``relative`` unless the file itself declares cd/m²
    (``absolute``) or the caller does (``scaled``). Display-encoded files give code values in
    [0, 1] with their transfer function and primaries; a display model turns them into light. NaN
    and infinity are kept and noted; negative values are kept.

    Parameters
    ----------
    path
        A regular file.
    peak
        Linear files only: multiply so that the largest luminance becomes ``peak`` cd/m².
    scale
        Linear files only: multiply pixels by ``scale`` cd/m² per unit.
    part
        OpenEXR: number, name or view of a part, or name of a layer. JPEG with a gain map:
        ``"base"`` for the SDR picture.
    max_pixels
        Refuse pictures that announce more, before anything of that size is allocated. Memory
        stays within a small multiple of the announced size.
    isolate
        Decode in a process of its own with the two limits below. Choose it for files from
        strangers: the decoders of OpenEXR, AVIF, HEIC, JPEG XL and JPEG XR are large C and C++
        libraries, and a damaged file may crash or stall them. Costs about 0.3 s a file. JPEG XR
        is always read so: its decoder is known to crash.
    timeout
        Seconds that an isolated read may take.
    memory
        Bytes of address space that an isolated read may use (not limited on Windows and macOS).

    Returns
    -------
    Image
        float32, ``(H, W, 1)`` or ``(H, W, 3)``.

    Raises
    ------
    ImageReadError
        If the file is missing, truncated, corrupt or of an unsupported kind.
    ImageLimitError
        If it announces more than ``max_pixels``.
    MissingCodecError
        If its format needs the extra ``codecs``.
    OptionError
        If an option is out of range or does not go with the file.
    PixelValueError
        If ``peak`` is given for a picture that is black or not finite.
    """
    if peak is not None and scale is not None:
        raise OptionError("give peak= or scale=, not both")
    for option, value in (("peak", peak), ("scale", scale)):
        if value is not None and not (np.isfinite(value) and value > 0):
            raise OptionError(f"{option} is a positive number, not {value!r}")
    name = os.fspath(path)
    if not isinstance(name, str):
        raise OptionError(f"a path is a str or os.PathLike, not {type(path).__name__}")
    if isinstance(max_pixels, bool) or not isinstance(max_pixels, int) or max_pixels < 1:
        raise OptionError(f"max_pixels is a positive whole number, not {max_pixels!r}")
    try:
        if isolate:
            image = read_isolated(
                name, part=part, max_pixels=max_pixels, timeout=timeout, memory=memory
            )
        else:
            image = decode(load(name, max_pixels=max_pixels, part=part))
    except ImageReadError as error:
        raise type(error)(f"{name}: {error}") from error
    if scale is None and peak is None:
        return image
    if not image.calibration.linear:
        option = "peak" if scale is None else "scale"
        raise OptionError(
            f"{name}: {option}= is for linear files; these pixels are display-encoded: "
            "choose a display model"
        )
    if scale is not None:
        return image.scaled_by(scale, f"the caller's scale of {scale:g} cd/m² per unit")
    assert peak is not None
    with np.errstate(invalid="ignore"):  # infinity is refused in words below
        brightest = float(image.luminance().max())
    if not (np.isfinite(brightest) and brightest > 0):
        raise PixelValueError(
            f"{name}: peak= needs a finite, positive largest luminance, not "
            f"{brightest:g}; use scale="
        )
    return image.scaled_by(
        peak / brightest, f"the caller's peak of {peak:g} cd/m² for the largest luminance"
    )
