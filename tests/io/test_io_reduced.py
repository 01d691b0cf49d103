"""Reduced reading of JPEG files: its size, its pixels, and what is said of it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import ImageCms

from hdrmetrics import as_image, score
from hdrmetrics.errors import ImageReadError, OptionError
from hdrmetrics.io.reduced import scale_for


def photograph(height: int = 96, width: int = 128) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 255 / width, y * 255 / height, (x + y) / 2], -1).astype(np.uint8)


def encoded(picture: PillowImage.Image, **options) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=95, **options)
    return out.getvalue()


def turned(orientation: int) -> bytes:
    tags = PillowImage.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
@pytest.mark.parametrize(("at_least", "scale"), [(48, 2), (47, 2), (24, 4), (12, 8), (1, 8)])
def test_the_pixels_are_those_of_libjpeg(read, options, at_least, scale):
    data = encoded(PillowImage.fromarray(photograph()), **options)
    image = read(data, at_least=at_least)
    with PillowImage.open(io.BytesIO(data)) as file:
        file.draft(None, (128 // scale, 96 // scale))
        wanted = np.asarray(file) / np.float32(255)
    np.testing.assert_array_equal(image.pixels, wanted)
    assert image.pixels.shape == (96 // scale, 128 // scale, 3)
    details = image.origin.details
    assert (details["decoded_at"], details["width"], details["height"]) == (f"1/{scale}", 128, 96)


def test_it_is_near_to_the_mean_of_what_it_stands_for(read):
    data = encoded(PillowImage.fromarray(photograph()))
    whole, small = read(data).pixels, read(data, at_least=24).pixels
    means = whole.reshape(24, 4, 32, 4, 3).mean(axis=(1, 3))
    assert np.abs(means - small).max() < 0.02


def test_where_all_is_wanted_nothing_changes(read):
    data = encoded(PillowImage.fromarray(photograph()))
    whole = read(data)
    for image in (read(data, at_least=49), read(data, at_least=5000)):
        np.testing.assert_array_equal(image.pixels, whole.pixels)
        assert image.origin.details == whole.origin.details
        assert "decoded_at" not in image.origin.details


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_upright_and_so_is_the_size_in_the_file(read, orientation):
    picture = PillowImage.fromarray(photograph())
    data = encoded(picture, exif=turned(orientation))
    small, whole = read(data, at_least=24), read(data)
    details = small.origin.details
    assert (details["width"], details["height"]) == (whole.width, whole.height)
    means = whole.pixels.reshape(small.height, 4, small.width, 4, 3).mean(axis=(1, 3))
    assert np.abs(means - small.pixels).max() < 0.02


def test_grey_and_odd_sizes(read):
    data = encoded(PillowImage.fromarray(photograph(97, 131)[..., 0]))
    assert read(data, at_least=20).pixels.shape == (25, 33, 1)


def test_profiles_are_applied_to_reduced_pictures_too(read):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encoded(PillowImage.fromarray(photograph()), icc_profile=profile)
    small, whole = read(data, at_least=24), read(data)
    assert (small.calibration, small.primaries) == (whole.calibration, whole.primaries)


def test_cmyk_without_a_profile_is_refused_as_ever(read):
    data = encoded(PillowImage.fromarray(photograph()).convert("CMYK"))
    with pytest.raises(ImageReadError, match="CMYK"):
        read(data, at_least=24)


def test_a_file_that_ends_early_is_refused_as_ever(read):
    data = encoded(PillowImage.fromarray(photograph()))
    with pytest.raises(ImageReadError, match="truncated"):
        read(data[: len(data) // 2], at_least=24)


def test_other_formats_are_read_as_they_are(read):
    out = io.BytesIO()
    PillowImage.fromarray(photograph()).save(out, "PNG")
    image = read(out.getvalue(), at_least=12)
    assert (image.width, image.height) == (128, 96)
    assert "decoded_at" not in image.origin.details


@pytest.mark.parametrize("at_least", [0, -3, 1.5, True, "12"])
def test_sizes_that_are_none(read, at_least):
    with pytest.raises(OptionError, match="at_least is a positive whole number"):
        read(encoded(PillowImage.fromarray(photograph())), at_least=at_least)


def test_another_process_reads_the_same(read):
    data = encoded(PillowImage.fromarray(photograph()))
    here, there = read(data, at_least=24), read(data, at_least=24, isolate=True)
    np.testing.assert_array_equal(here.pixels, there.pixels)
    assert here.origin == there.origin


@pytest.mark.filterwarnings("ignore::hdrmetrics.errors.HdrMetricsWarning")
def test_scores_name_it(read):
    data = encoded(PillowImage.fromarray(photograph()))
    assert score(read(data, at_least=40), "nima").conditions["decoded_at"] == "1/2"
    assert "decoded_at" not in score(read(data), "nima").conditions
    both = score(read(data, at_least=40), "sdr-psnr", reference=as_image(photograph()[::2, ::2]))
    assert both.conditions["decoded_at"] == "1/2"
    assert "reference_decoded_at" not in both.conditions


def test_scales_keep_the_shorter_side():
    for side in range(1, 200):
        for at_least in (1, 7, 50):
            scale = scale_for(side, 10 * side, at_least)
            assert scale == 1 or side // scale >= at_least
            larger = [s for s in (2, 4, 8) if s > scale]
            assert all(side // s < at_least for s in larger)
