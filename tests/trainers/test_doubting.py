"""Widths that follow a picture, rules of the guard, and the pictures that they are fitted to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from datasets.statistics.conformal import conformal_factor, conformal_width
from hdrmetrics.errors import OptionError
from hdrmetrics.learned.guard import MEASURES
from hdrmetrics.learned.network import build_network
from hdrmetrics.learned.predictor import LearnedMetric
from hdrmetrics.learned.spread import HINTS, Spread, hints
from hdrmetrics.learned.traits import NAMES, Traits, measure
from tests.learned.small import NOR, alive, card_of, pictures
from trainers.doubting import strange
from trainers.doubting.frames import Frame
from trainers.doubting.guards import RULES, Seen, fit_guards
from trainers.doubting.observe import joined, observe
from trainers.doubting.rules import fit_rule
from trainers.doubting.spreads import NEVER_NARROWER, fit_spread, in_widths

# -- widths ------------------------------------------------------------------------------------


def world(groups: int, seed: int) -> tuple[NDArray[np.float64], ...]:
    """Return hints, scores, truths and groups whose errors grow with one hint, to one side."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups), 20)
    found = rng.normal(size=(group.size, len(HINTS)))
    flat = rng.uniform(0, 1, group.size)
    found[:, HINTS.index("flat")] = flat
    score = rng.uniform(0.3, 0.7, group.size)
    shift = rng.normal(0, 0.01, groups)[group]
    truth = score - np.abs(rng.normal(0, 0.01 + 0.1 * flat)) + shift
    return found, score, truth, group


def test_widths_cover_new_scenes_and_follow_the_errors() -> None:
    spread = fit_spread(*world(60, 1))
    fresh = world(400, 2)
    held = in_widths(spread, *fresh[:3]) <= 1
    assert 0.88 <= held.mean() <= 0.94
    for part in (fresh[0][:, HINTS.index("flat")] < 0.3, fresh[0][:, HINTS.index("flat")] > 0.7):
        assert 0.84 <= held[part].mean() <= 0.99
    below, above = spread.half_widths(fresh[0])
    assert np.corrcoef(below, fresh[0][:, HINTS.index("flat")])[0, 1] > 0.8
    assert below.mean() > 2 * above.mean(), "errors are to one side"
    constant = conformal_width(fresh[2], fresh[1], fresh[3]).half_width
    assert (below + above).mean() < 0.8 * 2 * constant


def test_some_hints_never_narrow() -> None:
    found, score, truth, group = world(40, 3)
    flipped = found.copy()
    flipped[:, HINTS.index("flat")] = 1 - found[:, HINTS.index("flat")]
    spread = fit_spread(flipped, score, truth, group)
    for name in NEVER_NARROWER:
        if name not in spread.names:
            continue
        place = 1 + spread.names.index(name)
        assert spread.below[place] >= 0
        assert spread.above[place] >= 0


def test_too_few_scenes_for_a_width() -> None:
    with pytest.raises(OptionError, match="too few"):
        fit_spread(*world(6, 1))


def test_the_factor_is_the_width_of_plain_errors() -> None:
    rng = np.random.default_rng(4)
    target, predicted, group = rng.random(300), rng.random(300), rng.integers(0, 30, 300)
    width = conformal_width(target, predicted, group)
    assert conformal_factor(np.abs(target - predicted), group) == width.half_width


def test_half_widths_are_bounded() -> None:
    spread = Spread(("flat",), (0.0,), (0.001,), (0.0, 1e4), (0.0, -1e4), 2.0)
    row = np.zeros((2, len(HINTS)))
    row[1, HINTS.index("flat")] = 1e300
    below, above = spread.half_widths(row)
    assert below.tolist() == [1.0, 1.0]
    assert above[0] == 1.0
    assert 0 < above[1] < 0.01


def test_an_empty_picture_has_the_whole_scale() -> None:
    spread = Spread((), (), (), (-3.0,), (-3.0,), 1.0, 0.6)
    row = np.zeros((5, len(HINTS)))
    row[:, HINTS.index("flat")] = [0.0, 0.6, 0.8, 1.0, 0.0]
    row[4, HINTS.index("dark")] = 0.9
    below, above = spread.half_widths(row)
    np.testing.assert_allclose(below, [np.exp(-3), np.exp(-3), 0.5, 1.0, 0.75])
    assert (above == below).all()


def test_hints_of_windows() -> None:
    score = torch.tensor([0.5, 0.9])
    windows = torch.tensor([[0.4, 0.6, 0.8], [0.9, 0.9, 0.1]])
    weight = torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    traits = measure(pictures(1, 64, 64)[0], "light")
    found = hints(score, windows, weight, [traits, traits])
    named = [dict(zip(HINTS, row, strict=True)) for row in found]
    assert named[0]["disagreement"] == pytest.approx(0.1)
    assert named[0]["lowest"] == pytest.approx(0.1)
    assert named[0]["highest"] == pytest.approx(0.1), "what weighs nothing is not seen"
    assert named[0]["windows"] == pytest.approx(1.0)
    assert named[1]["lowest"] == pytest.approx(0.8)
    assert named[1]["flat"] == traits["flat"]


