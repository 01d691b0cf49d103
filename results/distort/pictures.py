"""The crops that the strength scales are measured on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from torch import Tensor

from hdrmetrics import read_image, sample_images
from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.photometry.display import get_display
from results.common.pictures import LIMIT, PEAKS, at_peak, spread

SIDE = 256


def hdr_crops(folder: Path | None, count: int) -> Iterator[tuple[str, Tensor]]:
    """Yield crops in cd/m²: the samples of the package, then files spread over the folder."""
    more = [] if folder is None else spread(folder, ("exr", "hdr"), count)
    for index, path in enumerate([*sample_images().values(), *more]):
        light = read_image(path).tensor().clamp(min=0.0)
        yield path.stem, crop(at_peak(light, PEAKS[index % len(PEAKS)]), index)


def sdr_crops(folder: Path | None, count: int) -> Iterator[tuple[str, Tensor]]:
    """Yield display-encoded crops: files spread over the folder, or else tone-mapped samples."""
    paths = [] if folder is None else spread(folder, ("jpg", "webp", "png"), count)
    for index, path in enumerate(paths):
        yield path.stem, crop(read_image(path).tensor().clamp(0.0, 1.0), index)
    if not paths:
        from hdrmetrics.tonemap import tonemap

        for index, path in enumerate(sample_images().values()):
            light = read_image(path).tensor().clamp(min=0.0)
            yield f"{path.stem}, tone-mapped", crop(tonemap(light), index)


def crop(image: Tensor, index: int) -> Tensor:
    """Return a window at half height, at a place along the width that varies with the picture."""
    height, width = image.shape[-2:]
    side = min(SIDE, height, width)
    top, left = (height - side) // 2, (width - side) * (index % 5) // 4
    return image[..., top : top + side, left : left + side].contiguous()


def shown(image: Tensor, domain: PixelDomain) -> Tensor:
    """Return the light that reaches the viewer: clipped at 10 000 cd/m², or an SDR display's."""
    if domain == "hdr":
        return image.clamp(max=LIMIT)
    return get_display("srgb-100").forward(image)
