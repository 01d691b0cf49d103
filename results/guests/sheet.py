"""Draws ``sheet.jpg``: exposures of test scenes as they were, and what each method makes of them.

python -m results.guests.sheet --scenes DIR --photographs DIR
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from datasets.scenes.drawn.sheet import font_of
from results.common.pictures import as_picture
from results.guests.measure import WEIGHTS, Picture, pictures
from results.guests.methods import methods

HERE = Path(__file__).parent
SIDE, GAP, LINE, SCENES = 160, 4, 16, 4
SHOWN = (-3.0, 2.0)


def tile(image: Tensor) -> Image.Image:
    """Return the middle of a picture, a square."""
    side = min(image.shape[-2:])
    top, left = ((whole - side) // 2 for whole in image.shape[-2:])
    square = as_picture(image[0, :, top : top + side, left : left + side])
    return square.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def draw(chosen: list[Picture], weights: Path) -> None:
    """Write the sheet, a row for each exposure."""
    every = methods(weights)
    wide, high = SIDE + GAP, SIDE + LINE
    canvas = Image.new("RGB", ((len(every) + 1) * wide, len(chosen) * high), "white")
    pen, font = ImageDraw.Draw(canvas), font_of(12)
    for row, one in enumerate(chosen):
        shown = {name: method(one.wrong) for name, method in every.items()} | {"target": one.right}
        for column, (title, image) in enumerate(shown.items()):
            text = f"{one.name.rpartition(' ')[0][:18]} {one.stops:+g}" if column == 0 else title
            pen.text((column * wide + 2, row * high), text, fill="black", font=font)
            canvas.paste(tile(image), (column * wide, row * high + LINE))
    canvas.save(HERE / "sheet.jpg", quality=80)


def main() -> None:
    parser = argparse.ArgumentParser(description="draw the sheet of guests")
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--photographs", type=Path, required=True)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    chosen = [
        one for one in pictures(options.scenes, options.photographs, SCENES) if one.stops in SHOWN
    ]
    draw(chosen, options.weights)


if __name__ == "__main__":
    main()
