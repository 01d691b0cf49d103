"""Files that fit, and base pictures chosen for what is shown and what is decoded."""

from __future__ import annotations

import pytest
import torch

import hdrmetrics as hm
from hdrmetrics.codecs import create_codec
from hdrmetrics.codecs.backward import BackwardCompatible
from hdrmetrics.errors import DomainError, OptionError, PixelValueError, ShapeError
from hdrmetrics.optimize import Budget, Plan, optimize_base_layer
from hdrmetrics.optimize.filling import beside, fill
from hdrmetrics.optimize.layers import Layers, LayersObjective

PLAN = Plan(Budget(8), restarts=1)


@pytest.fixture(scope="module")
def light() -> torch.Tensor:
    """A piece of a photograph, ``(1, 3, 72, 96)``, up to 1000 cd/m²."""
    pixels = hm.read_image(hm.sample_images()["courtyard"]).tensor()
    piece = pixels[..., 120:192, 200:296].clamp(min=0)
    return piece * (1000 / piece.max())


def codec_named(name: str, **settings: object) -> BackwardCompatible:
    found = create_codec(name, **settings)
    assert isinstance(found, BackwardCompatible)
    return found


@pytest.mark.parametrize("name", ["gainmap", "jpegxt-a", "jpegxt-c"])
@pytest.mark.parametrize("lead", [-20, 0, 30])
def test_files_are_the_largest_that_fit(name: str, lead: int, light: torch.Tensor) -> None:
    codec = codec_named(name)
    for size in (4000, 9000):
        found = fill(codec, light, size, lead)
        assert found is not None
        quality, second = found.qualities
        assert len(found.data) <= size
        assert beside(quality, lead) <= second <= beside(quality, lead) + 3
        assert found.codec.encode(light) == found.data
        above = codec.with_qualities(quality + 1, beside(quality + 1, lead))
        assert len(above.encode(light)) > size
        raised = codec.with_qualities(quality, min(second + 1, 100))
        if second < min(beside(quality, lead) + 3, 100):
            assert len(raised.encode(light)) > size


def test_no_file_fits_in_a_hundred_bytes(light: torch.Tensor) -> None:
    assert fill(codec_named("gainmap"), light, 100) is None


def test_the_best_file_is_taken_where_there_is_room(light: torch.Tensor) -> None:
    found = fill(codec_named("gainmap"), light, 10**9)
    assert found is not None
    assert found.qualities == (100, 100)


def test_both_pictures_count(light: torch.Tensor) -> None:
    filled = fill(codec_named("gainmap"), light, 6000)
    assert filled is not None
    layers = Layers.of(filled)
    objective = LayersObjective({"tmqi": 2.0}, {"pu21-psnr": 0.5})
    fitted = objective.at(light)
    tmqi = float(hm.create_metric("tmqi")(layers.base, light))
    psnr = float(hm.create_metric("pu21-psnr")(layers.light, light))
    assert fitted.values(layers.stacked) == pytest.approx({"tmqi": tmqi, "pu21-psnr": psnr})
    loss = hm.create_metric("pu21-psnr").as_loss()(layers.light, light)
    shown = hm.create_metric("tmqi").as_loss()(layers.base, light)
    assert objective.weights == pytest.approx((0.8, 0.2))  # ratios across both pictures count
    together = 0.8 * float(shown) + 0.2 * float(loss)
    assert float(fitted.loss(layers.stacked)) == pytest.approx(together)
    assert float(fitted.loss(torch.full_like(layers.stacked, torch.inf))) == torch.inf


@pytest.mark.parametrize("name", ["gainmap", "jpegxt-c"])
def test_the_chosen_base_is_better_and_the_file_no_larger(name: str, light: torch.Tensor) -> None:
    found = optimize_base_layer(light, name, size=6000, base={"tmqi": 3.0}, plan=PLAN, judges=None)
    assert found.tuned
    assert len(found.data) <= 6000
    assert found.codec.settings["base"] == "reinhard_free"
    assert found.codec.encode(light) == found.data
    assert torch.equal(found.codec.base_picture(found.data), found.base)
    assert 3 * found.after["tmqi"] + 0.04 * found.after["pu21-psnr"] > (
        3 * found.before["tmqi"] + 0.04 * found.before["pu21-psnr"]
    )
    assert "gamma" not in {key for trial in found.trace for key in trial.settings}
    assert found.to_dict()["bytes"] == len(found.data)
    again = optimize_base_layer(light, name, size=6000, base={"tmqi": 3.0}, plan=PLAN, judges=None)
    assert again.data == found.data


