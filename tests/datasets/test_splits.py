from __future__ import annotations

import hashlib

import pytest
from scipy import stats

from datasets.scenes.groups import REGISTRY, read_groups
from datasets.scenes.splits import SHARES, split_of


def test_shares_are_kept_in_the_long_run() -> None:
    splits = [split_of(f"place_{index}") for index in range(5000)]
    counts = [splits.count(split) for split in SHARES]
    assert stats.chisquare(counts, [5000 * share for share in SHARES.values()]).pvalue > 0.01


@pytest.mark.parametrize(
    ("group", "split"),
    [("kodak_10", "train"), ("brown_photostudio", "validation"), ("venice", "test")],
)
def test_a_split_never_changes(group: str, split: str) -> None:
    # Tables that were labelled under it are committed.
    number = int.from_bytes(hashlib.sha256(b"split\x1f" + group.encode()).digest()[:8], "big")
    position = number / 2**64
    assert split == ("train" if position < 0.7 else "validation" if position < 0.8 else "test")
    assert split_of(group) == split


def test_another_seed_divides_anew() -> None:
    names = [f"place_{index}" for index in range(300)]
    same = [split_of(name) == split_of(name, 1) for name in names]
    assert 0.4 < sum(same) / 300 < 0.7  # of independent draws, 0.54 agree
    assert [split_of(name, 5) for name in names] == [split_of(name, 5) for name in names]


def test_every_split_of_the_registry_is_populated() -> None:
    members = read_groups(REGISTRY)
    splits = [split_of(member.group) for member in members.values()]
    assert len(members) >= 709
    for split, share in SHARES.items():
        assert splits.count(split) / len(splits) == pytest.approx(share, rel=0.35)
