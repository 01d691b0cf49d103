"""Units: references and tests of one frame, described, labelled, and made again."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest
import torch

from datasets.framing.calibration import HIGHEST
from datasets.item import ReferenceKey, Step
from datasets.pixels import PixelSource
from datasets.recipe import Recipe, find_recipe, parse_recipe, read_recipe
from datasets.scenes.procedural import procedural_scenes
from datasets.scenes.scene import Scene
from datasets.table import item_of
from datasets.unit import Unit, UnitRunner, describe
from hdrmetrics.errors import UnknownNameError
from hdrmetrics.metrics.tmqi import TMQI

from .small import TEXT, small_recipe


def scenes() -> list[Scene]:
    return procedural_scenes(2, kind="hdr") + procedural_scenes(2, kind="sdr")


def shipped(name: str, versions: int) -> Recipe:
    """A shipped recipe with fewer versions, one crop, and without the slow operators."""
    recipe = read_recipe(find_recipe(name))
    sources = tuple(
        dataclasses.replace(source, frames=1, crops=1, versions=versions)
        for source in recipe.sources
    )
    return dataclasses.replace(recipe, sources=sources)


@pytest.mark.parametrize(
    ("name", "source"),
    [("hdr-c", "hdr"), ("hdr-c", "widened"), ("sdr-d", "sdr"), ("tmo", "hdr"), ("tmo", "widened"),
     ("itmo", "hdr"), ("itmo", "widened"), ("hdr-d", "hdr"), ("sdr-d-rendered", "rendered")],
)  # fmt: skip
def test_shipped_recipes_make_what_their_tables_say(name: str, source: str) -> None:
    recipe = shipped(name, versions=3)
    kind = "hdr" if source in ("hdr", "rendered") else "sdr"
    scene = procedural_scenes(1, kind=kind)[0]
    runner = UnitRunner(recipe, PixelSource(scenes()))
    result = runner.run(Unit(source, scene.name, 0))
    made = {failure["item"].rpartition(" ")[2] for failure in result.failures}
    assert made <= {"jpegxt"}  # the one codec that may not be installed
    assert len(result.rows) == 3 - len(made)
    again = PixelSource(scenes())
    for row in result.rows:
        pair = again.pair(item_of(row))
        assert pair.reference.shape == pair.test.shape == (3, 256, 256)
        for pixels, domain in ((pair.reference, recipe.reference), (pair.test, recipe.test)):
            assert float(pixels.min()) >= 0
            assert float(pixels.max()) <= (HIGHEST if domain == "hdr" else 1.0)
        if recipe.test == "sdr":  # as a file holds it
            assert torch.allclose(pair.test * 255, (pair.test * 255).round(), atol=1e-4)
        if recipe.reference == "sdr":
            assert torch.allclose(pair.reference * 255, (pair.reference * 255).round(), atol=1e-4)
        if recipe.reference == "hdr" or source == "rendered":
            assert 100 <= row["peak"] <= 10_000
        if name == "tmo":
            value = TMQI()(pair.test[None], pair.reference[None])
            assert float(value) == pytest.approx(row["tmqi_q"], abs=1e-6)
        json.loads(row["parameters"])
    assert set(result.seconds) >= {"load", "generate", "label"}


def test_peaks_differ_between_frames() -> None:
    recipe = shipped("tmo", versions=1)
    runner = UnitRunner(recipe, PixelSource(scenes()))
    name = procedural_scenes(1, kind="hdr")[0].name
    rows = [row for frame in range(4) for row in runner.run(Unit("hdr", name, frame)).rows]
    assert len({row["peak"] for row in rows}) == len(rows) > 1


def test_a_reference_frame_has_its_peak() -> None:
    recipe = shipped("tmo", versions=1)
    pixels = PixelSource(scenes())
    name = procedural_scenes(1, kind="hdr")[0].name
    row = UnitRunner(recipe, pixels).run(Unit("hdr", name, 0)).rows[0]
    frame = pixels.reference(item_of(row).test.reference)
    weights = torch.tensor([0.2126, 0.7152, 0.0722]).reshape(1, 3, 1, 1)
    level = float((frame * weights).sum(1).flatten().double().quantile(0.999))
    assert level == pytest.approx(min(row["peak"], HIGHEST), rel=0.02)


def test_what_is_done_is_described() -> None:
    single = describe((Step("distort", "gaussian_blur", strength=0.5, seed=1),), "sdr")
    assert set(single) == {"sigma"}
    chain = describe(
        (
            Step("distort", "gaussian_noise", strength=0.5, seed=1),
            Step("codec", "jpeg", {"quality": 30}),
            Step("round", settings={"bits": 8}),
        ),
        "sdr",
    )
    assert chain["jpeg.quality"] == 30
    assert chain["gaussian_noise.sigma"] > 0
    same = describe((Step("codec", "jpeg", {"quality": 30}),), "sdr")
    assert same == {"quality": 30}


def test_a_teacher_that_gives_no_number_costs_one_item(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = small_recipe()
    runner = UnitRunner(recipe, PixelSource(procedural_scenes(1, kind="sdr", size=(128, 160))))
    label = runner.labeller.label

    def spoilt(reference: object, tests: object) -> object:
        labels = label(reference, tests)  # type: ignore[arg-type]
        for values in labels.values():
            values[1] = math.nan
        return labels

    monkeypatch.setattr(runner.labeller, "label", spoilt)
    name = procedural_scenes(1, kind="sdr", size=(128, 160))[0].name
    result = runner.run(Unit("sdr", name, 0))
    assert len(result.rows) == 2
    assert [failure["reason"] for failure in result.failures] == [
        "the teacher gave no finite label"
    ]


def test_a_scene_that_is_not_there() -> None:
    pixels = PixelSource(scenes())
    with pytest.raises(UnknownNameError, match="not in the folder given"):
        pixels.pixels("elsewhere")
    runner = UnitRunner(parse_recipe(small_recipe().text), pixels)
    result = runner.run(Unit("sdr", "elsewhere", 0))
    assert not result.rows
    assert len(result.failures) == 1


def test_keys_are_values() -> None:
    runner = UnitRunner(shipped("tmo", 1), PixelSource(scenes()))
    name = procedural_scenes(1, kind="hdr")[0].name
    row = runner.run(Unit("hdr", name, 0)).rows[0]
    first, second = item_of(row), item_of(dict(row))
    assert first == second
    assert isinstance(hash(first.test), int)
    assert isinstance(first.test.reference, ReferenceKey)


def test_whole_frames_are_covered_and_labelled_as_a_whole() -> None:
    text = TEXT.replace("crop = 64", "crop = 64\nwhole = true\nseries = 2").replace(
        'steps = [{ kind = "distort", name = "gaussian_noise" }]',
        'steps = [{ kind = "distort", name = "gaussian_noise" }, '
        '{ kind = "place", area = 0.2, shape = "strip" }]',
    )
    recipe = parse_recipe(text)
    runner = UnitRunner(recipe, PixelSource(scenes()))
    name = procedural_scenes(1, kind="sdr")[0].name
    result = runner.run(Unit("sdr", name, 0))
    assert not result.failures
    versions = {row["version"] for row in result.rows}
    assert versions == set(range(1 + 2 * 3))
    corners = {(row["crop_y"], row["crop_x"]) for row in result.rows}
    assert corners == {(top, left) for top in (0, 32) for left in (0, 64)}
    for version in versions:
        rows = [row for row in result.rows if row["version"] == version]
        whole = {row["hdrvdp_whole_q"] for row in rows}
        worst = max(row["hdrvdp_q"] for row in rows)
        assert len(whole) == 1
        # The worst window decides, of four that share the energy; crops so small see less light.
        assert worst - 0.7 < whole.pop() < worst + 0.35
        if rows[0]["distortion"] == "none":
            assert {row["hdrvdp_q"] for row in rows} == {worst}
    noisy = [row for row in result.rows if row["distortion"] == "gaussian_noise"]
    assert min(row["hdrvdp_q"] for row in noisy) < -3
    assert max(row["hdrvdp_q"] for row in noisy) > -2.5
