"""The pictures that codecs are measured on, and the metrics that judge what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

import torch
from torch import Tensor

import hdrmetrics as hm
from hdrmetrics.metrics.hdrvdp2 import HDRVDP2
from hdrmetrics.photometry.color import luminance
from hdrmetrics.photometry.display import get_display
from results.common.pictures import LIMIT, PEAKS

WIDTH, HEIGHT, CROP = 512, 384, 256


def middle(image: Tensor, height: int, width: int) -> Tensor:
    """Return the middle of a picture, cut to at most ``height`` × ``width``."""
    h, w = image.shape[-2:]
    top, left = max(0, (h - height) // 2), max(0, (w - width) // 2)
    return image[..., top : top + height, left : left + width]


def load(path: Path) -> Tensor:
    """Return the middle of a file's picture, ``(1, C, H, W)`` float32."""
    pixels = torch.from_numpy(hm.read_image(path).pixels.copy())
    return middle(pixels.permute(2, 0, 1)[None], HEIGHT, WIDTH).contiguous()


def frames(paths: Sequence[Path]) -> list[Tensor]:
    """Return HDR frames in cd/m² at the peaks in turn."""
    found = []
    for path, peak in zip(paths, cycle(PEAKS), strict=False):
        light = load(path).clamp(min=0)
        level = float(torch.quantile(luminance(light).flatten().double(), 0.999))
        found.append((light * (peak / level)).clamp(max=LIMIT))
    return found


class Judge:
    """The metrics of one picture, prepared once for all codecs."""

    def __init__(self, picture: Tensor, domain: str = "hdr") -> None:
        display = get_display("srgb-100")
        self.light = display.forward if domain == "sdr" else Tensor.clone
        shown = self.light(picture)
        vdp = HDRVDP2(ppd=30)
        self.psnr = hm.create_metric("pu21-psnr").prepare(shown)
        self.predict = vdp.predict
        self.seen = vdp.prepare(middle(shown, CROP, CROP))

    def __call__(self, coded: Tensor) -> dict[str, float]:
        shown = self.light(coded)
        result = self.predict(middle(shown, CROP, CROP), self.seen)
        values = {"q": result.q, "q_mos": result.q_mos, "c_max": result.c_max}
        return {
            "psnr": min(float(self.psnr(shown)), 100.0),
            **{name: float(value) for name, value in values.items()},
        }
