"""Losses: one zero point, one value per image, and what metrics, losses and the prepared print."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from hdrmetrics import MetricInfo, create_metric, list_metrics, metric_options
from hdrmetrics.errors import OptionError
from tests.metrics.test_every_metric import distorted, scene

DIFFERENTIABLE = list_metrics(differentiable=True)
SOFT = {"softness": 0.1}
EXACT = [i for i in DIFFERENTIABLE if i.reference and not i.name.startswith("diqm")]
LEARNED = [i for i in DIFFERENTIABLE if i.name.startswith(("diqm", "norvdpnet"))]


def ids(info: MetricInfo) -> str:
    return info.name


@pytest.mark.parametrize("info", EXACT, ids=ids)
def test_the_loss_of_identical_images_is_zero(info: MetricInfo, hdr_scene: Tensor) -> None:
    image = scene(info, hdr_scene)
    loss = create_metric(info.name).as_loss()
    worse = float(loss(distorted(image, 0.05, info), image))
    if info.domain == "tonemapped":  # also a perfect tone mapping is under 1
        assert 0 < worse < 1
        return
    assert abs(float(loss(image, image))) <= 1e-12
    assert abs(float(loss(image.float(), image.float()))) <= 1e-6
    assert worse > 0


def test_visibility_is_zero_for_identical_images(hdr_scene: Tensor) -> None:
    loss = create_metric("hdrvdp2", loss="visibility").as_loss()
    assert float(loss(hdr_scene, hdr_scene)) == 0
    tiles = create_metric("hdrvdp2", tile_size=64).as_loss()
    assert float(tiles(hdr_scene, hdr_scene)) == 0


@pytest.mark.parametrize("info", LEARNED, ids=ids)
def test_learned_losses_lie_between_zero_and_one(info: MetricInfo, hdr_scene: Tensor) -> None:
    image = scene(info, hdr_scene).float()
    pair = (image, image) if info.reference else (image,)
    assert 0 < float(create_metric(info.name).as_loss()(*pair)) < 1


@pytest.mark.parametrize(
    ("name", "value_of"),
    [
        ("psnr", lambda value: 100 - value),
        ("pu21-psnr", lambda value: 100 - value),
        ("mpsnr", lambda value: 100 - value),
        ("stack-psnr", lambda value: 100 - value),
        ("ssim", lambda value: 1 - value),
        ("stack-ms-ssim", lambda value: 1 - value),
        ("pu21-mse", lambda value: value),
    ],
)
def test_losses_are_the_distance_from_the_best_value(
    name: str, value_of: object, hdr_scene: Tensor
) -> None:
    metric = create_metric(name)
    image = scene(metric.info, hdr_scene)
    test = distorted(image, 0.1, metric.info)
    loss = metric.as_loss(reduction="none")(test, image)
    torch.testing.assert_close(loss, value_of(metric(test, image)), rtol=1e-6, atol=1e-6)  # type: ignore[operator]


def test_q_above_its_floor(hdr_scene: Tensor) -> None:
    metric = create_metric("hdrvdp2")
    test = distorted(hdr_scene, 0.1, metric.info)
    q = metric.q(test, hdr_scene) - metric.q(hdr_scene, hdr_scene)  # type: ignore[operator]
    torch.testing.assert_close(metric.as_loss(reduction="none")(test, hdr_scene), q)
    part = torch.zeros(hdr_scene.shape[-2:])
    part[:, 40:100] = 1
    q = metric.q(test, hdr_scene, mask=part) - metric.q(hdr_scene, hdr_scene, mask=part)  # type: ignore[operator]
    loss = metric.as_loss(reduction="none")(test, hdr_scene, mask=part)
    torch.testing.assert_close(loss, q)


@pytest.mark.parametrize(
    "name", ["psnr", "pu21-ssim", "hdrvdp2", "stack-psnr", "diqm-itmo", "fsitm"]
)
def test_reductions(name: str, hdr_scene: Tensor) -> None:
    options = SOFT if name == "fsitm" else {}
    metric = create_metric(name, **options)
    image = scene(metric.info, hdr_scene)
    code = (image / 400).clamp(0, 1) if metric.info.domain == "tonemapped" else image
    tests = torch.cat([distorted(code, s, metric.info) for s in (0.02, 0.1, 0.2)])
    each = metric.as_loss(reduction="none")(tests, image)
    assert each.shape == (3,)
    torch.testing.assert_close(metric.as_loss()(tests, image), each.mean())
    torch.testing.assert_close(metric.as_loss(reduction="sum")(tests, image), each.sum())
    prepared = metric.prepare(image)
    torch.testing.assert_close(prepared.loss(tests, reduction="none"), each, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(prepared.loss(tests), each.mean(), rtol=1e-5, atol=1e-6)
    for refused in ("batch", None):
        with pytest.raises(OptionError, match="mean, sum, none"):
            metric.as_loss(reduction=refused)  # type: ignore[arg-type]
        with pytest.raises(OptionError, match="mean, sum, none"):
            prepared.loss(tests, reduction=refused)  # type: ignore[arg-type]


@pytest.mark.parametrize("info", DIFFERENTIABLE, ids=ids)
def test_every_differentiable_metric_has_a_slope(info: MetricInfo, hdr_scene: Tensor) -> None:
    image = scene(info, hdr_scene).float()
    test = distorted(image, 0.1, info).requires_grad_()
    pair = (test, image) if info.reference else (test,)
    create_metric(info.name).as_loss()(*pair).backward()
    assert test.grad is not None
    assert torch.isfinite(test.grad).all()
    assert float(test.grad.abs().sum()) > 0


def test_what_has_no_slope() -> None:
    """Named here, so that what the README says of it stays true."""
    without = {info.name for info in list_metrics(differentiable=False)}
    assert {name for name in without if not name.endswith("piqe")} == {"fsitm", "fsitm-tmqi"}
    for name in ("fsitm", "fsitm-tmqi"):
        assert create_metric(name, **SOFT).info.differentiable
        with pytest.raises(OptionError, match="softness"):
            create_metric(name).as_loss()
        with pytest.raises(OptionError, match="softness"):
            create_metric(name).prepare(torch.rand(1, 3, 64, 64)).loss(torch.rand(1, 3, 64, 64))
    with pytest.raises(OptionError, match="not differentiable"):
        create_metric("piqe").as_loss()


# -- repr ------------------------------------------------------------------------------------


@pytest.mark.parametrize("info", list_metrics(), ids=ids)
def test_repr_names_metric_and_options(info: MetricInfo) -> None:
    metric = create_metric(info.name)
    text = repr(metric)
    assert text.startswith(f"{type(metric).__name__}({info.name!r}")
    assert "\n" not in text
    for name in metric_options(info.name):
        assert f", {name}=" in text


def test_repr_of_losses_and_prepared_metrics() -> None:
    metric = create_metric("pu21-psnr", encoder="peaks")
    assert repr(metric) == "PSNR('pu21-psnr', encoder='peaks', crf_correction=False)"
    assert repr(metric.as_loss(reduction="sum")) == f"MetricLoss({metric!r}, reduction='sum')"
    prepared = metric.prepare(torch.rand(1, 3, 8, 9))
    assert repr(prepared) == f"PreparedMetric({metric!r}, reference=(1, 3, 8, 9))"
    assert "tile_size=64" in repr(create_metric("hdrvdp2", tile_size=64))
