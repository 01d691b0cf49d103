"""Properties that every registered metric must have, whatever it measures."""

from __future__ import annotations

import itertools
import json
import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics import MetricInfo, create_metric, list_metrics
from hdrmetrics.errors import (
    DomainError,
    OptionError,
    PixelValueError,
    ShapeError,
    UnknownNameError,
)
from hdrmetrics.metric import Metric

ALL = list_metrics()
FULL_REFERENCE = [info for info in ALL if info.reference]
DIFFERENTIABLE = [info for info in ALL if info.differentiable]
by_name = pytest.mark.parametrize("info", ALL, ids=lambda info: info.name)
full_reference = pytest.mark.parametrize("info", FULL_REFERENCE, ids=lambda info: info.name)
differentiable = pytest.mark.parametrize("info", DIFFERENTIABLE, ids=lambda info: info.name)
SIZE = 176  # enough for MS-SSIM


def scene(info: MetricInfo, hdr_scene: Tensor, size: int = SIZE) -> Tensor:
    """Return a picture of the metric's domain, ``(1, 3, size, size)``."""
    light = F.interpolate(hdr_scene, (size, size), mode="bilinear", antialias=True)
    if info.domain == "hdr":
        return light.clamp(0.01, 5000)
    return (light / 400).clamp(0, 1) ** (1 / 2.2)


def distorted(image: Tensor, strength: float, info: MetricInfo) -> Tensor:
    """Return the picture with multiplicative noise and a slight veil."""
    generator = torch.Generator().manual_seed(3)
    noise = torch.randn(image.shape, generator=generator, dtype=torch.float64).to(image.dtype)
    test = image * (1 + strength * noise).clamp(min=0.05)
    return test.clamp(0.01, 9000) if info.domain == "hdr" else test.clamp(0.002, 1)


def run(metric: Metric, test: Tensor, reference: Tensor) -> Tensor:
    return metric(test, reference) if metric.info.reference else metric(test)


@by_name
def test_description(info: MetricInfo) -> None:
    assert info.title
    assert info.citation
    assert info.version
    assert info.range[0] < info.range[1]
    metric = create_metric(info.name)
    assert metric.info.name == info.name
    json.dumps(metric.conditions(), allow_nan=False)


@full_reference
def test_identical_images_are_best(info: MetricInfo, hdr_scene: Tensor) -> None:
    image = scene(info, hdr_scene)
    metric = create_metric(info.name)
    best = float(metric(image, image))
    worse = float(metric(distorted(image, 0.05, info), image))
    edge = info.range[1] if info.higher_is_better else info.range[0]
    assert info.range[0] <= worse <= info.range[1]
    if info.name == "diqm-tmo":
        return  # codes as light are a reference of 1 cd/m², of which it has seen none
    if info.name.startswith("diqm"):
        assert best > 90  # learned: nothing makes it exact
    # A tone mapping that changes nothing is no perfect one: its naturalness counts too.
    elif info.domain != "tonemapped":
        # HDR-VDP-2 takes the logarithm of each band's difference plus 1e-12: its Q has a floor, and
        # the opinion score of that is 99.993 at this size.
        slack = 0.01 if info.name == "hdrvdp2" else 1e-9
        assert best == pytest.approx(edge, abs=slack) or math.isinf(best)
    assert best > worse if info.higher_is_better else best < worse


@full_reference
def test_monotone_in_noise(info: MetricInfo, hdr_scene: Tensor) -> None:
    image = scene(info, hdr_scene)
    metric = create_metric(info.name)
    values = [float(metric(distorted(image, s, info), image)) for s in (0.01, 0.03, 0.1, 0.3)]
    if info.name == "diqm-tmo":  # a reference of 1 cd/m², of which it has seen none: to a point
        assert all(b < a + 1 for a, b in itertools.pairwise(values))
        return
    ordered = sorted(values, reverse=info.higher_is_better)
    assert values == ordered
    assert len(set(values)) == 4


