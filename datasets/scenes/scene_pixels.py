"""The pixels of a scene file, brought to the two forms that sets are made from."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from hdrmetrics import read_image
from hdrmetrics.errors import DomainError, PixelValueError
from hdrmetrics.photometry.color import convert_primaries
from hdrmetrics.photometry.display import DEFAULT_DISPLAY, get_display
from hdrmetrics.photometry.transfer import bt1886_decode, srgb_decode, srgb_encode
from hdrmetrics.picture.image import Image

MAX_PIXELS = 2**26
"""Pixels that a scene may have (8192 × 8192): each takes 12 bytes in every worker process."""

_GAMMA = {"bt1886": 2.4, "gog": 2.2}


def load_light(path: Path) -> Tensor:
    """Return the light in a file, ``(3, H, W)`` float32: BT.709, relative, finite, not negative.

    PQ and HLG signals are decoded by their standard's display. Values below zero (colours outside
    BT.709, ringing of lossy compression) become zero, infinite ones the largest finite one.

    Raises
    ------
    ImageReadError
        If the file cannot be read (:class:`~hdrmetrics.errors.ImageLimitError` above
        :data:`MAX_PIXELS`).
    DomainError
        If it holds SDR codes.
    PixelValueError
        If a pixel is NaN, or none is finite.
    """
    image = read_image(path, max_pixels=MAX_PIXELS)
    pixels = _planes(image)
    transfer = image.calibration.transfer
    if transfer in ("pq", "hlg"):
        pixels = get_display(DEFAULT_DISPLAY[transfer]).forward(pixels[None])[0]
    elif transfer is not None:
        raise DomainError(f"{path}: {transfer} codes are no HDR scene; use it as an SDR scene")
    if not bool(pixels.isfinite().all()):
        pixels = _finite(pixels, path)
    light = convert_primaries(pixels[None], image.primaries, "bt709")[0]
    return light.clamp(min=0.0).contiguous()


def _finite(pixels: Tensor, path: Path) -> Tensor:
    """Return pixels with the largest finite value instead of infinity."""
    if bool(pixels.isnan().any()):
        raise PixelValueError(f"{path}: it holds pixels that are not a number; repair or remove it")
    finite = pixels[pixels.isfinite()]
    if finite.numel() == 0:
        raise PixelValueError(f"{path}: it holds no finite pixel; remove it")
    return pixels.clamp(max=float(finite.max()))


def load_codes(path: Path) -> Tensor:
    """Return the SDR picture in a file, ``(3, H, W)`` float32: sRGB codes in [0, 1].

    Other primaries and other curves are converted, out-of-gamut colours clipped. Of a file with a
    gain map, the SDR picture is taken.

    Raises
    ------
    ImageReadError
        If the file cannot be read, or is too large.
    DomainError
        If it holds light, or a PQ or HLG signal.
    """
    image = read_image(path, max_pixels=MAX_PIXELS)
    if image.origin.format == "ultrahdr":
        image = read_image(path, part="base", max_pixels=MAX_PIXELS)
    transfer = image.calibration.transfer
    if transfer is None or transfer in ("pq", "hlg"):
        what = "linear light" if transfer is None else f"a {transfer.upper()} signal"
        raise DomainError(
            f"{path}: {what} is no SDR scene; say domain=hdr for it in the index.csv beside it"
        )
    codes = _planes(image)
    if transfer == "srgb" and image.primaries == "bt709":
        return codes.clamp(0.0, 1.0).contiguous()
    if transfer == "srgb":
        light = srgb_decode(codes)
    else:
        light = bt1886_decode(codes, peak=1.0, gamma=_GAMMA[transfer])
    return srgb_encode(convert_primaries(light[None], image.primaries, "bt709")[0]).contiguous()


def _planes(image: Image) -> Tensor:
    pixels = image.tensor(dtype=torch.float32)[0]
    return pixels.expand(3, -1, -1) if pixels.shape[0] == 1 else pixels
