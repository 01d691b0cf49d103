"""PU21 metrics against the values of their authors' own code."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch

from hdrmetrics import Display, create_metric
from tests.conftest import Goldens

METRICS = {
    # golden name: our name, tolerance in float64, in float32
    "PU21-PSNR": ("pu21-psnr", 1e-6, 1e-3),
    "PU21-PSNRY": ("pu21-psnr-y", 1e-6, 1e-3),
    "PU21-SSIM": ("pu21-ssim", 1e-6, 1e-4),
    "PU21-VSI": ("pu21-vsi", 1e-4, 5e-4),
    "PU21-FSIM": ("pu21-fsim", 1e-4, 5e-4),
    "PU21-FSIMc": ("pu21-fsimc", 1e-4, 5e-4),
}
DTYPES = {torch.float64: 1, torch.float32: 2}


def _light(goldens: Goldens, name: str, variant: str) -> torch.Tensor:
    image = goldens.tensor(name)
    if variant.startswith("display"):
        peak, contrast, gamma, ambient = (float(v) for v in re.findall(r"=([\d.]+)", variant))
        display = Display("golden", "", "gog", peak, contrast, gamma, ambient)
        # The authors' code holds uint8 images in single precision.
        image = display.forward((image / 255).float().double())
    elif variant.startswith("luminance") and image.shape[1] == 3:
        weights = torch.tensor([0.212656, 0.715158, 0.072186], dtype=image.dtype)
        image = (image * weights[:, None, None]).sum(1, keepdim=True)
    return image


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("golden", METRICS)
def test_equals_the_original(goldens: Goldens, golden: str, dtype: torch.dtype) -> None:
    name, *tolerances = METRICS[golden]
    tolerance = tolerances[DTYPES[dtype] - 1]
    for row in goldens.select(golden):
        encoder = re.search(r"encoder (\w+)", row["variant"])
        options: dict[str, Any] = {"encoder": encoder[1]} if encoder else {}
        test = _light(goldens, row["test_file"], row["variant"]).to(dtype)
        reference = _light(goldens, row["reference_file"], row["variant"]).to(dtype)
        got = float(create_metric(name, **options)(test, reference))
        want = float(row["value"])
        allowed = tolerance + (2e-5 * abs(want) if row["variant"].startswith("display") else 0)
        assert got == pytest.approx(want, abs=allowed), row
