from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from datasets.scenes.groups import (
    REGISTRY,
    Member,
    default_group,
    place_name,
    read_groups,
    write_groups,
)
from datasets.scenes.near_duplicates import assign, main
from datasets.scenes.procedural import procedural_scenes
from datasets.scenes.similarity import duplicates, is_duplicate, similarity
from datasets.scenes.sketch import Sketch, make_sketch
from hdrmetrics import as_image, write_image
from hdrmetrics.errors import OptionError

# -- names -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("brown_photostudio_02", "brown_photostudio"),
        ("venice_sunset", "venice"),
        ("kiara_1_dawn", "kiara"),
        ("kloofendal_48d_partly_cloudy_puresky", "kloofendal"),
        ("blouberg_sunrise_2", "blouberg"),
        ("noon_grass", "noon_grass"),
        ("night", "night"),
        ("piazza_san_marco", "piazza_san_marco"),
        ("StinsonBeach", "StinsonBeach"),
    ],
)
def test_takes_of_a_place_share_its_name(name: str, place: str) -> None:
    assert place_name(name) == place


def test_numbered_photographs_are_different_ones() -> None:
    assert default_group("kodak_10", panorama=False) == "kodak_10"
    assert default_group("quarry_01", panorama=True) == default_group("quarry_02", panorama=True)


# -- likeness --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def photographs() -> list[Tensor]:
    import skimage.data

    pictures = []
    for name in ("astronaut", "coffee", "chelsea", "rocket", "camera", "coins"):
        array = getattr(skimage.data, name)().astype(np.float32) / 255
        array = np.repeat(array[..., None], 3, axis=2) if array.ndim == 2 else array
        pictures.append(torch.from_numpy(np.moveaxis(array, 2, 0).copy()))
    return pictures


def _photo(pixels: Tensor) -> Sketch:
    return make_sketch(pixels, kind="sdr", panorama=False)


def _cut(pixels: Tensor, rows: float, columns: float) -> Tensor:
    height, width = pixels.shape[1:]
    return pixels[:, int(height * (1 - rows)) :, : int(width * columns)]


EDITS: dict[str, Any] = {
    "itself": lambda p: p,
    "mirrored": lambda p: p.flip(-1),
    "smaller": lambda p: torch.nn.functional.interpolate(p[None], scale_factor=0.37)[0],
    "darker": lambda p: p**1.6 * 0.7,
    "cut to another shape": lambda p: _cut(p, 0.76, 1.0),
    "a corner, mirrored": lambda p: _cut(p, 0.8, 0.85).flip(-1),
    "noisy": lambda p: (p + 0.1 * torch.randn(p.shape, generator=torch.manual_seed(0))).clamp(0, 1),
}


@pytest.mark.parametrize("edit", EDITS)
def test_versions_of_a_photograph_are_found(photographs: list[Tensor], edit: str) -> None:
    for picture in photographs[1:3]:
        sketches = [_photo(picture), _photo(EDITS[edit](picture))]
        value = similarity(*sketches)
        assert is_duplicate(value, panorama=False), (edit, value)
        assert similarity(*reversed(sketches)) == pytest.approx(value, abs=1e-6)
        assert [pair[:2] for pair in duplicates(sketches)] == [(0, 1)]


def test_different_photographs_are_told_apart(photographs: list[Tensor]) -> None:
    sketches = [_photo(picture) for picture in photographs]
    assert duplicates(sketches) == []
    assert max(similarity(a, b) for a, b in pairwise(sketches)) < 0.8


def test_a_pair_is_found_among_others(photographs: list[Tensor]) -> None:
    sketches = [_photo(picture) for picture in photographs]
    sketches.append(_photo(EDITS["a corner, mirrored"](photographs[2])))
    ((first, second, value),) = duplicates(sketches)
    assert (first, second) == (2, 6)
    assert value > 0.91


def test_light_and_its_unit(photographs: list[Tensor]) -> None:
    light = photographs[0] ** 2.2
    a = make_sketch(light, kind="hdr", panorama=False)
    b = make_sketch(light * 1234.5, kind="hdr", panorama=False)
    assert np.allclose(a.codes, b.codes, atol=1e-5)
    assert similarity(a, _photo(photographs[0])) > 0.9  # the SDR version of it


