"""Enhanced photographs on disk: their kind, depth, colours and Exif are those of the original."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageCms

import hdrmetrics as hm
from hdrmetrics.improve.photograph import bits_of, enhanced
from hdrmetrics.improve.previews import SIDE, preview, preview_paths, save_previews
from hdrmetrics.improve.saving import ending_for, names_for, written
from hdrmetrics.photometry.color import CHROMATICITIES
from hdrmetrics.picture.codes import in_srgb
from tests.improve.standins import photograph, texture
from tests.io.icc_builder import ADOBE, SRGB_PARAMETERS, gamma, parametric, profile

ROUNDING = 0.5 / 255 + 1e-6


def copied(source: Path, target: Path) -> hm.Image:
    """Write what was read without changing it, and return it read again."""
    image = enhanced(hm.read_image(source), lambda codes: codes)
    with written(target, image, source, overwrite=False) as draft:
        assert draft.exists()
        assert not target.exists()
    return hm.read_image(target)


@pytest.mark.parametrize(
    ("name", "save", "new"),
    [
        ("a.jpg", {"quality": 95}, "jpeg"), ("a.JPEG", {"quality": 95}, "jpeg"),
        ("a.png", {}, "png"), ("a.webp", {"lossless": True}, "webp"), ("a.bmp", {}, "png"),
        ("a.tif", {}, "png"), ("a.gif", {}, "png"),
    ],
)  # fmt: skip
def test_kinds(tmp_path: Path, name: str, save: dict, new: str) -> None:
    source = photograph(tmp_path / name, 0.5, 0.4, 0.3, **save)
    target = tmp_path / "out" / f"a{ending_for(source)}"
    made = copied(source, target)
    assert made.origin.format == new
    original = hm.read_image(source)
    assert np.abs(made.pixels - original.pixels).mean() < (1e-6 if new == "png" else 0.02)


def test_no_ending_is_known_by_content(tmp_path: Path) -> None:
    source = photograph(tmp_path / "a.jpg", 0.5)
    source = source.rename(tmp_path / "photo")
    assert ending_for(source) == ".jpg"
    (tmp_path / "text").write_text("hello")
    assert ending_for(tmp_path / "text") == ".png"
    assert ending_for(Path("a.apng")) == ".png"


def test_names_stay_apart() -> None:
    sources = [Path("a.tif"), Path("A.png"), Path("b.bmp"), Path("b.gif")]
    stems = ["a", "A", "b", "b"]
    assert names_for(stems, sources) == ["a.tif.png", "A.png", "b.bmp.png", "b.gif.png"]
    assert names_for(["a", "b"], [Path("a.jpg"), Path("b.jpg")], ".after.jpg") == [
        "a.after.jpg", "b.after.jpg",
    ]  # fmt: skip


def test_sixteen_bit_tiff_becomes_sixteen_bit_png(tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile", reason="tifffile, the independent writer, is absent")
    codes = np.rint(65535 * texture(0.5, 0.4, 0.3)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", codes, photometric="rgb")
    made = copied(tmp_path / "a.tif", tmp_path / "a.png")
    assert (made.origin.depth, bits_of(made)) == ("uint16", 16)
    assert np.array_equal(np.rint(made.pixels * 65535), codes)


def exif(**more: int) -> Pillow.Exif:
    block = Pillow.Exif()
    block[0x010F], block[0x0112] = "Camera", 6
    block.get_ifd(0x8769)[0x9003] = "2024:05:06 07:08:09"
    for tag, value in more.items():
        block.get_ifd(0x8769)[int(tag[1:], 16)] = value
    return block


def test_exif_stays_but_for_the_orientation(tmp_path: Path) -> None:
    source = photograph(tmp_path / "a.jpg", 0.5, quality=95, exif=exif(xA002=40, xA003=32))
    made = copied(source, tmp_path / "b.jpg")
    assert (made.width, made.height) == (32, 40)  # turned upright, once
    with Pillow.open(tmp_path / "b.jpg") as picture:
        block = picture.getexif()
        assert block[0x010F] == "Camera"
        assert 0x0112 not in block
        details = block.get_ifd(0x8769)
        assert details[0x9003] == "2024:05:06 07:08:09"
        assert (details[0xA002], details[0xA003]) == (32, 40)


def test_damaged_exif_is_left_out(tmp_path: Path) -> None:
    source = photograph(tmp_path / "a.jpg", 0.5, quality=95, exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    copied(source, tmp_path / "b.jpg")
    with Pillow.open(tmp_path / "b.jpg") as picture:
        assert "exif" not in picture.info


@pytest.mark.parametrize(("primaries", "kept"), [("p3", True), (ADOBE, False)])
def test_colour_profiles(tmp_path: Path, primaries: object, kept: bool) -> None:
    points = CHROMATICITIES[primaries] if isinstance(primaries, str) else primaries
    curve = parametric(3, *SRGB_PARAMETERS) if kept else gamma(563 / 256)
    icc = profile(curve, points)
    source = photograph(tmp_path / "a.jpg", 0.5, 0.4, 0.3, quality=98, icc_profile=icc)
    original = hm.read_image(source)
    made = copied(source, tmp_path / "b.jpg")
    with Pillow.open(tmp_path / "b.jpg") as picture:
        assert picture.info.get("icc_profile") == (icc if kept else None)
    assert made.primaries == ("p3" if kept else "bt709")
    shown = [in_srgb(one)[0].pixels for one in (original, made)]
    assert np.abs(shown[0] - shown[1]).mean() < 0.01
    # PNG says what the codes are without a profile.
    assert copied(source, tmp_path / "c.png").primaries == original.primaries


def test_adobe_rgb_by_exif_is_brought_to_srgb_and_says_so(tmp_path: Path) -> None:
    block = exif(xA001=2)
    source = photograph(tmp_path / "a.jpg", 0.5, 0.4, 0.3, quality=98, exif=block)
    original = hm.read_image(source)
    assert original.primaries != "bt709"
    made = copied(source, tmp_path / "b.jpg")
    assert (made.primaries, made.calibration.transfer) == ("bt709", "srgb")
    with Pillow.open(tmp_path / "b.jpg") as picture:
        assert picture.getexif().get_ifd(0x8769)[0xA001] == 1


def test_a_profile_of_srgb_stays(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = photograph(tmp_path / "a.jpg", 0.5, quality=98, icc_profile=profile)
    made = copied(source, tmp_path / "b.jpg")
    with Pillow.open(tmp_path / "b.jpg") as picture:
        assert picture.info["icc_profile"] == profile
    assert made.calibration.transfer == "srgb"


def test_a_file_that_comes_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    source = photograph(tmp_path / "a.png", 0.5)
    target = tmp_path / "out.png"
    image = hm.read_image(source)
    with (
        pytest.raises(hm.errors.ImageWriteError, match="there already"),
        written(target, image, source, overwrite=False),
    ):
        target.write_text("mine")
    assert target.read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.png", "out.png"]


def test_a_full_disk_is_not_said_to_be_the_formats_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = photograph(tmp_path / "a.jpg", 0.5)

    def full(*args: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    image = copied(source, tmp_path / "b.jpg")
    monkeypatch.setattr(Pillow.Image, "save", full)
    with (
        pytest.raises(hm.errors.ImageWriteError, match="No space left") as found,
        written(tmp_path / "c.jpg", image, source, overwrite=False),
    ):
        pass
    assert "cannot hold" not in str(found.value)


def test_previews_are_small_srgb_pictures(tmp_path: Path) -> None:
    import io

    wide = hm.as_image(np.full((100, 1000, 3), 128, np.uint8))
    with Pillow.open(io.BytesIO(preview(wide))) as picture:
        assert (picture.size, picture.format) == ((SIDE, SIDE // 10), "JPEG")
        assert np.abs(np.asarray(picture).astype(int) - 128).max() <= 1
    small = hm.as_image(np.full((5, 7), 128, np.uint8))
    with Pillow.open(io.BytesIO(preview(small))) as picture:
        assert (picture.size, picture.mode) == ((7, 5), "L")
    p3 = small.replace(pixels=np.tile(np.float32([1.0, 0.0, 0.0]), (5, 7, 1)), primaries="p3")
    with Pillow.open(io.BytesIO(preview(p3))) as picture:
        red = np.asarray(picture)[2, 3]
        assert red[0] >= 253
        assert max(red[1:]) <= 3


def test_previews_lie_apart_whatever_photographs_are_called(tmp_path: Path) -> None:
    names = ("a.jpg", "b/a.jpg", "A.jpg", "a.jpg ", "\udce9.jpg", "x" * 300, "../a.jpg", "a\nb")
    paths = [path for name in names for path in preview_paths(tmp_path, name).values()]
    assert len({path.name.casefold() for path in paths}) == 2 * len(names)
    assert all(path.parent == tmp_path and path.name.isascii() for path in paths)
    assert preview_paths(tmp_path, "a.jpg") == preview_paths(tmp_path, "a.jpg")


def test_previews_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    paths = preview_paths(tmp_path / "new", "a.jpg")
    found = save_previews(paths, {"before": b"one"})
    assert found == {"before": str(paths["before"])}
    save_previews(paths, {"before": b"two", "after": b"three"})
    assert paths["before"].read_bytes() == b"two"
    assert sorted((tmp_path / "new").iterdir()) == sorted(paths.values())
    (tmp_path / "file").write_text("")
    with pytest.raises(hm.errors.ImageWriteError, match="cannot write"):
        save_previews(preview_paths(tmp_path / "file", "a.jpg"), {"before": b"one"})


def test_previews_of_light_are_refused() -> None:
    light = hm.as_image(np.full((5, 7, 3), 100.0, np.float32), domain="hdr")
    with pytest.raises(hm.errors.DomainError):
        preview(light)


@pytest.mark.parametrize("size", [(3000, 1), (1, 3000), (SIDE, SIDE), (SIDE + 1, 2)])
def test_previews_of_any_shape(size: tuple[int, int]) -> None:
    import io

    picture = hm.as_image(np.full((*size, 3), 90, np.uint8))
    with Pillow.open(io.BytesIO(preview(picture))) as found:
        assert max(found.size) <= SIDE
        assert min(found.size) >= 1
