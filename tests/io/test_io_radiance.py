"""Radiance pictures: hand-written files, every orientation and packing, and an independent peer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hdrmetrics import read_image, write_image
from hdrmetrics.errors import (
    ImageLimitError,
    ImageReadError,
    ImageWriteError,
    PixelValueWarning,
)
from hdrmetrics.io.formats.radiance import rgbe
from hdrmetrics.picture.image import Calibration, Image


def file(body: bytes, resolution: str, *lines: str, magic: str = "#?RADIANCE") -> bytes:
    header = "\n".join([magic, "FORMAT=32-bit_rle_rgbe", *lines, "", resolution, ""])
    return header.encode() + body


def coded(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Random samples (H, W, 4) as an encoder makes them: a mantissa of 128 or more."""
    rng = np.random.default_rng(seed)
    samples = rng.integers(0, 256, (height, width, 4), dtype=np.uint8)
    samples[..., 0] |= 128
    samples[..., 3] = rng.integers(120, 140, (height, width))
    return samples


def light(samples: np.ndarray) -> np.ndarray:
    """Radiance of samples, written down anew from the format's definition."""
    return samples[..., :3].astype(np.float64) * 2.0 ** (samples[..., 3:].astype(np.float64) - 136)


def run_lengths(plane: np.ndarray) -> bytes:
    """One component of a scanline, with runs where at least three bytes are equal."""
    out, start = bytearray(), 0
    values = plane.tolist()
    literal: list[int] = []
    while start <= len(values):
        run = 1
        while start + run < len(values) and values[start + run] == values[start] and run < 127:
            run += 1
        if start == len(values) or run >= 3 or len(literal) == 128:
            if literal:
                out += bytes([len(literal), *literal])
                literal = []
            if start == len(values):
                break
        if run >= 3:
            out += bytes([128 + run, values[start]])
            start += run
        else:
            literal.append(values[start])
            start += 1
    return bytes(out)


def new_rle(samples: np.ndarray) -> bytes:
    width = samples.shape[1]
    return b"".join(
        bytes([2, 2, width >> 8, width & 255])
        + b"".join(run_lengths(row[:, channel]) for channel in range(4))
        for row in samples
    )


def test_known_values(read):
    body = bytes([128, 64, 0, 129, 255, 255, 255, 128, 10, 20, 30, 0])
    image = read(file(body, "-Y 1 +X 3"))
    expected = [[[1.0, 0.5, 0.0], [255 / 256] * 3, [0, 0, 0]]]
    np.testing.assert_array_equal(image.pixels, np.array(expected, np.float32))
    assert image.calibration.kind == "relative"
    assert (image.origin.format, image.origin.depth) == ("hdr", "rgbe8")


# What the first scanline and its first pixel are, for a picture with rows A B / C D.
ORIENTATIONS = {
    "-Y 2 +X 2": "ABCD",
    "-Y 2 -X 2": "BADC",
    "+Y 2 +X 2": "CDAB",
    "+Y 2 -X 2": "DCBA",
    "+X 2 -Y 2": "ACBD",
    "+X 2 +Y 2": "CADB",
    "-X 2 -Y 2": "BDAC",
    "-X 2 +Y 2": "DBCA",
}


@pytest.mark.parametrize(("resolution", "order"), ORIENTATIONS.items())
def test_orientations(read, resolution, order):
    pixel = {name: bytes([128 + i, 0, 0, 129]) for i, name in enumerate("ABCD")}
    image = read(file(b"".join(pixel[name] for name in order), resolution))
    found = np.rint(image.pixels[..., 0] * 128 - 128).astype(int)
    np.testing.assert_array_equal(found, [[0, 1], [2, 3]])


@pytest.mark.parametrize("resolution", ["+X 3 -Y 20", "-X 3 +Y 20"])
def test_scanlines_along_y_are_run_length_coded_too(read, resolution):
    samples = coded(3, 20)
    image = read(file(new_rle(samples), resolution))
    assert image.pixels.shape == (20, 3, 3)
    columns = light(samples).swapaxes(0, 1)
    expected = columns if resolution.startswith("+") else columns[::-1, ::-1]
    np.testing.assert_array_equal(image.pixels, expected.astype(np.float32))


