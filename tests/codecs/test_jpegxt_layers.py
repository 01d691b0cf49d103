from __future__ import annotations

import io
import itertools
import math
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

import hdrmetrics as hm
import hdrmetrics.tonemap
from hdrmetrics.codecs.jpegxt import container as jpegxt_container
from hdrmetrics.codecs.jpegxt.base import BASES, SRGB, base_codes, exposure_white, luma
from hdrmetrics.codecs.jpegxt.codec import JpegXt
from hdrmetrics.codecs.jpegxt.jpeg import SUBSAMPLINGS, JpegCoder, quality_tables
from hdrmetrics.codecs.jpegxt.layers import JpegXtA, JpegXtB, JpegXtC, LayeredCodec
from hdrmetrics.codecs.jpegxt.profile_a import ProfileA
from hdrmetrics.codecs.jpegxt.profile_b import ProfileB
from hdrmetrics.codecs.jpegxt.profile_c import ProfileC, inverse_table, to_half_codes
from hdrmetrics.errors import (
    ImageLimitError,
    ImageReadError,
    ImageWriteError,
    OptionError,
    PixelValueError,
    ShapeError,
)

ALL = (JpegXtA, JpegXtB, JpegXtC)
each = pytest.mark.parametrize("codec", ALL, ids=lambda c: c.info.name)

# ITU-T T.871: R'G'B' of Y'CbCr, without the offset of 128.
TO_RGB = np.array([[1.0, 0.0, 1.402], [1.0, -0.344136, -0.714136], [1.0, 1.772, 0.0]])


class Exact:
    """A coder that loses nothing, to test the arithmetic around it."""

    def encode(self, samples, tables, *, planes, subsampling):
        return samples.tobytes()

    def decode(self, data, shape, *, planes):
        return np.frombuffer(data, np.uint8).reshape(shape)


def exact(codec: type[LayeredCodec], **settings) -> LayeredCodec:
    return type("WithoutLoss", (codec,), {"coder": Exact()})(**settings)


def scene(channels: int = 3, low: float = 0.05, high: float = 4000.0) -> torch.Tensor:
    """Smooth coloured light over the range given, with texture, ``(1, C, 72, 88)``."""
    y, x = torch.meshgrid(torch.linspace(0, 1, 72), torch.linspace(0, 1, 88), indexing="ij")
    noise = torch.rand(3, 72, 88, generator=torch.Generator().manual_seed(3))
    place = (0.7 * x + 0.3 * y + 0.04 * torch.sin(40 * x * y)).clamp(0, 1)
    tint = torch.stack([0.6 + 0.4 * y, 0.7 + 0.2 * x, 1.0 - 0.5 * y * x]) * (0.9 + 0.1 * noise)
    light = low * (high / low) ** place * tint
    return (light if channels == 3 else light[:1])[None].float()


def array(image: torch.Tensor) -> np.ndarray:
    return np.ascontiguousarray(np.moveaxis(image[0].numpy(), 0, 2))


def frame(name: str) -> torch.Tensor:
    pixels = torch.from_numpy(hm.read_image(hm.sample_images()[name]).pixels.copy())
    light = pixels.permute(2, 0, 1)[None].clamp(min=0)
    return (light * (1000 / torch.quantile(light.mean(1), 0.999))).clamp(max=10_000)


def psnr(test: torch.Tensor, reference: torch.Tensor) -> float:
    return float(hm.create_metric("pu21-psnr")(test, reference))


def reseal(data: bytes, edit) -> bytes:
    """Return the string with its body edited and a check sum that fits."""
    body = edit(bytearray(data[:-4]))
    return bytes(body) + struct.pack("<I", zlib.crc32(bytes(body)))


# -- against truth that is not ours --------------------------------------------------------------


def test_quality_means_what_it_means_elsewhere():
    noise = np.random.default_rng(0).integers(0, 256, (24, 40, 3), dtype=np.uint8)
    picture = Image.fromarray(noise)
    for quality, subsampling in itertools.product((1, 7, 49, 50, 51, 75, 99, 100), SUBSAMPLINGS):
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality, subsampling=subsampling, optimize=True)
        ours = JpegCoder().encode(
            noise, quality_tables(quality), planes="rgb", subsampling=subsampling
        )
        assert ours == file.getvalue()


