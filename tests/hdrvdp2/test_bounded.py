"""HDR-VDP-2 in bounded memory, and across sizes: as the picture worked through at once."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.metrics.hdrvdp2 import HDRVDP2
from hdrmetrics.metrics.hdrvdp2 import bounded as bounded_module
from hdrmetrics.metrics.hdrvdp2.bounded import bounded_quality, fits
from hdrmetrics.metrics.hdrvdp2.glare import PartedOptics
from hdrmetrics.metrics.hdrvdp2.optics import retinal_light
from hdrmetrics.numerics.resize import imresize, imresize_window


def mosaic(image: Tensor, times: int) -> Tensor:
    return image.repeat(1, 1, times, times)


def distorted(scene: Tensor, kind: str) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    width = scene.shape[-1]
    noisy = scene * (1 + 0.1 * torch.randn(scene.shape, generator=generator)).clamp(min=0.05)
    test = scene.clone()
    if kind == "noise":
        return noisy
    if kind == "half":
        test[..., : width // 2] = scene.mean()
    elif kind == "tile":
        test[..., 70:134, 100:164] = 0.1
    return test


@pytest.fixture
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several tiles in each direction, of pictures that a test can afford."""
    monkeypatch.setattr(bounded_module, "_TILE", 128)


@pytest.fixture
def large_scene(hdr_scene: Tensor) -> Tensor:
    """Of odd sides: the scene and its mirror images."""
    wide = torch.cat([hdr_scene, hdr_scene.flip(-1)], dim=-1)
    return torch.cat([wide, wide.flip(-2)], dim=-2)[..., :279, :301]


@pytest.mark.parametrize("size", [(279, 301), (200, 267)])
def test_retinal_light_of_parts(large_scene: Tensor, size: tuple[int, int]) -> None:
    scene = large_scene.double()[..., : size[0], : size[1]]
    scene[..., 100:103, 50:53] = 1e5  # a lamp: its glare goes everywhere
    whole = retinal_light(scene, 30.0, 1e-5)
    rows, columns = range(17, 190), range(40, scene.shape[-1])
    part = PartedOptics(scene, 30.0, 1e-5).part(rows, columns)
    expected = whole[..., 17:190, 40:]
    assert part.shape == expected.shape
    lamp = 9 * 1e5  # its light, over its pixels
    torch.testing.assert_close(part, expected, rtol=1e-4, atol=2e-7 * lamp)
    assert float(((part - expected).abs() / expected).mean()) < 1e-3


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize(
    ("kind", "channels"), [("noise", 1), ("half", 3), ("tile", 1), ("same", 1)]
)
def test_tiles_add_up_to_the_picture(large_scene: Tensor, kind: str, channels: int) -> None:
    reference = large_scene[:, :channels]
    test = distorted(large_scene, kind)[:, :channels]
    whole, tiled = HDRVDP2(), HDRVDP2(bounded=True)
    assert float(tiled.q(test, reference)) == pytest.approx(
        float(whole.q(test, reference)), abs=5e-4
    )
    assert tiled.conditions()["bounded"] is True
    assert whole.conditions()["bounded"] is None
    prepared = tiled.prepare(reference)
    assert torch.equal(prepared(test), tiled(test, reference))
    assert torch.equal(tiled.map(test, reference), whole.map(test, reference))


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize(
    "options",
    [{"do_masking": False}, {"do_mtf": False}, {"ppd": 60.0}, {"surround_luminance": -1.0}],
    ids=str,
)
def test_tiles_under_other_conditions(large_scene: Tensor, options: dict[str, float]) -> None:
    reference, test = large_scene[:, :1], distorted(large_scene, "noise")[:, :1]
    whole = HDRVDP2(**options).q(test, reference)
    tiled = HDRVDP2(**options, bounded=True).q(test, reference)
    assert float(tiled) == pytest.approx(float(whole), abs=5e-4)


@pytest.mark.usefixtures("small_tiles")
def test_batches_and_masks(large_scene: Tensor) -> None:
    tests = torch.cat([distorted(large_scene, "noise"), distorted(large_scene, "half")])
    mask = torch.zeros_like(large_scene[:, :1])
    mask[..., 40:250, 111:] = 1.0
    whole, tiled = HDRVDP2(), HDRVDP2(bounded=True)
    expected = whole.q(tests, large_scene, mask=mask)
    torch.testing.assert_close(tiled.q(tests, large_scene, mask=mask), expected, rtol=0, atol=5e-4)


