"""OpenEXR: files of the official library and files written byte by byte."""

from __future__ import annotations

import struct
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import OpenEXR
import pytest
from exr_builder import BT709, Part, build, rgb, stacked

from hdrmetrics import read_image, write_image
from hdrmetrics.errors import ImageLimitError, ImageReadError, ImageWriteError, OptionError
from hdrmetrics.picture.image import Calibration, Image

# ITU-R BT.2407, linear BT.2020 to BT.709.
BT2020_TO_BT709 = [
    [1.6605, -0.5876, -0.0728],
    [-0.1246, 1.1329, -0.0083],
    [-0.0182, -0.1006, 1.1187],
]


def chromaticities(*values: float) -> dict[str, tuple[str, bytes]]:
    return {"chromaticities": ("chromaticities", struct.pack("<8f", *values))}


# Files of the official library.

LOSSLESS = ["NO", "RLE", "ZIPS", "ZIP", "PIZ", "PXR24"]
LOSSY = ["B44", "B44A", "DWAA", "DWAB"]


@pytest.mark.parametrize("compression", LOSSLESS + LOSSY)
@pytest.mark.parametrize("alpha", [False, True])
def test_scanlines_of_every_compression(tmp_path, compression, alpha):
    path = tmp_path / "a.exr"
    planes = rgb(40, 33)
    if alpha:
        planes["A"] = np.full((40, 33), 0.5, np.float16)
    kind = getattr(OpenEXR, f"{compression}_COMPRESSION")
    OpenEXR.File({"compression": kind, "type": OpenEXR.scanlineimage}, dict(planes)).write(
        str(path)
    )
    image = read_image(path)
    if compression in LOSSLESS:
        expected = stacked(planes)
    else:
        decoded = OpenEXR.File(str(path), separate_channels=True).channels()
        expected = stacked({name: decoded[name].pixels for name in "RGB"})
    np.testing.assert_array_equal(image.pixels, expected)
    assert image.origin.details["compression"] == compression.lower().replace("no", "none")
    assert image.origin.depth == "float16"
    assert image.calibration.kind == "relative"
    assert ("the alpha channel was dropped" in image.notes) == alpha


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (5, 300)])
def test_tiles_of_the_library(tmp_path, dtype, size):
    path = tmp_path / "a.exr"
    planes = rgb(*size, dtype)
    tiles = OpenEXR.TileDescription()
    tiles.xSize, tiles.ySize = 32, 16
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.tiledimage, "tiles": tiles}
    OpenEXR.File(header, dict(planes)).write(str(path))
    image = read_image(path)
    np.testing.assert_array_equal(image.pixels, stacked(planes))
    assert image.origin.details["tiled"]
    assert image.origin.depth == np.dtype(dtype).name


def test_multi_part_of_the_library(tmp_path):
    path = tmp_path / "a.exr"
    depth = {"Z": np.ones((6, 4), np.float32)}
    left, right = rgb(6, 4, seed=1), rgb(6, 4, np.float32, seed=2)
    parts = [
        OpenEXR.Part({"type": OpenEXR.scanlineimage, "name": name}, dict(planes), name)
        for name, planes in (("depth", depth), ("left", left), ("right", right))
    ]
    OpenEXR.File(parts).write(str(path))
    image = read_image(path)  # the first part is no picture
    np.testing.assert_array_equal(image.pixels, stacked(left))
    assert image.origin.details["part"] == "left"
    assert "part 'left' of 3 was read" in image.notes
    for part in ("right", 2):
        np.testing.assert_array_equal(read_image(path, part=part).pixels, stacked(right))
    with pytest.raises(OptionError, match=r"no part or layer 'top'; there are 'left', 'right'"):
        read_image(path, part="top")
    with pytest.raises(OptionError, match="numbered 0 to 2"):
        read_image(path, part=3)
    with pytest.raises(ImageReadError, match="only the channels Z"):
        read_image(path, part="depth")


# Channels and layers.


def test_luminance_alone_is_one_channel(read):
    plane = np.arange(12, dtype=np.float32).reshape(3, 4)
    image = read(build(Part({"Y": plane}, (3, 4))))
    np.testing.assert_array_equal(image.pixels, plane[..., None])


