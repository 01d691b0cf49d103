"""Draws ``sheet.jpg``: windows of test photographs as they were, degraded, restored, and by others.

python -m results.enhance.sheet --photographs DIR --biq2021 DIR
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from datasets.scenes.drawn.sheet import font_of
from hdrmetrics.enhance import create_enhancer
from results.common.pictures import as_picture
from results.enhance.pictures import DEGRADATIONS, clean_photographs, degraded

HERE = Path(__file__).parent
SIDE, TIMES, GAP, LINE = 120, 2, 4, 16
OTHERS = {
    "motion blur": "richardson_lucy",
    "lens blur": "richardson_lucy",
    "Gaussian noise": "non_local_means",
    "camera noise": "non_local_means",
    "JPEG": "deblocking",
    "clipped highlights": "unsharp_mask",
    "mixture": "non_local_means",
}
PAIRS = 2  # photographs of each degradation, at the middle strength


def tile(image: Tensor) -> Image.Image:
    height, width = image.shape[-2:]
    top, left = (max(0, side - SIDE) // 2 for side in (height, width))
    small = as_picture(image[0, :, top : top + SIDE, left : left + SIDE])
    return small.resize((TIMES * SIDE, TIMES * SIDE), Image.Resampling.NEAREST)


def draw(clean: dict[str, Tensor]) -> None:
    """Write the sheet from clean photographs by name."""
    names = sorted(clean)
    wide, high = TIMES * SIDE + GAP, TIMES * SIDE + LINE
    kinds = list(OTHERS)
    canvas = Image.new("RGB", (4 * PAIRS * wide, len(kinds) * high), "white")
    pen, font = ImageDraw.Draw(canvas), font_of(12)
    for row, kind in enumerate(kinds):
        for pair in range(PAIRS):
            name = names[(row * PAIRS + pair) * len(names) // (len(kinds) * PAIRS)]
            before = degraded(clean[name], name, DEGRADATIONS[kind][1])
            shown = {
                "original": clean[name],
                kind: before,
                "restore": create_enhancer("restore")(before),
                OTHERS[kind]: create_enhancer(OTHERS[kind])(before),
            }
            for column, (title, image) in enumerate(shown.items()):
                x = (4 * pair + column) * wide
                pen.text((x + 2, row * high), title, fill="black", font=font)
                canvas.paste(tile(image), (x, row * high + LINE))
    canvas.save(HERE / "sheet.jpg", quality=80)


def main() -> None:
    parser = argparse.ArgumentParser(description="draw the sheet of enhancers")
    parser.add_argument("--photographs", type=Path)
    parser.add_argument("--biq2021", type=Path)
    parser.add_argument("--most", type=int, default=20)
    options = parser.parse_args()
    torch.set_num_threads(1)
    draw(clean_photographs(options.photographs, options.biq2021, options.most))


if __name__ == "__main__":
    main()
