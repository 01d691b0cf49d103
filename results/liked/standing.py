"""How both axes are spread over photographs that nothing was trained on, for their comparison.

    python -m results.liked.standing --data BIQ2021 --run RUN

Writes the package's ``data/axes.json``: quantiles of ``nima`` and of ``norvdpnet`` on the
photographs that the run held out for validation. Those of other sources may be spread otherwise.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from hdrmetrics import create_metric
from hdrmetrics.jobs.axes import FILE
from hdrmetrics.jobs.defaults import FAITHFUL, LIKED
from hdrmetrics.learned.general import GeneralMetric
from results.common.files import keep
from results.liked.opinions import divided, predictions

_STEPS, _PATIENCE = 51, 10.0


def main() -> None:
    """Measure, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--data", type=Path, required=True, help="a copy of BIQ2021")
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    options = parser.parse_args()
    torch.set_num_threads(1)
    held = divided(options.data, options.run).of("validation")
    general = create_metric(FAITHFUL)
    assert isinstance(general, GeneralMetric)
    metric, faithful = general.by_domain["sdr"], []
    told = time.perf_counter()
    with torch.no_grad():
        for number, path in enumerate(held.paths, 1):
            with Image.open(path) as image:
                pixels = np.asarray(image.convert("RGB")).copy()
            picture = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
            faithful.append(float(metric(picture)))
            if time.perf_counter() - told > _PATIENCE:
                told = time.perf_counter()
                print(f"{number}/{len(held)}", file=sys.stderr)
    scores = {LIKED: predictions(options.run, held), FAITHFUL: np.array(faithful)}
    steps = np.linspace(0, 1, _STEPS)
    found = {
        name: [round(float(v), 4) for v in np.quantile(values, steps)]
        for name, values in scores.items()
    }
    of = f"{len(held)} photographs of BIQ2021 that were held out of training"
    keep(FILE, {"of": of, "quantiles": found})
    print(FILE)


if __name__ == "__main__":
    main()
