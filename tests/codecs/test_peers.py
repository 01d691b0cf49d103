"""The files against direct calls of the libraries, and against readers that know nothing of us."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, features
from scipy.stats import spearmanr

import hdrmetrics as hm
from hdrmetrics.codecs import create_codec
from hdrmetrics.codecs.samples import to_codes, to_pq_codes
from hdrmetrics.errors import ImageReadError, ImageWriteError
from hdrmetrics.photometry.color import luminance
from hdrmetrics.photometry.transfer import pq_decode

imagecodecs = pytest.importorskip("imagecodecs", reason="the extra 'codecs' is not installed")
LINEAR, BT709 = 0, 0


def rows(image: torch.Tensor) -> np.ndarray:
    return np.ascontiguousarray(image[0].permute(1, 2, 0).numpy())


def eight(image: torch.Tensor) -> np.ndarray:
    return np.round(rows(image).astype(np.float64) * 255).astype(np.uint8)


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def read(data: bytes, folder: Path, **options: float) -> hm.Image:
    path = folder / "file"
    path.write_bytes(data)
    return hm.read_image(path, **options)


# -- the same bytes as a direct call ------------------------------------------------------------


def test_jpeg_is_pillows(code: torch.Tensor) -> None:
    picture = Image.fromarray(eight(code))
    assert create_codec("jpeg", quality=40, subsampling="4:4:4").encode(code) == saved(
        picture, "JPEG", quality=40, subsampling=0
    )
    assert create_codec("jpeg", quality=85).encode(code) == saved(
        picture, "JPEG", quality=85, subsampling=2
    )
    grey = Image.fromarray(eight(code)[..., 1])
    wanted = saved(grey, "JPEG", quality=75, subsampling=2)
    assert create_codec("jpeg").encode(code[:, 1:2]) == wanted


def test_webp_is_pillows(code: torch.Tensor) -> None:
    if not features.check("webp"):
        pytest.skip("this Pillow has no WebP")
    wanted = saved(Image.fromarray(eight(code)), "WEBP", quality=30, method=2)
    assert create_codec("webp", quality=30, method=2).encode(code) == wanted


def test_jpegxl_is_libjxls(light: torch.Tensor, code: torch.Tensor) -> None:
    wanted = imagecodecs.jpegxl_encode(rows(light / 203), distance=2.5, effort=4, numthreads=1)
    assert create_codec("jpegxl", distance=2.5, effort=4).encode(light) == wanted
    wanted = imagecodecs.jpegxl_encode(eight(code), distance=2.5, effort=4, numthreads=1)
    assert create_codec("jpegxl-sdr", distance=2.5, effort=4).encode(code) == wanted


def test_avif_is_libavifs(light: torch.Tensor, code: torch.Tensor) -> None:
    wanted = imagecodecs.avif_encode(
        to_pq_codes(light, 12), level=50, speed=8, bitspersample=12, pixelformat="yuv420",
        primaries=9, transfer=16, matrix=9, numthreads=1,
    )  # fmt: skip
    settings = {"quality": 50, "speed": 8, "bits": "12", "subsampling": "4:2:0"}
    assert create_codec("avif", **settings).encode(light) == wanted
    wanted = imagecodecs.avif_encode(
        eight(code), level=50, speed=8, bitspersample=8, pixelformat="yuv444",
        primaries=1, transfer=13, matrix=6, numthreads=1,
    )  # fmt: skip
    settings = {"quality": 50, "speed": 8, "subsampling": "4:4:4"}
    assert create_codec("avif-sdr", **settings).encode(code) == wanted


def test_jpeg2000_is_openjpegs(light: torch.Tensor, code: torch.Tensor) -> None:
    options = {"codecformat": "j2k", "reversible": False, "numthreads": 1}
    wanted = imagecodecs.jpeg2k_encode(to_pq_codes(light, 16), level=41.5, **options)
    assert create_codec("jpeg2000", psnr=41.5).encode(light) == wanted
    wanted = imagecodecs.jpeg2k_encode(eight(code), level=33, **options)
    assert create_codec("jpeg2000-sdr", psnr=33).encode(code) == wanted


def test_htj2k_is_openjphs(light: torch.Tensor) -> None:
    wanted = imagecodecs.htj2k_encode(to_pq_codes(light, 16), level=0.01, reversible=False)
    assert create_codec("htj2k", step=0.01).encode(light) == wanted


def test_jpegxr_is_jxrlibs(light: torch.Tensor) -> None:
    half = rows(light / 80).astype(np.float16)
    assert create_codec("jpegxr", quality=30).encode(light) == imagecodecs.jpegxr_encode(half, 0.3)
    # 1 is lossless for the library, and the worst quality for us.
    worst = create_codec("jpegxr", quality=1).encode(light)
    assert worst == imagecodecs.jpegxr_encode(half, 0.01)
    assert len(worst) < len(imagecodecs.jpegxr_encode(half, 1.0)) / 10


def test_ultrahdr_is_libultrahdrs(light: torch.Tensor) -> None:
    rgba = np.concatenate([rows(light / 203), np.ones((96, 128, 1), np.float32)], axis=2)
    wanted = imagecodecs.ultrahdr_encode(
        rgba.astype(np.float16), level=70, scale=2, gamut=BT709, transfer=LINEAR, nits=10000.0
    )
    assert create_codec("ultrahdr", quality=70, scale=2).encode(light) == wanted


# -- read by others -----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "white"), [("jpegxl", 203.0), ("jpegxr", 80.0)])
def test_the_file_holds_light_in_the_unit_of_its_users(
    name: str, white: float, light: torch.Tensor, tmp_path: Path
) -> None:
    codec = create_codec(name)
    image = read(codec.encode(light), tmp_path, scale=white)
    assert image.primaries == "bt709"
    assert image.calibration.kind == "scaled"
    decoded = codec(light).image
    assert np.allclose(image.pixels.clip(0), rows(decoded), rtol=1e-5)


def test_an_avif_says_bt2100_pq(light: torch.Tensor, tmp_path: Path) -> None:
    codec = create_codec("avif", quality=80)
    image = read(codec.encode(light), tmp_path)
    assert (image.calibration.transfer, image.primaries) == ("pq", "bt2020")
    shown = pq_decode(torch.from_numpy(image.pixels).double()).permute(2, 0, 1)[None]
    # ITU-R BT.2087 back to BT.709.
    matrix = torch.tensor(
        [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
    ).double()
    wanted = torch.einsum("ij,njhw->nihw", matrix, shown).clamp(min=0)
    assert torch.allclose(codec(light).image.double(), wanted, rtol=2e-3, atol=0.05)


@pytest.mark.parametrize("name", ["jpeg", "webp", "avif-sdr", "jpegxl-sdr"])
def test_sdr_files_are_srgb(name: str, code: torch.Tensor, tmp_path: Path) -> None:
    codec = create_codec(name)
    image = read(codec.encode(code), tmp_path)
    assert (image.calibration.transfer, image.primaries) == ("srgb", "bt709")
    # Decoders may round the colour transform in another way.
    assert np.abs(image.pixels - rows(codec(code).image)).max() < 2.5 / 255


def test_pillow_reads_the_jpeg2000(code: torch.Tensor) -> None:
    codec = create_codec("jpeg2000-sdr")
    with Image.open(io.BytesIO(codec.encode(code))) as picture:
        assert np.array_equal(np.asarray(picture), eight(codec(code).image))


def test_openjpeg_reads_the_high_throughput_codestream(light: torch.Tensor) -> None:
    codec = create_codec("htj2k", step=0.01)
    data = codec.encode(light)
    theirs = imagecodecs.jpeg2k_decode(data).astype(np.int64)
    ours = imagecodecs.htj2k_decode(data).astype(np.int64)
    assert np.abs(theirs - ours).max() <= 4  # of 65535


def test_pillow_shows_the_base_picture_of_ultra_hdr(light: torch.Tensor) -> None:
    with Image.open(io.BytesIO(create_codec("ultrahdr").encode(light))) as picture:
        assert picture.size == (128, 96)
        shown = np.asarray(picture.convert("L")).ravel()
    assert spearmanr(shown, luminance(light).numpy().ravel()).statistic > 0.95


def test_codes_of_the_file_are_those_of_rounding(code: torch.Tensor) -> None:
    assert np.array_equal(to_codes(code, 8), eight(code))


# -- errors of the libraries --------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["avif", "avif-sdr", "htj2k", "jpeg", "jpeg2000", "jpegxl", "jpegxl-sdr", "ultrahdr", "webp"],
)
def test_bytes_of_another_kind_are_a_typed_error(name: str) -> None:
    with pytest.raises(ImageReadError, match=name):
        create_codec(name).decode(b"not a picture at all")


def test_a_picture_too_wide_for_the_format_is_a_typed_error() -> None:
    with pytest.raises(ImageWriteError, match="webp cannot hold"):
        create_codec("webp")(torch.zeros(1, 1, 1, 16_384))
    with pytest.raises(ImageWriteError, match="jpeg cannot hold"):
        create_codec("jpeg")(torch.zeros(1, 1, 1, 65_536))
