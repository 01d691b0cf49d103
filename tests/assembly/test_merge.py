"""Merging: light photographed by the virtual camera comes back."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
import torch

from hdrmetrics.assembly import SigmoidResponse, capture_stack, get_response, merge
from hdrmetrics.assembly.merge import Average
from hdrmetrics.assembly.weights import Weighting, weight
from hdrmetrics.errors import (
    DomainError,
    OptionError,
    PixelValueError,
    ShapeError,
    UnknownNameError,
)


def half_step_bound(
    scene: torch.Tensor, stack: list[torch.Tensor], times: list[float], response: str
) -> torch.Tensor:
    """The largest relative error that half a code step can make in any valid exposure."""
    camera, worst = get_response(response), torch.zeros_like(scene)
    for code, time in zip(stack, times, strict=True):
        valid = (code > 0) & (code < 1)
        for side in (-0.5, 0.5):
            other = camera.decode((code + side / 255).clamp(0, 1)) / time
            error = (camera.decode(code) / time / other.clamp(min=1e-12) - 1).abs()
            error = torch.maximum(error, (other * time / camera.decode(code) - 1).abs())
            worst = torch.where(valid, torch.maximum(worst, error), worst)
    return worst


@pytest.mark.parametrize("response", ["linear", "srgb", "sigmoid"])
@pytest.mark.parametrize("average", get_args(Average))
@pytest.mark.parametrize("weights", get_args(Weighting))
def test_light_comes_back_within_quantisation(
    response: str,
    average: Average,
    weights: Weighting,
    scene: torch.Tensor,
    times: list[float],
) -> None:
    stack = capture_stack(scene, times, response=response)
    merged = merge(stack, times, response=response, weights=weights, average=average)
    assert merged.report() == {
        "response": get_response(response).name,
        "saturated": 0.0,
        "dark": 0.0,
        "gap": 0.0,
    }
    error = (merged.light / scene - 1).abs()
    assert (error <= 1.001 * half_step_bound(scene, stack, times, response) + 1e-9).all()
    if weights != "box" and average == "likelihood":
        assert float(error.mean()) < 0.004
    assert float(error.mean()) < {"box": 0.08, "gaussian": 0.05}.get(weights, 0.02)


@pytest.mark.parametrize("average", get_args(Average))
def test_without_quantisation_light_comes_back_exactly(
    average: Average, scene: torch.Tensor, times: list[float]
) -> None:
    stack = capture_stack(scene, times, bits=None)
    merged = merge(stack, times, response="sigmoid", average=average)
    torch.testing.assert_close(merged.light, scene, rtol=1e-9, atol=0)


def test_float32_and_order_of_exposures(scene: torch.Tensor, times: list[float]) -> None:
    stack = [one.float() for one in capture_stack(scene, times)]
    merged = merge(stack, times, response="sigmoid")
    assert merged.light.dtype == torch.float32
    shuffled = merge(stack[::-1], times[::-1], response="sigmoid")
    torch.testing.assert_close(shuffled.light, merged.light, rtol=0, atol=0)
    exact = merge([one.double() for one in stack], times, response="sigmoid")
    torch.testing.assert_close(merged.light.double(), exact.light, rtol=1e-5, atol=0)


def test_a_batch_is_its_scenes_and_grey_has_one_channel(
    scene: torch.Tensor, times: list[float]
) -> None:
    both = torch.cat([scene, scene.flip(-1)])
    merged = merge(capture_stack(both, times), times, response="sigmoid").light
    for index, one in enumerate(both):
        alone = merge(capture_stack(one, times), times, response="sigmoid").light
        torch.testing.assert_close(merged[index : index + 1], alone, rtol=0, atol=0)
    grey = capture_stack(scene[:, :1], times)
    torch.testing.assert_close(
        merge(torch.cat(grey), times, response="sigmoid").light,
        merged[:1, :1],
        rtol=0,
        atol=0,
    )


def test_merge_is_its_formula() -> None:
    """Two pixels by hand: log average with triangle weights, linear response."""
    short, long = torch.tensor([[0.2, 0.3]]).double(), torch.tensor([[0.7, 1.0]]).double()
    merged = merge([short, long], [1.0, 4.0], response="linear", weights="triangle")
    by_hand = np.exp((0.4 * np.log(0.2) + 0.6 * np.log(0.7 / 4)) / (0.4 + 0.6))
    assert float(merged.light[0, 0, 0, 0]) == pytest.approx(by_hand)
    assert float(merged.light[0, 0, 0, 1]) == pytest.approx(0.3)  # the clipped one does not count
    linear = merge(
        [short, long], [1.0, 4.0], response="linear", weights="triangle", average="linear"
    )
    assert float(linear.light[0, 0, 0, 0]) == pytest.approx(0.4 * 0.2 + 0.6 * 0.175)
    likely = merge(
        [short, long], [1.0, 4.0], response="linear", weights="triangle", average="likelihood"
    )
    wanted = (0.4 * 0.2 + 0.6 * 16 * 0.175) / (0.4 + 0.6 * 16)
    assert float(likely.light[0, 0, 0, 0]) == pytest.approx(wanted)


def test_what_no_exposure_shows_is_bounded_and_reported() -> None:
    light = torch.tensor([[1e-4, 0.3, 50.0, 5.0]]).double()  # dark, fine, saturated, in a gap
    times = [0.1, 100.0]
    codes = [(light * t).clamp(0, 1) for t in times]
    codes[0] = torch.where(codes[0] < 0.51, codes[0] * 0, codes[0])
    codes[1] = torch.where(codes[1] < 0.02, codes[1] * 0, codes[1])
    codes[0][0, 1], codes[1][0, 1] = 0.03, 0.9
    merged = merge(codes, times, response="linear")
    assert merged.dark.flatten().tolist() == [True, False, False, False]
    assert merged.saturated.flatten().tolist() == [False, False, True, False]
    assert merged.gap.flatten().tolist() == [False, False, False, True]
    found = merged.light.flatten().tolist()
    assert found[0] == 0.0
    assert found[2] == pytest.approx(10.0)  # full scale of the shortest: a lower bound of 50
    assert found[3] == pytest.approx(0.01)  # full scale of the longest: a lower bound of 5
    assert merged.report()["gap"] == 0.25
    assert torch.isfinite(merged.light).all()


def test_opencv_merges_alike(scene: torch.Tensor, times: list[float]) -> None:
    cv2 = pytest.importorskip("cv2", reason="OpenCV is a peer to compare with, not a dependency")
    stack = capture_stack(scene, times)
    images = [
        np.ascontiguousarray((c[0].permute(1, 2, 0) * 255).round().numpy().astype(np.uint8))
        for c in stack
    ]
    codes = torch.linspace(0, 1, 256, dtype=torch.float64).view(1, 1, 1, 256)
    curve = SigmoidResponse().decode(codes).numpy().reshape(256, 1, 1)
    curve = np.ascontiguousarray(curve.repeat(3, axis=2).astype(np.float32))
    theirs = cv2.createMergeRobertson().process(images, np.array(times, np.float32), curve)
    ours = merge(stack, times, response="sigmoid", weights="robertson", average="likelihood").light
    ratio = torch.from_numpy(theirs).double().permute(2, 0, 1) / ours[0]
    # Equal but for one factor: theirs is in units of the curve's middle.
    assert float((ratio / ratio.median() - 1).abs().max()) < 1e-4


@pytest.mark.parametrize("name", get_args(Weighting))
def test_weights_trust_the_middle(name: Weighting) -> None:
    code = torch.linspace(0, 1, 101, dtype=torch.float64)
    found = weight(name, code, code**2.2, 2.0)
    assert torch.isfinite(found).all()
    assert (found >= 0).all()
    if name in ("triangle", "gaussian", "robertson", "hat"):
        assert float(found[50]) == pytest.approx(1)
        torch.testing.assert_close(found, found.flip(0))
        assert (found[1:51] >= found[:50]).all()
    if name in ("triangle", "robertson", "hat"):
        assert float(found[0]) == pytest.approx(0, abs=1e-12)
    if name == "variance":  # four times as sure with twice the time, less sure in bright light
        torch.testing.assert_close(found, 4 * weight(name, code, code**2.2, 1.0))
        assert (found[1:] < found[:-1]).all()


GOOD = [torch.full((1, 3, 4, 4), 0.3), torch.full((1, 3, 4, 4), 0.6)]


@pytest.mark.parametrize(
    ("exposures", "times", "error"),
    [
        (GOOD[:1], [1.0], OptionError),
        ([], [], OptionError),
        (GOOD, [1.0], OptionError),
        (GOOD, [1.0, 0.0], OptionError),
        (GOOD, [1.0, -2.0], OptionError),
        (GOOD, [1.0, float("nan")], OptionError),
        (GOOD, [1.0, float("inf")], OptionError),
        (GOOD, [1.0, 1.0], OptionError),
        ([GOOD[0], GOOD[1][..., :3]], [1.0, 2.0], ShapeError),
        ([GOOD[0], GOOD[1][:, :1]], [1.0, 2.0], ShapeError),
        ([GOOD[0], GOOD[1] * float("nan")], [1.0, 2.0], PixelValueError),
        ([GOOD[0], GOOD[1] * 255], [1.0, 2.0], DomainError),
        ([GOOD[0] * 0, GOOD[1] * 0], [1.0, 2.0], PixelValueError),
        ([GOOD[0] * 0 + 1, GOOD[1] * 0 + 1], [1.0, 2.0], PixelValueError),
        ([GOOD[0] * 0, GOOD[1] * 0 + 1], [1.0, 2.0], PixelValueError),
    ],
)
def test_bad_stacks(
    exposures: list[torch.Tensor], times: list[float], error: type[Exception]
) -> None:
    with pytest.raises(error):
        merge(exposures, times)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"response": "kodak"}, UnknownNameError),
        ({"weights": "hats"}, OptionError),
        ({"average": "median"}, OptionError),
        ({"valid": (0.9, 0.1)}, OptionError),
    ],
)
def test_bad_options(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        merge(GOOD, [1.0, 2.0], **options)