def test_channels_of_different_types(read):
    planes = rgb(3, 4)
    planes["G"] = planes["G"].astype(np.float32) + np.float32(1e-6)
    image = read(build(Part(planes, (3, 4))))
    np.testing.assert_array_equal(image.pixels, stacked(planes))
    assert image.origin.depth == "float16/float32"


def test_default_layer_before_named_ones(read):
    planes = rgb(3, 4) | {f"diffuse.{k}": v for k, v in rgb(3, 4, seed=1).items()}
    data = build(Part(planes, (3, 4)))
    np.testing.assert_array_equal(read(data).pixels, stacked(planes))
    image = read(data, part="diffuse")
    np.testing.assert_array_equal(image.pixels, stacked(planes, "diffuse."))
    assert "layer 'diffuse' was read" in image.notes


def test_the_only_named_layer(read):
    planes = {f"view.left.{k}": v for k, v in rgb(3, 4).items()} | {"Z": np.ones((3, 4), "f4")}
    image = read(build(Part(planes, (3, 4))))
    np.testing.assert_array_equal(image.pixels, stacked(planes, "view.left."))
    assert image.origin.details["layer"] == "view.left"


def test_several_named_layers_are_listed(read):
    planes = {f"{layer}.{k}": v for layer in ("a", "b") for k, v in rgb(3, 4).items()}
    with pytest.raises(ImageReadError, match="there are 'a', 'b': choose with part="):
        read(build(Part(planes, (3, 4))))


@pytest.mark.parametrize("names", ["Z", "RG", "AZ"])
def test_no_picture(read, names):
    planes = {name: np.ones((2, 2), np.float16) for name in names}
    with pytest.raises(ImageReadError, match="there are only the channels"):
        read(build(Part(planes, (2, 2))))


def test_whole_numbers_are_refused(read):
    planes = {name: np.ones((2, 2), np.uint32) for name in "RGB"}
    with pytest.raises(ImageReadError, match="hold whole numbers"):
        read(build(Part(planes, (2, 2))))


def test_deep_files_are_refused(read):
    deep = {"type": ("string", b"deepscanline")}
    with pytest.raises(ImageReadError, match="flatten them first"):
        read(build(Part(rgb(2, 2), (2, 2), attributes=deep), flags=0x800))
    with pytest.raises(ImageReadError, match="flatten them first"):
        read(build(Part(rgb(2, 2), (2, 2), attributes=deep), names=["deep"]))


def test_flat_part_beside_a_deep_one(read):
    deep = Part(rgb(2, 2), (2, 2), attributes={"type": ("string", b"deepscanline")})
    flat = Part(rgb(3, 3, seed=1), (3, 3))
    data = build(deep, flat)
    np.testing.assert_array_equal(read(data).pixels, stacked(flat.planes))
    with pytest.raises(ImageReadError, match="this EXR part is deep"):
        read(data, part=0)


# Levels, windows, order.


@pytest.mark.parametrize("mode", [0, 1, 2, 17, 18])
def test_only_full_resolution_of_tiled_levels(read, mode):
    planes = rgb(11, 23)
    image = read(build(Part(planes, (11, 23), tile=(8, 4, mode))))
    np.testing.assert_array_equal(image.pixels, stacked(planes))


def test_tiled_part_of_a_multi_part_file(read):
    first = Part({"Z": np.ones((9, 9), np.float16)}, (9, 9), tile=(4, 4, 1))
    second = Part(rgb(9, 9), (9, 9), tile=(4, 8, 2))
    image = read(build(first, second))
    np.testing.assert_array_equal(image.pixels, stacked(second.planes))


def test_long_channel_names(read):
    layer = "a" * 60
    planes = {f"{layer}.{k}": v for k, v in rgb(3, 4).items()}
    image = read(build(Part(planes, (3, 4)), flags=0x400))
    np.testing.assert_array_equal(image.pixels, stacked(planes, f"{layer}."))


def test_pixel_aspect_is_noted(read):
    part = Part(rgb(2, 2), (2, 2), attributes={"pixelAspectRatio": ("float", struct.pack("<f", 2))})
    assert any("not square (aspect 2)" in note for note in read(build(part)).notes)


# Colour and units.


def test_bt709_chromaticities_change_nothing(read):
    planes = rgb(3, 4, np.float32)
    image = read(build(Part(planes, (3, 4), attributes=chromaticities(*BT709))))
    np.testing.assert_array_equal(image.pixels, stacked(planes))
    assert image.notes == ()


