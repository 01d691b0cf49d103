"""Draws ``sheet.jpg``: test pictures at the key 0.18, by the networks, and tuned.

python -m results.tonemapnet.sheet --scenes DIR --photographs DIR
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from datasets.area import area_resize
from datasets.scenes.drawn.sheet import font_of
from hdrmetrics import create_metric
from hdrmetrics.tonemap import tonemap
from results.common.pictures import as_picture
from results.tonemapnet.measure import LEARNED, chosen
from results.tonemapnet.tuning import FORMS, tuned
from trainers.tonemapping.frames import light_of

HERE = Path(__file__).parent
WIDTH, HEIGHT, GAP, LINE = 330, 190, 4, 16
ROWS = 6


def versions(light: Tensor) -> dict[str, Tensor]:
    """Return codes by title."""
    loss = create_metric(LEARNED).as_loss()
    with torch.no_grad():
        found = {
            "key 0.18": tonemap(light, "reinhard_free"),
            "reinhard_net": tonemap(light, "reinhard_net"),
            "locality 0.8, α 0.5": tonemap(light, "reinhard_free_local", locality=0.8, alpha=0.5),
            "reinhard_grid": tonemap(light, "reinhard_grid"),
        }
    for name, title in (("grid", "grid, tuned"), ("grid without variation", "the same, no TV")):
        numbers = tuned(FORMS[name], lambda code, _: loss(code), light)
        with torch.no_grad():
            found[title] = FORMS[name].tone(numbers, light)
    return found


def draw(lights: list[Tensor]) -> None:
    """Write the sheet, a row for each picture."""
    canvas = Image.new("RGB", (6 * (WIDTH + GAP), len(lights) * (HEIGHT + LINE)), "white")
    pen, font = ImageDraw.Draw(canvas), font_of(12)
    for row, light in enumerate(lights):
        for column, (title, code) in enumerate(versions(light).items()):
            x, y = column * (WIDTH + GAP), row * (HEIGHT + LINE)
            pen.text((x + 2, y), title, fill="black", font=font)
            picture = as_picture(code[0])
            picture.thumbnail((WIDTH, HEIGHT))
            canvas.paste(picture, (x, y + LINE))
    canvas.save(HERE / "sheet.jpg", quality=82)


def main() -> None:
    """Draw."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--photographs", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    lights = []
    for scene in chosen(options.scenes, options.photographs, 40)[:ROWS]:
        light = light_of(scene)
        height, width = light.shape[-2:]
        factor = max(1.0, width / 512)
        lights.append(area_resize(light, (round(height / factor), round(width / factor))))
    draw(lights)


if __name__ == "__main__":
    main()
