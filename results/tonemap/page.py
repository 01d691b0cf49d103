"""Writes the page about tone mapping from what the other two scripts found.

    python -m results.tonemap.page

Reads ``gallery.json`` and ``peers.json``; writes ``README.md``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from hdrmetrics.tonemap import operator_info
from results.common.files import kept

HERE = Path(__file__).parent
PEER_OF = {
    "drago03": "pfstmo_drago03",
    "reinhard02": "pfstmo_reinhard02",
    "reinhard02_local": "pfstmo_reinhard02 -s",
    "reinhard_devlin05": "pfstmo_reinhard05",
    "durand02": "pfstmo_durand02",
    "pattanaik00": "pfstmo_pattanaik00",
}
PAGE = """\
# Tone-mapping operators

Made by `gallery.py`, `peers.py` and `page.py` in this folder. Left to right: courtyard, forest \
path, hotel room, at a mean luminance of 100 cd/m². Settings are the defaults but for `gamma` (−9 \
stops; by default all would be white) and `ferwerda96` (eye adapted to 100 cd/m²; by default, half \
of the brightest lamp, nearly all would be black).

![every operator on the three sample scenes](gallery.jpg)

Times: float32 RGB, two threads, best of nine, load average {load:.1f} at the start. OpenCV's \
Drago takes {drago:.0f} ms and its Reinhard (2005) {reinhard:.0f} ms. pfstmo's times (best of \
four) hold the start of a program and its pipes, {pipes:.0f} ms. The exact bilateral filter is not \
timed, as it takes minutes, nor are the three operators that came after the times were taken.

{operators}

## Difference from pfstmo and OpenCV

Absolute, on linear values in [0, 1], after one fitted exposure factor. Drago and the global \
photographic operator agree with pfstmo; OpenCV's Drago does but for the hotel room. The other \
differences:

- `durand02`: of four readings of pfstmo's base contrast and edge width, decades for both (its \
default of 5 is our contrast 1e5) fit best and are shown; the courtyard still differs more than \
the other two.
- `reinhard02_local`: the mean is small, but single pixels differ much; presumably other surrounds \
are chosen at edges.
- `reinhard_devlin05` (code values here, decoded by 2.2 for pfstmo): read in pfstmo's source, it \
takes the contrast from the extremes of luminance where we (and the HDR Toolbox) take percentiles, \
stretches between the extremes of all channels where we take luminance, and calls the result sRGB. \
With these three choices the formula gives its picture to 1e-4 or better (row `changed`). OpenCV's \
own scaling was not traced.
- `pattanaik00`: pfstmo goes on to match reference white and black to those of a display at 25 \
cd/m² and inverts the response there; ours, like the HDR Toolbox's, ends with the response of the \
scene's viewer.

{agreement}
"""


def operators(rows: list[dict[str, Any]], times: dict[str, float]) -> str:
    scenes = [key.removeprefix("tmqi_") for key in rows[0] if key.startswith("tmqi_")]
    lines = []
    for row in rows:
        name = row["operator"]
        own = f"{times[name]:.0f} ms" if name in times else "not timed"
        peer = f"{times[PEER_OF[name]]:.0f} ms" if name in PEER_OF else ""
        tmqi = [f"{row[f'tmqi_{scene}']:.3f}" for scene in scenes]
        lines.append([f"`{name}`: {operator_info(name).title}", row["kind"], own, peer, *tmqi])
    heads = ["operator", "kind", "1 MP", "pfstmo's", *(f"TMQI, {s}" for s in scenes)]
    return markdown_table(heads, lines)


def agreement(rows: list[dict[str, Any]]) -> str:
    return markdown_table(
        ["scene", "operator", "peer", "mean", "99th percentile", "exposure factor"],
        [
            [
                row["scene"], row["operator"], f"`{row['peer']}`", f"{row['mean']:.4f}",
                f"{row['p99']:.4f}", f"{row['factor']:.3f}",
            ]
            for row in rows
        ],
    )  # fmt: skip


def main() -> None:
    peers = kept(HERE / "peers.json")
    times = peers["milliseconds"]
    page = PAGE.format(
        load=peers["load"],
        drago=times["cv2 Drago"],
        reinhard=times["cv2 Reinhard (2005)"],
        pipes=times["pfsclamp"],
        operators=operators(kept(HERE / "gallery.json"), times),
        agreement=agreement(peers["agreement"]),
    )
    write_text(HERE / "README.md", page)


if __name__ == "__main__":
    main()