def test_bt2020_is_converted(read):
    planes = rgb(3, 4, np.float32)
    values = (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, 0.3127, 0.3290)
    image = read(build(Part(planes, (3, 4), attributes=chromaticities(*values))))
    np.testing.assert_allclose(
        image.pixels, stacked(planes) @ np.array(BT2020_TO_BT709).T, atol=5e-4
    )
    assert image.primaries == "bt709"
    assert image.origin.primaries.startswith("(0.708, 0.292)")


def test_aces_grey_stays_grey(read):
    # AP0: a blue primary below the axis, and another white.
    values = (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767)
    planes = {name: np.full((2, 2), 0.18, np.float32) for name in "RGB"}
    image = read(build(Part(planes, (2, 2), attributes=chromaticities(*values))))
    np.testing.assert_allclose(image.pixels, 0.18, rtol=1e-5)


def test_xyz_keeps_the_light(read):
    # Channels are X, Y, Z: those of white D65 are BT.709 (1, 1, 1), as in the format's own samples.
    planes = {
        name: np.full((2, 2), value, np.float32)
        for name, value in zip("RGB", (0.95046, 1.0, 1.08906), strict=True)
    }
    part = Part(planes, (2, 2), attributes=chromaticities(1, 0, 0, 1, 0, 0, 1 / 3, 1 / 3))
    np.testing.assert_allclose(read(build(part)).pixels, 1, atol=1e-4)


@pytest.mark.parametrize("values", [(0,) * 8, (0.3, 0.3) * 4, (float("nan"),) * 8])
def test_impossible_chromaticities_are_noted(read, values):
    planes = rgb(2, 2, np.float32)
    image = read(build(Part(planes, (2, 2), attributes=chromaticities(*values))))
    np.testing.assert_array_equal(image.pixels, stacked(planes))
    assert any("impossible primaries" in note for note in image.notes)


def white(value: float) -> dict[str, tuple[str, bytes]]:
    return {"whiteLuminance": ("float", struct.pack("<f", value))}


def test_white_luminance_makes_it_absolute(read):
    planes = rgb(2, 2, np.float32)
    data = build(Part(planes, (2, 2), attributes=white(203)))
    image = read(data)
    assert image.calibration.kind == "absolute"
    assert "203 cd/m²" in image.calibration.rule
    np.testing.assert_array_equal(image.pixels, stacked(planes) * np.float32(203))
    doubled = read(data, scale=2)
    assert doubled.calibration.kind == "scaled"
    np.testing.assert_array_equal(doubled.pixels, image.pixels * 2)


@pytest.mark.parametrize("value", [0.0, -5.0, 1e9, float("nan"), float("inf")])
def test_incredible_white_luminance_is_ignored(read, value):
    planes = rgb(2, 2, np.float32)
    image = read(build(Part(planes, (2, 2), attributes=white(value))))
    assert image.calibration.kind == "relative"
    np.testing.assert_array_equal(image.pixels, stacked(planes))
    assert any("not credible" in note for note in image.notes)


def test_nan_and_negative_values_are_kept(read):
    planes = rgb(2, 2, np.float32)
    planes["R"][0, 0], planes["G"][0, 0], planes["B"][1, 1] = np.nan, np.inf, -2
    image = read(build(Part(planes, (2, 2))))
    np.testing.assert_array_equal(image.pixels, stacked(planes))
    assert "2 of 12 samples are NaN or infinite" in image.notes


# Luminance and chroma.

WEIGHTS = np.array([0.2126, 0.7152, 0.0722])


def chroma_planes(pixels: np.ndarray, step: int) -> dict[str, np.ndarray]:
    """Planes Y, RY, BY of RGB, with chroma taken from every ``step``-th pixel."""
    luma = pixels @ WEIGHTS
    ratio = (pixels - luma[..., None]) / luma[..., None]
    return {
        "Y": luma.astype(np.float32),
        "RY": ratio[::step, ::step, 0].astype(np.float32),
        "BY": ratio[::step, ::step, 2].astype(np.float32),
    }


@pytest.mark.parametrize("step", [1, 2])
def test_chroma_of_one_colour_is_exact(read, step):
    pixels = np.tile(np.array([0.9, 0.3, 0.05]), (16, 20, 1))
    image = read(build(Part(chroma_planes(pixels, step), (16, 20))))
    np.testing.assert_allclose(image.pixels, pixels, rtol=2e-4)