@by_name
def test_batch_equals_single_and_prepared(info: MetricInfo, hdr_scene: Tensor) -> None:
    image = scene(info, hdr_scene)
    references = torch.cat([image, image.flip(-1) * 0.9])
    pairs = zip(references, (0.1, 0.2), strict=True)
    tests = torch.cat([distorted(picture[None], s, info) for picture, s in pairs])
    metric = create_metric(info.name)
    batch = run(metric, tests, references)
    assert batch.shape == (2,)
    for index in range(2):
        one = slice(index, index + 1)
        single = run(metric, tests[one], references[one])
        torch.testing.assert_close(batch[one], single, rtol=1e-9, atol=1e-9)
    if info.reference:
        prepared = metric.prepare(references[:1])
        shared = prepared(torch.cat([tests[:1], tests[:1] * 0.9]))
        torch.testing.assert_close(shared[:1], batch[:1], rtol=1e-9, atol=1e-9)


@by_name
def test_float32_and_half_precision(info: MetricInfo, hdr_scene: Tensor) -> None:
    image = scene(info, hdr_scene)
    test = distorted(image, 0.1, info)
    metric = create_metric(info.name)
    exact = float(run(metric, test, image))
    single = float(run(metric, test.float(), image.float()))
    assert single == pytest.approx(exact, rel=1e-3, abs=2e-3 if info.differentiable else 0.5)
    for dtype in (torch.bfloat16, torch.float16):
        with torch.autocast("cpu", dtype=dtype):
            under = float(run(metric, test.float(), image.float()))
        assert under == pytest.approx(single, rel=1e-2)
        rounded = run(metric, test.to(dtype), image.to(dtype))
        assert torch.isfinite(rounded).all()


