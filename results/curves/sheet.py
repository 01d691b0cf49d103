"""Draws pictures side by side: exposures of test scenes, and what methods or runs make of them.

    python -m results.curves.sheet --scenes DIR [--run NAME=WEIGHTS ...]

Writes ``sheet.jpg``, or with runs ``ablation.jpg``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image, ImageDraw

from datasets.scenes.drawn.sheet import font_of
from hdrmetrics.text.textfile import replacing
from results.common.files import kept
from results.common.pictures import as_picture
from results.curves.measure import methods_of
from results.curves.pictures import bad, good, windows

HERE = Path(__file__).parent
SIDE, GAP, LINE = 160, 4, 16
SHOWN = (
    ("vestibule", -3.0), ("venice_sunset", -2.0), ("openexr_Garden", -3.0),
    ("piazza_san_marco", 0.0), ("bell_park_pier", 1.0), ("workshop_pmndrs", 2.0),
    ("openexr_CandleGlass", 0.0),
)  # fmt: skip
"""Scenes with their exposures."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--run", action="append", default=[], metavar="NAME=WEIGHTS")
    options = parser.parse_args()
    runs = {text.partition("=")[0]: Path(text.partition("=")[2]) for text in options.run}
    methods = methods_of(kept(HERE / "report.json").get("gamma", 0.8), runs)
    if runs:
        methods = {k: v for k, v in methods.items() if k == "input" or k.startswith("run ")}
    scenes = windows(options.scenes)
    high = SIDE + LINE
    canvas = Image.new("RGB", ((len(methods) + 1) * (SIDE + GAP), len(SHOWN) * high), "white")
    pen, font = ImageDraw.Draw(canvas), font_of(12)
    for row, (name, stops) in enumerate(SHOWN):
        before = bad(scenes[name], name, stops)
        shown = {"original": good(scenes[name])}
        shown |= {who.removeprefix("run "): method(before) for who, method in methods.items()}
        for column, (title, image) in enumerate(shown.items()):
            x = column * (SIDE + GAP)
            said = f"{title} {stops:+g}" if title == "input" else title
            pen.text((x + 2, row * high), said, fill="black", font=font)
            small = as_picture(image[0]).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
            canvas.paste(small, (x, row * high + LINE))
    with replacing(HERE / ("ablation.jpg" if runs else "sheet.jpg")) as draft:
        canvas.save(draft, "JPEG", quality=88)


if __name__ == "__main__":
    main()
