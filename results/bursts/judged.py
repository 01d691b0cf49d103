"""What was found of made bursts: pairs, whole bursts, and the unspoiled picture of each."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.statistics.bootstrap import SceneBootstrap
from hdrmetrics.collection.bursts.finding import find_groups
from hdrmetrics.collection.bursts.group import Group
from hdrmetrics.collection.bursts.look import Look
from hdrmetrics.collection.record import Record
from hdrmetrics.result import Score
from results.bursts.seen import STRANGER

Facts = dict[str, Any]
RESAMPLES = 1000
_START = datetime(2024, 5, 6, 7, 8, 9)


def is_for_tuning(fact: Facts) -> bool:
    """Return which half of the groups of scenes a picture belongs to."""
    return zlib.crc32(fact["group"].encode()) % 2 == 1


def burst_of(fact: Facts) -> str:
    """Return the name of a picture's burst; that of a stranger is its own."""
    return f"{fact['source']}/{fact['kind']}"


def collection(facts: Sequence[Facts], *, tuning: bool) -> list[Facts]:
    """Return the pictures of one half: without the photographs that bursts were made of."""
    own = [fact for fact in facts if is_for_tuning(fact) is tuning]
    sources = {fact["source"] for fact in own if fact["kind"] != STRANGER}
    return [fact for fact in own if fact["kind"] != STRANGER or fact["source"] not in sources]


def record_of(fact: Facts, *, scored: bool = True) -> Record:
    """Return what a worker would have said of a picture."""
    scores = {}
    if scored and fact["nima"] is not None:
        scores["nima"] = Score("nima", fact["nima"], "", (1.0, 10.0), True)
    name = f"{burst_of(fact)}/{fact['index']}"
    return Record(
        name, name, width=fact["width"], height=fact["height"], scores=scores,
        look=Look.from_dict(fact["look"]),
    )  # fmt: skip


def timed(records: Sequence[Record], facts: Sequence[Facts]) -> list[Record]:
    """Return records as a day of photographs has them.

    One thing after the other, three seconds apart; frames of a series half a second apart; copies
    with the time of their original, every other one without.
    """
    now, last, found = _START, "", []
    for record, fact in zip(records, facts, strict=True):
        if burst_of(fact) != last:
            now, last = now + timedelta(seconds=3), burst_of(fact)
        elif fact["kind"] == "series":
            now += timedelta(seconds=0.5)
        told = fact["kind"] != "copies" or fact["index"] % 2 == 0
        found.append(_at(record, now.isoformat() if told else ""))
    return found


def lying(records: Sequence[Record]) -> list[Record]:
    """Return records of a camera whose clock stands still."""
    return [_at(record, _START.isoformat()) for record in records]


def _at(record: Record, taken: str) -> Record:
    assert record.look is not None
    return replace(record, look=replace(record.look, taken=taken))


@dataclass
class Tally:
    """Counts of one burst, or of one stranger."""

    right: int = 0  # pairs that belong together and are
    lost: int = 0
    wrong: float = 0.0  # pairs that do not belong together but are, half for each of the two
    exact: int = 0
    kept: int = 0
    burst: int = 0
    stranger: int = 0
    joined: int = 0  # 1 for a stranger that is in a group


@dataclass
class Found:
    """What was found of a collection."""

    groups: list[Group]
    tallies: dict[str, Tally] = field(default_factory=dict)


def judge(records: Sequence[Record], facts: Sequence[Facts], **options: float) -> Found:
    """Return what groups are found, and how right they are."""
    groups = find_groups(records, **options)
    truth: dict[str, list[int]] = defaultdict(list)
    for index, fact in enumerate(facts):
        truth[burst_of(fact)].append(index)
    home = {member: number for number, group in enumerate(groups) for member in group.members}
    found = Found(groups)
    for name, members in truth.items():
        tally = found.tallies[name] = Tally()
        by_group: dict[int, int] = defaultdict(int)
        for member in members:
            if member in home:
                by_group[home[member]] += 1
        own = sum(comb(count, 2) for count in by_group.values())
        tally.right, tally.lost = own, comb(len(members), 2) - own
        tally.wrong = sum(
            count * (len(groups[number].members) - count) / 2 for number, count in by_group.items()
        )
        if len(members) == 1:
            tally.stranger, tally.joined = 1, int(bool(by_group))
            continue
        tally.burst = 1
        best = max(by_group, key=lambda number: (by_group[number], -number), default=None)
        if best is not None:
            tally.exact = int(sorted(members) == list(groups[best].members))
            keeper = groups[best].keeper
            tally.kept = int(keeper in members and facts[keeper]["done"] == "")
    return found


def shares(found: Found, facts: Sequence[Facts]) -> dict[str, list[float]]:
    """Return shares with their 95 % intervals, groups of scenes drawn again."""
    group_of = {burst_of(fact): fact["group"] for fact in facts}
    names = sorted(found.tallies)
    bootstrap = SceneBootstrap(np.array([group_of[name] for name in names]), resamples=RESAMPLES)
    columns = {
        key: np.array([getattr(found.tallies[name], key) for name in names], float)
        for key in Tally.__dataclass_fields__
    }

    def share(above: str, *below: str) -> list[float]:
        def ratio(counts: NDArray[np.float64]) -> NDArray[np.float64]:
            total = sum(counts @ columns[key] for key in below)
            return np.asarray(counts @ columns[above] / np.maximum(total, 1e-12))

        whole, drawn = bootstrap.values(ratio)
        return [whole, *(float(one) for one in np.quantile(drawn, (0.025, 0.975)))]

    return {
        "pairs: precision": share("right", "right", "wrong"),
        "pairs: recall": share("right", "right", "lost"),
        "bursts exactly": share("exact", "burst"),
        "unspoiled one kept": share("kept", "burst"),
        "strangers joined": share("joined", "stranger"),
    }
