from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from numpy.typing import NDArray

from datasets.scenes.groups import Member, write_groups
from datasets.scenes.scene import Kind, Scene, check_name
from datasets.scenes.scene_files import find_scenes
from datasets.scenes.splits import split_of
from hdrmetrics import Calibration, Image, as_image, read_image, sample_images, write_image
from hdrmetrics.errors import (
    DomainError,
    HdrMetricsError,
    ImageReadError,
    OptionError,
    PixelValueError,
)
from hdrmetrics.photometry.color import primaries_matrix
from hdrmetrics.photometry.transfer import pq_encode, srgb_decode, srgb_encode

RNG = np.random.default_rng(0)


def _hdr(path: Path, height: int = 40, width: int = 60, value: float | None = None) -> Path:
    pixels = RNG.random((height, width, 3), dtype=np.float32) + 0.1
    if value is not None:
        pixels[3, 4] = value
    write_image(path, as_image(pixels, "hdr"))
    return path


def _sdr(path: Path, channels: int = 3) -> NDArray[np.uint8]:
    codes = RNG.integers(0, 256, (40, 60, channels), dtype=np.uint8)
    from PIL import Image as Pillow

    Pillow.fromarray(codes[..., 0] if channels == 1 else codes).save(path)
    return codes


# -- finding ---------------------------------------------------------------------------------


def test_scenes_are_found_in_all_folders_and_sorted(tmp_path: Path) -> None:
    (tmp_path / "deeper" / "still").mkdir(parents=True)
    _hdr(tmp_path / "zebra.exr")
    _hdr(tmp_path / "deeper" / "still" / "apple.hdr")
    _sdr(tmp_path / "deeper" / "moon.png")
    (tmp_path / "notes.txt").write_text("no picture")
    scenes = find_scenes(tmp_path)
    assert [(s.name, s.kind) for s in scenes] == [
        ("apple", "hdr"), ("moon", "sdr"), ("zebra", "hdr"),
    ]  # fmt: skip
    for scene in scenes:
        assert isinstance(scene, Scene)
        assert (scene.licence, scene.group) == ("unknown", scene.name)
        assert scene.split == split_of(scene.name)
        assert pickle.loads(pickle.dumps(scene)) == scene
        assert len(pickle.dumps(scene)) < 1500
        assert scene.load().shape == (3, 40, 60)
    assert [s.name for s in find_scenes(tmp_path, kinds=("sdr",))] == ["moon"]
    assert [s.name for s in find_scenes(tmp_path, kinds=("hdr",))] == ["apple", "zebra"]


def test_an_index_names_scenes(tmp_path: Path) -> None:
    below = tmp_path / "files"
    below.mkdir()
    _hdr(tmp_path / "a.exr", 30, 60)
    _hdr(below / "b.exr", 30, 60)
    _hdr(below / "c.exr", 33, 60)
    (tmp_path / "index.csv").write_text(
        "file,scene,licence,kind,width,height,other\n"
        'a.exr,garden,"CC0, really",photo,60,30,x\n'
        "files/b.exr,tower_01,CC-BY 4.0,panorama,,,\n"
        "absent.exr,absent,CC0,photo,1,1,\n",
        encoding="utf-8-sig",
    )
    (below / "index.csv").write_text("file,scene,kind\nc.exr,river,panorama\n")
    garden, river, tower = find_scenes(tmp_path)
    assert (garden.name, garden.licence, garden.panorama) == ("garden", "CC0, really", False)
    assert (tower.name, tower.licence, tower.panorama) == ("tower_01", "CC-BY 4.0", True)
    assert tower.group == "tower"
    assert (river.name, river.licence, river.panorama) == ("river", "unknown", True)
    assert garden.size == tower.size == (30, 60)


@pytest.mark.parametrize("suffix", [".exr", ".hdr", ".pfm"])
def test_without_an_index_twice_as_wide_as_high_is_a_panorama(tmp_path: Path, suffix: str) -> None:
    _hdr(tmp_path / f"around{suffix}", 32, 64)
    _hdr(tmp_path / f"photo{suffix}", 32, 63)
    around, photo = find_scenes(tmp_path)
    assert (around.panorama, around.size) == (True, (32, 64))
    assert (photo.panorama, photo.size) == (False, (32, 63))


def test_floating_point_tiff_is_light(tmp_path: Path) -> None:
    light = RNG.random((32, 64, 3), dtype=np.float32) * 50
    tifffile.imwrite(tmp_path / "light.tif", light, photometric="rgb")
    codes = RNG.integers(0, 65536, (32, 64, 3), dtype=np.uint16)
    tifffile.imwrite(tmp_path / "codes.tiff", codes, photometric="rgb")
    second, first = find_scenes(tmp_path)
    assert (first.kind, first.panorama, first.size) == ("hdr", True, (32, 64))
    assert torch.allclose(first.load(), torch.from_numpy(light).movedim(2, 0))
    assert (second.kind, second.panorama) == ("sdr", False)
    assert torch.allclose(
        second.load(), torch.from_numpy(codes.astype(np.float32) / 65535).movedim(2, 0), atol=1e-6
    )


