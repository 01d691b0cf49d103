from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from datasets.reporting.contact_sheet import SheetEntry, contact_sheet, exposure, save_sheet, show
from hdrmetrics import read_image, sample_images
from hdrmetrics.errors import ImageWriteError, OptionError, ShapeError

SIDE = 64
WIDE = 2 * SIDE + 4  # a pair


@pytest.fixture(scope="module")
def light() -> Tensor:
    """Return a real crop in cd/m²."""
    pixels = read_image(sample_images()["hotel_room"], peak=2000.0).tensor()[0]
    return pixels[:, 100 : 100 + SIDE, 200 : 200 + SIDE].clamp(0.005, 1e4)


def grey(value: float) -> Tensor:
    return torch.full((3, SIDE, SIDE), value)


def pixels(sheet: np.ndarray, x: int, y: int) -> np.ndarray:
    """Return the crop of the page whose corner is at ``x``, ``y`` inside its margins."""
    return sheet[12 + y : 12 + y + SIDE, 12 + x : 12 + x + SIDE]


def srgb(linear: float) -> int:
    code = 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
    return round(255 * code)


def test_exposure_brings_the_quantile_to_its_level(light: Tensor) -> None:
    weights = np.array([0.2126, 0.7152, 0.0722])
    y = np.tensordot(weights, light.double().numpy(), axes=1)
    assert exposure(light) * np.quantile(y, 0.95) == pytest.approx(0.8, rel=1e-3)
    assert exposure(torch.zeros(3, 4, 4)) == 1.0
    assert exposure(torch.full((3, 4, 4), math.nan)) == 1.0


def test_light_goes_through_the_srgb_curve() -> None:
    shown = show(torch.tensor([0.0, 1.0, 20.0, 300.0]).expand(3, 1, 4), "hdr", 0.01)
    assert shown[0, :, 0].tolist() == [0, srgb(0.01), srgb(0.2), 255]


def test_codes_are_shown_as_they_are() -> None:
    codes = torch.arange(256).float().div(255).expand(3, 1, 256)
    assert show(codes, "sdr", 0.01)[0, :, 1].tolist() == list(range(256))


def test_pair_shares_the_exposure_of_its_reference() -> None:
    sheet = contact_sheet([SheetEntry(grey(100.0), grey(25.0), "hdr")])
    assert (pixels(sheet, 0, 0) == srgb(0.8)).all()
    assert (pixels(sheet, SIDE + 4, 0) == srgb(0.2)).all()
    assert sheet.shape == (SIDE + 24, WIDE + 24, 3)
    assert sheet.dtype == np.uint8


def test_exposure_ignores_the_test(light: Tensor) -> None:
    ours = [contact_sheet([SheetEntry(light, light * f, "hdr")]) for f in (1.0, 0.1)]
    assert np.array_equal(pixels(ours[0], 0, 0), pixels(ours[1], 0, 0))
    assert pixels(ours[0], SIDE + 4, 0).mean() > pixels(ours[1], SIDE + 4, 0).mean() + 20
    assert np.array_equal(pixels(ours[0], 0, 0), pixels(ours[0], SIDE + 4, 0))


def test_tone_mapped_crop_beside_light(light: Tensor) -> None:
    codes = (light / (light + 100)).pow(1 / 2.2)
    sheet = contact_sheet([SheetEntry(light, codes, "sdr", reference_kind="hdr")])
    assert np.array_equal(pixels(sheet, 0, 0), show(light, "hdr", exposure(light)))
    assert np.array_equal(pixels(sheet, SIDE + 4, 0), show(codes, "sdr"))


def test_test_without_reference_is_exposed_by_itself() -> None:
    sheet = contact_sheet([SheetEntry(None, grey(40.0), "hdr")])
    assert sheet.shape == (SIDE + 24, SIDE + 24, 3)
    assert (pixels(sheet, 0, 0) == srgb(0.8)).all()


def test_codes_as_reference_do_not_expose_light() -> None:
    sheet = contact_sheet([SheetEntry(grey(0.5), grey(40.0), "hdr", reference_kind="sdr")])
    assert (pixels(sheet, 0, 0) == 128).all()
    assert (pixels(sheet, SIDE + 4, 0) == srgb(0.8)).all()


def test_pixels_that_are_no_number_stand_out(light: Tensor) -> None:
    broken = light.clone()
    broken[1, 3, 5], broken[0, 7, 9] = math.nan, math.inf
    shown = show(broken, "hdr", exposure(light))
    assert shown[3, 5].tolist() == shown[7, 9].tolist() == [255, 0, 255]
    rest = np.ones((SIDE, SIDE), dtype=bool)
    rest[[3, 7], [5, 9]] = False
    assert np.array_equal(shown[rest], show(light, "hdr", exposure(light))[rest])


