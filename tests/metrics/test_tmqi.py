"""TMQI against the authors' code, its two ways of computing, its corner cases, and bad input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import scipy.stats
import torch
from numpy.typing import NDArray
from PIL import Image as Pillow
from torch import Tensor

import hdrmetrics as hm
from hdrmetrics import create_metric
from hdrmetrics.errors import (
    DomainError,
    HdrMetricsWarning,
    OptionError,
    PixelValueError,
    ShapeError,
)
from hdrmetrics.functional import tmqi
from hdrmetrics.metrics.tmqi import TMQI
from hdrmetrics.metrics.tmqi.fidelity import SCALE_WEIGHTS
from tests.conftest import PROCEDURAL, Goldens

ORIGINAL = "HDR_Toolbox TMQI.m unmodified"
PARTS = {"TMQI Q": "q", "TMQI S": "s", "TMQI N": "n"}


def picture(name: str) -> Tensor:
    """Return a tone-mapped test picture as ``(1, 3, H, W)`` in [0, 1]."""
    array = np.asarray(Pillow.open(PROCEDURAL / name), dtype=np.float64) / 255
    return torch.from_numpy(np.moveaxis(array, 2, 0).copy())[None]


@pytest.fixture
def pair(hdr_scene: Tensor) -> tuple[Tensor, Tensor]:
    """Return a plain tone mapping and its HDR image, ``(1, 3, 160, 224)``."""
    light = hdr_scene / hdr_scene.quantile(0.95)
    return (light / (light + 0.3)).clamp(0, 1) ** (1 / 2.2), hdr_scene


def test_equals_the_original(goldens: Goldens) -> None:
    # 97×133 and 96×128 pixels: odd and even sizes on every scale, blocks that stick out
    checked = 0
    for metric, part in PARTS.items():
        for row in goldens.select(metric, ORIGINAL):
            test, reference = picture(row["test_file"]), goldens.tensor(row["reference_file"])
            want = float(row["value"])
            got = float(getattr(TMQI().predict(test, reference), part))
            assert got == pytest.approx(want, abs=1e-10), (part, row["test_file"])
            if part == "q":
                assert float(tmqi(test, reference)) == pytest.approx(want, abs=1e-10)
                single = float(tmqi(test.float(), reference.float()))
                assert single == pytest.approx(want, abs=1e-6), row["test_file"]
            checked += 1
    assert checked == 36


def _luminance(image: Tensor) -> NDArray[np.float64]:
    red, green, blue = image[0].numpy() if image.shape[1] == 3 else [image[0, 0].numpy()] * 3
    light: NDArray[np.float64] = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return light


def transcribed(test: Tensor, reference: Tensor, mode: str) -> tuple[float, list[float], float]:
    """Return S, the scales' means and N, written down from the paper with SciPy's functions."""
    x, y = _luminance(test) * 255, _luminance(reference)
    blocks = [
        (np.std(np.pad(b, ((0, 11 - b.shape[0]), (0, 11 - b.shape[1]))), ddof=1), b.size)
        for b in (
            x[i : i + 11, j : j + 11]
            for i in range(0, x.shape[0], 11)
            for j in range(0, x.shape[1], 11)
        )
    ]
    spread = sum(s * area for s, area in blocks) / x.size / 64.29
    law = scipy.stats.beta(4.4, 10.1)
    likely = scipy.stats.norm(115.94, 27.99)
    n = law.pdf(spread) / law.pdf(3.4 / 12.5) * likely.pdf(x.mean()) / likely.pdf(115.94)
    y = (2.0**32 - 1) * (y - y.min()) / (y.max() - y.min())
    line = scipy.signal.windows.gaussian(11, 1.5)
    window = np.outer(line, line) / line.sum() ** 2
    means = []
    for level in range(5):
        f = 0.114 * 16 / 2**level
        seen = 128 / 1.4 / (260 * (0.0192 + f) * np.exp(-(f**1.1)))
        p, q, pp, qq, pq = (
            scipy.signal.convolve2d(a, window, mode) for a in (x, y, x * x, y * y, x * y)
        )
        sx, sy = np.sqrt(np.maximum(pp - p * p, 0)), np.sqrt(np.maximum(qq - q * q, 0))
        a, b = (scipy.stats.norm.cdf(s, seen, seen / 3) for s in (sx, sy))
        local = (2 * a * b + 0.01) / (a * a + b * b + 0.01) * (pq - p * q + 10) / (sx * sy + 10)
        means.append(float(local.mean()))
        x, y = (np.pad(a, [(0, side % 2) for side in a.shape], mode="edge") for a in (x, y))
        x, y = (a.reshape(a.shape[0] // 2, 2, -1, 2).mean(axis=(1, 3)) for a in (x, y))
    return float(np.prod(np.power(means, SCALE_WEIGHTS))), means, float(n)


@pytest.mark.parametrize("window", ["same", "valid"])
@pytest.mark.parametrize("channels", [1, 3])
def test_equals_a_transcription(pair: tuple[Tensor, Tensor], window: str, channels: int) -> None:
    # the variant with valid windows is in no golden file here; odd sizes, grey and colour
    test, reference = (
        torch.cat([image, image.flip(-2)[..., :43, :]], dim=-2)[:, :channels, :, :203]
        for image in pair
    )
    s, means, n = transcribed(test, reference, window)
    found = TMQI(window=window).predict(test, reference)  # type: ignore[arg-type]
    torch.testing.assert_close(found.s_local[0], torch.tensor(means).double(), rtol=0, atol=1e-7)
    assert float(found.s) == pytest.approx(s, abs=1e-7)
    assert float(found.n) == pytest.approx(n, abs=1e-10)
    q = 0.8012 * s**0.3046 + (1 - 0.8012) * n**0.7088
    assert float(create_metric("tmqi", window=window)(test, reference)) == pytest.approx(
        q, abs=1e-7
    )


@pytest.mark.parametrize("window", ["same", "valid"])
def test_strips_equal_the_maps(pair: tuple[Tensor, Tensor], window: str) -> None:
    test, reference = (image.repeat(2, 1, 3, 6) for image in pair)  # 480×1344: several strips
    test = torch.cat([test[:1], test[1:] ** 1.3])
    metric = create_metric("tmqi", window=window)
    fast = metric(test, reference)
    plain = metric(test.clone().requires_grad_(), reference).detach()
    torch.testing.assert_close(fast, plain, rtol=0, atol=1e-13)
    prepared = metric.prepare(reference[:1])
    torch.testing.assert_close(prepared(test), plain, rtol=0, atol=1e-13)
    slow = prepared(test.clone().requires_grad_()).detach()
    torch.testing.assert_close(slow, plain, rtol=0, atol=1e-13)
    masked = metric(test, reference, mask=torch.ones(480, 1344))
    torch.testing.assert_close(masked, plain, rtol=0, atol=1e-13)


def test_result_holds_together(pair: tuple[Tensor, Tensor]) -> None:
    test, reference = pair
    metric = TMQI()
    result = metric.predict(test, reference)
    again = metric.predict(test, metric.prepare(reference))
    torch.testing.assert_close(result.q, again.q, rtol=0, atol=1e-13)
    torch.testing.assert_close(result.q, metric(test, reference), rtol=0, atol=1e-13)
    torch.testing.assert_close(result.n, result.brightness * result.contrast)
    assert [tuple(m.shape[-2:]) for m in result.s_maps] == [
        (160, 224), (80, 112), (40, 56), (20, 28), (10, 14),
    ]  # fmt: skip
    assert all(float(m.max()) <= 1 + 1e-9 for m in result.s_maps)
    luminance = (test[0, 0] * 0.2126 + test[0, 1] * 0.7152 + test[0, 2] * 0.0722) * 255
    assert float(result.mean) == pytest.approx(float(luminance.mean()))
    # scales of 160×224 halve evenly, so the map's mean is the mean of the scales' means
    weights = torch.tensor(SCALE_WEIGHTS, dtype=torch.float64)
    want = float((result.s_local[0] * weights).sum() / weights.sum())
    assert float(metric.map(test, reference).mean()) == pytest.approx(want, abs=1e-12)
    assert metric.conditions() == {"window": "same", "computed_in": "float64"}
    with pytest.raises(OptionError, match="another metric"):
        metric.predict(test, TMQI().prepare(reference))


def test_unit_of_the_reference_does_not_matter(pair: tuple[Tensor, Tensor]) -> None:
    test, reference = pair
    want = float(tmqi(test, reference))
    for scale in (1e-6, 0.37, 1e9):
        assert float(tmqi(test, reference * scale)) == pytest.approx(want, abs=1e-9)


@pytest.mark.parametrize("level", [5.0, 11.7, 20.0, 3.3])
def test_flat_highlights_are_kept(pair: tuple[Tensor, Tensor], level: float) -> None:
    # The original finds a deviation of some tens in such places, which is rounding, or none,
    # depending on the level, and rates them 0.01 or 1.
    test, reference = pair[0].clone(), pair[1] / pair[1].max() * 25
    test[..., 30:110, 40:180], reference[..., 30:110, 40:180] = 0.8, level
    maps = TMQI().predict(test, reference).s_maps
    for index in range(3):
        step = 2**index
        inside = maps[index][..., 70 // step, 110 // step]
        assert float(inside) == pytest.approx(1.0, abs=1e-4), index


def test_inverted_structure_is_zero_fidelity_not_nan(pair: tuple[Tensor, Tensor]) -> None:
    test, reference = 1 - pair[0], pair[1]
    result = TMQI().predict(test, reference)
    assert bool((result.s_local < 0).any()), "a negative scale is what this is about"
    assert float(result.s) == 0
    want = 0.1988 * float(result.n) ** 0.7088
    assert float(tmqi(test, reference)) == pytest.approx(want, abs=1e-9)


def test_loss_leads_out_of_inversion(pair: tuple[Tensor, Tensor]) -> None:
    reference = pair[1][..., :48, :64]
    image = (1 - pair[0][..., :48, :64]).clone().requires_grad_()
    loss = create_metric("tmqi").as_loss()
    optimiser = torch.optim.Adam([image], lr=0.02)
    first = float(loss(image.detach().clamp(0, 1), reference))
    for _ in range(120):
        optimiser.zero_grad()
        value = loss(image.clamp(0, 1), reference)
        value.backward()
        assert image.grad is not None
        assert torch.isfinite(image.grad).all()
        optimiser.step()
    last = image.detach().clamp(0, 1)
    result = TMQI().predict(last, reference)
    assert bool((result.s_local > 0).all())
    assert float(loss(last, reference)) < first
    # Where every scale is above the loss's floor it is one minus the index.
    assert float(loss(last, reference)) == pytest.approx(1 - float(tmqi(last, reference)), abs=1e-9)


def test_gradient_of_the_original_is_right(goldens: Goldens) -> None:
    reference = goldens.tensor("lights.npz:reference")[..., :40, :37]
    test = picture("ldr/lights__sigmoid18.png")[..., :40, :37].requires_grad_()
    for job in (create_metric("tmqi"), create_metric("tmqi").as_loss()):
        assert torch.autograd.gradcheck(
            lambda x, job=job: job(x, reference), test, fast_mode=True, eps=1e-6, rtol=1e-4
        )


@pytest.mark.parametrize("code", [0.0, 0.5, 1.0])
def test_flat_images(code: float) -> None:
    flat = torch.full((1, 1, 33, 47), code, dtype=torch.float64)
    light = torch.rand(1, 1, 33, 47, generator=torch.Generator().manual_seed(1)).double() * 1e9
    for test, reference in ((flat, light), (flat, flat * 100), (light / 1e9, flat)):
        leaf = test.clone().requires_grad_()
        value = tmqi(leaf, reference)
        value.sum().backward()
        assert 0 <= float(value.detach()) <= 1
        assert leaf.grad is not None
        assert torch.isfinite(leaf.grad).all()


def test_a_mask_chooses_the_place(pair: tuple[Tensor, Tensor]) -> None:
    test, reference = pair[0].clone(), pair[1]
    test[..., :, 112:] = 1 - test[..., :, 112:]
    mask = torch.zeros(160, 224)
    mask[:, :80] = 1
    whole = tmqi(test, reference)
    good = tmqi(test, reference, mask=mask)
    bad = tmqi(test, reference, mask=mask.flip(-1))
    assert float(bad) < float(whole) < float(good)
    small = torch.zeros(160, 224)
    small[0, 0] = 1
    wide = [torch.cat([image, image], dim=-2) for image in pair]
    with pytest.raises(ShapeError, match="no whole window"):
        tmqi(*wide, window="valid", mask=torch.cat([small, small * 0]))


def test_files(tmp_path: Path, pair: tuple[Tensor, Tensor]) -> None:
    test, reference = pair
    codes = (test[0].permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()
    Pillow.fromarray(codes).save(tmp_path / "ldr.png")
    hm.write_image(tmp_path / "hdr.exr", reference[0].permute(1, 2, 0).float().numpy())
    want = float(tmqi(torch.from_numpy(codes / 255.0).permute(2, 0, 1)[None], reference))
    score = hm.score(tmp_path / "ldr.png", "tmqi", reference=tmp_path / "hdr.exr")
    assert score.value == pytest.approx(want, abs=1e-4)
    assert score.conditions["window"] == "same"
    with pytest.warns(HdrMetricsWarning, match="SDR"):
        hm.score(tmp_path / "ldr.png", "tmqi", reference=tmp_path / "ldr.png")
    with pytest.raises(DomainError, match="tone-map"):
        hm.score(tmp_path / "hdr.exr", "tmqi", reference=tmp_path / "hdr.exr")


def test_bad_input(pair: tuple[Tensor, Tensor]) -> None:
    test, reference = pair
    with pytest.raises(OptionError, match="window"):
        create_metric("tmqi", window="full")
    with pytest.raises(DomainError, match=r"\[0, 1\]"):
        tmqi(test * 255, reference)
    with pytest.raises(ShapeError, match="11×11"):
        tmqi(test[..., :10], reference[..., :10])
    with pytest.raises(ShapeError, match="161×161"):
        tmqi(test, reference, window="valid")
    with pytest.raises(ShapeError, match="differ"):
        tmqi(test[:, :1], reference)
    broken = reference.clone()
    broken[0, 0, 0, 0] = torch.nan
    with pytest.raises(PixelValueError, match="reference"):
        TMQI().predict(test, broken)