def test_small_pictures_are_not_cut(hdr_scene: Tensor) -> None:
    assert not fits(67, 1000)
    small = hdr_scene[..., :66, :]
    test = distorted(hdr_scene, "noise")[..., :66, :]
    assert torch.equal(HDRVDP2(bounded=True)(test, small), HDRVDP2()(test, small))


@pytest.mark.usefixtures("small_tiles")
def test_gradient_is_that_of_the_picture(large_scene: Tensor) -> None:
    reference = large_scene[..., :200, :300]
    found = []
    for metric in (HDRVDP2(), HDRVDP2(bounded=True)):
        test = distorted(large_scene, "noise")[..., :200, :300].clone().requires_grad_()
        metric.q(test, reference).sum().backward()
        assert test.grad is not None
        found.append(test.grad)
    cosine = torch.nn.functional.cosine_similarity(*(g.flatten() for g in found), dim=0)
    assert float(cosine) > 0.999


def test_window_of_its_own_size_changes_nothing(hdr_scene: Tensor) -> None:
    reference = hdr_scene[..., :160].double()
    test = distorted(reference.float(), "noise").double()
    plain, sized = HDRVDP2(), HDRVDP2(window=160)
    assert float(sized.q(test, reference)) == pytest.approx(float(plain.q(test, reference)))


@pytest.mark.parametrize("kind", ["noise", "tile"])
def test_mosaics_score_alike_across_sizes(hdr_scene: Tensor, kind: str) -> None:
    reference, test = hdr_scene, distorted(hdr_scene, kind)
    plain, sized = HDRVDP2(), HDRVDP2(window=256)
    scores = [float(sized(mosaic(test, n), mosaic(reference, n))) for n in (1, 2)]
    assert scores[1] == pytest.approx(scores[0], abs=2.0)
    if kind == "noise":  # Q itself follows the size
        moved = [float(plain.q(mosaic(test, n), mosaic(reference, n))) for n in (1, 2)]
        assert abs(moved[1] - moved[0]) > 0.02


def test_window_keeps_the_worst_place(hdr_scene: Tensor) -> None:
    """A mean over tiles lets a clean tile hide a ruined one; energies do not."""
    reference = mosaic(hdr_scene[..., :128, :128], 2)
    test = reference.clone()
    test[..., :128, :128] = reference.mean()
    sized = float(HDRVDP2(window=128)(test, reference))
    ruined = float(HDRVDP2()(test[..., :128, :128], reference[..., :128, :128]))
    tiled = float(HDRVDP2(tile_size=128)(test, reference))
    assert sized < ruined + 15 < tiled - 20


@pytest.mark.parametrize(
    "options",
    [{"window": 14}, {"tile_size": 64, "window": 64}, {"tile_size": 64, "bounded": True}],
    ids=str,
)
def test_options_that_contradict(options: dict[str, int]) -> None:
    with pytest.raises(OptionError):
        HDRVDP2(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [(41, 53), (160, 200), (80, 101)])
def test_window_of_a_resized_picture(size: tuple[int, int]) -> None:
    image = torch.rand(2, 3, 80, 101, dtype=torch.float64)
    whole = imresize(image, size)
    window = (range(size[0] // 4, size[0] // 2), range(size[1] // 3, size[1] - 5))
    place = (range(8, 60), range(20, 101))
    part = imresize_window(image[..., 8:60, 20:101], place, (80, 101), size, window)
    expected = whole[..., window[0].start : window[0].stop, window[1].start : window[1].stop]
    torch.testing.assert_close(part, expected)


def test_window_needs_its_samples() -> None:
    image = torch.rand(1, 1, 80, 80)
    with pytest.raises(ShapeError, match="samples"):
        imresize_window(
            image[..., 20:40, :], (range(20, 40), range(80)), (80, 80), (40, 40),
            (range(40), range(40)),
        )  # fmt: skip


def test_one_needs_the_size_it_fits(large_scene: Tensor) -> None:
    value = bounded_quality(large_scene, large_scene, HDRVDP2().options)
    assert float(value) == pytest.approx(float(HDRVDP2().q(large_scene, large_scene)), abs=1e-6)
