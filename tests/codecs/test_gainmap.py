from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import torch
from PIL import Image

import hdrmetrics as hm
from hdrmetrics.codecs import create_codec
from hdrmetrics.codecs.backward import SRGB, operator_codes
from hdrmetrics.codecs.gainmap import metadata
from hdrmetrics.codecs.gainmap.container import join, split
from hdrmetrics.codecs.gainmap.ratio import (
    GainRange,
    as_samples,
    enlarged,
    reduced,
    stops_between,
)
from hdrmetrics.errors import ImageReadError, OptionError, ShapeError
from hdrmetrics.io import read_image
from hdrmetrics.tonemap import tonemap


def psnr(test: torch.Tensor, reference: torch.Tensor) -> float:
    return float(hm.create_metric("pu21-psnr")(test, reference))


def by_library(data: bytes) -> torch.Tensor:
    library = pytest.importorskip("imagecodecs", reason="the extra 'codecs' is not installed")
    if not library.ULTRAHDR.available:
        pytest.skip("this build of imagecodecs has no Ultra HDR")
    pixels = library.ultrahdr_decode(data, dtype=np.float16)[..., :3].astype(np.float32)
    return torch.from_numpy(pixels).permute(2, 0, 1)[None] * 203.0


@pytest.mark.parametrize(("scale", "width"), [(1, 128), (2, 127), (4, 128)])
@pytest.mark.parametrize("channels", [1, 3])
def test_libultrahdr_decodes_the_same_light(
    light: torch.Tensor, channels: int, scale: int, width: int
) -> None:
    original = light[:, :channels, :, :width]
    codec = create_codec(
        "gainmap", scale=scale, base="reinhard_free", base_settings={"alpha": 0.4, "gamma": 0.8}
    )
    data = codec.encode(original)
    ours, theirs = codec.decode(data), by_library(data)[:, :channels]
    # The library looks gains up in a table of 1024 entries, and writes half floats.
    assert psnr(ours, theirs) > 50
    bright = ours > 10.0
    assert float(((ours - theirs).abs() / ours)[bright].max()) < 0.03


def test_any_reader_shows_the_tone_mapped_base(light: torch.Tensor) -> None:
    settings = {"alpha": 0.4}
    codec = create_codec("gainmap", quality=97, base="reinhard_free", base_settings=settings)
    data = codec.encode(light)
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.format in ("JPEG", "MPO")
        shown = torch.from_numpy(np.asarray(picture.convert("RGB")).copy()).permute(2, 0, 1)[None]
    assert torch.equal(codec.base_picture(data), shown / 255)
    expected = tonemap(light, "reinhard_free", **settings)
    assert float((shown / 255 - expected).abs().mean()) < 0.02


def test_pillow_finds_both_pictures(light: torch.Tensor) -> None:
    data = create_codec("gainmap", scale=2).encode(light)
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.n_frames == 2
        assert picture.size == (128, 96)
        picture.seek(1)
        assert picture.size == (64, 48)


def test_the_package_reads_the_file_as_light(light: torch.Tensor, tmp_path) -> None:
    pytest.importorskip("imagecodecs", reason="the extra 'codecs' is not installed")
    codec = create_codec("gainmap")
    path = tmp_path / "one.jpg"
    path.write_bytes(codec.encode(light))
    read = read_image(path)
    assert psnr(read.tensor() * 203.0, codec.decode(path.read_bytes())) > 50


def test_the_block_is_that_of_the_standard() -> None:
    # As libultrahdr writes it: versions, flags, headrooms, then five fractions.
    block = metadata.pack(GainRange((-1.0,), (2.0,), 0.0, 0.0))
    assert block == struct.pack(
        ">HHB2I2IiIiI2IiIiI", 0, 0, 0x40, 0, 1, 2, 1, -1, 1, 2, 1, 1, 1, 0, 1, 0, 1
    )
    three = GainRange((-1.5, 0.0, 0.25), (2.0, 3.0, 4.5))
    assert metadata.unpack(metadata.pack(three)) == three


@pytest.mark.parametrize(
    "edit",
    [
        lambda b: b[:-1],
        lambda b: b[:3],
        lambda b: b"\0\1" + b[2:],
        lambda b: b[:4] + b"\x00" + b[5:],
        lambda b: b[:25] + b"\0\0\0\0" + b[29:],
        lambda b: b[:21] + b"\x7f\xff\xff\xff\0\0\0\1" + b[29:],
    ],
)
def test_a_damaged_block_is_refused(edit) -> None:
    with pytest.raises(ImageReadError):
        metadata.unpack(edit(metadata.pack(GainRange((-1.0,), (2.0,)))))


def test_the_gain_is_the_ratio_in_stops() -> None:
    base = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    light = SRGB[base] * 8
    stops = stops_between(base, light)
    assert np.allclose(stops[2:], 3, atol=0.1)
    light = SRGB[base] * np.float32(4) + np.float32(0.3)
    gain, samples = as_samples(stops_between(base, light))
    back = gain.apply(base, samples.astype(np.float32) / 255)
    error = np.log2(back[2:] / light[2:])  # half a sample, where the outlier black was not clipped
    assert np.abs(error).max() < 0.55 * (gain.high[0] - gain.low[0]) / 255 + 0.002


