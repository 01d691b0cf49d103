"""What a browser is sent of a pair."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from hdrmetrics import write_image
from hdrmetrics.errors import DomainError, ImageReadError, MissingCodecError, ShapeError
from hdrmetrics.improve.pairs import Pair
from hdrmetrics.improve.views import View, Views, browser_views
from tests.cli.conftest import scene
from tests.improve.conftest import save


def codes(view: View) -> np.ndarray:
    assert view.kind == "image/png"
    assert isinstance(view.content, bytes)
    return np.asarray(PillowImage.open(io.BytesIO(view.content)))


def test_what_browsers_show_goes_as_it_is(tmp_path: Path) -> None:
    for ending, kind in (("png", "png"), ("jpg", "jpeg"), ("webp", "webp")):
        # The kind is that of the content, whatever the name says.
        path = save(tmp_path / f"a.{ending}", 90).rename(tmp_path / f"{ending}.dat")
        assert browser_views(Pair("a", path, path)) == (View(f"image/{kind}", path),) * 2


def test_other_formats_become_png_with_the_same_codes(tmp_path: Path) -> None:
    for ending in ("bmp", "tif", "ppm"):
        other = save(tmp_path / f"a.{ending}", 90)
        plain = save(tmp_path / "a.png", 90)
        first, second = browser_views(Pair("a", other, plain))
        assert np.array_equal(codes(first), np.asarray(PillowImage.open(plain)))
        assert second == View("image/png", plain)


def test_light_is_tone_mapped_by_one_curve_for_both(tmp_path: Path) -> None:
    light = scene()
    paths = [tmp_path / "a.exr", tmp_path / "b.exr", tmp_path / "c.exr"]
    for path, factor in zip(paths, (1.0, 2.0, 1.0), strict=True):
        write_image(path, light * np.float32(factor), depth="float")
    before, after = (codes(view) for view in browser_views(Pair("a", paths[0], paths[1])))
    middle = (before > 10) & (after < 245)
    assert middle.mean() > 0.5
    assert (after[middle] > before[middle]).mean() > 0.99  # twice the light stays brighter
    before, after = (codes(view) for view in browser_views(Pair("a", paths[0], paths[2])))
    assert np.array_equal(before, after)
    assert 60 < before.mean() < 190


def test_light_beside_codes_and_other_sizes_are_refused(tmp_path: Path) -> None:
    light, small, plain = tmp_path / "a.exr", tmp_path / "s.exr", save(tmp_path / "a.png", 90)
    write_image(light, scene())
    write_image(small, scene()[:16])
    for pair in (Pair("a", light, plain), Pair("a", plain, light)):
        with pytest.raises(DomainError, match="save both alike"):
            browser_views(pair)
    with pytest.raises(ShapeError, match="differ"):
        browser_views(Pair("a", light, small))


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    torn = tmp_path / "a.bmp"
    torn.write_bytes(save(tmp_path / "b.bmp", 90).read_bytes()[:200])
    with pytest.raises(ImageReadError, match=r"a\.bmp"):
        browser_views(Pair("a", torn, torn))
    for ending in ("png", "jpg", "webp"):  # browsers would show what is left of them
        half = save(tmp_path / f"half.{ending}", 90, (64, 64))
        half.write_bytes(half.read_bytes()[: half.stat().st_size // 2])
        with pytest.raises(ImageReadError, match=rf"half\.{ending}"):
            browser_views(Pair("a", save(tmp_path / "a.png", 90), half))
    with pytest.raises(ImageReadError, match="nowhere"):
        browser_views(Pair("a", tmp_path / "nowhere.png", torn))


def test_what_only_browsers_can_read_goes_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking(path: Path) -> None:
        raise MissingCodecError(f"{path}: install a codec")

    plain, other = save(tmp_path / "a.png", 90), save(tmp_path / "a.bmp", 90)
    monkeypatch.setattr("hdrmetrics.io.read_image", lacking)
    assert browser_views(Pair("a", plain, plain)) == (View("image/png", plain),) * 2
    with pytest.raises(MissingCodecError):
        browser_views(Pair("a", plain, other))


def test_conversions_are_kept_for_some_pairs(tmp_path: Path) -> None:
    paths = [save(tmp_path / f"{number}.bmp", 90) for number in range(6)]
    views = Views()
    pairs = [Pair(str(number), path, path) for number, path in enumerate(paths)]
    first = views.of(pairs[0])
    assert views.of(pairs[0]) is first
    for pair in pairs[1:]:
        views.of(pair)
    assert views.of(pairs[0]) is not first
