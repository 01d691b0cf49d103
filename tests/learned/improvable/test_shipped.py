"""The weights of improvability in the package."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import hdrmetrics as hm
from hdrmetrics.distort import distort
from hdrmetrics.improve.gains import gain_metrics
from hdrmetrics.learned.improvable import catalogue
from hdrmetrics.learned.improvable.weights import load_gains
from hdrmetrics.learned.restoring.weights import load_restoration
from hdrmetrics.tonemap import tonemap

PATH = catalogue.WEIGHTS / "improvability.safetensors"


@pytest.fixture(scope="module")
def photograph() -> torch.Tensor:
    light = hm.read_image(next(iter(hm.sample_images().values())), peak=1000).tensor()
    return (255 * tonemap(light, "reinhard02")).round() / 255


def filed(picture: torch.Tensor, quality: int) -> torch.Tensor:
    """Return a picture as a JPEG file has it."""
    codes = (255 * picture[0]).round().byte().permute(1, 2, 0).numpy()
    file = io.BytesIO()
    Image.fromarray(codes).save(file, "JPEG", quality=quality)
    pixels = np.asarray(Image.open(file)).copy()
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255


def test_they_belong_to_the_restoration_of_the_package_and_their_card_tells_all() -> None:
    _, card = load_gains(PATH)
    assert PATH.stat().st_size < 1e6
    assert card.trunk_sha256 == load_restoration()[1].sha256
    assert "proxies" in card.labels["are"]
    assert card.failures
    tuned, baseline = list(card.results.values())[:2]
    assert tuned["srocc"][1] > 0.8
    assert tuned["auc_pr"][1] > max(0.76, baseline["auc_pr"][2])
    assert tuned["kept"][0] > 0.7


def test_what_triggers_is_there_and_harm_is_no_trigger() -> None:
    names = gain_metrics()
    assert {"overall", "noise", "lens-blur", "motion-blur", "compression"} <= set(names)
    assert "enhancement-harm" not in names.values()
    info = next(one for one in hm.list_metrics() if one.name == "enhancement-harm")
    assert not info.higher_is_better


@pytest.mark.parametrize("quality", [None, 95, 85])
def test_noise_would_gain_also_in_a_file(photograph: torch.Tensor, quality: int | None) -> None:
    metric = hm.create_metric("improvability")
    noisy = distort(photograph, "gaussian_noise", strength=0.8, domain="sdr", seed=0)
    if quality is not None:
        noisy = filed(noisy, quality)
    assert float(metric(noisy)) > max(0.4, float(metric(photograph)) + 0.3)


def test_blocks_would_gain_and_are_named(photograph: torch.Tensor) -> None:
    coarse = filed(photograph, 8)
    values = {n: float(hm.create_metric(m)(coarse)) for n, m in gain_metrics().items()}
    assert values["compression"] == max(v for n, v in values.items() if n != "overall")


def test_where_the_weights_are_missing_or_broken_the_others_stay(tmp_path: Path) -> None:
    assert catalogue.register(tmp_path) == []
    (tmp_path / "improvability.safetensors").write_bytes(b"junk")
    (tmp_path / "improvability.json").write_text("{}")
    with pytest.warns(hm.errors.HdrMetricsWarning, match="left out"):
        assert catalogue.register(tmp_path) == []
