from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from datasets.framing.calibration import HIGHEST, calibrate, draw_peak
from datasets.streams import stream
from hdrmetrics.errors import HdrMetricsError, OptionError, PixelValueError, ShapeError
from hdrmetrics.jobs.inputs import Units, as_image, prepare_inputs
from hdrmetrics.photometry.color import luminance


def _light(seed: int = 0, scale: float = 1.0) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    return torch.from_numpy(scale * np.exp(rng.normal(0, 2, (3, 96, 128)))).float()


def test_peaks_are_uniform_in_their_logarithm() -> None:
    peaks = [draw_peak(stream(1, "peak", index)) for index in range(2000)]
    assert 100 <= min(peaks) < max(peaks) <= 10_000
    position = (np.log10(peaks) - 2) / 2
    assert stats.kstest(position, "uniform").pvalue > 0.01


def test_equal_bounds_give_that_peak() -> None:
    assert draw_peak(np.random.default_rng(0), 300.0, 300.0) == 300.0


@pytest.mark.parametrize("bounds", [(0.0, 10.0), (200.0, 100.0), (100.0, 20_000.0), (-1.0, 5.0)])
def test_peaks_outside_pq_are_refused(bounds: tuple[float, float]) -> None:
    with pytest.raises(OptionError, match="cd/m²"):
        draw_peak(np.random.default_rng(0), *bounds)


def test_the_percentile_becomes_the_peak() -> None:
    out = calibrate(_light(), 500.0)
    assert np.percentile(luminance(out).numpy(), 99.9) == pytest.approx(500.0, rel=1e-5)
    assert float(out.max()) > 500.0


def test_the_factor_is_that_of_scores_without_units() -> None:
    light = _light(3)
    image = as_image(light, "hdr").scaled_by(1.0, "")
    relative = image.replace(calibration=type(image.calibration)("relative"))
    prepared = prepare_inputs(relative, None, "hdr", Units()).test[0]
    assert torch.allclose(calibrate(light, 1000.0), prepared.clamp(max=HIGHEST), rtol=1e-5)


def test_light_above_the_limit_is_clipped_and_the_rest_is_in_proportion() -> None:
    light = _light(1)
    out = calibrate(light, 10_000.0)
    assert float(out.max()) == HIGHEST
    ratio = (out / light)[out < HIGHEST]
    assert float(ratio.max() / ratio.min()) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("scale", [1e-30, 1e-8, 1e8, 1e30])
def test_the_unit_of_the_scene_does_not_matter(scale: float) -> None:
    assert torch.allclose(calibrate(_light(scale=scale), 300.0), calibrate(_light(), 300.0))


def test_grey_frames_pass() -> None:
    assert calibrate(_light()[:1], 100.0).shape == (1, 96, 128)


def _with(value: float) -> torch.Tensor:
    light = _light()
    light[1, 3, 4] = value
    return light


@pytest.mark.parametrize(
    ("light", "peak", "error"),
    [
        (torch.zeros(3, 64, 64), 100.0, PixelValueError),
        (_with(-1.0), 100.0, PixelValueError),
        (_with(math.nan), 100.0, PixelValueError),
        (_with(math.inf), 100.0, PixelValueError),
        (_light()[None], 100.0, ShapeError),
        (_light()[:2], 100.0, ShapeError),
        (_light(), 0.0, OptionError),
        (_light(), math.nan, OptionError),
        (_light(), 20_000.0, OptionError),
    ],
)
def test_what_cannot_be_scaled_is_refused(light: Any, peak: float, error: type[Exception]) -> None:
    assert issubclass(error, HdrMetricsError)
    with pytest.raises(error):
        calibrate(light, peak)


def test_a_few_lit_pixels_are_nothing_to_scale_by() -> None:
    light = torch.zeros(3, 64, 64)
    light[:, 0, :3] = 1.0  # 3 of 4096, fewer than one in a thousand
    with pytest.raises(PixelValueError, match="another frame"):
        calibrate(light, 100.0)