@each
def test_base_layer_is_a_jpeg_file_for_any_reader(codec):
    image = scene()
    layers = jpegxt_container.unpack(codec(quality=90).encode(image), codec.profile)
    with Image.open(io.BytesIO(layers.base)) as picture:
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (88, 72))
        shown = np.asarray(picture).astype(int)
    base = base_codes(array(image), codec().settings["base"]).astype(int)
    assert np.abs(shown - base).mean() < 3


def test_half_codes_are_the_bits_of_half_floats():
    values = [0.0, 6e-8, 6.1e-5, 0.1, 1.0, 1.0005, 333.3, 65504.0, 65519.9, 1e6]
    for value in values:
        (bits,) = struct.unpack("<H", struct.pack("<e", min(value, 65504.0)))
        assert to_half_codes(np.array([value], np.float32))[0] == bits
    assert to_half_codes(np.float32([2.0]))[0] - to_half_codes(np.float32([1.0]))[0] == 1024


def test_luma_is_that_of_the_standard():
    light = np.random.default_rng(1).random((5, 4, 3), dtype=np.float32)
    expected = light @ np.linalg.inv(TO_RGB)[0]
    np.testing.assert_allclose(luma(light), expected, rtol=1e-5)


def test_photoreceptor_follows_its_formula():
    light = array(scene())
    y = light.astype(np.float64) @ [0.299, 0.587, 0.114]
    logs = np.log(y)
    m = 0.3 + 0.7 * ((logs.max() - logs.mean()) / (logs.max() - logs.min())) ** 1.4
    t = light.astype(np.float64) ** (1 / 2.2) / y.mean() ** m
    expected = 256 * t / (1 + t)
    # Half a code to each side, and what single precision adds at a tie.
    assert np.abs(base_codes(light, "photoreceptor") - expected).max() <= 0.5 + 1e-3


def test_exposure_puts_the_mean_at_six_tenths():
    light = array(scene())
    white = float(light.mean()) / 0.6
    assert exposure_white(light) == pytest.approx(white)
    x = np.clip(light.astype(np.float64) / white, 0, 1)
    srgb = np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055)
    linear = SRGB[base_codes(light, "exposure")].astype(np.float64)
    back = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    # Thresholds lie halfway in light, so half a code or a little more in sRGB.
    lit = x > SRGB[1]  # darker samples are lifted to code 1
    assert np.abs(back - srgb)[lit].max() < 0.56 / 255


@pytest.mark.parametrize("base", ["reinhard02", "logarithmic"])
def test_operators_are_those_of_the_package(base):
    light = scene()
    expected = array(hm.tonemap.tonemap(light, base)) * 255
    bright = expected > 1.5  # darker samples are lifted to code 1
    assert np.abs(base_codes(array(light), base) - expected)[bright].max() < 0.52


def test_profile_a_within_the_rounding_of_its_layers():
    light = scene()
    base = base_codes(array(light), "reinhard02")
    profile, samples = ProfileA.split(array(light), base)
    out = profile.merge(base, samples).astype(np.float64)
    want = array(light).astype(np.float64)
    q = luma(SRGB[base]).astype(np.float64)
    delta = (profile.ratio[1] - profile.ratio[0]) / 510
    mu = luma(array(light)) / q * math.exp(delta)
    error_b, error_r = ((p[1] - p[0]) / 510 for p in (profile.blue, profile.red))
    inside = ((samples > 0) & (samples < 255)).all(axis=2)
    assert inside.mean() > 0.99
    for channel, row in enumerate(np.abs(TO_RGB)):
        bound = q * math.expm1(delta) + (q + 0.1) * (row[1] * error_b + row[2] * error_r)
        error = np.abs(out - want)[..., channel]
        assert (error <= mu * bound * (1 + 1e-4))[inside].all()


def test_profile_a_of_grey_within_its_step():
    light = scene(1)
    coded = exact(JpegXtA)(light)
    base = base_codes(array(light), "reinhard02")
    low, high = ProfileA.split(array(light), base)[0].ratio
    ratio = (coded.image / light).log().abs().flatten().sort().values
    assert float(ratio[: int(0.999 * len(ratio))].max()) <= (high - low) / 510 + 1e-5