@pytest.mark.parametrize("size", [(5, 8), (3, 300), (40, 129), (2, 1000)])
def test_new_run_lengths(read, size):
    samples = coded(*size)
    samples[1:, : size[1] // 2] = samples[0, 0]
    expected = light(samples).astype(np.float32)
    resolution = f"-Y {size[0]} +X {size[1]}"
    np.testing.assert_array_equal(read(file(new_rle(samples), resolution)).pixels, expected)
    np.testing.assert_array_equal(read(file(samples.tobytes(), resolution)).pixels, expected)


@given(
    arrays(np.uint8, st.tuples(st.integers(1, 4), st.integers(8, 60), st.just(4)), elements={
        "min_value": 127, "max_value": 130
    })
)  # fmt: skip
@settings(deadline=None, max_examples=60)
def test_run_lengths_of_any_picture(samples):
    from hdrmetrics.io.source import Source

    height, width, _ = samples.shape
    packed, end = rgbe.unpack(Source("", new_rle(samples), 2**20), 0, width, height)
    assert end == len(new_rle(samples))
    np.testing.assert_array_equal(packed, samples)


def test_old_run_lengths(read):
    first, second = [200, 100, 50, 130], [150, 1, 1, 128]
    body = bytes([*first, 1, 1, 1, 4, *second, 1, 1, 1, 0x2C, 1, 1, 1, 1])  # 1+4, 1+44+256
    image = read(file(body, "-Y 1 +X 306"))
    expected = light(np.array([[first] * 5 + [second] * 301], np.uint8))
    np.testing.assert_array_equal(image.pixels, expected.astype(np.float32))


def test_old_run_lengths_restart_with_each_scanline(read):
    pixel = [200, 100, 50, 130]
    body = bytes([*pixel, 1, 1, 1, 2] * 2)
    image = read(file(body, "-Y 2 +X 3"))
    expected = light(np.array([[pixel] * 3] * 2, np.uint8))
    np.testing.assert_array_equal(image.pixels, expected.astype(np.float32))


def test_packed_and_flat_scanlines_in_one_file(read):
    samples = coded(4, 16)
    body = new_rle(samples[:1]) + samples[1].tobytes() + new_rle(samples[2:])
    image = read(file(body, "-Y 4 +X 16"))
    np.testing.assert_array_equal(image.pixels, light(samples).astype(np.float32))


@pytest.mark.parametrize("batch", [1, 40, 2**20])
def test_scanlines_of_every_packing_in_any_order(read, monkeypatch, batch):
    monkeypatch.setattr(rgbe, "_BATCH", batch)
    rng = np.random.default_rng(3)
    samples = coded(200, 9)
    body = b""
    for row, kind in zip(samples, rng.choice(["plain"] * 6 + ["new", "old"], 200), strict=True):
        if kind == "old":
            row[5:] = row[4]
            body += row[:5].tobytes() + bytes([1, 1, 1, 4])
        else:
            body += row.tobytes() if kind == "plain" else new_rle(row[None])
    image = read(file(body, "-Y 200 +X 9"))
    np.testing.assert_array_equal(image.pixels, light(samples).astype(np.float32))
    assert image.notes == ()


def test_more_than_one_batch_of_scanlines(read, monkeypatch):
    monkeypatch.setattr(rgbe, "_BATCH", 200)
    samples = coded(30, 20)
    image = read(file(new_rle(samples), "-Y 30 +X 20"))
    np.testing.assert_array_equal(image.pixels, light(samples).astype(np.float32))


def test_exposure_and_correction_are_divided_out(read):
    body = bytes([128, 128, 128, 129])
    lines = ["EXPOSURE=2", "exposure=9", "EXPOSURE= 4.0", "COLORCORR=1 2 4", "COLORCORR=1 1 0.5"]
    image = read(file(body, "-Y 1 +X 1", *lines))
    np.testing.assert_allclose(image.pixels[0, 0], [1 / 8, 1 / 16, 1 / 16])
    assert image.origin.details["exposure"] == 8


def test_xyze(read):
    # X, Y, Z of white D65 are BT.709 (1, 1, 1); mantissas of 1/128.
    samples = np.rint(np.array([0.9505, 1.0, 1.0891]) * 128).astype(np.uint8)
    data = file(bytes([*samples, 129]), "-Y 1 +X 1").replace(b"rgbe", b"xyze")
    image = read(data)
    np.testing.assert_allclose(image.pixels[0, 0], 1, atol=0.015)
    # Luminance is Y, exactly.
    weights = [0.212639, 0.715169, 0.072192]
    np.testing.assert_allclose(image.pixels[0, 0] @ weights, 1, atol=1e-5)


def test_primaries_of_the_header(read):
    # Radiance's own primaries: equal channels are white E, which becomes white D65.
    line = "PRIMARIES= 0.640 0.330 0.290 0.600 0.150 0.060 0.333 0.333"
    grey = read(file(bytes([128, 128, 128, 129]), "-Y 1 +X 1", line))
    np.testing.assert_allclose(grey.pixels, 1, atol=1e-4)
    assert any("converted to BT.709" in note for note in grey.notes)
    wide = "PRIMARIES=0.708 0.292 0.170 0.797 0.131 0.046 0.3127 0.3290"
    red = read(file(bytes([128, 0, 0, 129]), "-Y 1 +X 1", wide))
    np.testing.assert_allclose(red.pixels[0, 0], [1.6605, -0.1246, -0.0182], atol=1e-3)


def test_other_lines_do_not_matter(read):
    lines = ["# a comment = 3", "SOFTWARE=rpict", "PIXASPECT=2.0", "VIEW= -vtv -vp 0 0 0"]
    image = read(file(bytes([128, 128, 128, 129]), "-Y 1 +X 1", *lines, magic="#?RGBE"))
    np.testing.assert_array_equal(image.pixels, 1)
    assert any("aspect 2" in note for note in image.notes)


def test_agrees_with_an_independent_codec(read):
    codec = pytest.importorskip("imagecodecs", reason="the extra 'codecs' is not installed")
    y, x = np.mgrid[0:64, 0:200] / 64
    pixels = np.stack([x, y * 30, np.floor(4 * x) * 0.01], -1).astype(np.float32)
    for rle in (True, False):
        body = codec.rgbe_encode(pixels, header=False, rle=rle)
        data = file(body, "-Y 64 +X 200")
        np.testing.assert_array_equal(read(data).pixels, codec.rgbe_decode(data))


@pytest.mark.parametrize(
    ("body", "resolution", "message"),
    [
        (bytes(8), "-Y 1 +X 3", "incomplete"),
        (bytes([1, 1, 1, 3]), "-Y 1 +X 3", "begins with a repeat"),
        (bytes([9, 9, 9, 9, 1, 1, 1, 3]), "-Y 1 +X 3", "crosses the end"),
        (bytes([9, 9, 9, 9, 1, 1, 1, 1, *[1, 1, 1, 255] * 7]), "-Y 1 +X 9", "crosses the end"),
        (bytes([2, 2, 0, 9, 0, 0]), "-Y 1 +X 9", "empty run"),
        (bytes([2, 2, 0, 9, 138, 7]), "-Y 1 +X 9", "crosses the end"),
        (bytes([2, 2, 0, 9, 137, 7, 137, 7]), "-Y 1 +X 9", "incomplete"),
        (bytes([2, 2, 0, 9, *[137, 7] * 3, 9, 1, 2]), "-Y 1 +X 9", "incomplete"),
        (b"", "-Y 1 +X 3", "too little data"),
        (b"", "-Y 1 +Y 3", "no resolution line"),
        (b"", "-Y x +X 3", "no resolution line"),
        (b"", "-Y 0 +X 3", "announces 3 × 0"),
    ],
)
def test_broken_data(read, body, resolution, message):
    with pytest.raises(ImageReadError, match=message):
        read(file(body, resolution))


@pytest.mark.parametrize(
    "line", ["EXPOSURE=0", "EXPOSURE=nan", "EXPOSURE=x", "COLORCORR=1 2", "PRIMARIES=1 2 3"]
)
def test_broken_header_lines(read, line):
    with pytest.raises(ImageReadError, match="corrupt"):
        read(file(bytes(4), "-Y 1 +X 1", line))


def test_unknown_samples(read):
    with pytest.raises(ImageReadError, match="'32-bit_rle_spec' are not supported"):
        read(b"#?RADIANCE\nFORMAT=32-bit_rle_spec\n\n-Y 1 +X 1\n" + bytes(4))


@pytest.mark.parametrize("resolution", ["-Y 100000 +X 100000", "+X 100000 -Y 100000"])
def test_header_bomb(read, resolution):
    with pytest.raises(ImageLimitError, match="100000 × 100000"):
        read(file(bytes(100), resolution))


def test_endless_header(read):
    with pytest.raises(ImageReadError, match="has no end"):
        read(b"#?RADIANCE\n" + b"A=1\n" * 300_000)


# Writing.


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (33, 129)])
def test_representable_values_survive(tmp_path, size):
    samples = coded(*size)
    samples[0, 0] = (255, 0, 1, 255)
    samples[-1, -1] = (128, 3, 0, 1)
    pixels = light(samples).astype(np.float32)
    write_image(tmp_path / "a.hdr", pixels)
    np.testing.assert_array_equal(read_image(tmp_path / "a.hdr").pixels, pixels)