def test_between_samples_the_nearest_count_more() -> None:
    samples = np.array([[[0], [100]], [[200], [255]]], np.uint8)
    large = enlarged(samples, 4, 4)[..., 0] * 255
    assert large[0, 0] == pytest.approx(0, abs=1e-3)
    assert large[0, 2] == pytest.approx(100, abs=1e-3)
    corner = np.array([0, 100, 200, 255.0])
    weights = 1 / np.array([0.5, 0.5, np.sqrt(1.25), np.sqrt(1.25)])
    assert large[0, 1] == pytest.approx((weights * corner).sum() / weights.sum(), abs=1e-3)


@pytest.mark.parametrize("shape", [(96, 128), (90, 127), (8, 9)])
def test_blocks_cover_the_picture(shape: tuple[int, int]) -> None:
    stops = np.random.default_rng(1).normal(size=(*shape, 3)).astype(np.float32)
    for scale in (1, 2, 3, 16):
        small = reduced(stops, scale)
        assert small.shape[1] == max(shape[1] // scale, 1)
        assert enlarged(np.zeros_like(small, np.uint8), *shape).shape == stops.shape
    assert np.array_equal(reduced(stops, 1), stops)


def test_damaged_files_are_refused(light: torch.Tensor) -> None:
    codec = create_codec("gainmap")
    data = codec.encode(light[..., :32, :32])
    parts = split(data)
    broken = (
        b"", data[:100], data[: len(parts.base)], data[:-2], data + b"\0", b"\0" + data,
        data.replace(metadata.IDENTIFIER, b"x" * len(metadata.IDENTIFIER)),
        create_codec("jpeg").encode(torch.zeros(1, 3, 16, 16)),
    )  # fmt: skip
    for one in broken:
        with pytest.raises(ImageReadError):
            codec.decode(one)
        with pytest.raises(ImageReadError):
            codec.base_picture(one)


def test_a_gain_map_larger_than_the_picture_is_refused(light: torch.Tensor) -> None:
    codec = create_codec("jpeg", quality=80)
    small, large = (codec.encode(torch.full((1, 3, n, n), 0.5)) for n in (16, 32))
    block = metadata.pack(GainRange((0.0,) * 3, (1.0,) * 3))
    with pytest.raises(ImageReadError, match="larger"):
        create_codec("gainmap").decode(join(small, large, block))


def test_sides_that_readers_do_not_take() -> None:
    for height, width in ((7, 16), (16, 7), (8, 8193)):
        with pytest.raises(ShapeError, match="8 to 8192"):
            create_codec("gainmap")(torch.ones(1, 1, height, width))


@pytest.mark.parametrize("name", ["gainmap", "jpegxt-c", "jpegxt-a"])
@pytest.mark.parametrize(
    "settings",
    [
        {"base": "drago"},
        {"base": 3},
        {"base": "reinhard_free", "base_settings": {"key": 1.0}},
        {"base": "reinhard_free", "base_settings": {"alpha": -1.0}},
        {"base": "reinhard_free", "base_settings": {"alpha": torch.tensor(1.0)}},
        {"base": "reinhard_free", "base_settings": 0.5},
        {"base": "exposure", "base_settings": {"alpha": 1.0}},
    ],
    ids=str,
)
def test_bases_that_cannot_be_are_refused(name: str, settings: dict) -> None:
    with pytest.raises(OptionError):
        create_codec(name, **settings)


@pytest.mark.parametrize("name", ["gainmap", "jpegxt-c", "jpegxt-a", "jpegxt-b"])
def test_the_base_follows_its_settings_and_the_light_stays(name: str, light: torch.Tensor) -> None:
    pictures, decoded = [], []
    for alpha in (0.1, 0.5):
        codec = create_codec(name, quality=95, base="reinhard_free", base_settings={"alpha": alpha})
        data = codec.encode(light)
        pictures.append(codec.base_picture(data))
        decoded.append(codec.decode(data))
    assert float(pictures[1].mean()) > float(pictures[0].mean()) + 0.1
    assert all(psnr(one, light) > (20 if name == "jpegxt-b" else 35) for one in decoded)


def test_codes_are_those_of_the_operators(light: torch.Tensor) -> None:
    pixels = np.ascontiguousarray(np.moveaxis(light[0].numpy(), 0, 2))
    for operator, settings in (
        ("drago03", {"bias": 0.8}),  # a curve over luminance
        ("reinhard_free", {"alpha": 0.3, "gamma": 0.7}),  # has its own colour
        ("ferwerda96", {}),
    ):
        expected = tonemap(light, operator, **settings)[0].permute(1, 2, 0).numpy() * 255
        assert np.abs(operator_codes(pixels, operator, settings) - expected).max() < 0.6