def test_chroma_between_samples_is_interpolated(read):
    y, x = np.mgrid[0:64, 0:96] / 96
    pixels = np.stack([0.5 + 0.3 * np.sin(6 * x), 0.5 + 0.2 * y, 0.4 + 0.3 * np.cos(5 * y)], -1)
    image = read(build(Part(chroma_planes(pixels, 2), (64, 96))))
    inner = (slice(14, -14), slice(14, -14))  # the filter reaches 13 pixels
    np.testing.assert_allclose(image.pixels[inner], pixels[inner], atol=2e-4)
    np.testing.assert_allclose(image.pixels, pixels, atol=0.03)
    # Whatever becomes of the chroma, luminance is the stored plane.
    np.testing.assert_allclose(image.pixels @ WEIGHTS, pixels @ WEIGHTS, rtol=1e-4)


def test_chroma_impulse_has_the_filter_of_the_format(read):
    planes = {
        "Y": np.ones((28, 28), np.float32),
        "RY": np.zeros((14, 14), np.float32),
        "BY": np.zeros((14, 14), np.float32),
    }
    planes["RY"][:, 7] = 1
    red = read(build(Part(planes, (28, 28)))).pixels[10, :, 0] - 1
    taps = [0.002128, -0.00754, 0.019597, -0.043159, 0.087929, -0.186077, 0.627123]
    np.testing.assert_allclose(red[1:14:2], taps, atol=1e-6)
    np.testing.assert_allclose(red[15:28:2], taps[::-1], atol=1e-6)
    assert red[14] == 1
    assert not red[0:14:2].any()


def test_zero_chroma_is_exactly_grey(read):
    luma = np.random.default_rng(0).random((8, 8)).astype(np.float32)
    flat = np.zeros((4, 4), np.float32)
    image = read(build(Part({"Y": luma, "RY": flat, "BY": flat}, (8, 8))))
    np.testing.assert_array_equal(image.pixels, np.repeat(luma[..., None], 3, axis=2))


def test_chroma_uses_the_weights_of_the_files_primaries(read):
    weights = np.array([0.2627, 0.678, 0.0593])
    pixels = np.tile(np.array([0.2, 0.5, 0.7]), (4, 4, 1))
    luma = pixels @ weights
    ratio = (pixels - luma[..., None]) / luma[..., None]
    planes = {"Y": luma, "RY": ratio[..., 0], "BY": ratio[..., 2]}
    planes = {name: plane.astype(np.float32) for name, plane in planes.items()}
    values = (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, 0.3127, 0.3290)
    image = read(build(Part(planes, (4, 4), attributes=chromaticities(*values))))
    expected = pixels @ np.array(BT2020_TO_BT709).T
    np.testing.assert_allclose(image.pixels, expected, atol=1e-3)


def test_subsampled_rgb_is_refused(read):
    planes = rgb(4, 4) | {"B": np.ones((2, 2), np.float16)}
    with pytest.raises(ImageReadError, match="is subsampled"):
        read(build(Part(planes, (4, 4))))


# Wrong files.


@pytest.mark.parametrize(
    ("left", "top", "right", "bottom", "error"),
    [
        (0, 0, 99_999, 99_999, ImageLimitError),
        (-50_000, 0, 50_000, 99_999, ImageLimitError),
        (0, 0, 2**31 - 1, 0, ImageReadError),
        (-(2**31), -(2**31), 2**31 - 1, 2**31 - 1, ImageReadError),
        (5, 0, 4, 3, ImageReadError),
        (0, 9, 3, 2, ImageReadError),
    ],
)
def test_announced_sizes_are_bounded(read, left, top, right, bottom, error):
    window = {"dataWindow": ("box2i", struct.pack("<4i", left, top, right, bottom))}
    with pytest.raises(error):
        read(build(Part(rgb(2, 2), (2, 2), attributes=window)))


@pytest.mark.parametrize("tile", [(0, 4), (4, 0), (2**31, 4), (4, 2**31), (100_000, 100_000)])
def test_absurd_tiles_are_refused(read, tile):
    tiles = {"tiles": ("tiledesc", struct.pack("<IIB", *tile, 0))}
    with pytest.raises(ImageReadError, match="EXR tiles"):
        read(build(Part(rgb(4, 4), (4, 4), tile=(4, 4, 0), attributes=tiles)))


