"""Recipes: read, checked, and the shipped ones complete."""

from __future__ import annotations

from pathlib import Path

import pytest

from datasets.recipe import RECIPES, find_recipe, parse_recipe, read_recipe
from hdrmetrics.codecs import list_codecs
from hdrmetrics.distort import list_distortions
from hdrmetrics.errors import OptionError, UnknownNameError
from hdrmetrics.expand import list_expansions
from hdrmetrics.tonemap import list_operators

from .small import TEXT, small_recipe

SHIPPED = (
    "hdr-c", "sdr-d", "tmo", "itmo", "hdr-d", "sdr-d-more", "sdr-d-rendered", "hdr-w", "sdr-w",
    "sdr-p",
)  # fmt: skip


def test_a_recipe_is_read() -> None:
    recipe = small_recipe()
    assert recipe.ppd == 30
    assert recipe.crop == 64
    assert [operation.name for operation in recipe.operations] == [
        "gaussian_blur", "gaussian_noise", "jpeg",
    ]  # fmt: skip
    assert recipe.operations[0].strength == (0.1, 1.0)
    assert recipe.sources[0].label == "sdr"
    assert recipe.after[0].kind == "round"
    assert len(recipe.sha256) == 64


def test_the_hash_is_of_the_text() -> None:
    assert small_recipe().sha256 != small_recipe(**{"seed = 5": "seed = 6"}).sha256


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_recipes_name_what_exists(name: str) -> None:
    recipe = read_recipe(find_recipe(name))
    assert recipe.name == name
    known = {
        "codec": {info.name for info in list_codecs()},
        "distort": {info.name for info in list_distortions()},
        "tonemap": {info.name for info in list_operators()},
        "expand": {info.name for info in list_expansions()},
    }
    widen = [step for source in recipe.sources for step in source.widen]
    steps = [step for operation in recipe.operations for step in operation.steps]
    for step in (*recipe.before, *steps, *recipe.after, *widen):
        if step.name:
            assert step.name in known[step.kind]


def test_the_sets_are_as_wide_as_promised() -> None:
    operators = {o.name for o in read_recipe(find_recipe("tmo")).operations}
    assert len(operators) >= 18
    assert len(read_recipe(find_recipe("itmo")).operations) >= 6


def test_shipped_recipes_are_all_listed() -> None:
    assert {path.stem for path in RECIPES.glob("*.toml")} >= set(SHIPPED)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed = 5", "", "recipe: seed is missing"),
        ("seed = 5", "seed = -1", "seed is a whole number"),
        ("seed = 5", "seed = 5\ncolour = 1", "unknown key colour"),
        ('teacher = "hdrvdp2"', 'teacher = "eye"', "teacher is one of"),
        ('teacher = "hdrvdp2"', 'teacher = "tmqi"', "tmqi compares sdr tests"),
        ('reference = "sdr"', 'reference = "hdr"', "give no hdr references"),
        ("frame_size = [96, 128]", "frame_size = [32, 48]", "holds no crop of 64"),
        ("scale = [1.0, 1.0]", "scale = [1.0, 0.5]", "scale is"),
        ("frames = 2", "frames = 0", "sources 1: frames is a whole number"),
        ("frames = 2", "frames = 2\nframez = 2", "sources 1: unknown key framez"),
        ("strength = [0.0, 1.0]", "strength = [0.0, 2.0]", "operation jpeg: strength"),
        ("quality = { from = 95, to = 5 }", "quality = [1]", "codec jpeg, quality: a setting is"),
        ('name = "gaussian_noise"\nstrength', 'name = "jpeg"\nstrength', "the same name"),
        ('name = "small"', 'name = "Small Set"', "name is made of"),
        ("[[sources]]", "[[sources", "not TOML"),
    ],
)
def test_mistakes_are_named(old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(OptionError, match=message):
        parse_recipe(TEXT.replace(old, new, 1))


def test_files_are_found_by_path_or_name(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(TEXT)
    assert read_recipe(find_recipe(str(path))).name == "small"
    with pytest.raises(UnknownNameError, match=r"there are .*hdr-c"):
        find_recipe("hdr-x")
    with pytest.raises(OptionError, match="cannot be read"):
        read_recipe(tmp_path / "absent.toml")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(OptionError, match="cannot be read"):
        read_recipe(path)
