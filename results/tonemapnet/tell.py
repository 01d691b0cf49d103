"""Writes what was measured of the networks, and where they fail, into the cards of the package.

python -m results.tonemapnet.tell
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from hdrmetrics.learned.tonemapping.weights import load_tone_net, save_tone_net, shipped
from results.common.files import kept
from results.tonemapnet.measure import NETS
from results.tonemapnet.page import BASE, HERE, KINDS, column

FAILURES: dict[str, tuple[str, ...]] = {
    "net": (
        "A picture that was meant to be dark becomes as bright as any other.",
        (
            "Saturated colours are lifted until they clip, for TMQI sees luminance alone: a red "
            "canyon gains .05 of TMQI and loses its shades."
        ),
        "It says one exposure; where sun and shade need two, it finds a middle.",
        (
            "It learnt from pictures of a third of a megapixel, and says of larger ones what it "
            "would of their small copies."
        ),
        "Room is small: most pictures want an exposure near a third of a stop above the key 0.18.",
    ),
    "grid net": (
        "It learnt to please a score of luminance; gains of TMQI are mostly of its naturalness.",
        "Cells are large: an exposure reaches beyond what it is meant for, where light is alike.",
    ),
}
"""Known, by network."""


def means(rows: list[dict[str, Any]], name: str) -> dict[str, dict[str, float]]:
    """Return means over all pictures and each kind."""
    parts = {"all pictures": rows}
    parts |= {title: [row for row in rows if row["kind"] == kind] for kind, title in KINDS.items()}
    return {
        title: {
            "tmqi": float(column(own, name, "tmqi").mean()),
            "gain": float(np.mean(column(own, name, "tmqi") - column(own, BASE, "tmqi"))),
            "fsitm": float(np.mean(column(own, name, "fsitm") - column(own, BASE, "fsitm"))),
        }
        for title, own in parts.items()
        if own
    }


def main() -> None:
    """Write."""
    rows = list(kept(HERE / "pictures.json").values())
    steady = kept(HERE / "steady.json")["moves"]
    for name, operator in NETS.items():
        path = shipped(operator)
        net, card = load_tone_net(path)
        told = {
            "pictures": len(rows),
            "means": means(rows, name),
            "steady": steady[name]["all of them"],
        }
        save_tone_net(path, net, replace(card, results=told, failures=FAILURES[name]))


if __name__ == "__main__":
    main()
