"""Camera responses: known ones invert, estimated ones are the true ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hdrmetrics.assembly import (
    LinearResponse,
    Response,
    SigmoidResponse,
    TableResponse,
    capture_stack,
    estimate_debevec,
    estimate_robertson,
    get_response,
    merge,
    sample_response,
)
from hdrmetrics.errors import OptionError, PixelValueError

CODES = torch.linspace(0, 1, 256, dtype=torch.float64).view(1, 1, 1, 256)


def true_curve(response: str) -> torch.Tensor:
    """Exposure of each code over that of the middle, ``(256,)``."""
    curve = get_response(response).decode(CODES).flatten()
    return curve / curve[128]


def curve_error(found: TableResponse, response: str) -> torch.Tensor:
    """Relative error of codes 16 to 250, ``(C, 235)``, scale left open."""
    table = found.table / found.table[:, 128:129]
    return (table / true_curve(response) - 1).abs()[:, 16:251]


@pytest.mark.parametrize("name", ["linear", "srgb", "sigmoid"])
def test_known_responses_invert(name: str) -> None:
    response = get_response(name)
    exposure = torch.linspace(0, 1, 1000, dtype=torch.float64).view(1, 1, 20, 50)
    torch.testing.assert_close(response.decode(response.encode(exposure)), exposure)
    code = response.encode(exposure).flatten()
    assert float(code[0]) == 0
    assert float(code[-1]) == pytest.approx(1)
    assert (code[1:] > code[:-1]).all()
    torch.testing.assert_close(response.encode(exposure + 1), torch.ones_like(exposure))


def test_sigmoid_is_eilertsens() -> None:
    x = np.array([0.0, 0.01, 0.2, 0.5, 1.0])
    wanted = (1 + 0.6) * x**0.9 / (x**0.9 + 0.6)
    found = SigmoidResponse().encode(torch.from_numpy(x).view(1, 1, 1, -1)).flatten().numpy()
    np.testing.assert_allclose(found, wanted, rtol=1e-14)
    exposure = torch.tensor([0.0, 0.3, 1.0, 1.7], dtype=torch.float64, requires_grad=True)
    SigmoidResponse().encode(exposure).sum().backward()
    assert torch.isfinite(exposure.grad).all()  # type: ignore[arg-type]


def test_sampled_cameras_have_the_published_distribution() -> None:
    generator = torch.Generator().manual_seed(11)
    cameras = [sample_response(generator) for _ in range(4000)]
    for values, average in (([c.n for c in cameras], 0.9), ([c.s for c in cameras], 0.6)):
        assert np.mean(values) == pytest.approx(average, abs=0.008)
        assert np.std(values) == pytest.approx(0.1, abs=0.006)
    again = sample_response(torch.Generator().manual_seed(11))
    assert again == cameras[0]


@pytest.mark.parametrize("seed", range(4))
def test_estimates_find_random_cameras(seed: int, scene: torch.Tensor, times: list[float]) -> None:
    camera = sample_response(torch.Generator().manual_seed(seed))
    stack = capture_stack(scene, times, response=camera)
    wanted = camera.decode(CODES).flatten()
    for found in (estimate_debevec(stack, times), estimate_robertson(stack, times)):
        table = found.table / found.table[:, 128:129] * wanted[128]
        assert float((table - wanted).abs()[:, 16:251].max()) < 0.02


@pytest.mark.parametrize("name", ["linear", "srgb", "sigmoid"])
@pytest.mark.parametrize("estimate", [estimate_debevec, estimate_robertson])
def test_estimates_find_known_cameras(
    name: str, estimate: object, scene: torch.Tensor, times: list[float]
) -> None:
    stack = capture_stack(scene, times, response=name)
    found: TableResponse = estimate(stack, times)  # type: ignore[operator]
    error = curve_error(found, name)
    assert float(error.mean()) < 0.01
    assert float(error.max()) < 0.035
    assert found.table.shape == (3, 256)
    assert float(found.table.max()) == 1.0
    # The pictures do not tell the channels' common grey, which is fixed at the middle code.
    torch.testing.assert_close(found.table[:, 128], found.table[:1, 128].expand(3))
    merged = merge(stack, times, response=found).light
    ratio = merged / scene
    assert float((ratio / ratio.median() - 1).abs().mean()) < 0.025


def test_robertson_from_a_straight_line_is_the_papers(
    scene: torch.Tensor, times: list[float]
) -> None:
    """One round by hand on one channel: light from the line, then the mean light of each code."""
    stack = capture_stack(scene[:, :1], times)
    codes = np.round(torch.cat(stack).numpy().reshape(len(times), -1) * 255).astype(int)
    line = np.arange(256) / 255
    shift = np.exp(-4)
    trust = (np.exp(-16 * (line - 0.5) ** 2) - shift) / (1 - shift)
    seconds = np.array(times)[:, None]
    weights = trust[codes]
    total = (weights * seconds**2).sum(axis=0)
    keep = total > 0
    light = (weights * seconds * line[codes])[:, keep].sum(axis=0) / total[keep]
    wanted = np.full(256, np.nan)
    for code in range(255):
        hits = (seconds * light)[codes[:, keep] == code]
        if hits.size:
            wanted[code] = hits.mean()
    found = estimate_robertson(stack, times, start="linear", iterations=1).table[0].numpy()
    inside = np.isfinite(wanted) & (np.maximum.accumulate(np.nan_to_num(wanted)) == wanted)
    assert inside.sum() > 150
    np.testing.assert_allclose((found / found[128])[inside], (wanted / wanted[128])[inside])


def test_debevec_is_its_objective(scene: torch.Tensor, times: list[float]) -> None:
    """The normal equations of the paper's sum, solved apart, for the same sampled pixels."""
    from hdrmetrics.assembly.debevec import _sample
    from hdrmetrics.assembly.stack import make_stack

    stack = capture_stack(scene[:, :1], times)
    codes = _sample(make_stack(stack, times), 0, 256, 60).numpy()
    z = np.arange(256)
    weight = np.minimum(z, 255 - z) / 127.5
    unknowns = 256 + len(codes)
    normal, right = np.zeros((unknowns, unknowns)), np.zeros(unknowns)

    def add(row: dict[int, float], value: float) -> None:
        for i, a in row.items():
            right[i] += a * value
            for j, b in row.items():
                normal[i, j] += a * b

    for pixel, values in enumerate(codes):
        for code, time in zip(values, times, strict=True):
            w = weight[code]
            add({int(code): w, 256 + pixel: -w}, w * np.log(time))
    for code in range(1, 255):
        w = 20.0 * weight[code]
        add({code - 1: w, code: -2 * w, code + 1: w}, 0.0)
    add({128: 1.0}, 0.0)
    wanted = np.exp(np.linalg.solve(normal, right)[:256])
    found = estimate_debevec(stack, times, samples=60).table[0].numpy()
    found = found / found[128]
    np.testing.assert_allclose(found[2:254], np.maximum.accumulate(wanted)[2:254], rtol=1e-5)


