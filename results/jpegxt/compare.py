"""Compares the simulated profiles of JPEG XT with the reference software and with each other.

    python -m results.jpegxt.compare [SCENES] [--count N] [--only times|page]

``SCENES`` is a folder of HDR files; without it, the package's samples are taken. A frame of at most
512×384 is cut from the middle of each, its 99.9th percentile of luminance brought to 300, 1000 or
4000 cd/m² in turn, and coded whole with base and residual layer of one quality. PU21-PSNR is that
of the frame, HDR-VDP-2 that of the 256×256 pixels in its middle at 30 pixels per degree. Without
the program ``jpeg`` (Debian: libjpeg-tools) the comparison with it is left out. Writes
``measurements.json``, ``report.md`` and ``curves.png``; ``--only page`` makes the last two again
from the first, ``--only times`` takes the times again. One thread.
"""

from __future__ import annotations

import argparse
import json
import platform
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import torch
from torch import Tensor

import hdrmetrics as hm
from hdrmetrics.codecs import Codec
from hdrmetrics.codecs.jpegxt import container
from hdrmetrics.codecs.jpegxt.base import BASES
from hdrmetrics.codecs.jpegxt.codec import JpegXt
from hdrmetrics.codecs.jpegxt.layers import JpegXtA, JpegXtB, JpegXtC, LayeredCodec
from results.codecs.frames import HEIGHT, WIDTH, Judge, frames
from results.common.costs import processor_time
from results.common.files import kept
from results.common.pictures import PEAKS, spread
from results.jpegxt import page

HERE = Path(__file__).parent
QUALITIES = (1, 2, 3, 5, 8, 12, 18, 25, 35, 45, 55, 65, 75, 82, 88, 92, 95, 97, 99)
CODECS: tuple[type[Codec], ...] = (JpegXt, JpegXtC, JpegXtA, JpegXtB)
BASE_QUALITIES = (12, 45, 82)


def layer_bytes(codec: Codec, data: bytes) -> dict[str, int]:
    """Return the bytes of the base layer and of all the rest."""
    if isinstance(codec, LayeredCodec):
        base = len(container.unpack(data, codec.profile).base)
    else:
        # The standard hides its boxes in segments APP11, between the markers of the base layer.
        place, boxes = 2, 0
        while data[place + 1] != 0xDA:
            length = 2 + int.from_bytes(data[place + 2 : place + 4], "big")
            boxes += length if data[place + 1] == 0xEB else 0
            place += length
        base = len(data) - boxes
    return {"base bpp": base, "rest bpp": len(data) - base}


def measure(codec: Codec, light: Tensor, judge: Judge) -> dict[str, float]:
    """Return size, fidelity, visibility and time of one picture."""
    data = codec.encode(light)
    coded = codec(light)
    pixels = light.shape[-1] * light.shape[-2]
    sizes = {key: 8 * count / pixels for key, count in layer_bytes(codec, data).items()}
    return {
        "bpp": coded.bits_per_pixel,
        **sizes,
        **judge(coded.image),
    }


def times() -> dict[str, dict[str, float]]:
    """Return the processor seconds of a frame of full size at quality 75, the best of ten."""
    (sample,) = frames(sorted(hm.sample_images().values())[:1])
    light = torch.cat((sample, sample), dim=2)[..., :HEIGHT, :WIDTH].contiguous()
    found: dict[str, dict[str, float]] = {}
    for kind in CODECS:
        if kind.missing() is not None:
            continue
        codec, best = kind(quality=75), [float("inf")] * 2
        for _ in range(10):
            start = processor_time()
            data = codec.encode(light)
            between = processor_time()
            codec.decode(data)
            end = processor_time()
            best = [min(best[0], between - start), min(best[1], end - between)]
        found[kind.info.name] = {"encode": best[0], "decode": best[1]}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenes", nargs="?", type=Path)
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--only", choices=("times", "page"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    target = HERE / "measurements.json"
    found = run(options.scenes, options.count) if options.only is None else kept(target)
    if options.only != "page":
        found["times"] = times()
        target.write_text(lines(found))
    page.write(found, HERE)


def run(folder: Path | None, count: int) -> dict[str, Any]:
    """Return all measurements."""
    paths = sorted(hm.sample_images().values())[:count]
    if folder is not None:
        paths = spread(folder, ("exr", "hdr", "pfm"), count)
    lights = {path.stem: light for path, light in zip(paths, frames(paths), strict=True)}
    pictures = {name: (light, Judge(light)) for name, light in lights.items()}
    rows: list[dict[str, Any]] = []
    for kind in CODECS:
        if kind.missing() is not None:
            print(kind.missing())
            continue
        for quality in QUALITIES:
            codec = kind(quality=quality)
            new = [
                {"codec": kind.info.name, "quality": quality, "scene": name, **measure(codec, *one)}
                for name, one in pictures.items()
            ]
            rows += new
            mean = {key: np.mean([row[key] for row in new]) for key in ("bpp", "psnr", "q")}
            print(
                f"{kind.info.name:9} {quality:3} {mean['bpp']:7.3f} bpp {mean['psnr']:6.2f} dB "
                f"Q {mean['q']:6.2f}",
                flush=True,
            )
    bases = [
        {"codec": kind.info.name, "base": base, "quality": quality, "scene": name,
         **measure(kind(quality=quality, base=base), *one)}
        for kind in (JpegXtA, JpegXtB, JpegXtC)
        for base in BASES
        for quality in BASE_QUALITIES
        for name, one in pictures.items()
    ]  # fmt: skip
    return {
        "rows": [{k: tidy(v) for k, v in row.items()} for row in rows],
        "bases": [{k: tidy(v) for k, v in row.items()} for row in bases],
        "made": {
            "scenes": "the package's samples" if folder is None else f"{len(pictures)} HDR scenes",
            "frame": f"{WIDTH}×{HEIGHT} at most",
            "peaks": PEAKS,
            "versions": {
                "python": platform.python_version(),
                "torch": torch.__version__,
                "numpy": np.__version__,
                "pillow": PIL.__version__,
            },
        },
    }


def lines(found: dict[str, Any]) -> str:
    """Return the measurements as JSON with a line for each of them."""
    parts = []
    for key, value in found.items():
        if isinstance(value, list):
            shown = ",\n".join(json.dumps(row, ensure_ascii=False) for row in value)
            parts.append(f'"{key}": [\n{shown}\n]')
        else:
            parts.append(f'"{key}": {json.dumps(value, ensure_ascii=False)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def tidy(value: Any) -> Any:
    """Return a number with the digits worth keeping."""
    return float(f"{value:.5g}") if isinstance(value, float) else value


if __name__ == "__main__":
    with torch.no_grad():
        main()
