"""Small valid files of every readable format, as the starting points of the fuzzer."""

from __future__ import annotations

import importlib.util
import io
import struct
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
from PIL import Image

from hdrmetrics import write_image

HEIGHT, WIDTH = 40, 56


def _light() -> np.ndarray:
    """Return a small HDR picture with smooth parts, an edge and some noise."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] / WIDTH
    noise = np.random.default_rng(0).random((HEIGHT, WIDTH, 3))
    light = np.stack([x, y, 1 - x], -1) * 8 + 0.05 * noise
    light[12:20, 20:40] *= 20
    return light.astype(np.float32)


def _codes(dtype: type[np.unsignedinteger]) -> np.ndarray:
    values = np.clip(_light() / 9, 0, 1) ** (1 / 2.2)
    return np.rint(values * np.iinfo(dtype).max).astype(dtype)


def _written(name: str, pixels: np.ndarray, **options: Any) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write_image(path, pixels, **options)
        return path.read_bytes()


def _exr(
    compression: str, *, tiled: bool = False, parts: int = 1, dtype: type = np.float16
) -> bytes:
    header = {
        "compression": getattr(OpenEXR, f"{compression}_COMPRESSION"),
        "type": OpenEXR.tiledimage if tiled else OpenEXR.scanlineimage,
    }
    if tiled:
        header["tiles"] = tiles = OpenEXR.TileDescription()
        tiles.xSize = tiles.ySize = 16
    light: np.ndarray = _light().astype(dtype)
    made = [
        OpenEXR.Part(
            dict(header),
            {name: light[..., i].copy() for i, name in enumerate("RGB")},
            f"part{number}",
        )
        for number in range(parts)
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.exr"
        OpenEXR.File(made).write(str(path))
        return path.read_bytes()


def _pillow(kind: str, array: np.ndarray, **options: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(array).save(out, kind, **options)
    return out.getvalue()


def _palette(kind: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(_codes(np.uint8)).quantize(16).save(out, kind)
    return out.getvalue()


def _run_length_hdr() -> bytes:
    """Return a Radiance file whose rows alternate between runs and literals."""
    body = bytearray()
    for row in range(HEIGHT):
        body += bytes([2, 2, 0, WIDTH])
        for component in range(4):
            if component == 3:
                body += bytes([128 + WIDTH, 130])
            else:
                body += bytes([20, *range(128, 148), 128 + WIDTH - 20, row])
    return b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n" + f"-Y {HEIGHT} +X {WIDTH}\n".encode() + body


def _float_tiff() -> bytes:
    """Return an uncompressed float32 TIFF, byte by byte."""
    pixels = _light().tobytes()
    tags = [
        (256, 3, 1, WIDTH), (257, 3, 1, HEIGHT), (258, 3, 1, 32), (259, 3, 1, 1), (262, 3, 1, 2),
        (273, 4, 1, 200), (277, 3, 1, 3), (278, 3, 1, HEIGHT), (279, 4, 1, len(pixels)),
        (339, 3, 1, 3),
    ]  # fmt: skip
    head = struct.pack("<2sHIH", b"II", 42, 8, len(tags))
    head += b"".join(struct.pack("<HHII", *tag) for tag in tags) + bytes(4)
    return head + bytes(200 - len(head)) + pixels


def _core() -> dict[str, bytes]:
    codes = _codes(np.uint8)
    return {
        "exr, uncompressed": _exr("NO"),
        "exr, RLE": _exr("RLE"),
        "exr, ZIP": _exr("ZIP"),
        "exr, PIZ": _exr("PIZ"),
        "exr, PXR24": _exr("PXR24", dtype=np.float32),
        "exr, B44": _exr("B44"),
        "exr, DWAA": _exr("DWAA"),
        "exr, HTJ2K": _exr("HTJ2K32"),
        "exr, tiles": _exr("ZIP", tiled=True),
        "exr, two parts": _exr("ZIPS", parts=2),
        "hdr, flat": _written("a.hdr", _light()),
        "hdr, run lengths": _run_length_hdr(),
        "pfm": _written("a.pfm", _light()),
        "png, 8 bits": _written("a.png", codes),
        "png, 16 bits": _written("a.png", _codes(np.uint16)),
        "png, palette": _palette("PNG"),
        "jpeg, baseline": _pillow("JPEG", codes, quality=90),
        "jpeg, progressive": _pillow("JPEG", codes, quality=90, progressive=True),
        "webp, lossy": _pillow("WEBP", codes, quality=90),
        "webp, lossless": _pillow("WEBP", codes, lossless=True),
        "tiff, float": _float_tiff(),
        "tiff, deflate": _pillow("TIFF", codes, compression="tiff_adobe_deflate"),
        "tiff, LZW": _pillow("TIFF", codes, compression="tiff_lzw"),
        "tiff, JPEG": _pillow("TIFF", codes, compression="jpeg"),
        "tiff, palette": _palette("TIFF"),
        "bmp, 24 bits": _pillow("BMP", codes),
        "bmp, palette": _palette("BMP"),
        "gif": _palette("GIF"),
        "pnm, bytes": _pillow("PPM", codes),
        "pnm, text": b"P3 56 40 255\n" + b" ".join(b"%d" % value for value in codes.ravel()),
        "qoi": _pillow("QOI", codes, colorspace="sRGB"),
    }


def _codecs() -> dict[str, bytes | bytearray]:
    import imagecodecs
    import pillow_heif

    codes, light = _codes(np.uint8), _light()
    ten_bits = (_codes(np.uint16) >> 6).astype(np.uint16)
    opaque = np.ones((HEIGHT, WIDTH, 1), np.float32)
    heic = io.BytesIO()
    pillow_heif.from_bytes("RGB;16", (WIDTH, HEIGHT), _codes(np.uint16).tobytes()).save(
        heic, format="HEIF", quality=90
    )
    return {
        "jpeg2000, 8 bits": imagecodecs.jpeg2k_encode(codes, level=0, reversible=True),
        "jpeg2000, 16 bits": imagecodecs.jpeg2k_encode(_codes(np.uint16), level=0, reversible=True),
        "jpegxl, lossless float": imagecodecs.jpegxl_encode(light, lossless=True),
        "jpegxl, lossy": imagecodecs.jpegxl_encode(codes, distance=1.0),
        "jpegxr, half": imagecodecs.jpegxr_encode(light.astype(np.float16), level=1.0),
        "jpegxr, 8 bits": imagecodecs.jpegxr_encode(codes, level=0.9),
        "avif, 10-bit PQ": imagecodecs.avif_encode(
            ten_bits, level=90, speed=10, bitspersample=10, pixelformat="444", primaries=9,
            transfer=16, matrix=9, numthreads=1,
        ),
        "heic, 10 bits": heic.getvalue(),
        "ultrahdr": imagecodecs.ultrahdr_encode(
            np.concatenate([light / 4, opaque], axis=2).astype(np.float16)
        ),
    }  # fmt: skip


def seeds() -> dict[str, bytes]:
    """Return a file for each format and variant; those of the extra only where it is installed."""
    extra = all(importlib.util.find_spec(name) for name in ("imagecodecs", "pillow_heif"))
    return _core() | {name: bytes(data) for name, data in (_codecs() if extra else {}).items()}