def test_many_channels_count_too(read):
    planes = {f"c{index:03}.Y": np.ones((64, 64), np.float32) for index in range(300)}
    planes |= {"Y": np.ones((64, 64), np.float32)}
    data = build(Part(planes, (64, 64)))
    assert read(data).height == 64
    window = {"dataWindow": ("box2i", struct.pack("<4i", 0, 0, 16383, 16383))}
    with pytest.raises(ImageLimitError, match="301 channels"):
        read(build(Part(planes, (64, 64), attributes=window)))


@pytest.mark.parametrize(
    ("name", "kind", "body", "message"),
    [
        ("compression", "compression", b"\xc8", "compression 200 is not known"),
        ("compression", "string", b"\x00", "'compression' is missing or broken"),
        ("dataWindow", "box2i", bytes(12), "'dataWindow' is missing or broken"),
        ("channels", "chlist", b"R\0" + bytes(9) + b"\0", "channel list"),
        ("channels", "chlist", b"R\0" + struct.pack("<i4xii", 7, 1, 1) + b"\0", "sample type 7"),
        (
            "channels",
            "chlist",
            b"R\0"
            + struct.pack("<i4xii", 1, 1, 1)
            + b"G\0"
            + struct.pack("<i4xii", 1, 1, 1)
            + b"\0",
            "alphabetical",
        ),
        (
            "channels",
            "chlist",
            b"Y\0" + struct.pack("<i4xii", 1, 0, 1) + b"\0",
            "one sample for 0 × 1 pixels",
        ),
    ],
)
def test_broken_attributes(read, name, kind, body, message):
    with pytest.raises(ImageReadError, match=message):
        read(build(Part(rgb(4, 4), (4, 4), attributes={name: (kind, body)})))


def test_attribute_twice(read):
    data = build(Part(rgb(2, 2), (2, 2)))
    extra = b"channels\0chlist\0" + struct.pack("<i", 1) + b"\0"
    with pytest.raises(ImageReadError, match="two EXR attributes"):
        read(data[:8] + extra + data[8:])


def table_of(data: bytes) -> int:
    """Offset of the chunk table of a file with one part."""
    offset = 8
    while data[offset]:
        offset = data.index(b"\0", data.index(b"\0", offset) + 1) + 1
        offset += 4 + struct.unpack_from("<i", data, offset)[0]
    return offset + 1


def test_chunk_tables_are_checked(read):
    data = build(Part(rgb(3, 4), (3, 4)))
    table = table_of(data)
    offsets = struct.unpack_from("<3Q", data, table)

    def patched(where: int, layout: str, *values: int) -> bytes:
        changed = bytearray(data)
        struct.pack_into(layout, changed, where, *values)
        return bytes(changed)

    for broken, message in [
        (patched(table, "<Q", 0), "interrupted"),
        (patched(table, "<Q", 2**63), "lies outside the file"),
        (patched(table, "<Q", offsets[1]), "not where the chunk table says"),
        (patched(offsets[2] + 4, "<i", 2**30), "chunk of 1073741824 bytes"),
        (patched(offsets[2] + 4, "<i", -1), "chunk of -1 bytes"),
        (patched(offsets[2], "<i", 77), "not where the chunk table says"),
        (data[:-1], "lies outside the file"),
    ]:
        with pytest.raises(ImageReadError, match=message):
            read(broken)


def test_chunks_of_another_part_are_refused(read):
    data = build(Part(rgb(2, 2), (2, 2)), Part(rgb(2, 2, seed=1), (2, 2)))
    # The tables of both parts, with two chunks each, point right behind themselves first.
    tables = next(at for at in range(len(data)) if data[at : at + 8] == struct.pack("<Q", at + 32))
    first = struct.unpack_from("<4Q", data, tables)
    changed = bytearray(data)
    struct.pack_into("<Q", changed, tables, first[2])
    with pytest.raises(ImageReadError, match="belongs to another part"):
        read(bytes(changed))


def test_announced_chunk_count_must_fit(read):
    count = {"chunkCount": ("int", struct.pack("<i", 7))}
    with pytest.raises(ImageReadError, match="7 EXR chunks announced instead of 3"):
        read(build(Part(rgb(3, 4), (3, 4), attributes=count)))


