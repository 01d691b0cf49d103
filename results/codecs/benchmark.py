"""Measures every codec over its range of quality: size, fidelity, visibility and time.

    python -m results.codecs.benchmark [SCENES] [--photos FOLDER] [--count N] [--codecs NAME ...]

``SCENES`` is a folder of HDR files; without it, the package's samples are taken. A frame of at most
512×384 is cut from the middle of each, its 99.9th percentile of luminance brought to 300, 1000 or
4000 cd/m² in turn, and coded whole. ``FOLDER`` holds SDR pictures for the codecs of SDR; without
it, they get the frames tone-mapped. PU21-PSNR is that of the frame, HDR-VDP-2 that of the 256×256
pixels in its middle at 30 pixels per degree; SDR pictures are shown on the display ``srgb-100``.
Writes ``measurements.json``; ``page.py`` makes the report of it. Codecs measured before are kept
when only some are named. One thread; times are processor time.
"""

from __future__ import annotations

import argparse
import platform
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import torch
from torch import Tensor

import hdrmetrics as hm
from hdrmetrics.codecs import CodecInfo, create_codec, list_codecs
from hdrmetrics.tonemap import tonemap
from results.codecs.frames import HEIGHT, WIDTH, Judge, frames, load
from results.common.costs import processor_time
from results.common.files import keep, kept
from results.common.pictures import PEAKS, spread

HERE = Path(__file__).parent
_ENDINGS = ("exr", "hdr", "pfm", "png", "jpg", "jpeg", "webp", "tif")
_PERCENT = (100, 98, 95, 92, 88, 84, 78, 70, 60, 50, 40, 30, 22, 15, 10, 6, 3, 1)
_FINE = (98, 95, 91, 86, 80, 72, 63, 54, 45, 36, 27, 18, 9, 0)
GRIDS: dict[str, tuple[float, ...]] = {
    "avif": _FINE,
    "avif-sdr": _FINE,
    "htj2k": (0.0005, 0.001, 0.002, 0.004, 0.006, 0.009, 0.013, 0.02, 0.03, 0.045, 0.07, 0.1, 0.15,
              0.25, 0.4),
    "jpeg2000": (60, 55, 52, 49, 46, 44, 42, 40, 38, 36, 34, 32, 30, 28),
    "jpeg2000-sdr": (52, 48, 45, 42, 40, 38, 36, 34, 32, 30, 28, 26, 24),
    "jpegxl": (0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8, 10, 13, 17, 21, 25),
    "jpegxl-sdr": (0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8, 10, 13, 17, 21, 25),
    "jpegxr": (75, 65, 57, 50, 45, 40, 35, 31, 27, 23, 19, 16, 13, 10, 7, 4, 2),
    "webp": (*_PERCENT[1:], 0),
}  # fmt: skip


def measure(
    info: CodecInfo, setting: float, pictures: list[tuple[Tensor, Judge]]
) -> dict[str, Any]:
    """Return the medians and means over the pictures of one setting."""
    codec = create_codec(info.name, **{info.parameters[0].name: setting})
    rows = []
    for picture, judge in pictures:
        start = processor_time()
        data = codec.encode(picture)
        halfway = processor_time()
        codec.decode(data)
        end = processor_time()
        coded = codec(picture)
        rows.append(
            {
                **judge(coded.image),
                "bpp": coded.bits_per_pixel,
                "encode": halfway - start,
                "decode": end - halfway,
            }
        )
    table = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    means = {key: float(values.mean()) for key, values in table.items()}
    return {
        "setting": setting,
        **means,
        "c_max": float(np.median(table["c_max"])),
        "q_sd": float(table["q"].std()),
        "encode": float(np.median(table["encode"])),
        "decode": float(np.median(table["decode"])),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenes", nargs="?", type=Path)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--count", type=int, default=8)
    parser.add_argument("--codecs", nargs="*", default=None)
    options = parser.parse_args()
    torch.set_num_threads(1)
    files = (
        spread(options.scenes, _ENDINGS, options.count)
        if options.scenes
        else [*hm.sample_images().values()]
    )
    light = frames(files)
    if options.photos:
        photos = spread(options.photos, _ENDINGS, options.count)
        codes = [load(file).clamp(0, 1) for file in photos]
        sdr = f"{len(codes)} photographs"
    else:
        codes = [tonemap(frame, "reinhard02") for frame in light]
        sdr = "the same frames, tone-mapped by `reinhard02`"
    pictures = {
        "hdr": [(frame, Judge(frame, "hdr")) for frame in light],
        "sdr": [(code, Judge(code, "sdr")) for code in codes],
    }
    target = HERE / "measurements.json"
    whole: dict[str, Any] = (kept(target) if options.codecs else {}) or {"codecs": {}}
    for info in list_codecs(available=True):
        if options.codecs and info.name not in options.codecs:
            continue
        grid = GRIDS.get(info.name, _PERCENT)
        low, high = info.parameters[0].bounds or (0.0, 100.0)
        rows = []
        for setting in grid:
            if low <= setting <= high:
                rows.append(measure(info, setting, pictures[info.domain]))
                row = rows[-1]
                print(
                    f"{info.name:14} {setting:8g} {row['bpp']:7.3f} bpp {row['psnr']:6.2f} dB "
                    f"Q {row['q']:6.2f} ±{row['q_sd']:.2f} {row['q_mos']:5.1f} "
                    f"C {row['c_max']:7.1f} "
                    f"{row['encode'] * 1e3:6.1f} {row['decode'] * 1e3:6.1f} ms",
                    flush=True,
                )
        whole["codecs"][info.name] = rows
    whole["codecs"] = dict(sorted(whole["codecs"].items()))
    import imagecodecs

    whole["made"] = {
        "scenes": "the package's samples" if not options.scenes else f"{len(files)} HDR scenes",
        "sdr": sdr,
        "frame": f"{WIDTH}×{HEIGHT} at most",
        "peaks": PEAKS,
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "imagecodecs": imagecodecs.__version__,
            "pillow": PIL.__version__,
        },
    }
    keep(target, whole)


if __name__ == "__main__":
    with torch.no_grad():
        main()
