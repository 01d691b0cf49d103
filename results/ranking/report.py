"""Agreement of shortcuts with the whole: ``python -m results.ranking.report FILE``, as a table."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from datasets.statistics.weighted import krocc, once
from results.ranking.damage import LOCAL

ENOUGH = 699  # of nima: the shorter side that a worker keeps
RULE = "nima as ranked"
SHORTCUTS = (
    ("nima 1/1", RULE),
    ("nima 1/1", "nima 1/2"), ("nima 1/1", "nima 1/4"), ("nima 1/1", "nima 1/8"),
    ("norvdpnet 1/1", "norvdpnet sampled"), ("norvdpnet 1/1", "norvdpnet 1/2"),
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    lines = [json.loads(line) for line in parser.parse_args().file.open()]
    for one in lines:
        shorter = min(one["size"])
        scale = next((s for s in (8, 4, 2) if shorter // s >= ENOUGH), 1)
        one[RULE] = one.get(f"nima 1/{scale}", {})
    local = {damage.__name__ for damage in LOCAL}
    print("| shortcut | pictures | n | Kendall | mean and largest difference | width of intervals |"
          " width differs by | both or neither doubted | CPU s, whole and shortcut |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|")
    for whole, short in SHORTCUTS:
        for name, kept in (
            ("all", lines),
            ("undamaged", [one for one in lines if one["damage"] == "none"]),
            ("damaged in places", [one for one in lines if one["damage"] in local]),
        ):
            found = [(one[whole], one[short]) for one in kept if _both(one, whole, short)]
            if len(found) > 2:
                print(_row(short, name, found))


def _both(line: dict[str, Any], whole: str, short: str) -> bool:
    return all("value" in line.get(name, {}) for name in (whole, short))


def _row(short: str, name: str, found: Sequence[tuple[Any, Any]]) -> str:
    x, y = (np.array([one[i]["value"] for one in found], float) for i in (0, 1))
    wide = [np.array([one[i]["high"] - one[i]["low"] for one in found]) for i in (0, 1)]
    seconds = [np.median([one[i]["seconds"] for one in found]) for i in (0, 1)]
    agree = np.mean([bool(one[0]["doubts"]) == bool(one[1]["doubts"]) for one in found])
    kendall = once(krocc(x, y, np.arange(len(x))), len(x))
    off = np.abs(x - y)
    return (
        f"| {short} | {name} | {len(found)} | {kendall:.3f} | {off.mean():.2f}, {off.max():.2f} | "
        f"{wide[0].mean():.2f} | {np.abs(wide[0] - wide[1]).mean():.2f} | {agree:.0%} | "
        f"{seconds[0]:.2f}, {seconds[1]:.2f} |"
    )


if __name__ == "__main__":
    main()
