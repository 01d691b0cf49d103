"""Shows every distortion growing on two of the package's samples, as one picture.

    python -m results.distort.sheet      # needs Pillow

Writes ``sheet.jpg``: a row per distortion, HDR on the left (PU21 codes of cd/m², so that the
picture looks about as bright as it is), SDR on the right; strengths along the top.
"""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from hdrmetrics import read_image, sample_images
from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.distort import create_distortion, list_distortions
from hdrmetrics.photometry.transfer import pu21_encode
from hdrmetrics.tonemap import tonemap
from results.common.pictures import as_picture, at_peak

HERE = Path(__file__).parent
STRENGTHS = (0.0, 0.1, 0.3, 0.5, 0.75, 1.0)
SIDE, LABEL, HEAD, GAP, PEAK = 128, 15, 18, 3, 1000.0
WHITE = 250.0  # cd/m² shown as white
PLACES = {"courtyard": (150, 150), "hotel_room": (96, 60)}  # top left corners of the windows


def pictures() -> dict[PixelDomain, Tensor]:
    """Return one whole HDR picture in cd/m², and another one tone-mapped."""
    found = {
        name: at_peak(read_image(sample_images()[name]).tensor().clamp(min=0.0), PEAK)
        for name in PLACES
    }
    return {"hdr": found["courtyard"], "sdr": tonemap(found["hotel_room"])}


def tile(image: Tensor, domain: PixelDomain) -> Image.Image:
    top, left = PLACES["courtyard" if domain == "hdr" else "hotel_room"]
    window = image[0, :, top : top + SIDE, left : left + SIDE]
    white = pu21_encode(torch.tensor(WHITE))
    return as_picture(pu21_encode(window) / white if domain == "hdr" else window)


def settings_line(name: str, seed: int) -> str:
    drawn = create_distortion(name).drawn(seed, domain="hdr")
    parts = [f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in drawn.items()]
    return f"{name}   {', '.join(parts)}"


def main() -> None:
    torch.set_num_threads(1)
    scenes = pictures()
    infos = list_distortions()
    wide = SIDE + GAP
    canvas = Image.new(
        "RGB", (2 * len(STRENGTHS) * wide + 4 * GAP, HEAD + len(infos) * (SIDE + LABEL)), "white"
    )
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(12)
    for row, info in enumerate(infos):
        top = HEAD + row * (SIDE + LABEL)
        draw.text((GAP, top), settings_line(info.name, seed=row), fill="black", font=font)
        for half, domain in enumerate(info.domains):
            distortion = create_distortion(info.name)
            for column, strength in enumerate(STRENGTHS):
                left = GAP + half * (len(STRENGTHS) * wide + 2 * GAP) + column * wide
                if row == 0:
                    text = f"{domain.upper()}, strength {strength:g}"
                    draw.text((left, 0), text, fill="black", font=font)
                out = distortion(scenes[domain], strength=strength, domain=domain, seed=row)
                canvas.paste(tile(out, domain), (left, top + LABEL))
    canvas.save(HERE / "sheet.jpg", quality=72, optimize=True)


if __name__ == "__main__":
    main()
