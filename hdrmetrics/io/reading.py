"""Reading one picture file, whatever its format."""

from __future__ import annotations

import functools
import os

import numpy as np

from hdrmetrics.errors import ImageAccessError, ImageReadError, OptionError, PixelValueError
from hdrmetrics.io.decoding import decode
from hdrmetrics.io.limits import DEFAULT_MAX_PIXELS
from hdrmetrics.io.processes.isolate import is_fragile, read_isolated
from hdrmetrics.io.processes.workers import NoWorkerError
from hdrmetrics.io.source import load
from hdrmetrics.picture.image import Image
from hdrmetrics.picture.units import positive


def read_image(
    path: str | os.PathLike[str],
    *,
    peak: float | None = None,
    scale: float | None = None,
    part: str | int | None = None,
    at_least: int | None = None,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    isolate: bool | None = None,
    timeout: float | None = None,
    memory: int | None = None,
) -> Image:
    """Read a picture with what its file says about light.

    The format is recognised by content: OpenEXR, Radiance, PFM, TIFF, PNG, JPEG, WebP, BMP, GIF,
    PNM and QOI; with the extra ``codecs`` also JPEG XL, JPEG XR, JPEG 2000, AVIF, HEIC and Ultra
    HDR; with ``raw`` the raw files of cameras, developed as photographs in 8-bit sRGB with the
    camera's white balance (:func:`hdrmetrics.io.formats.raw.read`).

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
    at_least
        Pixels of the shorter side that are enough: JPEG files are then decoded at 1/2, 1/4 or 1/8
        of their size, the smallest that keeps so many, in a part of the time; camera raw files at
        1/2. What was done is said in ``origin.details``: ``decoded_at`` (``"1/4"``), and the
        ``width`` and ``height`` of the picture in the file. Other formats, and JPEG files whose
        gain map is applied, are decoded as they are.
    max_pixels
        Refuse pictures that announce more, before anything of that size is allocated. Memory
        stays within a small multiple of the announced size.
    isolate
        Whether another process decodes the file, so that a decoder that crashes or hangs is an
        error and no more. By default that is so for every format but Radiance, PFM, PNM, PNG, JPEG
        and WebP: large or rarely used C and C++ libraries decode the others. ``True``: every
        format, for files from strangers; ``False``: none. The process is started once, which takes
        0.15 s, and used again: a small picture then takes 2 to 5 ms longer, one of 24 megapixels
        0.1 to 0.6 s.
    timeout
        Seconds that reading in another process may take. By default 60 and one more per 100 kB of
        the file, up to 600.
    memory
        Bytes of address space that the other process may use (not limited on Windows and macOS).
        By default 8 GiB, or 64 bytes for each of ``max_pixels`` if that is more.

    Returns
    -------
    Image
        float32, ``(H, W, 1)`` or ``(H, W, 3)``.

    Raises
    ------
    ImageReadError
        If the file is truncated, corrupt or of an unsupported kind.
    ImageDecodeError
        If a decoder failed over it: short memory may look alike.
    ImageAccessError
        If it is missing or may not be read, or memory, time or the process that reads it failed:
        of what it holds that says nothing.
    ImageLimitError
        If it announces more than ``max_pixels``.
    MissingCodecError
        If its format needs the extra ``codecs`` or ``raw``.
    OptionError
        If an option is out of range or does not go with the file.
    PixelValueError
        If ``peak`` is given for a picture that is black or not finite.
    """
    name = os.fspath(path)
    _check_options(name, peak, scale, max_pixels, at_least)
    try:
        image = _read(name, part, at_least, max_pixels, isolate, timeout, memory)
    except ImageReadError as error:
        raise type(error)(f"{name}: {error}") from error
    return image if scale is None and peak is None else _scaled(name, image, peak, scale)


def _check_options(
    name: str | bytes,
    peak: float | None,
    scale: float | None,
    max_pixels: int,
    at_least: int | None,
) -> None:
    if peak is not None and scale is not None:
        raise OptionError("give peak= or scale=, not both")
    for option, value in (("peak", peak), ("scale", scale)):
        if value is not None:
            positive(option, value)
    if not isinstance(name, str):
        raise OptionError(f"a path is a str or os.PathLike, not {type(name).__name__}")
    for option, count in (("max_pixels", max_pixels), ("at_least", at_least)):
        if option == "at_least" and count is None:
            continue
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise OptionError(f"{option} is a positive whole number, not {count!r}")


def _scaled(name: str, image: Image, peak: float | None, scale: float | None) -> Image:
    """Return a linear image in cd/m², by the caller's scale or largest luminance."""
    if not image.calibration.linear:
        option = "peak" if scale is None else "scale"
        raise OptionError(
            f"{name}: {option}= is for linear files; these pixels are display-encoded: "
            "leave it out, and choose a display model where they are scored (display=)"
        )
    if scale is not None:
        rule = f"the caller's scale of {scale:g} cd/m² per unit"
        return image.scaled_by(scale, rule, stated=True)
    assert peak is not None
    with np.errstate(invalid="ignore"):  # infinity is refused in words below
        brightest = float(image.luminance().max())
    if not (np.isfinite(brightest) and brightest > 0):
        raise PixelValueError(
            f"{name}: peak= needs a finite, positive largest luminance, not "
            f"{brightest:g}; use scale="
        )
    rule = f"the caller's peak of {peak:g} cd/m² for the largest luminance"
    return image.scaled_by(peak / brightest, rule)


def _read(
    name: str,
    part: str | int | None,
    at_least: int | None,
    max_pixels: int,
    isolate: bool | None,
    timeout: float | None,
    memory: int | None,
) -> Image:
    load_it = functools.partial(load, name, max_pixels=max_pixels, part=part, at_least=at_least)
    if isolate is False:
        return decode(load_it(isolated=True))
    try:
        if isolate or is_fragile(name, max_pixels):
            return read_isolated(
                name,
                part=part,
                at_least=at_least,
                max_pixels=max_pixels,
                timeout=timeout,
                memory=memory,
            )
        # A JPEG file may turn out to have a gain map and go to another process, too.
        return decode(load_it())
    except NoWorkerError as error:
        if isolate:
            raise ImageAccessError(f"{error}; isolate=False reads it in this process") from error
        image = decode(load_it(isolated=True))
        return image.replace(notes=(*image.notes, f"read in this process: {error}"))