@pytest.mark.parametrize("base", BASES)
def test_profile_b_within_the_rounding_of_its_layers(base):
    light = array(scene())
    codes = base_codes(light, base)
    white = exposure_white(light) if base == "exposure" else None
    profile, samples = ProfileB.split(light, codes, white)
    out = profile.merge(codes, samples).astype(np.float64)
    quotient = SRGB[codes].astype(np.float64) * profile.white / light
    root = quotient ** (1 / profile.gamma)
    # One step of the residual layer is half a step to each side.
    bound = profile.gamma * -np.log1p(-1 / 510 / root) + 1e-7 / quotient + 1e-5
    inside = (quotient <= 1) & (quotient >= profile.least)
    assert inside.mean() > (0.4 if base == "exposure" else 0.99)
    assert (np.abs(np.log(out / light)) <= bound)[inside].all()
    if base == "exposure":
        # Where rounding made the base layer too bright, it stays so, by less than a code.
        over = quotient > 1
        np.testing.assert_allclose(out[over], profile.white * SRGB[codes][over], rtol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_profile_c_within_the_rounding_of_its_layers(channels):
    light = array(scene(channels))
    codes = base_codes(light, "photoreceptor")
    shown = np.clip(codes.astype(int) + 3, 0, 255).astype(np.uint8)  # as if coding had moved it
    profile, samples = ProfileC.split(light, codes, shown)
    out = to_half_codes(profile.merge(shown, samples)).astype(int)
    want = to_half_codes(light).astype(int)
    planes = samples.reshape(*samples.shape[:2], -1)
    inside = ((planes > 0) & (planes < 255)).all(axis=2)
    assert inside.mean() > 0.99
    reach = np.abs(TO_RGB).sum(axis=1) / 2 if channels == 3 else np.array([0.5])
    bound = profile.scale * reach + 1
    assert (np.abs(out - want) <= bound)[inside].all()


def test_inverse_table_is_the_mean_and_does_not_fall():
    half = np.array([100, 110, 50, 300, 700], np.uint16)
    table = inverse_table(half, np.array([2, 2, 4, 6, 10], np.uint8))
    assert table[0] == table[2] == 105  # the mean; below it nothing is known
    assert table[4] == 105  # 50 would fall
    assert table[6] == 300
    assert table[8] == 500  # halfway to the next that is known
    assert table[10] == table[255] == 700


@pytest.mark.skipif(JpegXt.missing() is not None, reason="the program jpeg is not installed")
@pytest.mark.parametrize("quality", [20, 60, 90])
def test_profile_c_comes_near_the_reference_program(quality):
    light = frame("courtyard")
    real, ours = JpegXt(quality=quality)(light), JpegXtC(quality=quality)(light)
    assert abs(psnr(ours.image, light) - psnr(real.image, light)) < 1.5
    assert ours.bits_per_pixel == pytest.approx(real.bits_per_pixel, rel=0.25)


# -- properties ----------------------------------------------------------------------------------


@each
def test_parameters_are_described(codec):
    assert codec.info.name == f"jpegxt-{codec.profile}"
    assert codec.missing() is None
    assert [p.name for p in codec.info.parameters] == [
        "quality",
        "residual_quality",
        "base",
        "base_settings",
        "subsampling",
    ]
    search = codec.info.parameters[0].search
    assert search == (min(codec.info.ladder), max(codec.info.ladder))
    assert all(a > b for a, b in itertools.pairwise(codec.info.ladder))


@each
@pytest.mark.parametrize("channels", [1, 3])
def test_high_quality_is_close(codec, channels):
    light = scene(channels)
    coded = codec(quality=100)(light)
    assert coded.image.shape == light.shape
    assert coded.image.dtype == torch.float32
    assert psnr(coded.image, light) > 40
    assert coded.n_bytes == len(codec(quality=100).encode(light))
    assert coded.bits_per_pixel == pytest.approx(8 * coded.n_bytes / (72 * 88))


@each
def test_better_quality_is_larger_and_nearer(codec):
    light = frame("hotel_room")[..., 60:220, 100:300]
    coded = [codec(quality=quality)(light) for quality in (3, 15, 40, 75, 95)]
    sizes = [one.n_bytes for one in coded]
    quality = [psnr(one.image, light) for one in coded]
    assert sizes == sorted(sizes)
    assert quality == sorted(quality)
    assert quality[-1] - quality[0] > 8


@each
def test_each_layer_has_its_quality(codec):
    light = frame("hotel_room")[..., 60:220, 100:300]

    def sizes(**settings: int) -> tuple[int, int]:
        layers = jpegxt_container.unpack(codec(**settings).encode(light), codec.profile)
        return len(layers.base), len(layers.residual)

    assert sizes(quality=60) == sizes(quality=60, residual_quality=60)
    base, residual = sizes(quality=60)
    assert sizes(quality=60, residual_quality=90)[0] == base
    assert sizes(quality=60, residual_quality=90)[1] > residual
    assert sizes(quality=90, residual_quality=60)[0] > base


@each
@pytest.mark.parametrize("base", BASES)
def test_every_base_layer_works(codec, base):
    light = frame("courtyard")[..., 60:220, 100:300]
    assert psnr(codec(quality=95, base=base)(light).image, light) > 30


@each
def test_subsampling_saves_bytes(codec):
    light = frame("hotel_room")[..., 60:220, 100:300]
    sizes = [codec(subsampling=name)(light).n_bytes for name in ("4:4:4", "4:2:2", "4:2:0")]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[2]


@each
def test_same_bytes_again(codec):
    light = scene()
    first = codec(quality=50).encode(light)
    assert codec(quality=50).encode(light.clone()) == first
    assert codec(quality=50).encode(light.permute(0, 1, 3, 2).contiguous().mT) == first
    assert torch.equal(codec().decode(first), codec(quality=3).decode(first))


@each
@pytest.mark.parametrize("base", BASES)
def test_same_bytes_with_more_threads(codec, base):
    light = frame("courtyard")
    before, found = torch.get_num_threads(), set()
    try:
        for threads in (1, 2, 4):
            torch.set_num_threads(threads)
            found.add(codec(quality=60, base=base).encode(light))
    finally:
        torch.set_num_threads(before)
    assert len(found) == 1


@pytest.mark.parametrize("codec", [JpegXtA, JpegXtB])
def test_scale_of_light_changes_nothing_else(codec):
    light = scene()
    one, four = (codec(quality=60)(light * factor).image for factor in (1, 4))
    assert psnr(four / 4, one) > 50


@each
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (13, 17), (8, 8), (65, 3)])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_size(codec, size, channels):
    light = scene(channels)[..., 20 : 20 + size[0], 30 : 30 + size[1]]
    image = codec(quality=100, subsampling="4:4:4")(light).image
    assert image.shape == light.shape
    assert float((image / light).log().abs().median()) < 0.04


