"""Measures what enhancers gain on test photographs that were degraded, and do to clean ones.

    python -m results.enhance.measure --photographs DIR --biq2021 DIR [--most N]

Writes ``report.json``, ``report.md`` and ``sheet.jpg``, and the results into the card of the
network. One thread; about ten minutes for 40 photographs.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from hdrmetrics import create_metric
from hdrmetrics.enhance import Enhancer, create_enhancer, list_enhancers
from hdrmetrics.enhance.enhancer import Fault
from hdrmetrics.learned.restoring.weights import SHIPPED, load_restoration
from hdrmetrics.learned.tensorfile import card_path
from hdrmetrics.photometry.display import get_display
from hdrmetrics.text.jsontext import readable
from hdrmetrics.text.textfile import write_text
from results.common.costs import processor_time
from results.common.files import keep
from results.enhance import page, sheet
from results.enhance.pictures import DEGRADATIONS, clean_photographs, degraded, label

HERE = Path(__file__).parent
DISPLAY = "srgb-100"
MEASURES = ("psnr", "ssim", "pu21-psnr")
LIKED = "nima"
"""What people would say; of the input and the network only."""

NET, INPUT, CLEAN = "restore", "input", "clean"
MOST = 60.0  # dB: what is equal up to rounding has no PSNR

_LOST = 0.1  # dB: less is no failure

WIDER = ("richardson_lucy", "wiener")
"""Methods that are tried with a wider assumed blur as well."""

AGAINST: dict[str, tuple[Fault, ...]] = {
    "motion blur": ("blur",),
    "lens blur": ("blur",),
    "Gaussian noise": ("noise",),
    "camera noise": ("noise",),
    "JPEG": ("compression",),
    "clipped highlights": ("clipping",),
    "mixture": ("blur", "noise", "compression"),
    "motion blur in a file": ("blur",),
    "lens blur in a file": ("blur",),
    "camera noise in a file": ("noise",),
    CLEAN: ("blur", "noise", "compression", "clipping"),
}


def enhancers_for(kind: str) -> dict[str, Enhancer]:
    """Return the network, and those that are made for a degradation."""
    faults = set(AGAINST[kind])
    names = [one.name for one in list_enhancers() if one.name == NET or set(one.against) & faults]
    found = {name: create_enhancer(name) for name in names}
    if "blur" in AGAINST[kind]:
        found |= {f"{name}, 2 px": create_enhancer(name, sigma=2.0) for name in WIDER}
    return found


class Judge:
    """Scores of a picture against its original, and what people would say of it."""

    def __init__(self) -> None:
        self.liked = create_metric(LIKED)
        self.metrics = {name: create_metric(name) for name in MEASURES}
        self.display = get_display(DISPLAY)

    def __call__(self, test: Tensor, clean: Tensor) -> dict[str, float]:
        found = {}
        for name, metric in self.metrics.items():
            pair = (test, clean)
            if metric.info.domain == "hdr":
                pair = (self.display.forward(test), self.display.forward(clean))
            found[name] = min(float(metric(*pair)), MOST)
        return found


def measure(clean: dict[str, Tensor]) -> list[dict[str, Any]]:
    """Return a row per degradation and strength: values of each photograph by enhancer."""
    judge, rows = Judge(), []
    cases: list[tuple[str, list[tuple[str, float]]]] = [(CLEAN, [])]
    cases += [(kind, steps) for kind, each in DEGRADATIONS.items() for steps in each]
    for kind, steps in tqdm(cases, unit="case"):
        own = enhancers_for(kind)
        values: dict[str, dict[str, list[float]]] = {
            name: {one: [] for one in MEASURES} for name in (INPUT, *own)
        }
        for name in (INPUT, NET):
            values[name][LIKED] = []
        for name, picture in clean.items():
            before = degraded(picture, name, steps)
            results = {INPUT: before} | {key: one(before) for key, one in own.items()}
            for key, after in results.items():
                for one, value in judge(after, picture).items():
                    values[key][one].append(value)
                if LIKED in values[key]:
                    with torch.no_grad():
                        values[key][LIKED].append(float(judge.liked(after)))
        rows.append({"degradation": kind, "strength": label(steps), "values": values})
    return rows


def times() -> dict[str, float]:
    """Return seconds of processor time per megapixel; of the network, also those of 12 MP."""
    draw = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 3, 96, 128, generator=draw)
    found = {}
    for info in list_enhancers():
        enhancer = create_enhancer(info.name)
        sizes = {info.name: (768, 1024)} | ({"12 MP": (3000, 4000)} if info.name == NET else {})
        for key, size in sizes.items():
            image = torch.nn.functional.interpolate(coarse, size, mode="bilinear")
            image = (image + 0.05 * torch.randn(image.shape, generator=draw)).clamp(0, 1)
            enhancer(image[..., :128, :128])
            start = processor_time()
            enhancer(image)
            spent = processor_time() - start
            found[key] = spent if key == "12 MP" else spent / (size[0] * size[1] / 1e6)
    return found


def into_card(rows: list[dict[str, Any]], seconds: dict[str, float]) -> None:
    """Write the means of the network into its card, and where it fails."""
    _, card = load_restoration()
    found: dict[str, Any] = {
        "what": "means over photographs that nothing learnt from; PSNR in dB, input and restored",
        "photographs": len(rows[0]["values"][INPUT]["psnr"]),
        "seconds_per_megapixel_of_one_core": round(seconds[NET], 3),
    }
    for row in rows:
        key = f"{row['degradation']} {row['strength']}".strip()
        found[key] = {
            one: [round(float(np.mean(row["values"][who][one])), 4) for who in (INPUT, NET)]
            for one in (*MEASURES, LIKED)
        }
    card = replace(card, results=found, failures=tuple(failures(rows)))
    write_text(card_path(SHIPPED), readable(card.to_dict()))


def failures(rows: list[dict[str, Any]]) -> list[str]:
    """Return where the network is worse than nothing, or than a classical method, in sentences."""
    said = []
    for row in rows:
        means = {name: float(np.mean(own["psnr"])) for name, own in row["values"].items()}
        name = f"{row['degradation']} {row['strength']}".strip()
        lost = means[INPUT] - means[NET]
        if lost > _LOST:
            said.append(f"{name}: {lost:.1f} dB worse than leaving it alone")
            continue
        others = {key: value for key, value in means.items() if key not in (INPUT, NET)}
        best = max(others, key=lambda key: others[key], default=None)
        if best is not None and others[best] - means[NET] > _LOST:
            said.append(f"{name}: {others[best] - means[NET]:.1f} dB worse than {best}")
    return said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--photographs", type=Path, help="a folder of pictures of high quality")
    parser.add_argument("--biq2021", type=Path, help="a copy of BIQ2021")
    parser.add_argument("--most", type=int, default=20, help="photographs of each folder")
    options = parser.parse_args()
    torch.set_num_threads(1)
    clean = clean_photographs(options.photographs, options.biq2021, options.most)
    rows, seconds = measure(clean), times()
    keep(
        HERE / "report.json",
        {"photographs": list(clean), "display": DISPLAY, "rows": rows, "seconds": seconds},
    )
    into_card(rows, seconds)
    page.main()
    sheet.draw(clean)


if __name__ == "__main__":
    main()
