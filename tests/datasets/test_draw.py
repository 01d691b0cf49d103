"""Draws: even over shares, free of order, recorded in full."""

from __future__ import annotations

from collections import Counter

import numpy as np

from datasets.draw import UNTOUCHED, draw_operations, draw_version, draw_versions
from datasets.item import steps_from_json, steps_to_json
from datasets.recipe import parse_recipe
from datasets.streams import digest, fraction, stream

from .small import TEXT, small_recipe


def test_streams_depend_on_names_alone() -> None:
    assert stream(1, "a", 2).random() == stream(1, "a", 2).random()
    assert stream(1, "a", 2).random() != stream(1, "a", 3).random()
    assert stream(1, "a", 2).random() != stream(2, "a", 2).random()
    assert digest("a", "bc") != digest("ab", "c")
    # A published value: the first eight bytes of SHA-256("abc").
    assert digest("abc") == 0xBA7816BF8F01CFEA


def test_fractions_are_even() -> None:
    values = np.array([fraction("split", i) for i in range(4000)])
    counts, _ = np.histogram(values, 10, (0, 1))
    assert counts.min() > 330
    assert counts.max() < 470


def test_operations_come_by_their_shares() -> None:
    text = TEXT.replace('name = "jpeg"\nstrength', 'name = "jpeg"\nshare = 4.0\nstrength')
    recipe = parse_recipe(text)
    drawn = Counter(
        operation.name
        for frame in range(200)
        for operation in draw_operations(recipe, "scene", frame, 12)
    )
    assert drawn["jpeg"] == 1600  # systematic sampling: 8 of 12 in every frame
    assert drawn["gaussian_blur"] == drawn["gaussian_noise"] == 400


def test_versions_differ_and_are_repeatable() -> None:
    recipe = small_recipe()
    jpeg = recipe.operations[2]
    first = draw_version(recipe, jpeg, "a", 0, 0)
    assert first == draw_version(recipe, jpeg, "a", 0, 0)
    others = [
        draw_version(recipe, jpeg, "a", 0, 1),
        draw_version(recipe, jpeg, "a", 1, 0),
        draw_version(recipe, jpeg, "b", 0, 0),
    ]
    assert all(other != first for other in others)


def test_a_tied_setting_follows_the_recorded_strength() -> None:
    recipe = small_recipe()
    for version in range(20):
        steps, strength, _ = draw_version(recipe, recipe.operations[2], "a", 0, version)
        assert strength is not None
        assert steps[0].settings["quality"] == round(95 - 90 * strength)
        assert steps[-1].kind == "round"


def test_strengths_are_even_and_an_emphasis_bends_them() -> None:
    recipe = small_recipe()

    def strengths(of: object) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        drawn = [draw_version(recipe, of, "a", f, 0)[1] for f in range(2000)]  # type: ignore[arg-type]
        return np.array(drawn, dtype=float)

    even = strengths(recipe.operations[0])
    assert even.min() >= 0.1
    assert even.max() <= 1.0
    assert abs(even.mean() - 0.55) < 0.02
    old = "strength = [0.1, 1.0]"
    bent = parse_recipe(TEXT.replace(old, f"emphasis = 0.5\n{old}"))
    assert strengths(bent.operations[0]).mean() > 0.66


def test_steps_survive_json() -> None:
    recipe = small_recipe()
    steps, _, _ = draw_version(recipe, recipe.operations[0], "a", 0, 0)
    assert steps_from_json(steps_to_json(steps)) == steps


def test_chance_and_part() -> None:
    text = TEXT.replace(
        '{ kind = "distort", name = "gaussian_blur" }',
        '{ kind = "distort", name = "gaussian_blur", part = [0.2, 0.5], chance = 0.5 }',
    )
    recipe = parse_recipe(text)
    met = 0
    for version in range(400):
        steps, strength, _ = draw_version(recipe, recipe.operations[0], "a", 0, version)
        assert strength is not None
        for step in steps:
            if step.kind == "distort":
                met += 1
                assert step.strength is not None
                assert 0.199 * strength <= step.strength <= 0.501 * strength
    assert 150 < met < 250


def test_a_series_changes_nothing_but_its_strength() -> None:
    text = TEXT.replace("crop = 64", "crop = 64\nseries = 3")
    recipe = parse_recipe(text)
    versions = draw_versions(recipe, recipe.sources[0], "a", 0)
    assert len(versions) == 1 + 3 * 3
    assert versions[0].operation is UNTOUCHED
    steps, strength, _ = draw_version(recipe, UNTOUCHED, "a", 0, versions[0].number)
    assert strength is None
    assert [step.kind for step in steps] == ["round"]
    for first in (1, 4, 7):
        series = versions[first : first + 3]
        assert len({one.operation.name for one in series}) == 1
        drawn = [
            draw_version(recipe, one.operation, "a", 0, one.number, one.level) for one in series
        ]
        strengths = [float(one[1] or 0) for one in drawn]
        assert strengths == sorted(set(strengths))
        assert np.allclose(np.diff(strengths), np.diff(strengths)[0], atol=1e-4)
        assert len({one[2] for one in drawn}) == 1  # the seed
        assert len({one[0][0].seed for one in drawn}) == 1


def test_a_step_may_have_a_strength_of_its_own() -> None:
    text = TEXT.replace(
        'steps = [{ kind = "distort", name = "gaussian_noise" }]',
        'steps = [{ kind = "distort", name = "gaussian_noise", own_strength = [0.4, 0.6] }, '
        '{ kind = "place", area = { from = 0.1, to = 1.0 }, shape = "strip" }]',
    ).replace("crop = 64", "crop = 64\nseries = 3")
    recipe = parse_recipe(text)
    noise = recipe.operations[1]
    drawn = [draw_version(recipe, noise, "a", 0, 0, level)[0] for level in (1, 2, 3)]
    assert len({steps[0].strength for steps in drawn}) == 1
    assert 0.4 <= (drawn[0][0].strength or 0) <= 0.6
    areas = [steps[1].settings["area"] for steps in drawn]
    assert areas == sorted(set(areas))
    assert len({steps[1].seed for steps in drawn}) == 1