@each
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("quality", [1, 50, 100])
def test_black_stays_black(codec, channels, quality):
    assert codec(quality=quality)(torch.zeros(1, channels, 9, 12)).image.abs().max() < 1e-20


@each
@pytest.mark.parametrize("level", [1e-4, 0.3, 100.0, 6e4])
def test_flat_grey_stays_flat_and_grey(codec, level):
    image = codec(quality=90)(torch.full((1, 3, 20, 24), level)).image
    assert float(image.amax() - image.amin()) <= 1e-3 * level
    assert float(image.mean()) == pytest.approx(level, rel=0.02)


@each
@pytest.mark.parametrize("quality", [5, 60, 95])
def test_huge_range_is_finite(codec, quality):
    light = scene(low=1e-4, high=1e6)
    image = codec(quality=quality)(light).image
    assert torch.isfinite(image).all()
    assert float(image.min()) >= 0
    assert float(image.max()) < 1e8


def test_half_range_is_where_profile_c_clips():
    light = torch.full((1, 1, 8, 8), 2e5)
    assert JpegXtC(quality=95)(light).image.max() == 65504
    for codec in (JpegXtA, JpegXtB):
        image = codec(quality=95)(light).image
        assert float(image.mean()) == pytest.approx(2e5, rel=0.02)


@each
def test_extremes_of_single_precision(codec):
    light = torch.tensor([0.0, 1e-45, 1e-12, 1e-8, 1.0, 1e12, 3.4e38]).reshape(1, 1, 1, 7)
    for image in (light, light.expand(1, 3, 4, 7)):
        out = codec(quality=100)(image).image
        assert torch.isfinite(out).all()
        assert float(out.min()) >= 0


