"""Shows every operator on the sample scenes, with its TMQI, as one picture.

    python -m results.tonemap.gallery      # needs Pillow; run page.py afterwards

Writes ``gallery.jpg`` and ``gallery.json``. Pictures are brought to a mean luminance of 100 cd/m²
first, since some operators model vision; settings are the defaults, but for ``SHOWN``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from PIL import Image, ImageDraw, ImageFont

from hdrmetrics import create_metric, list_metrics
from hdrmetrics.numerics.resize import imresize
from hdrmetrics.tonemap import create_operator, list_operators, to_display
from results.common.files import keep
from results.common.pictures import as_picture, samples

HERE = Path(__file__).parent
# By default the one takes 1 cd/m² for white, the other adapts to half of the brightest lamp.
SHOWN: dict[str, dict[str, float]] = {"gamma": {"stops": -9.0}, "ferwerda96": {"world": 100.0}}
WIDTH, LABEL, GAP, COLUMNS = 208, 16, 4, 2


def thumbnail(code: torch.Tensor) -> Image.Image:
    height = round(WIDTH * code.shape[-2] / code.shape[-1])
    return as_picture(imresize(code, (height, WIDTH))[0])


def main() -> None:
    torch.set_num_threads(2)
    pictures = samples()
    has_tmqi = "tmqi" in {info.name for info in list_metrics()}
    metric = create_metric("tmqi") if has_tmqi else None
    rows: list[dict[str, Any]] = []
    tiles: list[tuple[str, list[Image.Image]]] = []
    for info in list_operators():
        settings: dict[str, Any] = SHOWN.get(info.name, {})
        operator = create_operator(info.name, **settings)
        row: dict[str, Any] = {"operator": info.name, "kind": info.kind}
        line = []
        for name, light in pictures.items():
            code = to_display(operator(light), encoded=info.encoded)
            line.append(thumbnail(code))
            row[f"mean_code_{name}"] = round(float(code.mean()), 4)
            if metric is not None:
                row[f"tmqi_{name}"] = round(float(metric(code.double(), light.double())), 4)
        rows.append(row)
        chosen = "".join(f", {k} {v:g}" for k, v in settings.items())
        row["settings"] = settings
        tiles.append((info.name + chosen, line))
    sheet(tiles).save(HERE / "gallery.jpg", quality=82, optimize=True)
    keep(HERE / "gallery.json", rows)


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
