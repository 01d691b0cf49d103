"""Shows every operator on the sample scenes, with its TMQI, as one picture.

    python results/tonemap/gallery.py      # needs Pillow; run page.py afterwards

Writes ``gallery.jpg`` and ``gallery.json``. Pictures are brought to a mean luminance of 100 cd/m²
first, since some operators model vision; settings are the defaults, but for ``SHOWN``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from PIL import Image, ImageDraw, ImageFont

from hdrmetrics import create_metric, list_metrics, read_image, sample_images
from hdrmetrics.numerics.resize import imresize
from hdrmetrics.photometry.color import luminance
from hdrmetrics.tonemap import create_operator, list_operators, to_display

HERE = Path(__file__).parent
# By default the one takes 1 cd/m² for white, the other adapts to half of the brightest lamp.
SHOWN: dict[str, dict[str, float]] = {"gamma": {"stops": -9.0}, "ferwerda96": {"world": 100.0}}
WIDTH, LABEL, GAP, COLUMNS = 208, 16, 4, 2


def scenes() -> dict[str, torch.Tensor]:
    """Return the sample pictures at a mean luminance of 100 cd/m²."""
    found = {}
    for name, path in sample_images().items():
        light = read_image(path).tensor().clamp(min=0.0)
        found[name] = light * (100 / float(luminance(light).mean()))
    return found


def thumbnail(code: torch.Tensor) -> Image.Image:
    height = round(WIDTH * code.shape[-2] / code.shape[-1])
    small = imresize(code, (height, WIDTH)).clamp(0, 1)
    pixels = (small[0].permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()
    return Image.fromarray(pixels)


def main() -> None:
    torch.set_num_threads(2)
    pictures = scenes()
    has_tmqi = "tmqi" in {info.name for info in list_metrics()}
    metric = create_metric("tmqi") if has_tmqi else None
    rows: list[dict[str, Any]] = []
    tiles: list[tuple[str, list[Image.Image]]] = []
    for info in list_operators():
        operator = create_operator(info.name, **SHOWN.get(info.name, {}))
        row: dict[str, Any] = {"operator": info.name, "kind": info.kind}
        line = []
        for name, light in pictures.items():
            code = to_display(operator(light), encoded=info.encoded)
            line.append(thumbnail(code))
            row[f"mean_code_{name}"] = round(float(code.mean()), 4)
            if metric is not None:
                row[f"tmqi_{name}"] = round(float(metric(code.double(), light.double())), 4)
        rows.append(row)
        chosen = "".join(f", {k} {v:g}" for k, v in SHOWN.get(info.name, {}).items())
        row["settings"] = SHOWN.get(info.name, {})
        tiles.append((info.name + chosen, line))
    sheet(tiles).save(HERE / "gallery.jpg", quality=82, optimize=True)
    (HERE / "gallery.json").write_text(json.dumps(rows, indent=1) + "\n")


def sheet(tiles: list[tuple[str, list[Image.Image]]]) -> Image.Image:
    """Return the contact sheet: operators in columns of rows, one row of scenes each."""
    count, height = len(tiles[0][1]), tiles[0][1][0].height
    block_width, block_height = count * (WIDTH + GAP) + 3 * GAP, height + LABEL + GAP
    down = -(-len(tiles) // COLUMNS)
    canvas = Image.new("RGB", (COLUMNS * block_width, down * block_height), "white")
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(13)
    for index, (name, line) in enumerate(tiles):
        left, top = index // down * block_width, index % down * block_height
        draw.text((left + GAP, top), name, fill="black", font=font)
        for place, picture in enumerate(line):
            canvas.paste(picture, (left + GAP + place * (WIDTH + GAP), top + LABEL))
    return canvas


if __name__ == "__main__":
    main()
