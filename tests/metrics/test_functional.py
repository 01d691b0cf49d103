"""Plain functions: one for every metric, their units, and what cannot be."""

from __future__ import annotations

import inspect
import subprocess
import sys
import warnings
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

import hdrmetrics as hm
from hdrmetrics import MetricInfo, create_metric, list_metrics
from hdrmetrics.errors import (
    CalibrationWarning,
    DomainError,
    OptionError,
    PixelValueError,
    ShapeError,
)
from hdrmetrics.metrics.code_metric import CodeMetric
from hdrmetrics.photometry.encoding import ENCODINGS, Encoding
from tests.metrics.test_every_metric import distorted, scene

F = hm.functional
MEASURES = (
    "psnr", "psnr-y", "ssim", "ms-ssim", "vsi", "fsim", "fsimc", "mse", "rmse", "mae", "piqe",
)  # fmt: skip
by_measure = pytest.mark.parametrize("measure", MEASURES)


def function(name: str) -> Callable[..., Tensor]:
    found: Callable[..., Tensor] = getattr(F, name.replace("-", "_"))
    return found


def codes(*, size: int = 176, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return a test and a reference in [0, 1] with structure and noise."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, size // 16, size // 16, generator=generator)
    image = torch.nn.functional.interpolate(coarse, (size, size), mode="bicubic").clamp(0, 1)
    noise = 0.08 * torch.randn(image.shape, generator=generator)
    return (image + noise).clamp(0, 1), image


def run(measure: str, pair: tuple[Tensor, Tensor], **options: object) -> Tensor:
    images = pair[:1] if measure == "piqe" else pair
    return function(measure)(*images, **options)


# -- one function for every metric ------------------------------------------------------------


def test_functional_needs_no_import_of_its_own() -> None:
    code = (
        "import hdrmetrics as hm, sys; print('torch' in sys.modules, hm.functional.ssim.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "ssim"]
    for room in ("tonemap", "expand", "distort", "codecs", "assembly", "transfer", "errors"):
        assert inspect.ismodule(getattr(hm, room))
        assert room in dir(hm)


@pytest.mark.parametrize("info", list_metrics(), ids=lambda info: info.name)
def test_every_metric_is_a_function(info: MetricInfo, hdr_scene: Tensor) -> None:
    name = info.name.replace("-", "_")
    assert name in dir(F)
    call = function(info.name)
    assert call.__name__ == name
    assert call.__doc__
    assert "mask" in inspect.signature(call).parameters
    image = scene(info, hdr_scene).float()
    test = distorted(image, 0.1, info)
    pair = (test, image) if info.reference else (test,)
    torch.testing.assert_close(call(*pair), create_metric(info.name)(*pair))


def test_functions_take_the_options_of_their_metric(hdr_scene: Tensor) -> None:
    test = distorted(hdr_scene, 0.1, hm.metric_info("hdrvdp2"))
    want = create_metric("hdrvdp2", ppd=60.0)(test, hdr_scene)
    torch.testing.assert_close(F.hdrvdp2(test, hdr_scene, ppd=60.0), want)
    assert list(inspect.signature(F.pu21_ssim).parameters) == [
        "test", "reference", "mask", "encoder", "channels", "border", "crf_correction",
    ]  # fmt: skip
    with pytest.raises(OptionError, match="no option"):
        F.stack_psnr(test, hdr_scene, ppd=60.0)
    with pytest.raises(TypeError):
        F.norvdpnet(test, hdr_scene)
    with pytest.raises(AttributeError, match="no attribute 'niqe'"):
        _ = F.niqe


def test_functions_do_not_remember_a_transform(hdr_scene: Tensor) -> None:
    image = scene(hm.metric_info("norvdpnet"), hdr_scene).float()
    torch.func.grad(lambda x: F.norvdpnet(x, precision="float32").sum())(image)
    with torch.inference_mode():
        want = F.norvdpnet(image, precision="float32")
    leaf = image.clone().requires_grad_()
    F.norvdpnet(leaf, precision="float32").sum().backward()
    assert leaf.grad is not None
    assert float(leaf.grad.abs().sum()) > 0
    torch.testing.assert_close(F.norvdpnet(image), want)


# -- units --------------------------------------------------------------------------------------


@by_measure
@pytest.mark.parametrize("encoding", ENCODINGS, ids=lambda encoding: encoding.prefix or "sdr")
def test_a_metric_is_its_function_on_encoded_values(
    measure: str, encoding: type[Encoding], hdr_scene: Tensor
) -> None:
    name = f"{encoding.prefix}-{measure}" if encoding.prefix else measure
    metric = create_metric(name)
    assert isinstance(metric, CodeMetric)
    image = scene(metric.info, hdr_scene)
    test = distorted(image, 0.05, metric.info)
    how = metric.encoding
    anchor = how.anchor(test if measure == "piqe" else image)
    light = [F.luminance(x) if metric.channels == "luminance" else x for x in (test, image)]
    pair = how.encode(light[0], anchor), how.encode(light[1], anchor)
    options = {"border": metric.border} if measure == "ssim" else {}  # type: ignore[attr-defined]
    got = run(measure, pair, data_range=how.peak, **options)
    want = metric(test) if measure == "piqe" else metric(test, image)
    assert torch.equal(got, want)


@by_measure
def test_the_range_is_a_unit_only(measure: str) -> None:
    test, reference = codes()
    want = run(measure, (test, reference))
    for white in (255, 1023.0, 65535):
        got = run(measure, (test * white, reference * white), data_range=white)
        power = {"mse": 2, "rmse": 1, "mae": 1}.get(measure, 0)
        torch.testing.assert_close(got, want * float(white) ** power, rtol=2e-3, atol=2e-4)


def test_the_wrong_unit_gave_another_vsi() -> None:
    """The number that led to ``data_range``: in [0, 1], 8-bit constants hide nearly everything."""
    test, reference = codes()
    right = float(F.vsi(test, reference))
    with pytest.warns(CalibrationWarning, match="data_range=1.0"):
        wrong = float(F.vsi(test, reference, data_range=255))
    assert wrong > 0.99
    assert right < 0.96
    assert right == pytest.approx(float(F.vsi(255 * test, 255 * reference, data_range=255)))


@by_measure
def test_values_of_another_unit_are_refused(measure: str) -> None:
    pair = codes()
    eight, pu21, light = ([x * k for x in pair] for k in (255, 500, 1e5))
    with pytest.raises(DomainError, match="data_range=255"):
        run(measure, (eight[0], eight[1]))
    with pytest.raises(DomainError, match="for PU21 data_range=256"):
        run(measure, (pu21[0], pu21[1]))
    with pytest.raises(DomainError, match="pu21_encode"):
        run(measure, (light[0], light[1]), data_range=255)
    with pytest.raises(DomainError, match=r"\(x \+ 1\) / 2"):
        run(measure, (2 * pair[0] - 1, 2 * pair[1] - 1))
    with pytest.raises(DomainError, match="codes start at 0"):
        run(measure, (eight[0] - 200, eight[1] - 200), data_range=255)
    # And the advice works.
    run(measure, (eight[0], eight[1]), data_range=255)
    run(measure, (pu21[0], pu21[1]), data_range=256)
    for refused in (0, -1.0, float("nan"), float("inf"), "255"):
        with pytest.raises(OptionError, match="data_range"):
            run(measure, pair, data_range=refused)


@by_measure
def test_codes_beyond_white_by_noise_or_encoding_are_taken(measure: str) -> None:
    test, reference = codes()
    noise = 0.1 * torch.randn(test.shape, generator=torch.Generator().manual_seed(9))
    assert torch.isfinite(run(measure, (test + noise, reference))).all()
    light = F.pu21_encode(1e4 * test + 0.1), F.pu21_encode(1e4 * reference + 0.1)
    assert torch.isfinite(run(measure, light, data_range=256)).all()


@by_measure
def test_dark_pictures_are_taken_and_codes_of_unit_range_are_told(measure: str) -> None:
    test, reference = codes()
    black = torch.zeros_like(test)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(measure, (black, black), data_range=255)
        run(measure, ((test > 0.5).float(), (reference > 0.5).float()), data_range=255)
        run(measure, (0.05 * test, 0.05 * reference), data_range=255)
    with pytest.warns(CalibrationWarning, match="leave data_range=1.0"):
        run(measure, (test, reference), data_range=255)


@by_measure
def test_bad_images_are_refused(measure: str) -> None:
    test, reference = codes()
    broken = test.clone()
    broken[0, 0, 3, 3] = torch.nan
    with pytest.raises(PixelValueError, match="1 pixel value"):
        run(measure, (broken, reference))
    with pytest.raises(ShapeError, match="float"):
        run(measure, ((test * 255).to(torch.uint8), reference))
    with pytest.raises(OptionError, match=r"no pixel"):
        run(measure, (test, reference), mask=torch.zeros(176, 176))
    if measure != "piqe":
        with pytest.raises(ShapeError, match="differ in shape"):
            run(measure, (test, reference[..., 1:]))
        with pytest.raises(PixelValueError, match="reference"):
            run(measure, (reference, broken))


@by_measure
def test_shapes_types_and_autocast(measure: str) -> None:
    test, reference = codes()
    want = run(measure, (test, reference))
    torch.testing.assert_close(run(measure, (test[0], reference[0])), want)
    half = run(measure, (test.half(), reference.half()))
    assert half.dtype == torch.float32
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(run(measure, (test, reference)), want)
    if measure != "piqe":
        both = run(measure, (torch.cat([test, reference]), reference))
        torch.testing.assert_close(both[:1], want)
        assert run(measure, (test, reference.double())).dtype == torch.float32


def test_channels_come_first() -> None:
    test, reference = codes()
    late = [x.movedim(-3, -1)[0] for x in (test, reference)]
    with pytest.raises(ShapeError, match=r"movedim\(-1, -3\)"):
        F.psnr(*late)
    assert torch.equal(F.psnr(*(x.movedim(-1, -3) for x in late)), F.psnr(test, reference))
    eight = [(255 * x).round().to(torch.uint8) for x in (test, reference)]
    with pytest.raises(ShapeError, match=r"\.float\(\)"):
        F.psnr(*eight, data_range=255)
    assert torch.isfinite(F.psnr(*(x.float() for x in eight), data_range=255)).all()


def test_borders_that_ssim_does_not_know() -> None:
    test, reference = codes()
    for call in (F.ssim, F.ssim_map):
        for border in ("zero", "reflect"):
            with pytest.raises(OptionError, match="valid, replicate"):
                call(test, reference, border=border)


LIGHT = ("mpsnr", "hdrvdp2", "tmqi", "fsitm", "fsitm-tmqi", "stack-ssim", "pu21-psnr", "norvdpnet")


@pytest.mark.parametrize("name", LIGHT)
def test_light_is_not_negative(name: str, hdr_scene: Tensor) -> None:
    info = hm.metric_info(name)
    reference = hdr_scene
    test = distorted(reference, 0.1, info)
    pair = [test, reference] if info.reference else [test]
    for value, message in ((-3.0, "negative light, down to -3"), (torch.nan, "NaN")):
        broken = [x.clone() for x in pair]
        broken[-1][0, 1, 3, 4] = value
        with pytest.raises(PixelValueError, match=message):
            function(name)(*broken)


def test_stops_that_cannot_be() -> None:
    image = torch.rand(1, 3, 8, 8)
    with pytest.raises(OptionError, match="at most 40"):
        F.mpsnr(image, image, stops=(3, -3))


def test_metrics_of_codes_are_also_written_with_sdr_in_front() -> None:
    assert hm.functional.sdr_ssim is hm.functional.ssim
    assert hm.functional.sdr_psnr_y is hm.functional.psnr_y
    for name in ("sdr_pu21_ssim", "sdr_tmqi", "sdr_"):
        with pytest.raises(AttributeError):
            getattr(hm.functional, name)