def test_the_judge_brings_the_default_back(light: torch.Tensor) -> None:
    # Light alone is optimised, with a base picture that nobody would show.
    found = optimize_base_layer(
        light, "gainmap", size=6000, operator="gamma", color="per-channel",
        base={"tmqi": 1e-6}, light={"pu21-psnr": 1.0}, plan=PLAN, judges={"fsitm": 0.0},
    )  # fmt: skip
    if found.tuned:
        assert not any(verdict.worse for verdict in found.verdicts)
        return
    assert "fsitm finds the tuned file" in found.reason or "no settings" in found.reason
    assert found.codec.settings == found.default.settings
    assert found.after == found.before


def test_refused_files_are_those_of_the_codec_as_it_is(
    light: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hdrmetrics.optimize.judge import Judge, Verdict

    monkeypatch.setattr(
        Judge, "verdict", lambda self, *_: Verdict(self.metric.info.name, 1.0, 0.0, 0.0, True)
    )
    found = optimize_base_layer(
        light, "gainmap", size=6000, base={"tmqi": 3.0}, plan=PLAN, judges={"fsitm": 0.01}
    )
    assert not found.tuned
    assert "fsitm finds the tuned file of lead" in found.reason
    assert found.data == found.default.encode(light)
    assert found.found["alpha"] != 0


def test_copies_get_the_bytes_that_go_with_them(light: torch.Tensor) -> None:
    plan = Plan(Budget(8), restarts=1, thumbnail=48)
    found = optimize_base_layer(
        light, "gainmap", size=6000, base="tmqi", plan=plan, judges=None, scale=2
    )
    assert {trial.side for trial in found.trace} == {48, 96}
    assert found.codec.settings["scale"] == 2
    assert len(found.data) <= 6000


def test_grey_light(light: torch.Tensor) -> None:
    found = optimize_base_layer(
        light[0, 1], "gainmap", size=4000, base="tmqi", plan=PLAN, judges=None
    )
    assert found.base.shape == found.light.shape == (1, 1, 72, 96)


@pytest.mark.parametrize(
    ("error", "settings"),
    [
        (OptionError, {"size": 100}),
        (OptionError, {"size": 0}),
        (OptionError, {"size": 1e4}),
        (OptionError, {"codec": "jpegxl"}),
        (OptionError, {"quality": 50}),
        (OptionError, {"base_settings": {"alpha": 1.0}}),
        (OptionError, {"judges": {"pu21-psnr": 1.0}}),
        (OptionError, {"light": {}}),
        (DomainError, {"base": "pu21-psnr"}),
        (DomainError, {"light": "tmqi"}),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(
    error: type[Exception], settings: dict, light: torch.Tensor
) -> None:
    judges = {"fsitm": 0.01}
    asked = {"codec": "gainmap", "size": 6000, "plan": PLAN, "judges": judges, **settings}
    with pytest.raises(error):
        optimize_base_layer(light, **asked)


def test_pictures_that_cannot_be_are_refused(light: torch.Tensor) -> None:
    with pytest.raises(ShapeError):
        optimize_base_layer(light.expand(2, -1, -1, -1), "gainmap", size=6000)
    with pytest.raises(ShapeError, match="8 to 8192"):
        optimize_base_layer(light[..., :4, :], "gainmap", size=6000, judges=None)
    with pytest.raises(ShapeError, match="choose other judges"):
        optimize_base_layer(light, "gainmap", size=6000)
    for value in (torch.nan, torch.inf, -1.0, 0.0):
        with pytest.raises(PixelValueError):
            optimize_base_layer(torch.full_like(light, value), "gainmap", size=6000)
