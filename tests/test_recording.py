"""Transforms, traces and compilers see the same functions as an ordinary call."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from hdrmetrics import create_metric, list_metrics, transfer
from hdrmetrics.errors import DomainError, OptionError, PixelValueError
from hdrmetrics.metric import Metric
from hdrmetrics.numerics.filters import gaussian_taps, separable_filter
from hdrmetrics.numerics.recording import constants, has_gradient, is_recording, visible
from hdrmetrics.numerics.resize import imresize
from tests.metrics.test_every_metric import distorted, scene

pytestmark = pytest.mark.filterwarnings(
    "ignore::torch.jit.TracerWarning", "ignore:.*jit.*:DeprecationWarning", "ignore:.*vmap.*"
)

# Every encoding, every kind of measure, and what is built otherwise. Others differ by name only.
NAMES = [
    *(i.name for i in list_metrics(differentiable=True) if i.name.startswith("pu21-")),
    "psnr", "ssim", "vsi", "pq-ssim", "mu-psnr", "log-ssim", "linear-mae", "hdrvdp2", "mpsnr",
    "stack-psnr", "stack-ssim", "tmqi", "norvdpnet", "diqm-itmo",
]  # fmt: skip
CHOSEN_BY_VALUES = ("mpsnr", "stack-psnr", "stack-ssim")
by_name = pytest.mark.parametrize("name", NAMES)


def pictures(metric: Metric, hdr_scene: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return a pair, and another of other values: two tests, then two references."""
    info = metric.info
    size = max(info.minimum_size, 48)
    image = scene(info, hdr_scene, size).float()
    test = distorted(image, 0.1, info)
    if info.domain == "tonemapped":
        image = image * 300 + 1
    return test, 0.7 * test.flip(-1), image, 0.8 * image.flip(-1)


def call(metric: Metric, test: Tensor, reference: Tensor) -> Tensor:
    return metric(test, reference) if metric.info.reference else metric(test)


@by_name
def test_gradients_of_func_are_those_of_autograd(name: str, hdr_scene: Tensor) -> None:
    metric = create_metric(name)
    test, _, reference, _ = pictures(metric, hdr_scene)
    leaf = test.clone().requires_grad_()
    call(metric, leaf, reference).sum().backward()
    assert leaf.grad is not None
    close = {"rtol": 1e-3, "atol": 1e-5 * float(leaf.grad.abs().max())}
    got = torch.func.grad(lambda x: call(metric, x, reference).sum())(test)
    torch.testing.assert_close(got, leaf.grad, **close)
    # The order of transforms is the caller's: here a batch stands between gradient and metric.
    batch = torch.cat([test, test]).unsqueeze(1)
    each = torch.func.vmap(lambda x: call(metric, x, reference))
    got = torch.func.grad(lambda x: each(x).sum())(batch)
    torch.testing.assert_close(got[1], leaf.grad, **close)


@by_name
def test_vmap(name: str, hdr_scene: Tensor) -> None:
    metric = create_metric(name)
    a, b, ra, rb = pictures(metric, hdr_scene)
    tests, references = torch.stack([a, b]), torch.stack([ra, rb])
    vmapped = torch.func.vmap(lambda t, r: call(metric, t, r))
    if name in CHOSEN_BY_VALUES:
        with pytest.raises(OptionError, match="vmap"):
            vmapped(tests, references)
        vmapped, references = torch.func.vmap(lambda t: call(metric, t, ra)), ra.expand_as(tests)
        got = vmapped(tests)
    else:
        got = vmapped(tests, references)
    want = torch.stack([call(metric, *pair) for pair in zip(tests, references, strict=True)])
    torch.testing.assert_close(got, want, rtol=1e-5, atol=1e-5)