def test_flat_pictures_are_like_nothing() -> None:
    flat = _photo(torch.full((3, 300, 400), 0.5))
    assert similarity(flat, flat) == 0.0
    assert duplicates([flat, flat]) == []


def _panoramas() -> list[Tensor]:
    # Periodic in x, as a panorama is: the noise of the scenes' texture is made by an FFT.
    rng = np.random.default_rng(0)
    made = []
    for _ in range(5):
        frequency = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.rfftfreq(512)[None])
        frequency[0, 0] = np.inf
        phases = np.exp(2j * np.pi * rng.random(frequency.shape))
        plane = np.fft.irfft2(phases / frequency**1.2, s=(256, 512))
        made.append(torch.from_numpy(np.exp(plane / plane.std())).float().expand(3, -1, -1))
    return made


def _around(pixels: Tensor) -> Sketch:
    return make_sketch(pixels, kind="hdr", panorama=True)


def test_a_panorama_is_found_turned_mirrored_and_in_other_light() -> None:
    panoramas = _panoramas()
    for n, panorama in enumerate(panoramas):
        turned = torch.roll(panorama, 37 * n + 11, dims=2).flip(-1) ** 0.8 * 50
        blurred = torch.from_numpy(gaussian_filter(turned.numpy(), (0, 1, 1)))
        value = similarity(_around(panorama), _around(blurred))
        assert is_duplicate(value, panorama=True), value
    assert duplicates([_around(panorama) for panorama in panoramas]) == []


def test_panoramas_are_not_compared_with_photographs(photographs: list[Tensor]) -> None:
    assert similarity(_photo(photographs[0]), _around(photographs[0])) == 0.0


# -- groups ----------------------------------------------------------------------------------


def _known(**groups: str) -> dict[str, Member]:
    return {scene: Member(scene, group, "alone") for scene, group in groups.items()}


def _groups(result: dict[str, Member]) -> dict[str, str]:
    return {scene: member.group for scene, member in result.items()}


def test_new_scenes_join_those_they_look_like() -> None:
    found = assign(
        [("a", False), ("b", False), ("c", False)], [("a", "c", 0.95)], _known(a="alpha")
    )
    assert _groups(found.members) == {"a": "alpha", "b": "b", "c": "alpha"}
    assert [found.members[name].reason for name in "abc"] == ["alone", "alone", "content"]
    assert found.added == ["b", "c"]
    assert not found.conflicts


def test_of_two_likenesses_the_stronger_counts_and_somebody_has_to_decide() -> None:
    found = assign(
        [("a", False), ("b", False), ("c", False)],
        [("a", "c", 0.92), ("b", "c", 0.97)],
        _known(a="alpha", b="beta"),
    )
    assert found.members["c"].group == "beta"
    assert "alpha" in found.conflicts[0]
    assert "beta" in found.conflicts[0]


def test_registered_scenes_never_move() -> None:
    known = _known(a="alpha", b="beta")
    found = assign([("a", False), ("b", False)], [("a", "b", 0.99)], known)
    assert found.members == known
    assert len(found.conflicts) == 1


def test_chains_of_new_scenes_stay_together() -> None:
    scenes = [(name, False) for name in ("d", "c", "b", "e")]
    found = assign(scenes, [("b", "d", 0.95), ("d", "e", 0.95)], {})
    assert _groups(found.members) == {"b": "b", "d": "b", "e": "b", "c": "c"}


def test_a_new_take_joins_its_place() -> None:
    first = assign([("quarry_01", True), ("quarry_02", True)], [], {})
    assert _groups(first.members) == {"quarry_01": "quarry", "quarry_02": "quarry"}
    then = assign([("quarry_04", True)], [], first.members)
    assert then.members["quarry_04"] == Member("quarry_04", "quarry", "name")