def test_groups_come_from_the_registry(tmp_path: Path) -> None:
    _sdr(tmp_path / "one.png")
    _sdr(tmp_path / "two.png")
    registry = tmp_path / "groups.csv"
    write_groups({"two": Member("two", "one", "content")}, registry)
    one, two = find_scenes(tmp_path, registry=registry)
    assert one.group == two.group == "one"
    assert one.split == two.split


def test_another_seed_divides_anew(tmp_path: Path) -> None:
    for index in range(30):
        (tmp_path / f"s{index}.png").write_bytes(b"not read while finding")
    splits = [scene.split for scene in find_scenes(tmp_path)]
    assert splits != [scene.split for scene in find_scenes(tmp_path, split_seed=1)]


def test_scenes_that_come_later_move_nothing(tmp_path: Path) -> None:
    for index in range(20):
        (tmp_path / f"s{index}.png").write_bytes(b"x")
    before = {scene.name: scene.split for scene in find_scenes(tmp_path)}
    for index in range(20, 40):
        (tmp_path / f"s{index}.png").write_bytes(b"x")
    after = {scene.name: scene.split for scene in find_scenes(tmp_path)}
    assert {name: after[name] for name in before} == before


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    _hdr(tmp_path / "tree.exr")
    _hdr(tmp_path / "again" / "tree.hdr")
    with pytest.raises(OptionError, match=r"again/tree\.hdr.*index\.csv|tree\.exr"):
        find_scenes(tmp_path)
    (tmp_path / "again" / "index.csv").write_text("file,scene\ntree.hdr,tree_again\n")
    assert [scene.name for scene in find_scenes(tmp_path)] == ["tree", "tree_again"]


def test_names_of_files_are_made_plain(tmp_path: Path) -> None:
    _sdr(tmp_path / "my photo (é).png")
    assert [scene.name for scene in find_scenes(tmp_path)] == ["my_photo_"]


@pytest.mark.parametrize("name", ["", "a/b", "..", "a b", "é", "a\n"])
def test_names_that_are_not_plain_are_refused(name: str) -> None:
    with pytest.raises(OptionError, match="letters"):
        check_name(name)


@pytest.mark.parametrize(
    "index",
    [
        b"name,scene\na.exr,a\n",
        b"file,scene\na.exr,a\na.exr,b\n",
        b"file,scene\na.exr,../a\n",
        b"file,domain\na.exr,print\n",
        b"file,scene\n\xff\xfe,a\n",
    ],
)
def test_a_broken_index_is_refused(tmp_path: Path, index: bytes) -> None:
    _hdr(tmp_path / "a.exr")
    (tmp_path / "index.csv").write_bytes(index)
    with pytest.raises(OptionError, match=r"index\.csv"):
        find_scenes(tmp_path)


def test_no_folder_and_no_pictures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageReadError, match="no folder"):
        find_scenes(tmp_path / "absent")
    with pytest.raises(ImageReadError, match="no image"):
        find_scenes(tmp_path)


@pytest.mark.parametrize("suffix", [".exr", ".hdr", ".pfm", ".tif", ".png", ".jpg", ".webp"])
@pytest.mark.parametrize(
    "data", [b"", b"rubbish" * 9, b"\x76\x2f\x31\x01", b"#?RADIANCE\n\n", b"II*\0"]
)
def test_broken_files_are_found_and_fail_when_loaded(
    tmp_path: Path, suffix: str, data: bytes
) -> None:
    (tmp_path / f"broken{suffix}").write_bytes(data)
    (scene,) = find_scenes(tmp_path)
    with pytest.raises(HdrMetricsError):
        scene.load()


# -- loading ---------------------------------------------------------------------------------


def test_light_is_that_of_the_reader() -> None:
    folder = next(iter(sample_images().values())).parent
    for scene in find_scenes(folder):
        light = scene.load()
        expected = read_image(scene.path).tensor()[0].clamp(min=0)
        assert light.dtype == torch.float32
        assert torch.equal(light, expected)


def _scene(tmp_path: Path, path: Path, domain: Kind) -> torch.Tensor:
    (tmp_path / "index.csv").write_text(f"file,domain\n{path.name},{domain}\n")
    (scene,) = find_scenes(tmp_path)
    assert scene.kind == domain
    return scene.load()