def test_corrupt_compressed_data_is_an_error_and_prints_nothing(tmp_path, capsys):
    path = tmp_path / "a.exr"
    write_image(path, stacked(rgb(64, 64)))
    data = bytearray(path.read_bytes())
    table = table_of(bytes(data))
    first = struct.unpack_from("<Q", data, table)[0]
    data[first + 8 : first + 60] = bytes(52)
    path.write_bytes(data)
    with pytest.raises(ImageReadError, match="corrupt EXR data"):
        read_image(path)
    assert capsys.readouterr().out == ""


def test_threads_do_not_catch_each_others_output(tmp_path, capsys):
    good, bad = tmp_path / "good.exr", tmp_path / "bad.exr"
    pixels = stacked(rgb(300, 300))
    write_image(good, pixels)
    data = bytearray(good.read_bytes())
    data[-2000:-1900] = bytes(100)
    bad.write_bytes(data)

    def work(number: int) -> int:
        for _ in range(20):
            print("said", number)
            read_image(good)
            with pytest.raises(ImageReadError, match="Unable to run decoder"):
                read_image(bad)
        return number

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 6
    before = sys.stdout
    read_image(good)
    assert sys.stdout is before
    out = capsys.readouterr().out
    assert sorted(out.split()) == sorted(["said"] * 80 + [str(n) for n in range(4)] * 20)


@pytest.mark.parametrize("length", [4, 7, 8, 30, 200, 330])
def test_truncated_headers(read, length):
    with pytest.raises(ImageReadError, match=r"truncated|corrupt"):
        read(build(Part(rgb(3, 4), (3, 4)))[:length])


def test_version_is_checked(read):
    data = bytearray(build(Part(rgb(2, 2), (2, 2))))
    data[4] = 3
    with pytest.raises(ImageReadError, match="EXR version 3"):
        read(bytes(data))


# Writing.


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (40, 300)])
def test_round_trip(tmp_path, channels, size):
    pixels = np.random.default_rng(0).normal(size=(*size, channels)).astype(np.float32)
    write_image(tmp_path / "f.exr", pixels, depth="float")
    np.testing.assert_array_equal(read_image(tmp_path / "f.exr").pixels, pixels)
    write_image(tmp_path / "h.exr", pixels)
    image = read_image(tmp_path / "h.exr")
    np.testing.assert_array_equal(image.pixels, pixels.astype(np.float16).astype(np.float32))
    assert image.origin.depth == "float16"
    header = OpenEXR.File(str(tmp_path / "h.exr")).header()
    np.testing.assert_allclose(header["chromaticities"], BT709, rtol=1e-6)
    assert "whiteLuminance" not in header


def test_special_values_survive(tmp_path):
    pixels = np.array([[np.nan, np.inf, -np.inf, -0.0, 65504.0, 6e-8]], np.float32)
    write_image(tmp_path / "a.exr", pixels)
    np.testing.assert_array_equal(
        read_image(tmp_path / "a.exr").pixels[..., 0], pixels.astype(np.float16).astype(np.float32)
    )


@pytest.mark.parametrize("value", [65520.0, -7e4])
def test_half_overflow_is_refused(tmp_path, value):
    path = tmp_path / "a.exr"
    with pytest.raises(ImageWriteError, match='use depth="float"'):
        write_image(path, np.full((2, 2), value, np.float32))
    assert not path.exists()
    write_image(path, np.full((2, 2), value, np.float32), depth="float")
    assert read_image(path).pixels[0, 0, 0] == np.float32(value)


@pytest.mark.parametrize("kind", ["absolute", "scaled"])
def test_candela_are_declared(tmp_path, kind):
    calibration = Calibration(kind, factor=2.0 if kind == "scaled" else None)
    image = Image(np.full((2, 2, 3), 512, np.float32), calibration)
    write_image(tmp_path / "a.exr", image)
    again = read_image(tmp_path / "a.exr")
    assert again.calibration.kind == "absolute"
    np.testing.assert_array_equal(again.pixels, image.pixels)


def test_primaries_are_written(tmp_path):
    pixels = np.random.default_rng(0).random((3, 3, 3)).astype(np.float32)
    write_image(tmp_path / "a.exr", Image(pixels, Calibration("relative"), "bt2020"), depth="float")
    np.testing.assert_allclose(
        read_image(tmp_path / "a.exr").pixels, pixels @ np.array(BT2020_TO_BT709).T, atol=5e-4
    )