def test_pairs_stand_in_reading_order() -> None:
    entries = [SheetEntry(None, grey(v), "sdr") for v in (0.2, 0.4, 0.6)]
    sheet = contact_sheet(entries, columns=2)
    step = SIDE + 18
    assert sheet.shape == (24 + SIDE + step, 24 + SIDE + step, 3)
    for code, (x, y) in ((51, (0, 0)), (102, (step, 0)), (153, (0, step))):
        assert (pixels(sheet, x, y) == code).all()
    assert (pixels(sheet, step, step) == 255).all()
    assert contact_sheet(entries, columns=9).shape[1] == 24 + 3 * SIDE + 2 * 18


def test_captions_are_written_under_their_pair() -> None:
    bare = [SheetEntry(grey(0.3), grey(0.3), "sdr"), SheetEntry(grey(0.3), grey(0.3), "sdr")]
    named = [bare[0], SheetEntry(grey(0.3), grey(0.3), "sdr", ("blur, σ 3 px", "Q 0.5"))]
    sheet = contact_sheet(named, columns=2)
    below = sheet[12 + SIDE :]
    assert (below[:, : 12 + WIDE] == 255).all()
    assert (below[2:20, 12 + WIDE + 18 :] < 60).any()
    assert not (below[20:38, 12 + WIDE + 18 :] < 60).any()  # the second line is grey
    assert (below[20:38, 12 + WIDE + 18 :] < 160).any()
    assert sheet.shape[0] == contact_sheet(bare, columns=2).shape[0] + 2 * 18


def test_captions_stay_under_their_pair() -> None:
    long = "a caption that is far too long for these pictures, " * 5
    entries = [SheetEntry(None, grey(0.3), "sdr", (long, "x" * 500)) for _ in range(2)]
    sheet = contact_sheet(entries, columns=2)
    assert sheet.shape[0] == 24 + SIDE + 3 * 18  # two lines, and one that has no place to break
    # A glyph's soft edge may reach one pixel beyond its place.
    assert (sheet[:, 12 + SIDE + 1 : 12 + SIDE + 17] == 255).all()
    assert (sheet[:, -12:] == 255).all()


def test_title_takes_a_line() -> None:
    entries = [SheetEntry(grey(0.3), grey(0.3), "sdr")]
    plain, titled = contact_sheet(entries), contact_sheet(entries, title="hdr-c: best to worst")
    assert titled.shape[0] > plain.shape[0]
    assert np.array_equal(titled[-SIDE - 12 :], plain[-SIDE - 12 :])
    assert (titled[: titled.shape[0] - SIDE - 24] < 60).any()


def test_line_breaks_in_names_do_not_leave_their_line() -> None:
    sheet = contact_sheet([SheetEntry(None, grey(0.3), "sdr", ("a\nb\x07",))])
    assert sheet.shape[0] == 24 + SIDE + 18


def test_saved_sheet_is_the_sheet(tmp_path: Path, light: Tensor) -> None:
    entries = [SheetEntry(light, light * 0.7, "hdr", ("darker",))]
    save_sheet(tmp_path / "sheet.png", entries, title="one")
    with Image.open(tmp_path / "sheet.png") as image:
        assert np.array_equal(np.asarray(image), contact_sheet(entries, title="one"))
    save_sheet(tmp_path / "sheet.jpg", entries)
    with Image.open(tmp_path / "sheet.jpg") as image:
        assert image.format == "JPEG"


def test_unwritable_sheet(tmp_path: Path) -> None:
    entries = [SheetEntry(None, grey(0.3), "sdr")]
    with pytest.raises(ImageWriteError, match="cannot be written"):
        save_sheet(tmp_path / "sheet.nosuch", entries)
    with pytest.raises(ImageWriteError):
        save_sheet(tmp_path / "absent" / "sheet.png", entries)


def test_bad_input(light: Tensor) -> None:
    with pytest.raises(OptionError, match="at least one pair"):
        contact_sheet([])
    with pytest.raises(OptionError, match="at least one column"):
        contact_sheet([SheetEntry(None, light, "hdr")], columns=0)
    with pytest.raises(OptionError, match="'hdr' or 'sdr'"):
        SheetEntry(None, light, "raw")  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match=r"\(3, h, w\)"):
        SheetEntry(None, light[None], "hdr")
    with pytest.raises(ShapeError, match="differ in size"):
        SheetEntry(light, light[:, 1:], "hdr")
