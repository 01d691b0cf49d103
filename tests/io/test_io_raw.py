"""Camera raw files, made by another library: developed as photographs, never their previews."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest

from hdrmetrics.errors import ImageReadError, MissingCodecError, OptionError

tifffile = pytest.importorskip("tifffile", reason="tifffile, the independent writer, is absent")
rawpy = pytest.importorskip("rawpy", reason="the extra 'raw' is not installed")

HEIGHT, WIDTH, WHITE = 64, 96, 4000
XYZ_TO_SRGB = (3.2406, -1.5372, -0.4986, -0.9689, 1.8758, 0.0415, 0.0557, -0.2040, 1.0570)
RED, GREEN, BLUE = 0, 1, 2


def scene() -> np.ndarray:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.stack([x / WIDTH, y / HEIGHT, 1 - x / WIDTH], -1)


def dng(orientation: int = 1, *, thumbnail: bool = True, exposure: float = 1.0) -> bytes:
    """Return a DNG file of a camera whose colours are those of sRGB."""
    light = exposure * scene()
    sensels = np.empty((HEIGHT, WIDTH), np.uint16)
    for (row, column), which in {(0, 0): RED, (0, 1): GREEN, (1, 0): GREEN, (1, 1): BLUE}.items():
        sensels[row::2, column::2] = (light[row::2, column::2, which] * WHITE).astype(np.uint16)
    matrix = [part for value in XYZ_TO_SRGB for part in (round(value * 10000), 10000)]
    camera = [
        (50706, 1, 4, b"\1\4\0\0", True), (50707, 1, 4, b"\1\1\0\0", True),
        (50708, 2, 0, "Tiny", True), (271, 2, 0, "Maker", True), (272, 2, 0, "Tiny", True),
        (274, 3, 1, orientation, True), (50721, 10, 9, tuple(matrix), True),
        (50728, 5, 3, (1, 1, 1, 1, 1, 1), True), (50778, 3, 1, 21, True),
    ]  # fmt: skip
    raw = [
        (33421, 3, 2, (2, 2), True), (33422, 1, 4, bytes([RED, GREEN, GREEN, BLUE]), True),
        (50714, 3, 1, 0, True), (50717, 3, 1, WHITE, True),
    ]  # fmt: skip
    out = io.BytesIO()
    with tifffile.TiffWriter(out) as file:
        if thumbnail:
            small = np.full((16, 24, 3), 200, np.uint8)
            file.write(
                small, photometric="rgb", subfiletype=1, subifds=1, extratags=camera, metadata=None
            )
        file.write(
            sensels, photometric=32803, subfiletype=0,
            extratags=raw if thumbnail else [*camera, *raw], metadata=None,
        )  # fmt: skip
    return out.getvalue()


def srgb(light: np.ndarray) -> np.ndarray:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("thumbnail", [True, False])
def test_the_picture_is_that_of_the_sensor(read, thumbnail):
    image = read(dng(thumbnail=thumbnail))
    assert image.pixels.shape == (HEIGHT, WIDTH, 3)
    assert (image.origin.format, image.calibration.transfer) == ("raw", "srgb")
    assert image.notes == (
        "developed by LibRaw: the camera's white balance, sRGB, no automatic brightening",
    )
    inner = slice(8, -8), slice(8, -8)
    assert np.abs(image.pixels - srgb(scene()))[inner].max() < 0.03


def test_exposures_stay_what_they_are(read):
    bright, dark = (read(dng(exposure=e)).pixels[8:-8, 8:-8] for e in (1.0, 0.25))
    assert np.abs(dark - srgb(0.25 * scene())[8:-8, 8:-8]).max() < 0.03
    assert bright.mean() > dark.mean() + 0.15


def test_half_the_size_where_that_is_enough(read):
    whole, half = read(dng()), read(dng(), at_least=HEIGHT // 2)
    assert half.pixels.shape == (HEIGHT // 2, WIDTH // 2, 3)
    assert half.origin.details == {"decoded_at": "1/2", "width": WIDTH, "height": HEIGHT}
    means = whole.pixels.reshape(HEIGHT // 2, 2, WIDTH // 2, 2, 3).mean(axis=(1, 3))
    assert np.abs(means - half.pixels)[4:-4, 4:-4].max() < 0.03
    assert read(dng(), at_least=HEIGHT // 2 + 1).pixels.shape == (HEIGHT, WIDTH, 3)


def test_it_is_upright(read):
    image = read(dng(6), at_least=WIDTH // 4)
    assert (image.height, image.width) == (WIDTH // 2, HEIGHT // 2)
    assert (image.origin.details["width"], image.origin.details["height"]) == (HEIGHT, WIDTH)
    # What was at the left is at the top: little red, much blue.
    assert image.pixels[4, :, 0].max() < image.pixels[-4, :, 0].min()


def test_a_torn_file_is_an_error(read):
    data = dng()
    with pytest.raises(ImageReadError):
        read(data[: len(data) // 2])


def test_there_are_no_parts(read):
    with pytest.raises(OptionError, match="part"):
        read(dng(), part="preview")


@pytest.mark.parametrize(
    "head", [b"FUJIFILMCCD-RAW 0201", b"IIRO\x08\0\0\0", b"\0\0\0\x18ftypcrx \0\0\0\1crx isom"]
)
def test_broken_files_of_other_makers(read, head):
    with pytest.raises(ImageReadError, match="LibRaw cannot develop"):
        read(head.ljust(200, b"\0"))


def test_without_the_extra_it_is_said_what_to_install(read, monkeypatch):
    monkeypatch.setitem(sys.modules, "rawpy", None)
    with pytest.raises(MissingCodecError, match=r'pip install "hdrmetrics\[raw\]"'):
        read(dng(), isolate=False)
