"""What must hold for HDR-VDP-2 whatever the pictures."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

import hdrmetrics as hm
from hdrmetrics.errors import (
    CalibrationWarning,
    DomainError,
    OptionError,
    ShapeError,
    UnknownNameError,
)
from hdrmetrics.metrics.hdrvdp2 import HDRVDP2, INFO
from hdrmetrics.metrics.hdrvdp2.spectral import display_matrices, display_matrix
from hdrmetrics.metrics.hdrvdp2.tiles import tiles
from hdrmetrics.numerics.filters import gaussian_taps, separable_filter


def noisy(image: Tensor, strength: float, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(image.shape, generator=generator, dtype=torch.float64)
    return image * (1 + strength * noise).clamp(min=0.05)


def blurred(image: Tensor, sigma: float) -> Tensor:
    taps = gaussian_taps(2 * round(4 * sigma) + 1, sigma)
    return separable_filter(image, taps, border="replicate")


def quantised(image: Tensor, step: float) -> Tensor:
    return 10 ** ((image.log10() / step).round() * step)


@pytest.mark.parametrize(("ppd", "floor"), [(30.0, -3.64836929427), (60.0, -5.38543952117)])
def test_identical_images_give_the_floor(ppd: float, floor: float) -> None:
    """Where nothing differs Q depends on size and ppd only; the value is the original's."""
    image = 10 ** torch.rand(1, 1, 256, 384, dtype=torch.float64)
    result = HDRVDP2(ppd=ppd).predict(image, image)
    assert float(result.q) == pytest.approx(floor, abs=1e-10)
    assert float(result.c_max) == float(result.p_det) == float(result.p_map.max()) == 0


@pytest.mark.parametrize(
    ("distort", "strengths"),
    [
        (noisy, (0.003, 0.01, 0.03, 0.1, 0.3)),
        (blurred, (0.5, 1.0, 2.0, 4.0)),
        (quantised, (0.02, 0.05, 0.1, 0.2)),
    ],
    ids=["noise", "blur", "quantisation"],
)
def test_monotone_on_real_scenes(
    distort: Any, strengths: tuple[float, ...], hdr_scene: Tensor
) -> None:
    prepared = HDRVDP2(loss="quality").prepare(hdr_scene)
    tests = torch.cat([distort(hdr_scene, strength) for strength in strengths])
    q = [float(prepared.loss(test[None])) for test in tests]
    assert q == sorted(q)
    assert len(set(q)) == len(strengths)
    scores = prepared(tests)
    assert (scores.diff() < 0).all()
    assert ((scores > 0) & (scores < 100)).all()


def test_batch_equals_single_and_prepared(hdr_scene: Tensor) -> None:
    metric = HDRVDP2()
    references = torch.cat([hdr_scene, hdr_scene.flip(-1) * 3])
    tests = torch.cat([noisy(references[:1], 0.1), noisy(references[1:], 0.02)])
    together = metric.predict(tests, references)
    for index in range(2):
        one = slice(index, index + 1)
        alone = metric.predict(tests[one], metric.prepare(references[one]))
        for name in ("q", "q_mos", "p_map", "p_det", "c_map", "c_max"):
            torch.testing.assert_close(
                getattr(together, name)[one], getattr(alone, name), rtol=1e-10, atol=1e-12
            )
    shared = metric.predict(tests, references[:1])
    assert float(shared.q[0]) == pytest.approx(float(together.q[0]), abs=1e-12)
    torch.testing.assert_close(metric(tests, references), together.q_mos)
    torch.testing.assert_close(metric.map(tests, references), together.p_map)


@pytest.mark.parametrize("size", [(15, 15), (16, 33), (17, 51), (35, 64), (127, 65)])
def test_any_size(size: tuple[int, int], hdr_scene: Tensor) -> None:
    image = interpolate(hdr_scene, size)
    result = HDRVDP2().predict(noisy(image, 0.1), image)
    assert result.p_map.shape == (1, 1, *size)
    assert torch.isfinite(result.c_map).all()
    same = float(HDRVDP2().q(image, image))
    assert float(result.q) > same