@by_name
def test_a_trace_holds_nothing_of_the_pictures_it_was_made_with(
    name: str, hdr_scene: Tensor
) -> None:
    metric = create_metric(name)
    a, b, ra, rb = pictures(metric, hdr_scene)

    def function(test: Tensor, reference: Tensor) -> Tensor:
        return call(metric, test, reference)

    if name in CHOSEN_BY_VALUES:
        with pytest.raises(OptionError, match="tracing"):
            torch.jit.trace(function, (a, ra), check_trace=False)
        return
    traced = torch.jit.trace(function, (a, ra), check_trace=False)
    leaf = b.clone().requires_grad_()
    with torch.jit.optimized_execution(False):  # of a graph that hardly runs
        torch.testing.assert_close(traced(a, ra), function(a, ra), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(traced(b, rb), function(b, rb), rtol=1e-5, atol=1e-5)
        traced(leaf, rb).sum().backward()
    assert leaf.grad is not None
    assert float(leaf.grad.abs().sum()) > 0
    # An ordinary call afterwards is not disturbed by what was kept meanwhile.
    torch.testing.assert_close(function(b, rb), create_metric(name)(b, rb) if metric.info.reference
                               else create_metric(name)(b))  # fmt: skip


@pytest.mark.parametrize("name", ["pu21-psnr", "pu21-vsi", "pu21-fsimc"])
def test_compile_and_export(name: str, hdr_scene: Tensor) -> None:
    metric = create_metric(name)
    a, b, ra, rb = pictures(metric, hdr_scene)
    torch._dynamo.reset()
    compiled = torch.compile(metric, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(b, rb), metric(b, rb), rtol=1e-5, atol=1e-5)
    exported = torch.export.export(metric, (a, ra)).module()
    torch.testing.assert_close(exported(b, rb), metric(b, rb), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(metric(b, rb), create_metric(name)(b, rb))


def test_values_are_looked_at_under_func_all_the_same(hdr_scene: Tensor) -> None:
    metric = create_metric("psnr")
    image = torch.rand(1, 3, 8, 8)
    broken = image.clone()
    broken[0, 0, 1, 1] = torch.nan
    with pytest.raises(PixelValueError, match="1 pixel value"):
        torch.func.grad(lambda x: metric(x, image).sum())(broken)
    with pytest.raises(DomainError, match="divide by 255"):
        torch.func.vmap(lambda x: metric(x, image))(torch.stack([image, 255 * image]))


# -- what metrics stand on ----------------------------------------------------------------------

LIGHT = 10 ** (torch.rand(3, 400, 400, generator=torch.Generator().manual_seed(0)) * 6 - 2)
CURVES: dict[str, Callable[[Tensor], Tensor]] = {
    **{
        f"pu21_encode {v}": lambda x, v=v: transfer.pu21_encode(x, v)  # type: ignore[misc]
        for v in transfer.PU21_PARAMETERS
    },
    "pu21_decode": lambda x: transfer.pu21_decode(x / 20),
    "pq_encode": transfer.pq_encode,
    "pq_decode": lambda x: transfer.pq_decode(x / 1e4),
    "hlg_encode": lambda x: transfer.hlg_encode(x / 1e4),
    "hlg_decode": lambda x: transfer.hlg_decode(x / 1e4),
    "srgb_encode": lambda x: transfer.srgb_encode(x / 1e4),
    "srgb_decode": lambda x: transfer.srgb_decode(x / 1e4),
    "bt1886_encode": lambda x: transfer.bt1886_encode(x, peak=1e4, black=0.005),
    "mu_law_encode": lambda x: transfer.mu_law_encode(x, peak=x.amax()),
    "log_encode": lambda x: transfer.log_encode(x, peak=x.amax()),
    "log_decode": lambda x: transfer.log_decode(x / 1e4, peak=1e4),
    "filter": lambda x: separable_filter(x, gaussian_taps(11, 1.5), border="replicate"),
    "imresize": lambda x: imresize(x, (77, 51)),
}


@pytest.mark.parametrize("curve", CURVES)
def test_curves_under_every_transform(curve: str) -> None:
    function, light = CURVES[curve], LIGHT
    want = function(light)  # without gradients large pictures go another way, chunk by chunk
    leaf = light.clone().requires_grad_()
    recorded = function(leaf)
    recorded.sum().backward()
    torch.testing.assert_close(recorded.detach(), want, rtol=1e-5, atol=1e-5)
    got = torch.func.grad(lambda x: function(x).sum())(light)
    torch.testing.assert_close(got, leaf.grad, rtol=1e-4, atol=1e-6)
    if "amax" not in curve:
        rows = light[:, None]
        each = torch.func.vmap(function)(rows)
        torch.testing.assert_close(each, torch.stack([function(row) for row in rows]))
        tangent = torch.func.jvp(lambda x: function(x).sum(), (light,), (torch.ones_like(light),))
        torch.testing.assert_close(tangent[1], got.sum(), rtol=1e-3, atol=1e-3)
    traced = torch.jit.trace(function, light, check_trace=False)
    torch.testing.assert_close(traced(0.3 * light), function(0.3 * light), rtol=1e-5, atol=1e-5)
    other = light[:, :37, :41]  # a trace of a curve is not bound to a size either
    if curve not in ("filter", "imresize"):
        torch.testing.assert_close(traced(other), function(other), rtol=1e-5, atol=1e-5)


def test_a_large_picture_traced_is_a_large_picture_called(hdr_scene: Tensor) -> None:
    """Sums over chunks used to become constants of the graph."""
    generator = torch.Generator().manual_seed(3)
    a, b, r = (torch.rand(2, 3, 260, 260, generator=generator) * 300 + 1 for _ in range(3))
    for name in ("pu21-psnr", "pu21-mse", "pu21-ssim"):
        metric = create_metric(name)
        traced = torch.jit.trace(lambda x, y, m=metric: m(x, y), (a, r), check_trace=False)
        torch.testing.assert_close(traced(b, r), metric(b, r), rtol=1e-5, atol=1e-6)


def test_constants_are_made_once_and_outside() -> None:
    made = []

    @constants(2)
    def table(count: int) -> Tensor:
        made.append(count)
        return torch.arange(count, dtype=torch.float32)

    torch.func.grad(lambda x: (x * table(3)).sum())(torch.ones(3))
    with torch.inference_mode():
        kept = table(3)
        other = table(4)
    assert made == [3, 4]
    assert not kept.is_inference()
    assert not other.is_inference()
    leaf = torch.ones(3, requires_grad=True)
    (leaf * table(3)).sum().backward()
    assert leaf.grad is not None
    assert leaf.grad.tolist() == [0, 1, 2]
    assert visible(table(3)) is not None


def test_who_records() -> None:
    plain, leaf = torch.ones(2), torch.ones(2, requires_grad=True)
    assert not is_recording(plain)
    assert is_recording(plain, leaf)
    assert has_gradient(leaf)
    assert not has_gradient(plain)
    with torch.no_grad():
        assert not is_recording(leaf)
        assert has_gradient(leaf)
    seen = []

    def look(x: Tensor) -> Tensor:
        seen.append((is_recording(x), has_gradient(x), visible(x)))
        return x.sum()

    torch.func.grad(lambda x: torch.func.vmap(look)(x).sum())(torch.ones(3, 2))
    torch.func.vmap(look)(torch.ones(3, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.trace(look, plain, check_trace=False)
    assert [entry[:2] for entry in seen] == [(True, True), (True, False), (True, False)]
    assert [None if entry[2] is None else tuple(entry[2].shape) for entry in seen] == [
        (3, 2), (3, 2), None,
    ]  # fmt: skip