def test_opencv_estimates_alike(scene: torch.Tensor, times: list[float]) -> None:
    cv2 = pytest.importorskip("cv2", reason="OpenCV is a peer to compare with, not a dependency")
    stack = capture_stack(scene, times, response="srgb")
    images = [
        np.ascontiguousarray((c[0].permute(1, 2, 0) * 255).round().numpy().astype(np.uint8))
        for c in stack
    ]
    seconds = np.array(times, np.float32)
    theirs = TableResponse(
        torch.from_numpy(
            np.maximum.accumulate(
                cv2.createCalibrateRobertson(30, 0.01).process(images, seconds)[:, 0].T.copy(), 1
            )
        ).double()
    )
    ours = estimate_robertson(stack, times, start="linear")
    # Both start from a line, which is far from sRGB, and both stop about as near to it.
    assert float(curve_error(theirs, "srgb").mean()) == pytest.approx(
        float(curve_error(ours, "srgb").mean()), rel=0.1
    )
    debevec = cv2.createCalibrateDebevec(150, 20.0, False).process(images, seconds)[:, 0].T
    peer = TableResponse(torch.from_numpy(np.maximum.accumulate(debevec.copy(), 1)).double())
    mine = float(curve_error(estimate_debevec(stack, times), "srgb").mean())
    assert mine < 0.01
    assert float(curve_error(peer, "srgb").mean()) < 0.01


