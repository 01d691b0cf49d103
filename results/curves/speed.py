"""Times curve enhancers beside networks of published shapes, all in one process.

    python -m results.curves.speed

Writes ``speed.json``: milliseconds, the best of some calls, on one and two threads.
Weights are drawn where none are ours: they change no time.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from hdrmetrics.enhance import create_enhancer
from hdrmetrics.learned.curves.net import fresh_net
from results.common.costs import processor_time
from results.common.files import keep

HERE = Path(__file__).parent
SIZES = {"640×480": (480, 640), "12 MP": (3000, 4000)}
THREADS = (1, 2)
WHAT = """\
Milliseconds for a picture in memory, the best of five calls (one, of 12 MP), in one process on a
machine of two cores{note}: of the processor with one thread, of the clock with two. *curve* and
*curve-light* include the small copy, the network, the maps widened and the curves. Beside them: the
published networks at the picture's full size, as they run (12 MP in strips of 256 rows, without the
margins that a seamless picture needs): Zero-DCE (79,416 weights) and Zero-DCE++ with full-size maps
(10,561), three convolutions of three channels as SCI's network has when it is used, and a stand-in
of FLOL's size (0.16 M weights; its
layers are not copied: a U of two levels)."""
_ROWS = 256


class Three(nn.Module):
    """SCI in use: the picture divided by an illumination of three convolutions.

    References
    ----------
    L. Ma et al., "Toward fast, flexible, and robust low-light image enhancement", CVPR 2022.
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(3, 3, 3, padding=1) for _ in range(3))

    def forward(self, image: Tensor) -> Tensor:
        a, b, c = self.layers
        x = torch.relu(a(image))
        x = x + torch.relu(b(x))
        light: Tensor = (torch.sigmoid(c(x)) + image).clamp(1e-4, 1)
        return (image / light).clamp(0, 1)


class Small(nn.Module):
    """A U of two levels with 0.16 M weights, which halves the picture once before it."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(12, 32, 3, padding=1)
        self.down = nn.Conv2d(32, 64, 2, stride=2)
        self.middle = nn.ModuleList(nn.Conv2d(64, 64, 3, padding=1) for _ in range(3))
        self.up = nn.Conv2d(64, 128, 1)
        self.last = nn.Sequential(
            nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 12, 3, padding=1)
        )

    def forward(self, image: Tensor) -> Tensor:
        x = torch.relu(self.first(nn.functional.pixel_unshuffle(image, 2)))
        y = self.down(x)
        for layer in self.middle:
            y = y + torch.relu(layer(y))
        found = self.last(x + nn.functional.pixel_shuffle(self.up(y), 2))
        return (image + nn.functional.pixel_shuffle(found, 2)).clamp(0, 1)


def in_strips(job: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """Return a function that works through a large picture strip by strip."""

    @torch.no_grad()
    def whole(image: Tensor) -> Tensor:
        if image.shape[-2] <= 2 * _ROWS:
            return job(image)
        rows = range(0, image.shape[-2], _ROWS)
        return torch.cat([job(image[..., top : top + _ROWS, :]) for top in rows], dim=-2)

    return whole


def _seconds(job: Callable[[Tensor], Tensor], image: Tensor, timer: Callable[[], float]) -> float:
    """Return the best of some calls; a single one of large pictures, the job being warm by then."""
    small = image.shape[-2] <= 2 * _ROWS
    found = []
    for _ in range(5 if small else 1):
        start = timer()
        job(image)
        found.append(timer() - start)
    return min(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--note", default="", help="on the machine, as ', which others used too'")
    note = parser.parse_args().note
    jobs: dict[str, Callable[[Tensor], Tensor]] = {
        "curve": create_enhancer("curve"),
        "curve-light": create_enhancer("curve-light"),
        "Zero-DCE, full size": in_strips(fresh_net("full").eval().enhance),
        "Zero-DCE++, full size": in_strips(fresh_net("light").eval().enhance),
        "three convolutions (SCI)": in_strips(Three().eval()),
        "0.16 M weights (FLOL's size)": in_strips(Small().eval()),
    }
    rows: dict[str, list[float]] = {name: [] for name in jobs}
    columns = []
    draw = torch.Generator().manual_seed(0)
    for size, (height, width) in SIZES.items():
        image = torch.rand(1, 3, height, width, generator=draw)
        for threads in THREADS:
            torch.set_num_threads(threads)
            columns.append(f"{size}, {'1 thread' if threads == 1 else '2 threads, clock'}")
            for name, job in jobs.items():
                timer = processor_time if threads == 1 else time.perf_counter
                rows[name].append(round(1e3 * _seconds(job, image, timer), 2))
                print(columns[-1], name, rows[name][-1], flush=True)
    keep(HERE / "speed.json", {"what": WHAT.format(note=note), "columns": columns, "rows": rows})


if __name__ == "__main__":
    main()
