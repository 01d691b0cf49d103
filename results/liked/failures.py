"""Where nima fails, written into the card beside its weights.

    python -m results.liked.failures --run RUN

By the three parts of BIQ2021 (two of its authors' own photographs, one of stock photographs), from
the predictions of the run.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import numpy as np

from datasets.statistics.weighted import once, srocc
from hdrmetrics.learned.liked.catalogue import WEIGHTS
from hdrmetrics.text.jsontext import readable
from hdrmetrics.text.textfile import write_text

_PARTS = {"ss01": "first", "ss02": "second", "ss03": "third (stock photographs)"}
_ALWAYS = (
    "damage that shows only at full size: pictures are seen as small as on a screen",
    "what other people like, and other kinds of pictures (drawings, screens, documents, art)",
    "HDR pictures are judged by three exposures, which is unproven with people",
)


def main() -> None:
    """Write the failures into the package's card."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    run = parser.parse_args().run
    with (run / "predictions.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "test"]
    path = WEIGHTS / "nima.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    card["failures"] = [*_by_part(rows), *_ALWAYS]
    write_text(path, readable(card))
    print("\n".join(card["failures"]))


def _by_part(rows: list[dict[str, str]]) -> list[str]:
    found = []
    for prefix, name in _PARTS.items():
        own = [row for row in rows if row["photograph"].lower().startswith(prefix)]
        keys = ("score", "opinion", "low", "high")
        score, opinion, low, high = (np.array([float(row[k]) for row in own]) for k in keys)
        order = once(srocc(score, opinion), len(own))
        inside = np.mean((low <= opinion) & (opinion <= high))
        error = np.mean(np.abs(score - opinion))
        found.append(
            f"of BIQ2021, part {name}, {len(own)} test photographs: SROCC {order:.2f} among "
            f"themselves, mean error {error:.2f} points, the interval holds {inside:.0%}"
        )
    return found


if __name__ == "__main__":
    main()