def test_float32_stays_close(hdr_scene: Tensor) -> None:
    """A lamp ten million times brighter than the shadows is the hard case."""
    lit = hdr_scene.float().double().clone()
    lit[..., 20:24, 30:34] = 1e6
    for image in (hdr_scene.float().double(), lit):
        for strength in (0.005, 0.1):
            test = noisy(image, strength).float().double()
            exact = HDRVDP2().predict(test, image)
            rough = HDRVDP2().predict(test.float(), image.float())
            assert rough.q.dtype == torch.float32
            assert float(rough.q) == pytest.approx(float(exact.q), abs=1e-3)
            assert float(rough.c_max.log()) == pytest.approx(float(exact.c_max.log()), abs=2e-2)
            raised = HDRVDP2(precision="float64").predict(test.float(), image.float())
            assert raised.q.dtype == torch.float64
            assert float(raised.q) == pytest.approx(float(exact.q), abs=1e-9)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")
def test_cuda_equals_cpu(hdr_scene: Tensor) -> None:
    test = noisy(hdr_scene, 0.05)
    for dtype, tolerance in ((torch.float64, 1e-8), (torch.float32, 5e-3)):
        cpu = HDRVDP2().predict(test.to(dtype), hdr_scene.to(dtype))
        gpu = HDRVDP2().predict(test.to("cuda", dtype), hdr_scene.to("cuda", dtype))
        assert float(gpu.q) == pytest.approx(float(cpu.q), abs=tolerance)
        torch.testing.assert_close(gpu.p_map.cpu(), cpu.p_map, rtol=0, atol=tolerance)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"loss": "visibility"},
        {"loss": "visibility", "do_spatial_pooling": False},
        {"do_mtf": False, "do_masking": False},
        {"surround_luminance": -1.0},
    ],
    ids=str,
)
def test_gradients(options: dict[str, Any]) -> None:
    generator = torch.Generator().manual_seed(5)
    reference = 10 ** (2 * torch.rand(1, 1, 20, 19, generator=generator, dtype=torch.float64))
    # Every pixel differs by 2 to 20 %, far from the 0.1 % below which it would not count.
    sign = torch.where(torch.rand(reference.shape, generator=generator) < 0.5, -1.0, 1.0)
    change = sign * (0.02 + 0.18 * torch.rand(reference.shape, generator=generator))
    test = (reference * (1 + change)).requires_grad_()
    loss = HDRVDP2(**options).as_loss()
    assert torch.autograd.gradcheck(
        lambda image: loss(image, reference), test, eps=1e-5, atol=1e-7, rtol=1e-4
    )


