"""The report on bursts, for people to read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hdrmetrics.text.textfile import write_text

_LOOKED = """Looked at by eye, the groups with strangers of this run all show one scene: four pairs
of BIQ2021 taken moments apart, and one photograph that is in both sets. In one of them, a garden at
night, the nearly black picture is kept: of two pictures neither light counts as the usual one.

Of 3000 photographs of BIQ2021, 466 are in 164 groups when the network's embedding spares none
(`crowd.json`, an upper bound). Looked at by eye, small, about 10 of these groups are of strangers
(horizons at dusk, plates, portraits): some 70 of 10,000 pictures. The others are of one thing:
that set holds many real bursts. With embeddings, among the 600 strangers above, there was none.
"""

_BEGIN = """# Bursts and near-duplicates

Made by `python -m results.bursts.measure report` from bursts of photographs: *series*, as a hand
holds a camera (six frames of 92 % of the sides, shifted, some turned by up to 1.5°; five of them
with other exposures of ±0.3 to ±2 stops, blurred with σ 0.7 to 4, moved by 4 to 20 px, noisy, or
several of these), and *copies* (six of one photograph: cut to 90–97 %, turned by up to 3°, resized
to 50–95 %, JPEG 30–90, other exposures, blurred, or several of these). One picture of each is
unspoiled. Among them are strangers: the other photographs, of which some show one place, and a
crowd of BIQ2021. Thresholds and weights were chosen on one half of the scenes; the numbers that
count are those of the other. Intervals (95 %) draw groups of scenes again. Pictures in which two
strangers were joined stand below the tables: some of them *are* near-duplicates.

Pictures were looked at whole, by `look_of`; of large JPEG files a worker gives the network a copy
that is decoded smaller. The first four lines of a table are alike because neither times nor scores
change a group or a keeper of these bursts (scores change words): what looks alike decides. Whether
times help with bursts in which people move, made bursts cannot tell.

"""


def write_page(path: Path, report: dict[str, Any]) -> None:
    """Write the tables of a report."""
    text = _BEGIN
    for half, found in reversed(report["halves"].items()):
        text += (
            f"## {half.capitalize()} half: {found['bursts']} bursts and {found['strangers']} "
            f"strangers, {found['pictures']} pictures\n\n"
        )
        names = list(next(iter(found["cases"].values())))
        text += f"| | {' | '.join(names)} |\n|---|{'---|' * len(names)}\n"
        for case, shares in found["cases"].items():
            cells = " | ".join(_cell(name, shares[name]) for name in names)
            text += f"| {case} | {cells} |\n"
        text += "\n"
        joined = found["joined strangers"]
        if joined:
            text += "Strangers in groups (without times):\n\n"
            text += "".join(f"- {', '.join(f'`{name}`' for name in group)}\n" for group in joined)
            text += "\n"
    text += _LOOKED + "\n![Groups, right and wrong](sheet.jpg)\n"
    write_text(path, text)


def _cell(name: str, share: list[float]) -> str:
    if name.startswith("strangers"):
        whole, low, high = (1e4 * one for one in share)
        return f"{whole:.0f} of 10,000 ({low:.0f}–{high:.0f})"
    whole, low, high = (100 * one for one in share)
    return f"{whole:.1f} % ({low:.1f}–{high:.1f})"
