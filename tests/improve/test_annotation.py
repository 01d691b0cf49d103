"""The order, the sides, what answers mean, and one person's way through the pairs."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import pytest

from hdrmetrics.errors import OptionError
from hdrmetrics.improve.annotation import Annotation, NotCurrentError
from hdrmetrics.improve.answers import AnswerFile
from hdrmetrics.improve.blind import default_seed, enhanced_side, label_of, shuffled
from hdrmetrics.improve.labels import read_labels
from hdrmetrics.improve.pairs import Pair

MANY = [f"photograph {number}" for number in range(2000)]


def start(tmp_path: Path, names: str = "abcdef", seed: int = 1) -> Annotation:
    pairs = [Pair(name, tmp_path / "in", tmp_path / "out") for name in names]
    return Annotation(pairs, AnswerFile(tmp_path / "labels.csv"), seed=seed)


def current(work: Annotation) -> int:
    number = work.state().current
    assert number is not None
    return number


def test_the_order_is_random_and_that_of_the_seed() -> None:
    first = shuffled(MANY, 1)
    assert sorted(first) == sorted(MANY)
    assert first == shuffled(reversed(MANY), 1)
    assert first != shuffled(MANY, 2) != MANY
    # As far from the given order as chance has it: a rank correlation of 0 ± 1/√2000.
    places = {name: place for place, name in enumerate(first)}
    spread = sum((place - places[name]) ** 2 for place, name in enumerate(MANY))
    assert abs(1 - 6 * spread / (2000 * (2000**2 - 1))) < 0.1


def test_the_order_of_some_is_that_among_all() -> None:
    some = [name for name in shuffled(MANY, 5) if name.endswith("7")]
    assert some == shuffled([name for name in MANY if name.endswith("7")], 5)


def test_the_order_is_the_same_on_every_machine() -> None:
    assert shuffled(["bridge", "garden", "lake", "roof"], 3) == ["garden", "roof", "lake", "bridge"]
    assert default_seed("labels.csv") == 783183537


def test_sides_are_a_fair_coin_that_knows_neither_order_nor_other_seeds() -> None:
    sides = [enhanced_side(name, 1) for name in MANY]
    assert abs(Counter(sides)["left"] - 1000) < 4 * 500**0.5
    same = sum(a == enhanced_side(name, 2) for a, name in zip(sides, MANY, strict=True))
    assert abs(same - 1000) < 4 * 500**0.5
    ordered = [enhanced_side(name, 1) for name in shuffled(MANY, 1)]
    repeats = sum(a == b for a, b in itertools.pairwise(ordered))
    assert abs(repeats - 1000) < 4 * 500**0.5


def test_answers_become_labels_by_the_side() -> None:
    assert [label_of(choice, "left") for choice in range(1, 6)] == [2, 1, 0, -1, -1]
    assert [label_of(choice, "right") for choice in range(1, 6)] == [-1, -1, 0, 1, 2]
    for choice in (0, 6, -1):
        with pytest.raises(OptionError, match="from 1 to 5"):
            label_of(choice, "left")


def test_every_pair_is_shown_once_and_labelled_by_its_side(tmp_path: Path) -> None:
    work = start(tmp_path)
    seen = []
    for labelled in range(6):
        state = work.state()
        assert (state.total, state.labelled, state.again) == (6, labelled, False)
        assert state.upcoming == (labelled + 1 if labelled < 5 else None)
        seen.append(work.pairs[current(work)].name)
        work.answer(current(work), 1, seconds=1)
    assert sorted(seen) == list("abcdef")
    assert work.state().current is None
    labels = read_labels(tmp_path / "labels.csv")
    assert labels == {n: 2 if enhanced_side(n, 1) == "left" else -1 for n in seen}
    assert set(labels.values()) == {2, -1}


def test_a_later_run_goes_on_in_the_same_order(tmp_path: Path) -> None:
    whole = [pair.name for pair in start(tmp_path).pairs]
    seen = []
    for _ in range(3):
        work = start(tmp_path)
        for _ in range(2):
            seen.append(work.pairs[current(work)].name)
            work.answer(current(work), 3, seconds=1)
    assert seen == whole
    assert start(tmp_path).state().current is None


def test_new_pairs_join_and_those_that_are_gone_are_kept(tmp_path: Path) -> None:
    work = start(tmp_path, "abc")
    while work.state().current is not None:
        work.answer(current(work), 3, seconds=1)
    work = start(tmp_path, "bcd")
    state = work.state()
    assert (state.total, state.labelled) == (3, 2)
    assert work.pairs[current(work)].name == "d"
    assert set(work.answers.labels) == set("abc")


def test_going_back_corrects_and_then_goes_on(tmp_path: Path) -> None:
    work = start(tmp_path)
    assert work.back() == work.state()  # nothing to go back to
    assert not work.state().earlier
    for choice in (1, 2, 3):
        work.answer(current(work), choice, seconds=1)
    state = work.back()
    assert (state.current, state.again, state.choice, state.upcoming) == (2, True, 3, 3)
    state = work.back()
    assert (state.current, state.choice, state.labelled) == (1, 2, 3)
    state = work.answer(1, 5, seconds=1)
    assert (state.current, state.again, state.labelled) == (3, False, 3)
    assert work.back().current == 2  # the pairs' order is that of their first answers
    assert (work.back().choice, work.back().current, work.back().earlier) == (5, 0, False)
    name = work.pairs[1].name
    assert read_labels(tmp_path / "labels.csv")[name] == label_of(5, work.side(1))
    assert len((tmp_path / "labels.csv").read_text().splitlines()) == 5


def test_going_back_into_an_earlier_run_and_from_the_end(tmp_path: Path) -> None:
    work = start(tmp_path, "abc")
    for _ in range(3):
        work.answer(current(work), 2, seconds=1)
    work = start(tmp_path, "abc")
    state = work.back()
    assert (state.current, state.again, state.choice) == (2, True, None)
    assert work.answer(2, 3, seconds=1).current is None
    assert work.given == 1


def test_two_pages_at_once_ask_nothing_twice(tmp_path: Path) -> None:
    pages = start(tmp_path, "abc"), start(tmp_path, "abc")
    shown = [current(page) for page in pages]
    assert shown[0] == shown[1]
    pages[0].answer(shown[0], 5, seconds=1)
    with pytest.raises(NotCurrentError):
        pages[1].answer(shown[1], 1, seconds=1)
    pages[1].answer(current(pages[1]), 3, seconds=1)
    pages[1].answer(current(pages[1]), 3, seconds=1)
    assert pages[1].state().labelled == 3
    with pytest.raises(NotCurrentError):
        pages[0].answer(current(pages[0]), 1, seconds=1)
    assert pages[0].state().current is None
    assert len((tmp_path / "labels.csv").read_text().splitlines()) == 1 + 3


def test_an_answer_that_comes_twice_counts_once(tmp_path: Path) -> None:
    work = start(tmp_path)
    work.answer(0, 3, seconds=1)
    for number in (0, 2, -1, 99):
        with pytest.raises(NotCurrentError):
            work.answer(number, 3, seconds=1)
    assert work.state().labelled == 1


@pytest.mark.parametrize(
    ("choice", "seconds"), [(0, 1), (6, 1), (3, -1), (3, float("nan")), (3, float("inf"))]
)
def test_nonsense_answers_are_refused(tmp_path: Path, choice: int, seconds: float) -> None:
    work = start(tmp_path)
    with pytest.raises(OptionError):
        work.answer(0, choice, seconds=seconds)
    assert not (tmp_path / "labels.csv").exists()


def test_pairs_that_cannot_be_shown_are_left_out(tmp_path: Path) -> None:
    work = start(tmp_path)
    work.answer(0, 3, seconds=1)
    state = work.leave_out(1, "torn")
    assert (state.total, state.labelled, state.current) == (5, 1, 2)
    assert work.problems == {work.pairs[1].name: "torn"}
    with pytest.raises(NotCurrentError):
        work.leave_out(1, "again")
    work.back()
    state = work.leave_out(0, "gone meanwhile")
    assert (state.total, state.labelled, state.current, state.earlier) == (4, 0, 2, False)
