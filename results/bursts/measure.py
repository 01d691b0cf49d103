"""Measures how well bursts are found, and the best of each, on bursts made of photographs.

    python -m results.bursts.measure see --photographs DIR --biq2021 DIR --seen FILE
    python -m results.bursts.measure weigh --seen FILE
    python -m results.bursts.measure report --seen FILE --photographs DIR --biq2021 DIR

The first makes bursts and looks at them, and goes on where it was stopped (an hour on one core);
the second finds the weights of merits on one half of the scenes; the third writes ``report.json``,
``report.md`` and ``sheet.jpg`` for the other half.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path
from typing import Any

import torch

from hdrmetrics.collection.bursts.finding import LIKENESS, SECONDS
from hdrmetrics.collection.bursts.keeper import merits_of
from results.bursts.judged import (
    Facts,
    Found,
    burst_of,
    collection,
    is_for_tuning,
    judge,
    lying,
    record_of,
    shares,
    timed,
)
from results.bursts.page import write_page
from results.bursts.seen import STRANGER, records, see
from results.bursts.sheet import draw
from results.bursts.weighing import weigh
from results.common.files import keep

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m results.bursts.measure")
    parser.add_argument("command", choices=("see", "weigh", "report"))
    parser.add_argument("--photographs", type=Path, help="registered scenes")
    parser.add_argument("--biq2021", type=Path, help="a crowd of strangers")
    parser.add_argument("--seen", type=Path, required=True, help="records, as JSON lines")
    parser.add_argument("--sources", type=int, default=160, help="photographs made into bursts")
    parser.add_argument("--strangers", type=int, default=2000, help="photographs of the crowd")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.command == "see":
        see(
            options.photographs, options.biq2021, options.seen,
            sources=options.sources, strangers=options.strangers,
        )  # fmt: skip
        return
    facts = list(records(options.seen))
    if options.command == "weigh":
        print(_weighed(facts))
        return
    report, found, own = _report(facts)
    keep(HERE / "report.json", report)
    write_page(HERE / "report.md", report)
    draw(HERE / "sheet.jpg", found, own, (options.photographs, options.biq2021))


def _weighed(facts: list[Facts]) -> dict[str, float]:
    bursts: dict[str, list[Facts]] = defaultdict(list)
    for fact in facts:
        if fact["kind"] != STRANGER and is_for_tuning(fact):
            bursts[burst_of(fact)].append(fact)
    return weigh(
        [
            (merits_of([record_of(one) for one in own]), [one["done"] for one in own].index(""))
            for own in bursts.values()
        ]
    )


def _report(facts: list[Facts]) -> tuple[dict[str, Any], Found, list[Facts]]:
    report: dict[str, Any] = {"seconds": SECONDS, "likeness": LIKENESS, "halves": {}}
    for half, tuning in (("tuning", True), ("test", False)):
        own = collection(facts, tuning=tuning)
        plain = [record_of(one) for one in own]
        cases = {
            "without times": plain,
            "a day's times": timed(plain, own),
            "a clock that stands still": lying(plain),
            "without times, without scores": [record_of(one, scored=False) for one in own],
        }
        found = {name: judge(case, own) for name, case in cases.items()}
        for kind in ("series", "copies"):
            part = [one for one in own if one["kind"] in (kind, STRANGER)]
            records_ = [record_of(one) for one in part]
            if kind == "series":
                records_ = timed(records_, part)
            name = f"{kind} alone" + (", with times" if kind == "series" else ", without times")
            found[name] = judge(records_, part)
        report["halves"][half] = {
            "pictures": len(own),
            "bursts": len({burst_of(one) for one in own if one["kind"] != STRANGER}),
            "strangers": sum(one["kind"] == STRANGER for one in own),
            "cases": {name: shares(one, own) for name, one in found.items()},
            "joined strangers": _joined(found["without times"], own),
        }
    return report, found["without times"], own


def _joined(found: Found, own: list[Facts]) -> list[list[str]]:
    """Return the groups in which there are strangers, by the names of their pictures."""
    groups = [[burst_of(own[member]) for member in group.members] for group in found.groups]
    return [sorted(set(g)) for g in groups if any(name.endswith(STRANGER) for name in g)]


if __name__ == "__main__":
    main()
