"""Measures what scoring a photograph costs one core, from the JPEG file to the record.

    python -m results.scale.measure              # minutes; --again measures anew what is there

Writes ``results/scale/rates.json`` and ``rates.md``. Photographs are the package's own pictures,
enlarged, with the noise of a camera, as JPEG files of 12 and 0.4 megapixels. What counts are the
processor's seconds of one worker with one thread, which other work on the machine hardly changes;
the first picture, with which networks are loaded, does not count.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from hdrmetrics import read_image, sample_images
from hdrmetrics.collection.item import Item
from hdrmetrics.collection.plan import Plan
from hdrmetrics.collection.worker import Worker
from hdrmetrics.photometry.transfer import srgb_encode
from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from results.common.costs import processor_time
from results.common.files import keep, kept

HERE = Path(__file__).parent
SIZES = {"12 MP": (4000, 3000), "0.4 MP": (775, 516)}
SETS: dict[str, tuple[str, ...]] = {
    "nima": ("nima",),
    "norvdpnet": ("norvdpnet",),
    "both axes": ("nima", "norvdpnet"),
    "pu21-piqe": ("pu21-piqe",),
    "improvability": ("improvability",),
}
RUNS = {"12 MP": 4, "0.4 MP": 24}
PRICE = 0.04
"""US dollars for an hour of a core: an assumption, about what clouds ask on demand for a thread of
a processor. Where they may take the machine away at any time it is a third or so."""


def photograph(path: Path, index: int, size: tuple[int, int]) -> Item:
    """Write a photograph of a size (width, height) and return it."""
    names = sorted(sample_images())
    light = read_image(sample_images()[names[index % len(names)]]).tensor()
    light = light / light.quantile(0.9) * 2.0 ** (index // len(names))
    codes = srgb_encode(light.clamp(0, 1))[0].permute(1, 2, 0).numpy()
    small = Image.fromarray(np.rint(255 * codes).astype(np.uint8))
    large = small.resize(size, Image.Resampling.BICUBIC)
    noise = np.random.default_rng(index).normal(0, 2.0, (size[1], size[0], 1))
    pixels = np.clip(np.asarray(large) + noise, 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(path, quality=92)
    return Item(str(path), path.name)


def cost(metrics: tuple[str, ...], items: list[Item], runs: int) -> dict[str, Any]:
    """Return the processor's seconds of one photograph: median, least and most."""
    worker = Worker(Plan(metrics))
    seconds = []
    for index in range(runs + 1):
        start = processor_time()
        record = worker(items[index % len(items)])
        seconds.append(processor_time() - start)
        assert not record.errors, record.errors
    counted = seconds[1:]
    return {
        "seconds": statistics.median(counted), "least": min(counted), "most": max(counted),
        "photographs": runs,
    }  # fmt: skip


def report(found: dict[str, Any]) -> str:
    """Return the tables."""
    rows = []
    for size, sets in found["costs"].items():
        for name, one in sets.items():
            hours = one["seconds"] * 1e6 / 3600
            rows.append([
                size, name, f"{one['seconds']:.3f} ({one['least']:.3f} to {one['most']:.3f})",
                f"{1 / one['seconds']:.2f}", f"{hours:,.0f}", f"{hours * PRICE:,.0f}",
                f"{hours:,.0f} thousand", f"{hours * PRICE:,.1f} thousand",
            ])  # fmt: skip
    head = [
        "photographs", "scored by", "core-seconds each", "per core and second",
        "a million: core-hours", f"US$ at {PRICE} an hour", "a billion: core-hours", "US$",
    ]  # fmt: skip
    table = markdown_table(head, rows, right=range(2, len(head)))
    return (
        "# What scoring costs\n\n"
        f"Made by `python -m results.scale.measure`, which says how. {found['machine']}.\n\n"
        f"{table}\n"
    )


def processor() -> str:
    """Return what the processor calls itself."""
    for line in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "an unnamed processor"


def main() -> None:
    """Measure what is not measured yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--again", action="store_true", help="measure anew what is there")
    torch.set_num_threads(1)
    place = HERE / "rates.json"
    found = {} if parser.parse_args().again else kept(place)
    found["machine"] = f"One thread of {processor()}, PyTorch {torch.__version__}"
    costs = found.setdefault("costs", {})
    with tempfile.TemporaryDirectory() as folder:
        for size, pixels in SIZES.items():
            items = [
                photograph(Path(folder) / f"{size.replace(' ', '')}-{index}.jpg", index, pixels)
                for index in range(4)
            ]
            for name, metrics in SETS.items():
                if name in costs.setdefault(size, {}):
                    continue
                costs[size][name] = cost(metrics, items, RUNS[size])
                keep(place, found)
                print(size, name, costs[size][name], flush=True)
    write_text(HERE / "rates.md", report(found))


if __name__ == "__main__":
    main()