def test_what_a_head_says_of_pictures() -> None:
    metric = LearnedMetric(alive(build_network(NOR, seed=3)), card_of(NOR), "hdr-c")
    one, several = pictures(1, 256, 256)[0], pictures(1, 256, 400)[0]
    found = joined(
        [observe(metric, test, None, -1.0, group="a", name="none") for test in (one, several)]
    )
    with torch.no_grad():
        expected = [float(metric(test[None])) / 100 for test in (one, several)]
    np.testing.assert_allclose(found.score, expected, rtol=1e-4)
    scale = metric.head_card.target
    assert found.truth[0] == pytest.approx(float(scale.score(torch.tensor(-1.0))) / 100, rel=1e-4)
    assert found.several.tolist() == [False, True]
    assert found.select(found.several).score.shape == (1,)


class Shelf(dict[str, Tensor]):
    """Crops by name."""


def test_frames_are_put_together() -> None:
    picture = torch.rand(3, 300, 400)
    corners = [(top, left) for top in (0, 44) for left in (0, 144)]
    names = [(top, left, f"t{top}{left}", f"r{top}{left}") for top, left in corners]
    shelf = Shelf()
    for top, left, test, other in names:
        shelf[test] = picture[:, top : top + 256, left : left + 256]
        shelf[other] = 1 - shelf[test]
    frame = Frame("a", "none", -1.0, (300, 400), tuple(names))
    assert torch.equal(frame.picture(shelf, reference=False), picture)  # type: ignore[arg-type]
    assert torch.equal(frame.picture(shelf, reference=True), 1 - picture)  # type: ignore[arg-type]
    assert frame.inside(shelf, True)  # type: ignore[arg-type]
    del shelf["r00"]
    assert frame.inside(shelf, False)  # type: ignore[arg-type]
    assert not frame.inside(shelf, True)  # type: ignore[arg-type]


# -- the guard ---------------------------------------------------------------------------------


def cloud(count: int, seed: int, **shifts: float) -> list[Traits]:
    rng = np.random.default_rng(seed)
    values = rng.uniform(0.2, 0.4, (count, len(NAMES)))
    for name, shift in shifts.items():
        values[:, NAMES.index(name)] += shift
    return [Traits(tuple(row), 100.0) for row in values.tolist()]


def test_a_rule_tells_two_kinds_apart() -> None:
    real, odd = cloud(300, 1), cloud(100, 2, middle=0.3, chroma=0.2)
    rule = fit_rule(odd, real, false_alarms=0.02)
    fresh_real, fresh_odd = cloud(500, 3), cloud(500, 4, middle=0.3, chroma=0.2)
    assert np.mean([rule.evidence(one) > 0 for one in fresh_real]) == pytest.approx(0.02, abs=0.02)
    assert np.mean([rule.evidence(one) > 0 for one in fresh_odd]) > 0.98
    assert set(rule.weights) < set(MEASURES)
    with pytest.raises(OptionError, match="20 pictures"):
        fit_rule(odd[:5], real, false_alarms=0.02)


def test_guards_look_at_no_test_scene() -> None:
    seen = []
    for pixels, names in RULES.items():
        for kind in ("real", *names):
            for index, traits in enumerate(cloud(60, 5, chroma=0.3 * (kind != "real"))):
                split = "test" if index % 3 == 0 else "train"
                seen.append(Seen(pixels, kind, kind, traits, "a", split))
    found = fit_guards(seen)
    assert {pixels: tuple(guard.rules) for pixels, guard in found.items()} == RULES
    assert fit_guards([one for one in seen if one.split != "test"]) == found


def test_strange_pictures() -> None:
    rng = np.random.default_rng(0)
    codes = (pictures(1, 128, 160)[0] / 400).clamp(0, 1)
    found = [
        *strange.empty(codes, rng), *strange.drawn(128, 160, rng),
        *strange.misread_photograph(codes, rng), *strange.misread_as_codes(codes * 1000, rng),
    ]  # fmt: skip
    for name, picture in found:
        assert picture.shape == (3, 128, 160), name
        assert float(picture.min()) >= 0, name
        assert float(picture.max()) <= 1, name
    assert len({name for name, _ in found}) == len(found)
    for name, picture in strange.empty(codes, rng):
        assert measure(picture, "code")["flat"] > 0.75, name
    light = codes / float(codes.amax())
    dark, bright = (picture for _, picture in strange.wrong_scale(light, rng))
    assert float(dark.amax()) <= 20
    assert float(bright.amax()) >= 5e4


def test_a_surround_keeps_the_picture() -> None:
    picture = pictures(1, 128, 192)
    found = strange.surrounded(picture, 0.5)
    height, width = found.shape[-2:]
    assert 128 * 192 / (height * width) == pytest.approx(0.5, abs=0.01)
    top, left = (height - 128) // 2, (width - 192) // 2
    assert torch.equal(found[..., top : top + 128, left : left + 192], picture)
    seen, before = (measure(one[0], "light")["uneven"] for one in (found, picture))
    assert seen > 1.5 * before, "its sharpness differs from place to place"


def test_a_spread_goes_round() -> None:
    spread = fit_spread(*world(40, 3))
    assert Spread.from_dict(spread.to_dict()) == spread
    assert replace(spread, factor=2.0) != spread
