"""What ``docs/scale.md`` says of costs is what was measured."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def rows(path: str, columns: int) -> dict[tuple[str, str], list[float]]:
    """Return the numbers of a table's rows by size and metric; a thousand is written out."""
    found = {}
    for line in (ROOT / path).read_text(encoding="utf-8").splitlines():
        cells = [one.strip() for one in line.strip("|").split("|")]
        if len(cells) == columns and re.fullmatch(r"[\d.]+ MP", cells[0]):
            text = re.sub(r"([\d.]+) thousand", lambda m: f"{1000 * float(m[1]):.0f}", line)
            numbers = re.findall(r"\d[\d,]*(?:\.\d+)?", text.split("|", 3)[3])
            found[cells[0], cells[1]] = [float(one.replace(",", "")) for one in numbers]
    return found


def test_the_costs_in_the_docs_are_those_of_the_report() -> None:
    told, measured = rows("docs/scale.md", 5), rows("results/scale/rates.md", 8)
    assert len(measured) == 10
    # The report has seconds with their range first.
    assert told == {key: numbers[3:] for key, numbers in measured.items()}