@pytest.mark.parametrize("loss", ["quality", "visibility"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradients_are_finite_where_images_agree(
    loss: str, dtype: torch.dtype, hdr_scene: Tensor
) -> None:
    image = hdr_scene[..., :64, :64].to(dtype)
    half = image.clone()
    half[..., :32] *= 1.3
    metric = HDRVDP2(loss="visibility") if loss == "visibility" else HDRVDP2()
    for start, moves in ((image, False), (half, True)):
        leaf = start.clone().requires_grad_()
        metric.as_loss()(leaf, image).backward()
        assert leaf.grad is not None
        assert torch.isfinite(leaf.grad).all()
        assert bool(leaf.grad.abs().sum() > 0) == moves


@pytest.mark.parametrize("loss", ["quality", "visibility"])
def test_descent_improves_the_image(loss: str, hdr_scene: Tensor) -> None:
    image = hdr_scene[..., :48, :48]
    metric = HDRVDP2(loss="visibility") if loss == "visibility" else HDRVDP2()
    stops = (noisy(image, 0.1) / image).log().requires_grad_()
    optimiser = torch.optim.Adam([stops], lr=0.01)
    values = []
    for _ in range(12):
        optimiser.zero_grad()
        value = metric.as_loss()(image * stops.exp(), image)
        value.backward()
        optimiser.step()
        values.append(float(value.detach()))
    assert values[-1] < values[0] - 0.05


def test_visibility_loss_is_the_largest_contrast(hdr_scene: Tensor) -> None:
    test = noisy(hdr_scene, 0.02)
    c_max = HDRVDP2().predict(test, hdr_scene).c_max
    loss = HDRVDP2(loss="visibility").as_loss()(test, hdr_scene)
    assert float(loss.expm1()) == pytest.approx(float(c_max), rel=1e-9)
    options: dict[str, Any] = {"do_spatial_pooling": False}
    c_max = HDRVDP2(**options).predict(test, hdr_scene).c_max
    loss = HDRVDP2(loss="visibility", **options).as_loss()(test, hdr_scene)
    assert float(c_max) <= float(loss.expm1()) < 1.5 * float(c_max)


def test_mask_counts_only_what_it_selects(hdr_scene: Tensor) -> None:
    metric = HDRVDP2()
    test = noisy(hdr_scene, 0.1)
    ones = torch.ones(1, 1, *hdr_scene.shape[-2:], dtype=torch.float64)
    torch.testing.assert_close(metric.q(test, hdr_scene, mask=ones), metric.q(test, hdr_scene))
    spoilt = hdr_scene.clone()
    spoilt[..., 112:] = test[..., 112:]
    left = ones.clone()
    left[..., 80:] = 0
    floor = float(metric.q(hdr_scene, hdr_scene))
    assert float(metric.q(spoilt, hdr_scene, mask=left)) == pytest.approx(floor, abs=1e-6)
    assert float(metric.q(spoilt, hdr_scene, mask=1 - left)) > floor + 1


def test_tiles_cover_the_image_once() -> None:
    image = torch.arange(3 * 50 * 64.0).view(1, 3, 50, 64)
    parts = list(tiles(image, 32))
    assert [part.shape for part in parts] == [(1, 3, 32, 32)] * 4
    seen = {float(value) for part in parts for value in part.flatten()}
    assert seen == {float(value) for value in image.flatten()}
    assert len(list(tiles(image[..., :32, :32], 32))) == 1
    with pytest.raises(ShapeError, match="holds no tile"):
        list(tiles(image, 51))


def test_tiled_quality_does_not_depend_on_size(hdr_scene: Tensor) -> None:
    reference = hdr_scene[..., :64, :64]
    test = noisy(reference, 0.1)
    twice = [image.repeat(1, 1, 2, 2) for image in (test, reference)]
    tiled = HDRVDP2(tile_size=64)
    small, large = float(tiled.q(test, reference)), float(tiled.q(*twice))
    assert large == pytest.approx(small, abs=1e-12)
    assert small == pytest.approx(float(HDRVDP2().q(test, reference)), abs=1e-12)
    assert abs(float(HDRVDP2().q(*twice)) - small) > 0.02  # what tiles are for
    prepared = tiled.prepare(twice[1])
    torch.testing.assert_close(prepared(twice[0]), tiled(test, reference))


def test_a_mask_leaves_tiles_out(hdr_scene: Tensor) -> None:
    reference = hdr_scene[..., :64, :128]
    test = reference.clone()
    test[..., 64:] = noisy(reference[..., 64:], 0.1)
    right = torch.zeros(64, 128)
    right[:, 64:] = 1
    tiled = HDRVDP2(tile_size=64)
    got = float(tiled.q(test, reference, mask=right))
    assert got == pytest.approx(float(HDRVDP2().q(test[..., 64:], reference[..., 64:])), abs=1e-12)


def test_encodings_describe_the_same_light() -> None:
    codes = torch.rand(1, 3, 40, 48, dtype=torch.float64)
    other = (codes + 0.05 * torch.rand(codes.shape, dtype=torch.float64)).clamp(0, 1)
    threshold = codes <= 0.04045
    linear = torch.where(threshold, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)
    threshold = other <= 0.04045
    changed = torch.where(threshold, other / 12.92, ((other + 0.055) / 1.055) ** 2.4)
    display = HDRVDP2(encoding="srgb-display").q(other, codes)
    torch.testing.assert_close(HDRVDP2().q(99 * changed + 1, 99 * linear + 1), display)

    grey, other_grey = codes[:, :1], other[:, :1]
    luma = HDRVDP2(encoding="luma-display").q(other_grey, grey)
    light = HDRVDP2().q(99 * other_grey**2.2 + 1, 99 * grey**2.2 + 1)
    torch.testing.assert_close(light, luma)


def test_given_matrix_equals_named_display(hdr_scene: Tensor) -> None:
    test = noisy(hdr_scene, 0.05)
    named = HDRVDP2(rgb_display="led-lcd").q(test, hdr_scene)
    given = HDRVDP2(rgb_display=display_matrices()["led-lcd"]).q(test, hdr_scene)
    torch.testing.assert_close(given, named)
    assert float(named) != float(HDRVDP2().q(test, hdr_scene))

    grey = [image[:, 1:2] for image in (test, hdr_scene)]
    row = display_matrix("d65", 1)
    torch.testing.assert_close(HDRVDP2(rgb_display=row).q(*grey), HDRVDP2().q(*grey))
    json.dumps(HDRVDP2(rgb_display=row).conditions(), allow_nan=False)
    with pytest.raises(OptionError, match="3×4"):
        HDRVDP2(rgb_display=row)(test, hdr_scene)


def test_surround_of_the_image_mean_is_a_luminance() -> None:
    reference = torch.full((2, 1, 32, 32), 20.0, dtype=torch.float64)
    reference[1] *= 5
    test = pad(reference[..., 1:-1, 1:-1] * 1.1, (1, 1, 1, 1), value=20.0)
    mean = HDRVDP2(surround_luminance=-1).q(test, reference)
    for index, luminance in enumerate((20.0, 100.0)):
        one = slice(index, index + 1)
        given = HDRVDP2(surround_luminance=luminance).q(test[one], reference[one])
        torch.testing.assert_close(mean[one], given)


def test_result_names_its_conditions(hdr_scene: Tensor) -> None:
    metric = HDRVDP2(ppd=47, rgb_display="crt")
    result = metric.predict(hdr_scene, hdr_scene)
    assert result.version == "2.2.0"
    assert result.conditions == metric.conditions()
    assert result.conditions["ppd"] == 47.0
    assert result.conditions["hdrvdp_version"] == "2.2.0"
    json.dumps(HDRVDP2(rgb_display=display_matrices()["crt"]).conditions(), allow_nan=False)


def test_a_score_names_what_was_left_to_the_image() -> None:
    reference = np.random.default_rng(0).uniform(1, 100, (32, 32, 3)).astype(np.float32)
    for pixels, encoding, display in (
        (reference, "rgb-bt.709", "ccfl-lcd"),
        (reference[..., 0], "luminance", "d65"),
    ):
        conditions = hm.score(pixels, "hdrvdp2", reference=pixels).conditions
        assert (conditions["encoding"], conditions["rgb_display"]) == (encoding, display)
        assert (conditions["ppd"], conditions["version"]) == (30.0, INFO.version)
    given = hm.score(reference, "hdrvdp2", reference=reference, rgb_display="crt").conditions
    assert given["rgb_display"] == "crt"


def test_pixels_per_degree_are_the_screens() -> None:
    reference = np.random.default_rng(0).uniform(1, 100, (32, 32, 3)).astype(np.float32)
    test = np.roll(reference, 1, axis=0)
    screen = hm.get_display("linear-1000")
    found = hm.score(test, "hdrvdp2", reference=reference, display=screen)
    assert found.conditions["ppd"] == screen.ppd != 30.0
    given = hm.score(test, "hdrvdp2", reference=reference, display=screen, ppd=30)
    assert given.conditions["ppd"] == 30.0
    assert given.value != found.value
    shown = [screen.show(torch.from_numpy(x).movedim(2, 0)[None]) for x in (test, reference)]
    assert found.value == pytest.approx(float(HDRVDP2(ppd=screen.ppd)(*shown)), abs=1e-4)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"ppd": 0}, OptionError, "pixels per degree"),
        ({"ppd": float("nan")}, OptionError, "pixels per degree"),
        ({"encoding": "rgb"}, OptionError, "rgb-bt.709"),
        ({"rgb_display": "oled"}, UnknownNameError, "ccfl-lcd"),
        ({"rgb_display": ((1.0, 2.0),)}, OptionError, "display matrix"),
        ({"rgb_display": ((1.0, 2.0, 3.0, -1.0),) * 3}, OptionError, "display matrix"),
        ({"surround_luminance": 0.0}, OptionError, "surround"),
        ({"surround_luminance": -2.0}, OptionError, "surround"),
        ({"peak_sensitivity": float("inf")}, OptionError, "peak_sensitivity"),
        ({"tile_size": 14}, OptionError, "at least 15"),
        ({"loss": "contrast"}, OptionError, "visibility"),
        ({"loss": "visibility", "tile_size": 64}, OptionError, "drop one"),
        ({"precision": "float16"}, OptionError, "float64"),
    ],
    ids=str,
)
def test_bad_options(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        HDRVDP2(**options)


def test_bad_input(hdr_scene: Tensor) -> None:
    metric = HDRVDP2()
    with pytest.raises(ShapeError, match="at least 15×15"):
        metric(hdr_scene[..., :14, :], hdr_scene[..., :14, :])
    with pytest.raises(ShapeError, match="differ in shape"):
        metric(hdr_scene, hdr_scene[..., 1:])
    for encoding, channels in itertools.product(("luminance", "luma-display"), (3,)):
        with pytest.raises(OptionError, match=f"image has {channels}"):
            HDRVDP2(encoding=encoding)(hdr_scene / hdr_scene.max(), hdr_scene / hdr_scene.max())
    with pytest.raises(DomainError, match="Divide 8-bit values by 255"):
        HDRVDP2(encoding="srgb-display")(hdr_scene, hdr_scene)
    with pytest.raises(OptionError, match="another metric"):
        metric.predict(hdr_scene, HDRVDP2(ppd=60).prepare(hdr_scene))
    with pytest.raises(OptionError, match="without tile_size"):
        HDRVDP2(tile_size=32).predict(hdr_scene, hdr_scene)
    with pytest.raises(OptionError, match="no map"):
        HDRVDP2(tile_size=32).map(hdr_scene, hdr_scene)
    with pytest.raises(OptionError, match="takes no mask"):
        HDRVDP2(loss="visibility").as_loss()(hdr_scene, hdr_scene, mask=torch.ones(160, 224))
    with pytest.warns(CalibrationWarning, match="absolute light"):
        metric(hdr_scene / hdr_scene.max(), hdr_scene / hdr_scene.max())


def test_tables_made_without_gradients_serve_later_calls() -> None:
    image = 10 ** torch.rand(1, 1, 33, 37, dtype=torch.float64)
    metric = HDRVDP2(ppd=33.3)
    with torch.inference_mode():
        metric(image, image * 1.1)
    leaf = image.clone().requires_grad_()
    metric.as_loss()(leaf * 1.1, image).backward()
    assert leaf.grad is not None
    assert torch.isfinite(leaf.grad).all()


def test_files_are_not_taken_for_xyz() -> None:
    light = np.full((64, 64, 3), 50.0)
    with pytest.raises(OptionError, match=r"BT\.709"):
        hm.score(light, "hdrvdp2", reference=light, encoding="xyz")