@by_name
def test_mask(info: MetricInfo, hdr_scene: Tensor) -> None:
    size = 320 if "ms-ssim" in info.name else SIZE  # a mask shrinks by 16 there
    image = scene(info, hdr_scene, size)
    test = image.clone()
    test[..., size // 2 :, :] = distorted(image, 0.3, info)[..., size // 2 :, :]
    metric = create_metric(info.name)
    reference = (image,) if info.reference else ()
    whole = metric(test, *reference)
    everything = metric(test, *reference, mask=torch.ones(size, size))
    torch.testing.assert_close(everything, whole, rtol=1e-6, atol=1e-6)
    mask = torch.zeros(size, size)
    mask[: size // 2 - 32] = 1
    clean = float(metric(test, *reference, mask=mask))
    spoilt = float(metric(test, *reference, mask=1 - mask))
    if info.reference:
        assert clean > spoilt if info.higher_is_better else clean < spoilt
    else:
        assert clean != spoilt, "without a reference no part is known to be the better one"
    with pytest.raises(OptionError, match="no pixel"):
        metric(test, *reference, mask=torch.zeros(size, size))
    with pytest.raises(ShapeError, match="mask"):
        metric(test, *reference, mask=torch.ones(3, 3))
    with pytest.raises(OptionError, match=r"\[0, 1\]"):
        metric(test, *reference, mask=torch.full((size, size), 2.0))


@differentiable
def test_gradients_in_float64(info: MetricInfo, hdr_scene: Tensor) -> None:
    size = max(info.minimum_size, 24)
    image = scene(info, hdr_scene, size)
    # Clipped pixels are equal, and where steps between pixels tie, the largest one has a kink.
    dither = torch.rand(image.shape, generator=torch.Generator().manual_seed(4), dtype=image.dtype)
    test = (distorted(image, 0.1, info) * (1 - 0.01 * dither)).requires_grad_()
    metric = create_metric(info.name)
    assert torch.autograd.gradcheck(
        lambda x: run(metric, x, image), test, fast_mode=True, eps=1e-6, rtol=1e-4, atol=1e-6
    )


@differentiable
def test_loss_is_finite_at_identical_and_black_images(info: MetricInfo, hdr_scene: Tensor) -> None:
    image = scene(info, hdr_scene, max(info.minimum_size, 48))
    loss = create_metric(info.name).as_loss()
    black = torch.zeros_like(image)
    pairs = [(image, image), (black, image)]
    if not info.name.startswith(("mu-", "log-", "linear-", "mpsnr", "stack-")):  # need light
        pairs.append((black, black))
    for test, reference in pairs:
        leaf = test.clone().requires_grad_()
        value = loss(leaf, reference) if info.reference else loss(leaf)
        value.backward()
        assert torch.isfinite(value)
        assert leaf.grad is not None
        assert torch.isfinite(leaf.grad).all(), (test is black, reference is black)


@differentiable
def test_loss_falls_with_quality(info: MetricInfo, hdr_scene: Tensor) -> None:
    if not info.reference:
        pytest.skip("without a reference there is no known order")
    image = scene(info, hdr_scene)
    reference = image
    if info.domain == "tonemapped":  # beside the light that was tone-mapped, not beside itself
        reference = F.interpolate(hdr_scene, image.shape[-2:], mode="bilinear", antialias=True)
    loss = create_metric(info.name).as_loss()
    losses = [float(loss(distorted(image, s, info), reference)) for s in (0.02, 0.2)]
    assert losses[0] < losses[1]


@by_name
def test_map(info: MetricInfo, hdr_scene: Tensor) -> None:
    image = scene(info, hdr_scene)
    test = image.clone()
    test[..., 80:120, 30:70] *= 0.5
    metric = create_metric(info.name)
    reference = (image,) if info.reference else ()
    if not info.has_map:
        with pytest.raises(OptionError, match="no map"):
            metric.map(test, *reference)
        return
    local = metric.map(test, *reference)
    assert local.shape[:2] == (1, 1)
    if not info.reference:
        assert torch.isfinite(local).all()
        return
    assert min(local.shape[-2:]) > 20
    change = local - metric.map(image, *reference)  # which is no constant for a tone mapping
    around = F.avg_pool2d(change.abs(), 5, 1)  # single pixels may flip elsewhere if all are 0 or 1
    row, column = (2 + v for v in divmod(int(around.argmax()), around.shape[-1]))
    scale = SIZE / local.shape[-1]
    assert 70 <= row * scale <= 130, "the largest difference lies in the changed patch"
    assert 20 <= column * scale <= 80, "the largest difference lies in the changed patch"


@by_name
def test_bad_input(info: MetricInfo, hdr_scene: Tensor) -> None:
    image = scene(info, hdr_scene).float()
    metric = create_metric(info.name)
    reference = (image,) if info.reference else ()
    for value in (math.nan, math.inf):
        broken = image.clone()
        broken[0, 1, 3, 4] = value
        with pytest.raises(PixelValueError, match="1 pixel value"):
            metric(broken, *reference)
    with pytest.raises(ShapeError, match="float"):
        metric((image * 255).to(torch.uint8), *reference)
    with pytest.raises(ShapeError, match="1 or 3 channels"):
        metric(torch.rand(1, 4, SIZE, SIZE), *reference)
    with pytest.raises(ShapeError, match="torch tensor"):
        metric(image.numpy(), *reference)
    if info.reference:
        with pytest.raises(ShapeError, match="differ in shape"):
            metric(image, image[..., :-1])
        with pytest.raises(OptionError, match="give one"):
            metric(image)
    else:
        with pytest.raises(OptionError, match="no-reference"):
            metric(image, image)
    if info.domain == "sdr":
        with pytest.raises(DomainError, match="pu21"):
            metric(image * 255, *reference)
    if info.minimum_size > 1:
        with pytest.raises(ShapeError, match="at least"):
            metric(*(x[..., : info.minimum_size - 1] for x in (image, *reference)))
    else:
        tiny = [x[..., :1, :1] for x in (distorted(image, 0.1, info), *reference)]
        assert torch.isfinite(metric(*tiny)).all()


def test_unknown_metric_suggests_names() -> None:
    with pytest.raises(UnknownNameError, match="pu21-ssim"):
        create_metric("pu21-sim")


def test_list_filters() -> None:
    assert {i.name for i in list_metrics(domain="sdr", reference=True)} >= {"psnr", "ssim", "vsi"}
    assert all(not i.reference for i in list_metrics(reference=False))
    assert all(i.differentiable for i in list_metrics(differentiable=True))
