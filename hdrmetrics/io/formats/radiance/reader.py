"""Radiance pictures (.hdr, .pic): their header, their orientation and their colours."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.build import linear_image
from hdrmetrics.io.colour.coding import XYZ, Chromaticities, points_of
from hdrmetrics.io.formats.radiance import rgbe
from hdrmetrics.io.source import Source
from hdrmetrics.photometry.color import CHROMATICITIES, Primaries
from hdrmetrics.picture.image import Image

_RESOLUTION = re.compile(rb"([+-])([XY])\s+(\d{1,10})\s+([+-])([XY])\s+(\d{1,10})\s*")
_MAX_HEADER = 2**20
_FORMATS = {"32-bit_rle_rgbe": "RGBE", "32-bit_rle_xyze": "XYZE"}


@dataclass(slots=True)
class _Header:
    """What the text in front of the pixels says; the cumulative fields start at one."""

    start: int = 0
    samples: str = "RGBE"
    exposure: float = 1.0
    correction: tuple[float, ...] = (1.0, 1.0, 1.0)
    primaries: Chromaticities | None = None
    aspect: float = 1.0
    gamma: str = ""
    scanlines: int = 0
    length: int = 0
    columns_first: bool = False
    flip_scanlines: bool = False
    flip_pixels: bool = False


def read(source: Source) -> Image:
    """Read a Radiance picture, RGBE or XYZE, in any orientation and of any packing.

    ``EXPOSURE`` and ``COLORCORR`` are cumulative and are divided out, so that values are those of
    the scene before them. A mantissa *m* stands for *m*·2^(e−136), without the half step that
    Radiance itself adds: what was written is read back exactly. Variables count where they begin a
    line, as for Radiance; indented ones are those of files this one was made from. ``GAMMA``, which
    some programs write and Radiance does not know, is noted unless it is 1.

    Without ``PRIMARIES``, RGB is taken as BT.709; XYZE is converted to it without adapting the
    white point, which keeps luminance.

    References
    ----------
    G. Ward, "Real Pixels", Graphics Gems II, 1991; Radiance reference, "File formats".
    """
    header = _parse(source)
    source.check_size(header.length, header.scanlines)
    coded, end = rgbe.unpack(source, header.start, header.length, header.scanlines)
    beyond = len(source.data) - end
    if beyond and b"\r" in source.data[: header.start]:
        raise ImageReadError(
            "the lines of the Radiance header end in CR LF and there are too many pixels: written "
            "as text, which changes pixels too; write it again in binary mode"
        )
    pixels = _upright(rgbe.decode(coded), header)
    divisor = np.asarray(header.correction, np.float32) * np.float32(header.exposure)
    if not np.all(divisor == 1):
        with np.errstate(over="ignore"):
            pixels = pixels / divisor
    notes = [f"{beyond} bytes behind the pixels were ignored"] if beyond else []
    if header.aspect != 1:
        notes.append(f"pixels are not square (aspect {header.aspect:g}); taken as if they were")
    if header.gamma and not re.fullmatch(r"[+]?1(\.0*)?", header.gamma):
        notes.append(f"GAMMA={header.gamma[:20]} in the header was not applied: samples are linear")
    return linear_image(
        source,
        np.ascontiguousarray(pixels),
        format_name="hdr",
        depth="rgbe8",
        notes=notes,
        chromaticities=XYZ if header.samples == "XYZE" else header.primaries,
        details={
            "samples": header.samples,
            "exposure": header.exposure,
            "color_correction": list(header.correction),
        },
    )


def _upright(pixels: NDArray[np.float32], header: _Header) -> NDArray[np.float32]:
    if header.flip_scanlines:
        pixels = pixels[::-1]
    if header.flip_pixels:
        pixels = pixels[:, ::-1]
    return pixels.swapaxes(0, 1) if header.columns_first else pixels


def _parse(source: Source) -> _Header:
    header = _Header()
    text_end = 0
    while True:
        end = source.data.find(b"\n", text_end, _MAX_HEADER)
        if end < 0:
            raise ImageReadError("truncated or corrupt: the Radiance header has no end")
        line = source.data[text_end:end].removesuffix(b"\r")
        text_end = end + 1
        if not line:
            break
        _note(header, line.decode("latin-1"))
    end = source.data.find(b"\n", text_end, text_end + 100)
    match = _RESOLUTION.fullmatch(source.data[text_end : max(end, text_end)])
    if match is None or match[2] == match[5]:
        raise ImageReadError("truncated or corrupt: no resolution line in the Radiance header")
    # "-Y 512 +X 1024": scanlines run along X, the first at the top, each from left to right.
    header.start = end + 1
    header.scanlines, header.length = int(match[3]), int(match[6])
    header.columns_first = match[2] == b"X"
    header.flip_scanlines = match[1] == (b"-" if header.columns_first else b"+")
    header.flip_pixels = match[4] == (b"+" if header.columns_first else b"-")
    return header


def _note(header: _Header, line: str) -> None:
    """Take in a variable, which stands at the very start of its line: indented ones are history."""
    key, _, value = line.partition("=")
    if key == "FORMAT":
        if value.strip() not in _FORMATS:
            raise ImageReadError(f"Radiance files of format {value.strip()!r} are not supported")
        header.samples = _FORMATS[value.strip()]
    elif key == "EXPOSURE":
        header.exposure *= _numbers(key, value, 1)[0]
    elif key == "COLORCORR":
        factors = _numbers(key, value, 3)
        header.correction = tuple(a * b for a, b in zip(header.correction, factors, strict=True))
    elif key == "GAMMA":
        header.gamma = value.strip()
    elif key == "PIXASPECT":
        header.aspect *= _numbers(key, value, 1)[0]
    elif key == "PRIMARIES":
        header.primaries = points_of(_numbers(key, value, 8, positive=False))


def _numbers(key: str, value: str, count: int, *, positive: bool = True) -> list[float]:
    try:
        numbers = [float(word) for word in value.split()]
    except ValueError:
        numbers = []
    valid = np.isfinite(numbers) & (np.asarray(numbers) > 0 if positive else True)
    if len(numbers) != count or not valid.all():
        raise ImageReadError(f"corrupt: {key}={value.strip()!r} in the Radiance header")
    return numbers


def write(pixels: NDArray[np.float32], primaries: Primaries) -> bytes:
    """Return a Radiance file, RGBE without run lengths, of finite ``(H, W, 3)`` ≥ 0.

    Parameters
    ----------
    pixels
        Linear RGB.
    primaries
        Of ``pixels``; named in the header if they are not BT.709.
    """
    height, width, _ = pixels.shape
    lines = ["#?RADIANCE", "FORMAT=32-bit_rle_rgbe"]
    if primaries != "bt709":
        numbers = " ".join(f"{x:g} {y:g}" for x, y in CHROMATICITIES[primaries])
        lines.append(f"PRIMARIES={numbers}")
    header = "\n".join([*lines, "", f"-Y {height} +X {width}", ""])
    return header.encode() + rgbe.encode(pixels).tobytes()