def test_negative_light_becomes_zero_and_infinite_light_the_largest(tmp_path: Path) -> None:
    _hdr(tmp_path / "a.exr", value=-3.0)
    pixels = RNG.random((8, 9, 3), dtype=np.float32)
    pixels[2, 3] = np.inf
    pixels[4, 4] = 7.0
    write_image(tmp_path / "b.pfm", as_image(np.ones((8, 9, 3), np.float32), "hdr"))
    data = (tmp_path / "b.pfm").read_bytes()
    start = len(data) - pixels.nbytes
    (tmp_path / "b.pfm").write_bytes(data[:start] + pixels[::-1].astype("<f4").tobytes())
    first, second = find_scenes(tmp_path)
    light = first.load()
    assert float(light.min()) == 0.0
    assert torch.equal(light[:, 3, 4], torch.zeros(3))
    light = second.load()
    assert bool(light.isfinite().all())
    assert torch.equal(light[:, 2, 3], torch.full((3,), 7.0))


def test_light_that_is_not_a_number_is_refused(tmp_path: Path) -> None:
    pixels = np.ones((8, 9, 3), np.float32)
    write_image(tmp_path / "a.pfm", as_image(pixels, "hdr"))
    data = bytearray((tmp_path / "a.pfm").read_bytes())
    data[-4:] = np.array([np.nan], "<f4").tobytes()
    (tmp_path / "a.pfm").write_bytes(bytes(data))
    with pytest.raises(PixelValueError, match="not a number"):
        find_scenes(tmp_path)[0].load()


def test_grey_light_has_three_equal_channels(tmp_path: Path) -> None:
    write_image(tmp_path / "a.exr", as_image(RNG.random((8, 9), dtype=np.float32), "hdr"))
    light = find_scenes(tmp_path)[0].load()
    assert light.shape == (3, 8, 9)
    assert torch.equal(light[0], light[2])


def test_a_pq_picture_is_light_where_the_index_says_so(tmp_path: Path) -> None:
    light = torch.from_numpy(RNG.random((3, 16, 24), dtype=np.float32)) * 1000
    to_2020 = torch.from_numpy(primaries_matrix("bt709", "bt2020")).float()
    codes = pq_encode(torch.einsum("ij,jhw->ihw", to_2020, light)).movedim(0, 2).numpy()
    image = Image(codes, Calibration("display", transfer="pq"), primaries="bt2020")
    write_image(tmp_path / "a.png", image, depth=16)
    found = _scene(tmp_path, tmp_path / "a.png", "hdr")
    assert torch.allclose(found, light, rtol=0.01, atol=0.5)
    (tmp_path / "index.csv").unlink()
    with pytest.raises(DomainError, match="domain=hdr"):
        find_scenes(tmp_path)[0].load()


def test_sdr_codes_are_those_of_the_file(tmp_path: Path) -> None:
    codes = _sdr(tmp_path / "a.png")
    found = find_scenes(tmp_path)[0].load()
    assert found.dtype == torch.float32
    assert torch.allclose(found, torch.from_numpy(codes / 255).movedim(2, 0).float())


def test_alpha_is_dropped_and_grey_repeated(tmp_path: Path) -> None:
    codes = _sdr(tmp_path / "alpha.png", 4)
    grey = _sdr(tmp_path / "grey.png", 1)
    first, second = find_scenes(tmp_path)
    assert torch.allclose(
        first.load(), torch.from_numpy(codes[..., :3] / 255).movedim(2, 0).float()
    )
    expected = torch.from_numpy(grey[..., 0] / 255).float().expand(3, -1, -1)
    assert torch.allclose(second.load(), expected)


def test_wide_colours_are_converted(tmp_path: Path) -> None:
    light = torch.from_numpy(RNG.random((3, 16, 24), dtype=np.float32)) * 0.4 + 0.3
    to_p3 = torch.from_numpy(primaries_matrix("bt709", "p3")).float()
    codes = srgb_encode(torch.einsum("ij,jhw->ihw", to_p3, light)).movedim(0, 2).numpy()
    image = Image(codes, Calibration("display", transfer="srgb"), primaries="p3")
    write_image(tmp_path / "a.png", image, depth=16)
    found = find_scenes(tmp_path)[0].load()
    assert torch.allclose(srgb_decode(found), light, atol=1e-3)


@pytest.mark.parametrize(("name", "domain"), [("a.exr", "sdr"), ("a.png", "hdr")])
def test_the_wrong_domain_is_refused(tmp_path: Path, name: str, domain: Kind) -> None:
    if domain == "sdr":
        _hdr(tmp_path / name)
    else:
        _sdr(tmp_path / name)
    with pytest.raises(DomainError):
        _scene(tmp_path, tmp_path / name, domain)


def test_scenes_larger_than_the_limit_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.hdr").write_bytes(
        b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 90000 +X 90000\n" + b"\0" * 100
    )
    (scene,) = find_scenes(tmp_path)
    assert scene.size == (90000, 90000)
    with pytest.raises(ImageReadError, match="limit"):
        scene.load()