def test_order_does_not_matter() -> None:
    scenes = [("b", False), ("a", False), ("x_1", True), ("x_2", True)]
    pairs = [("a", "b", 0.95)]
    one = assign(scenes, pairs, {})
    two = assign(scenes[::-1], [("b", "a", 0.95)], {})
    assert one.members == two.members


# -- registry --------------------------------------------------------------------------------


def test_a_registry_is_read_back(tmp_path: Path) -> None:
    members = {"b": Member("b", "a", "content"), "a": Member("a", "a", "eye")}
    write_groups(members, tmp_path / "groups.csv")
    assert read_groups(tmp_path / "groups.csv") == members
    assert (tmp_path / "groups.csv").read_text().splitlines()[1:] == ["a,a,eye", "b,a,content"]


def test_no_registry_is_an_empty_one(tmp_path: Path) -> None:
    assert read_groups(tmp_path / "none.csv") == {}


@pytest.mark.parametrize(
    "text",
    [
        "scene,group,reason\na,,alone\n",
        "scene,group,reason\na,b,because\n",
        "name,group\na,b\n",
        "scene,group,reason\na,b,alone\na,c,alone\n",
        "\xff\xfe\x00",
    ],
)
def test_a_broken_registry_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "groups.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(OptionError, match=r"groups\.csv"):
        read_groups(path)


def test_the_registry_that_is_shipped() -> None:
    groups = {name: member.group for name, member in read_groups(REGISTRY).items()}
    assert groups["venice_dawn"] == groups["venice_sunset"]
    assert groups["pop_nasa_53884"] == groups["ubuntumate_nasa_53884"]  # two crops of one picture
    assert groups["kodak_10"] != groups["kodak_11"]
    # A group is named after one of its scenes or their place, so that the name says something.
    for scene, member in read_groups(REGISTRY).items():
        assert member.group in (scene, place_name(scene)) or member.group in groups


# -- the command -----------------------------------------------------------------------------


def _write(folder: Path, name: str, pixels: Tensor) -> None:
    codes = (pixels.clamp(0, 1) * 255).round().byte().movedim(0, 2).numpy()
    write_image(folder / f"{name}.png", as_image(codes))


def test_the_command_registers_a_folder(
    tmp_path: Path, photographs: list[Tensor], capsys: pytest.CaptureFixture[str]
) -> None:
    scenes = tmp_path / "scenes"
    scenes.mkdir()
    _write(scenes, "cat", photographs[2])
    _write(scenes, "coffee", photographs[1])
    _write(scenes, "cat_again", EDITS["a corner, mirrored"](photographs[2]))
    (scenes / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    registry = tmp_path / "groups.csv"
    command = [str(scenes), "--registry", str(registry)]
    assert main(command) == 0  # only shows
    assert not registry.exists()
    assert main([*command, "--write", str(registry)]) == 0
    assert _groups(read_groups(registry)) == {"cat": "cat", "cat_again": "cat", "coffee": "coffee"}
    streams = capsys.readouterr()
    assert "cat, cat_again" in streams.out
    assert "sdr:" in streams.out
    assert "left out: broken" in streams.err
    before = registry.read_bytes()
    assert main([*command, "--write", str(registry)]) == 0
    assert registry.read_bytes() == before


def test_the_command_asks_for_a_decision(
    tmp_path: Path, photographs: list[Tensor], capsys: pytest.CaptureFixture[str]
) -> None:
    scenes = tmp_path / "scenes"
    scenes.mkdir()
    _write(scenes, "one", photographs[0])
    _write(scenes, "two", photographs[0].flip(-1))
    registry = tmp_path / "groups.csv"
    write_groups(_known(one="one", two="two"), registry)
    assert main([str(scenes), "--registry", str(registry)]) == 1
    assert "decide: one (one) and two (two)" in capsys.readouterr().out


def test_the_command_names_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "nowhere")]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_sketches_of_hdr_scenes() -> None:
    scenes = procedural_scenes(4, size=(256, 320))
    sketches = [make_sketch(s.load(), kind="hdr", panorama=False) for s in scenes]
    assert duplicates(sketches) == []
    assert all(0 <= s.codes.min() <= s.codes.max() <= 1 for s in sketches)
