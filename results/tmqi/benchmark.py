"""Times TMQI and FSITM on the CPU, beside the Python port of TMQI where there is one.

    python -m results.tmqi.benchmark [--port FILE] [--threads 1 2]

``FILE`` is ``TMQI.py`` of the port by D. Völgyes (version 0.10.0), which is no part of this
project; names that SciPy has moved since are mapped for it, and its checks of arguments are left
out. Writes ``timings.json``. Times are the best of several runs in one process, the port's between
ours.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.ndimage
import scipy.signal
import torch

from hdrmetrics import create_metric
from results.common.costs import best
from results.common.files import keep

HERE = Path(__file__).parent
SIZES = ((512, 512), (1080, 1920))
MOST = 50  # calls


def pair(channels: int, height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a tone-mapped picture in [0, 1] and its HDR image, smooth with some noise."""
    generator = torch.Generator().manual_seed(1)
    coarse = torch.rand(1, channels, height // 16, width // 16, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic")
    noise = torch.randn(1, channels, height, width, generator=generator)
    light = torch.exp(6 * smooth.clamp(0, 1) + 0.05 * noise)
    return (light / (light + 20)).clamp(0, 1) ** (1 / 2.2), light


def load_port(file: Path) -> Callable[[Any, Any], Any]:
    """Return the port's metric, called as (HDR image, LDR image in 0 … 255)."""
    contracts = types.ModuleType("contracts")
    contracts.contract = lambda *a, **k: lambda function: function  # type: ignore[attr-defined]
    filters = types.ModuleType("scipy.ndimage.filters")
    filters.generic_filter = scipy.ndimage.generic_filter  # type: ignore[attr-defined]
    sys.modules |= {"contracts": contracts, "scipy.ndimage.filters": filters}
    scipy.signal.gaussian = scipy.signal.windows.gaussian  # type: ignore[attr-defined]
    spec = importlib.util.spec_from_file_location("tmqi_port", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    metric: Callable[[Any, Any], Any] = module.TMQI()
    return metric


def row(
    channels: int, size: tuple[int, int], threads: int, port: Callable[[Any, Any], Any] | None
) -> dict[str, Any]:
    """Return the seconds of every way of calling, for one size and number of threads."""
    torch.set_num_threads(threads)
    test, reference = pair(channels, *size)
    metric, similar = create_metric("tmqi"), create_metric("fsitm")
    loss = metric.as_loss()

    def descend() -> None:
        leaf = test.clone().requires_grad_()
        loss(leaf, reference).backward()

    found: dict[str, Any] = {"channels": channels, "size": list(size), "threads": threads}
    with torch.no_grad():
        found["tmqi"] = best(lambda: metric(test, reference), budget=2.0, most=MOST)
        if port is not None:
            planes = [np.moveaxis(p[0].double().numpy(), 0, 2).squeeze() for p in (reference, test)]
            found["port"] = best(lambda: port(planes[0], planes[1] * 255), budget=1.0, most=MOST)
            found["tmqi"] = min(
                found["tmqi"], best(lambda: metric(test, reference), budget=2.0, most=MOST)
            )
        prepared = metric.prepare(reference)
        found["prepared"] = best(lambda: prepared(test), budget=2.0, most=MOST)
        found["fsitm"] = best(lambda: similar(test, reference), budget=1.0, most=MOST)
    found["loss with gradient"] = best(descend, budget=1.0, most=MOST)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=Path)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    port = None if options.port is None else load_port(options.port)
    report: dict[str, Any] = {
        "machine": platform.machine(),
        "torch": torch.__version__,
        "load average": [os.getloadavg()[0]],
        "rows": [],
    }
    for threads in options.threads:
        for size in SIZES:
            for channels in (1, 3):
                report["rows"].append(row(channels, size, threads, port))
                print(report["rows"][-1])
    report["load average"].append(os.getloadavg()[0])
    keep(HERE / "timings.json", report)


if __name__ == "__main__":
    main()
