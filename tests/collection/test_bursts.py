import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdrmetrics.collection.bursts.finding import find_groups
from hdrmetrics.collection.record import Record
from hdrmetrics.errors import OptionError

from .leaves import leaves, record


def names(records, groups):
    return [[records[index].name for index in group.members] for group in groups]


def burst(seed, count=4, **facts):
    """Return records of one place, each cut a little differently."""
    codes = leaves(seed, 110, 140)
    draw = np.random.default_rng(seed)
    found = []
    for index in range(count):
        top, left = draw.integers(0, 8, 2)
        own = codes[top : top + 100, left : left + 130]
        found.append(record(f"{seed}-{index}", own, seed, **facts))
    return found


def test_bursts_are_found_among_strangers():
    bursts = [burst(seed) for seed in range(4)]
    records = [one for each in bursts for one in each]
    records += [record(f"stranger {seed}", leaves(seed), seed) for seed in range(10, 30)]
    groups = find_groups(records)
    assert names(records, groups) == [[one.name for one in each] for each in bursts]
    for group in groups:
        assert group.keeper in group.members
        assert set(group.why) == set(group.members)
        assert all(group.why.values())


WORLD = [*burst(0), *burst(1), *(record(f"{n}", leaves(n), n) for n in range(10, 14))]


@given(st.permutations(range(len(WORLD))))
@settings(max_examples=10, deadline=None)
def test_the_order_of_the_records_changes_nothing(order):
    records = [WORLD[index] for index in order]
    found = {
        (tuple(sorted(names(records, [group])[0])), records[group.keeper].name)
        for group in find_groups(records)
    }
    assert found == {
        (tuple(names(WORLD, [group])[0]), WORLD[group.keeper].name) for group in find_groups(WORLD)
    }


def test_a_panorama_is_no_burst():
    strip = leaves(0, 96, 1600)
    shots = [record(f"{n:02}", strip[:, 24 * n : 24 * n + 128], 0) for n in range(50)]
    groups = find_groups(shots)
    spans = [max(group.members) - min(group.members) for group in groups]
    assert max(spans, default=0) <= 4  # all members share more than nothing


def moved(amount):
    """Return two records of one moment between which much of the picture changed."""
    before, other = leaves(0, 96, 128), leaves(1, 96, 128)
    after = before.copy()
    after[:, : round(128 * amount)] = other[:, : round(128 * amount)]
    return before, after


def test_less_is_asked_of_one_moment():
    before, after = moved(0.35)
    for first, second, together in (
        ("2024-05-06T07:08:09", "2024-05-06T07:08:12", True),
        ("2024-05-06T07:08:09", "2024-05-06T07:09:12", False),
        ("", "", False),
        ("2024-05-06T07:08:09", "", False),
        ("not a time", "2024-05-06T07:08:12", False),
    ):
        records = [record("a", before, taken=first), record("b", after, taken=second)]
        found = find_groups(records, likeness=0.6)
        assert bool(found) is together, (first, second)
    assert not find_groups(
        [record("a", before, taken="2024-05-06T07:08:09"),
         record("b", after, taken="2024-05-06T07:08:12")], seconds=0, likeness=0.6,
    )  # fmt: skip


def test_times_alone_join_nothing():
    records = [
        record(f"{n}", leaves(n), n, taken="2000-01-01T12:00:00") for n in range(40)
    ]  # fmt: skip
    assert find_groups(records) == []


def test_times_that_lie_part_nothing():
    records = burst(0)
    years = [
        Record(one.path, one.name, look=type(one.look)(
            one.look.small, one.look.embedding, f"{1995 + 3 * n}-06-07T08:09:10"))
        for n, one in enumerate(records)
    ]  # fmt: skip
    assert names(years, find_groups(years)) == [[one.name for one in records]]


def test_records_without_a_look_stay_alone():
    records = [Record("x", "x", errors={"file": "broken"}), *burst(0), Record("y", "y")]
    assert [group.members for group in find_groups(records)] == [(1, 2, 3, 4)]
    assert find_groups([]) == find_groups(records[:1]) == []


def test_thousands_of_copies_are_one_group_and_soon_found():
    own = burst(0, 1)[0]
    records = [Record(f"{n:04}", f"{n:04}", look=own.look) for n in range(3000)]
    start = time.process_time()
    (group,) = find_groups(records)
    assert len(group.members) == 3000
    assert time.process_time() - start < 5


def test_a_hundred_frames_of_one_place_stay_together():
    codes = leaves(0, 110, 140)
    draw = np.random.default_rng(0)
    records = [
        record(f"{n:03}", codes[5:105, 5:135] + draw.normal(0, 0.05, (100, 130, 3)), 0)
        for n in range(100)
    ]
    (group,) = find_groups(records)
    assert len(group.members) == 100


@pytest.mark.parametrize(
    "options", [{"seconds": -1}, {"seconds": float("nan")}, {"likeness": 1.1}, {"likeness": -0.1}]
)
def test_wrong_options_are_named(options):
    with pytest.raises(OptionError, match=next(iter(options))):
        find_groups([], **options)