@given(
    arrays(
        np.float32, (3, 5, 3), elements=st.floats(0, float(np.float32(1.6e38)), width=32)
    )
)  # fmt: skip
@settings(deadline=None, max_examples=100)
def test_rounding_is_half_a_step_at_most(pixels):
    found = rgbe.decode(rgbe.encode(pixels)).astype(np.float64)
    peak = pixels.max(axis=2, keepdims=True).astype(np.float64)
    step = np.maximum(peak / 128, 2.0**-127)
    assert np.all(np.abs(found - pixels) <= step / 2 * (1 + 1e-6))


def test_largest_mantissa_is_normalised():
    rng = np.random.default_rng(0)
    pixels = np.exp(rng.normal(size=(50, 50, 3)) * 5).astype(np.float32)
    pixels[0, 0] = (1 - 2**-10, 0, 0)  # rounds up into the next exponent
    samples = rgbe.encode(pixels)
    assert samples[..., :3].max(axis=2).min() >= 128
    np.testing.assert_array_equal(samples[0, 0], [128, 0, 0, 129])


def test_grey_becomes_three_channels(tmp_path):
    write_image(tmp_path / "a.hdr", np.full((2, 2), 0.5, np.float32))
    np.testing.assert_array_equal(read_image(tmp_path / "a.hdr").pixels, np.full((2, 2, 3), 0.5))