# -- bad input -----------------------------------------------------------------------------------


@each
def test_bad_pictures_are_refused(codec):
    with pytest.raises(PixelValueError, match="NaN"):
        codec()(torch.full((1, 3, 4, 4), math.nan))
    with pytest.raises(PixelValueError, match="negative"):
        codec()(torch.full((1, 3, 4, 4), -1.0))
    with pytest.raises(ShapeError, match="one picture"):
        codec()(torch.ones(2, 3, 4, 4))
    with pytest.raises(ShapeError):
        codec()(torch.ones(1, 2, 4, 4))
    with pytest.raises(ImageWriteError, match="cut the picture"):
        codec()(torch.ones(1, 1, 1, 65501))


@each
@pytest.mark.parametrize(
    "settings",
    [
        {"quality": 0},
        {"quality": 101},
        {"quality": 50.5},
        {"residual_quality": 0},
        {"base": "drago"},
        {"subsampling": "4:1:1"},
        {"key": 1},
    ],
    ids=str,
)
def test_bad_settings_are_refused(codec, settings):
    with pytest.raises(OptionError):
        codec(**settings)


@each
def test_changed_bytes_are_noticed(codec):
    data = codec(quality=30).encode(scene())
    rng = np.random.default_rng(5)
    for place in [*range(40), *rng.integers(40, len(data), 60)]:
        changed = bytearray(data)
        changed[place] ^= 1 << int(rng.integers(8))
        with pytest.raises(ImageReadError):
            codec().decode(bytes(changed))


@each
def test_truncated_bytes_are_noticed(codec):
    data = codec(quality=30).encode(scene())
    for length in [*range(40), *range(40, len(data), 97), len(data) - 1]:
        with pytest.raises(ImageReadError):
            codec().decode(data[:length])
    with pytest.raises(ImageReadError, match="longer"):
        codec().decode(data + b"\0")


def test_other_profiles_are_named():
    data = JpegXtA().encode(scene())
    with pytest.raises(ImageReadError, match="profile 'a'"):
        JpegXtC().decode(data)


@each
def test_layers_that_lie_are_refused(codec):
    image = scene()
    data = codec(quality=30).encode(image)
    layers = jpegxt_container.unpack(data, codec.profile)

    def with_(**changes) -> bytes:
        fields = {name: getattr(layers, name) for name in layers.__slots__}
        return jpegxt_container.pack(jpegxt_container.Layers(**{**fields, **changes}))

    assert codec().decode(with_()).shape == image.shape
    grey = jpegxt_container.unpack(codec().encode(scene(1)), codec.profile)
    n = len(layers.constants) // 4
    for changes in (
        {"width": 89},
        {"height": 8, "width": 8},
        {"channels": 1},
        {"channels": 2},
        {"constants": b""},
        {"constants": struct.pack(f"<{n}f", *[math.nan] * n)},
        {"constants": b"\xff" * len(layers.constants)},
        {"base": b"no JPEG"},
        {"base": layers.base[: len(layers.base) // 2]},
        {"base": grey.base},
        {"residual": layers.residual[:100]},
        {"residual": layers.base[:2] + bytes(len(layers.base))},
        {"residual": grey.residual},
    ):
        with pytest.raises(ImageReadError):
            codec().decode(with_(**changes))
    version = reseal(data, lambda body: body[:4] + b"\x09" + body[5:])
    with pytest.raises(ImageReadError, match="version 9"):
        codec().decode(version)


@each
def test_announced_giants_take_no_memory(codec):
    layers = jpegxt_container.unpack(codec().encode(scene()), codec.profile)
    # The size stands in the frame header too: marker FFC0, length, precision, height, width.
    forged = []
    for stream in (layers.base, layers.residual):
        place = stream.index(b"\xff\xc0")
        forged.append(stream[: place + 5] + struct.pack(">HH", 16000, 16000) + stream[place + 9 :])
    tracemalloc.start()
    for side, error in ((65500, ImageLimitError), (16000, ImageReadError)):
        data = jpegxt_container.pack(
            jpegxt_container.Layers(
                codec.profile, layers.channels, side, side, layers.constants, *forged
            )
        )
        with pytest.raises(error):
            codec().decode(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**22
