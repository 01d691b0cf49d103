"""Side by side: test scenes as operators make them, and as tuned by the learned score.

    python -m results.optimize.sheet --scenes DIR [--work DIR]

Takes the settings from the measurements; writes ``sheet.jpg``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from hdrmetrics.optimize.problem import reduced
from hdrmetrics.tonemap import tonemap
from results.common.files import kept
from results.learned.whole import chosen
from results.optimize.measure import FILE
from results.optimize.scenes import HERE, light_of

SHOWN = 5
SIZE = (384, 192)
COLUMNS = {
    "key": "reinhard02, key 0.18",
    "drago03": "drago03",
    "reinhard_free learned": "reinhard_free, tuned",
    "drago03 learned": "drago03, tuned",
    "best": "--operator best",
}


def tile(light: Tensor, row: str, measured: dict[str, Any]) -> Image.Image:
    """Return one picture with what it is and its TMQI."""
    found = measured[row]
    operator = "reinhard02" if row == "key" else found.get("operator", row)
    codes = tonemap(light, operator, **found.get("settings", {}))[0].movedim(0, 2)
    picture = Image.fromarray((codes * 255).round().to(torch.uint8).numpy())
    picture = picture.resize(SIZE, Image.Resampling.LANCZOS)
    name = COLUMNS[row] + (f": {operator}" if row == "best" else "")
    ImageDraw.Draw(picture).text(
        (6, 4), f"{name}   TMQI {found['q']:.3f}", fill="white", stroke_width=2,
        stroke_fill="black", font_size=14,
    )  # fmt: skip
    return picture


def main() -> None:
    """Write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=HERE, help="where measurements are kept")
    options = parser.parse_args()
    found = kept(options.work / FILE)
    scenes = [one for one in chosen(options.scenes, "hdr", "test", 16) if one.name in found]
    scenes = scenes[:SHOWN]
    sheet = Image.new("RGB", (SIZE[0] * len(COLUMNS), SIZE[1] * len(scenes)), "white")
    for line, scene in enumerate(scenes):
        light = light_of(scene.load(), "hdr")
        for column, row in enumerate(COLUMNS):
            picture = tile(reduced(light, 2 * SIZE[0]), row, found[scene.name]["rows"])
            sheet.paste(picture, (SIZE[0] * column, SIZE[1] * line))
    sheet.save(HERE / "sheet.jpg", quality=82)


if __name__ == "__main__":
    main()