def test_negative_values_are_clipped_with_a_warning(tmp_path):
    pixels = np.array([[[-1, 0.5, 1]]], np.float32)
    with pytest.warns(PixelValueWarning, match="1 of 3 were clipped"):
        write_image(tmp_path / "a.hdr", pixels)
    np.testing.assert_array_equal(read_image(tmp_path / "a.hdr").pixels, [[[0, 0.5, 1]]])


@pytest.mark.parametrize("value", [np.nan, np.inf, 2e38])
def test_what_rgbe_cannot_hold(tmp_path, value):
    with pytest.raises(ImageWriteError):
        write_image(tmp_path / "a.hdr", np.full((2, 2, 3), value, np.float32))
    assert list(tmp_path.iterdir()) == []


def test_primaries_are_written(tmp_path):
    image = Image(np.full((2, 2, 3), 0.5, np.float32), Calibration("relative"), "p3")
    write_image(tmp_path / "a.hdr", image)
    assert b"PRIMARIES=0.68 0.32" in (tmp_path / "a.hdr").read_bytes()
    np.testing.assert_allclose(read_image(tmp_path / "a.hdr").pixels, 0.5, atol=1e-6)


def one(*lines: str) -> bytes:
    return file(bytes([200, 100, 50, 136]), "-Y 1 +X 1", *lines)


@pytest.mark.parametrize("blank", ["\t", " ", "\t\t", "  "])
def test_indented_variables_are_history(read, blank):
    lines = [f"{blank}EXPOSURE=2", f"{blank}COLORCORR=2 2 2", f"{blank}FORMAT=other",
             f"{blank}PRIMARIES=1 2 3"]  # fmt: skip
    image = read(one(*lines))
    np.testing.assert_array_equal(image.pixels.ravel(), [200, 100, 50])
    both = read(one(*lines, "EXPOSURE=4"))
    np.testing.assert_array_equal(both.pixels.ravel(), [50, 25, 12.5])


def test_a_line_of_blanks_does_not_end_the_header(read):
    np.testing.assert_array_equal(read(one("\t", "EXPOSURE=4")).pixels.ravel(), [50, 25, 12.5])


def test_headers_with_carriage_returns(read):
    data = one("EXPOSURE=4")
    end = data.index(b"+X 1\n") + 5
    changed = data[:end].replace(b"\n", b"\r\n") + data[end:]
    np.testing.assert_array_equal(read(changed).pixels.ravel(), [50, 25, 12.5])


def test_pixels_written_as_text_are_refused(read):
    """Every byte 10 has become two: the pixels behind it would be those of other places."""
    data = file(coded(4, 7)[..., ::-1].tobytes() + bytes([200, 10, 50, 136]), "-Y 29 +X 1")
    with pytest.raises(ImageReadError, match="CR LF"):
        read(data.replace(b"\n", b"\r\n"))


@pytest.mark.parametrize("pack", [np.ndarray.tobytes, new_rle])
def test_bytes_behind_the_pixels_are_noted(read, pack):
    data = file(pack(coded(4, 9)), "-Y 4 +X 9")
    assert read(data).notes == ()
    assert read(data + b"xyz").notes == ("3 bytes behind the pixels were ignored",)


@pytest.mark.parametrize(
    ("value", "noted"), [("1", False), ("1.0", False), ("1.000000", False), ("2.2", True)]
)
def test_gamma_is_noted(read, value, noted):
    image = read(one(f"GAMMA={value}"))
    np.testing.assert_array_equal(image.pixels.ravel(), [200, 100, 50])
    assert any("GAMMA" in note for note in image.notes) == noted