def test_a_table_is_interpolated_both_ways() -> None:
    double = torch.float64
    table = torch.tensor(
        [[0.0, 0.1, 0.4, 1.0], [0.0, 0.3, 0.6, 0.9], [0.0, 0.0, 0.5, 1.0]], dtype=double
    )
    response: Response = TableResponse(table)
    code = torch.tensor([0.0, 1 / 6, 1 / 3, 0.5, 2 / 3, 1.0], dtype=double).view(1, 1, 1, 6)
    exposure = response.decode(code.expand(1, 3, 1, 6))
    np.testing.assert_allclose(exposure[0, 0, 0], [0, 0.05, 0.1, 0.25, 0.4, 1.0], atol=1e-12)
    np.testing.assert_allclose(exposure[0, 1, 0], [0, 0.15, 0.3, 0.45, 0.6, 0.9], atol=1e-12)
    back = response.encode(exposure)
    torch.testing.assert_close(back[:, :2], code.expand(1, 2, 1, 6))
    np.testing.assert_allclose(back[0, 2, 0, 3:], code.flatten()[3:], atol=1e-12)
    torch.testing.assert_close(response.encode(exposure * 0 + 7), torch.ones(1, 3, 1, 6).double())
    one = TableResponse(table[:1])
    torch.testing.assert_close(one.decode(code.expand(1, 3, 1, 6))[:, 2:], exposure[:, :1])


@pytest.mark.parametrize(
    "table",
    [
        torch.zeros(1, 256),
        torch.tensor([[0.0, 0.5, 0.4]]),
        torch.tensor([[-0.1, 0.5]]),
        torch.tensor([[0.0, float("nan")]]),
        torch.tensor([[0, 1]]),
        torch.rand(2, 16).cumsum(1),
        torch.rand(16).cumsum(0),
    ],
)
def test_bad_tables(table: torch.Tensor) -> None:
    with pytest.raises(OptionError):
        TableResponse(table)


def test_bad_responses_and_options(scene: torch.Tensor, times: list[float]) -> None:
    for n, s in ((0.0, 0.6), (0.9, -1.0), (float("nan"), 0.6)):
        with pytest.raises(OptionError):
            SigmoidResponse(n, s)
    three = TableResponse(torch.linspace(0, 1, 8).expand(3, 8))
    with pytest.raises(OptionError, match="channels"):
        three.decode(torch.rand(1, 1, 4, 4))
    assert get_response(LinearResponse()).name == "linear"
    stack = capture_stack(scene, times)
    for options in ({"levels": 2}, {"samples": 1}, {"smoothness": 0.0}):
        with pytest.raises(OptionError):
            estimate_debevec(stack, times, **options)  # type: ignore[arg-type]
    for options in ({"levels": 2}, {"iterations": 0}, {"tolerance": 0.0}):
        with pytest.raises(OptionError):
            estimate_robertson(stack, times, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("estimate", [estimate_debevec, estimate_robertson])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_stacks_that_tell_nothing(estimate: object, value: float) -> None:
    stack = [torch.full((1, 3, 6, 6), value)] * 2
    with pytest.raises(PixelValueError):
        estimate(stack, [1.0, 2.0])  # type: ignore[operator]
