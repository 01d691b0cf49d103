"""Networks of tone mapping: what they see, what they say, their files, and those we ship."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hdrmetrics import read_image, sample_images
from hdrmetrics.errors import OptionError, WeightsError
from hdrmetrics.learned.tensorfile import card_path
from hdrmetrics.learned.tonemapping.card import ToneCard
from hdrmetrics.learned.tonemapping.exposure_net import (
    ExposureNet,
    ExposureSize,
    fresh_exposure_net,
    peak,
)
from hdrmetrics.learned.tonemapping.grid_net import GridSize, fresh_grid_net
from hdrmetrics.learned.tonemapping.predicted import predicted
from hdrmetrics.learned.tonemapping.rendered import NUMBERS, PIXELS, rendered, small_copy
from hdrmetrics.learned.tonemapping.shares import shares
from hdrmetrics.learned.tonemapping.sizes import Network, Size, empty_net
from hdrmetrics.learned.tonemapping.thumbnail import (
    BINS,
    SIDE,
    area_means,
    histogram,
    thumbnail,
)
from hdrmetrics.learned.tonemapping.tone import START
from hdrmetrics.learned.tonemapping.toning import toned
from hdrmetrics.learned.tonemapping.weights import load_tone_net, save_tone_net, shipped
from hdrmetrics.metrics.tmqi.naturalness import naturalness_of_codes
from hdrmetrics.metrics.tmqi.quality import NATURALNESS_POWER
from hdrmetrics.photometry.color import luminance
from hdrmetrics.tonemap import create_operator, to_display, tonemap
from hdrmetrics.tonemap.exposure_grid import tone_by_grid
from tests.tonemap import papers

OPERATORS = ("reinhard_net", "reinhard_grid")
SIZES: list[Size] = [ExposureSize(6), GridSize((3, 4, 5), 6, 3)]


def fresh_net(size: Size, seed: int = 0) -> Network:
    is_grid = isinstance(size, GridSize)
    return fresh_grid_net(size, seed) if is_grid else fresh_exposure_net(size, seed)


def alive(size: Size) -> Network:
    """Return a network whose last layer does something."""
    net = fresh_net(size, seed=1)
    torch.nn.init.normal_(net.last.weight, std=0.3, generator=torch.Generator().manual_seed(2))
    return net.eval().requires_grad_(False)


def natural_exposure(image: torch.Tensor) -> float:
    """Return the stops over key 0.18 that naturalness likes best, by trying them all."""
    light = luminance(image)
    factor = 0.18 / torch.exp(torch.log(light).mean())
    stops = np.arange(-2.0, 4.001, 0.01)
    found = []
    for one in stops:
        scaled = image * factor * 2.0**one
        code = to_display(scaled / (1 + light * factor * 2.0**one))
        found.append(float(naturalness_of_codes(code).value(NATURALNESS_POWER)))
    return float(stops[int(np.argmax(found))])


def scene(height: int, width: int, *, colour: float = 1.0, seed: int = 0) -> torch.Tensor:
    """Return soft light with fine grain, a colour cast of which is raised to a power."""
    draw = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 1, 6, 8, generator=draw, dtype=torch.float64) * 4 - 2
    soft = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")
    grain = torch.randn(1, 1, height, width, generator=draw, dtype=torch.float64)
    tint = torch.tensor([1.6, 0.9, 0.4], dtype=torch.float64).view(1, 3, 1, 1) ** colour
    return 50 * torch.exp(soft + 0.25 * grain) * tint


@pytest.fixture(scope="module")
def courtyard() -> torch.Tensor:
    return read_image(sample_images()["courtyard"]).tensor()


# -- what is seen -----------------------------------------------------------------------------


def test_a_thumbnail_by_hand() -> None:
    generator = torch.Generator().manual_seed(0)
    light = torch.rand(1, 1, 2 * SIDE, 3 * SIDE, generator=generator, dtype=torch.float64) + 0.1
    small = light.numpy().reshape(SIDE, 2, SIDE, 3).mean(axis=(1, 3))
    logs = np.log(small + 1e-6 * small.mean())
    found, centre = thumbnail(light)
    assert float(centre) == pytest.approx(logs.mean())
    np.testing.assert_allclose(found[0, 0].numpy(), 6 * np.tanh((logs - logs.mean()) / 6))


def test_a_histogram_against_numpy() -> None:
    values = torch.rand(2, 1, 8, 8, dtype=torch.float64) * 8 - 4
    found = histogram(values)
    assert found.shape == (2, BINS)
    torch.testing.assert_close(found.sum(dim=1), torch.ones(2, dtype=torch.float64))
    levels = np.linspace(-6, 6, BINS)
    torch.testing.assert_close(
        found @ torch.from_numpy(levels), values.flatten(1).mean(dim=1)
    )  # linear weights keep the mean
    on_levels = torch.from_numpy(levels[[3, 3, 5, 6]]).view(1, 1, 2, 2)
    counted = np.histogram(levels[[3, 3, 5, 6]], bins=BINS, range=(-6.3, 6.3))[0] / 4
    np.testing.assert_allclose(histogram(on_levels)[0].numpy(), counted, atol=1e-12)


def test_shares_of_uneven_levels_by_hand_and_their_slopes() -> None:
    levels = torch.tensor([0.0, 0.1, 0.5, 2.0], dtype=torch.float64)
    values = torch.tensor([[-3.0, 0.1, 0.2], [7.0, 1.25, 0.05]], dtype=torch.float64)
    expected = [[1.0, 1.75, 0.25, 0.0], [0.5, 0.5, 0.5, 1.5]]
    found = shares(values.requires_grad_(), levels)
    torch.testing.assert_close(3 * found, torch.tensor(expected, dtype=torch.float64))
    (slope,) = torch.autograd.grad(found[1] @ levels, values)
    inside = torch.tensor([[0.0, 0.0, 0.0], [0.0, 1 / 3, 1 / 3]], dtype=torch.float64)
    torch.testing.assert_close(slope, inside)  # linear weights keep the mean


def test_a_picture_and_its_half_have_the_same_thumbnail() -> None:
    light = torch.rand(1, 1, 2 * SIDE, 4 * SIDE, dtype=torch.float64) + 0.1
    (one, a), (other, b) = (thumbnail(x) for x in (light, torch.nn.functional.avg_pool2d(light, 2)))
    torch.testing.assert_close(other, one)
    torch.testing.assert_close(b, a)


@pytest.mark.parametrize("size", [(1, 1), (5, 2), (17, 7), (40, 3), (41, 7), (64, 9)])
def test_means_over_equal_parts_against_matrices(size: tuple[int, int]) -> None:
    def matrix(length: int, target: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        edges = np.arange(target + 1) * length / target
        first = np.arange(length)
        overlap = np.minimum(edges[1:, None], first + 1) - np.maximum(edges[:-1, None], first)
        return np.clip(overlap, 0, None) * target / length

    image = torch.rand(2, 3, 41, 7, dtype=torch.float64)
    expected = matrix(41, size[0]) @ image.numpy() @ matrix(7, size[1]).T
    np.testing.assert_allclose(area_means(image, *size).numpy(), expected, atol=1e-12)


def test_a_small_copy_by_hand() -> None:
    image = scene(4 * 144, 4 * 256)  # sixteen times the pixels of a copy
    small, centre = small_copy(image)
    assert small.shape == (1, 3, 144, 256)
    means = image.numpy().reshape(3, 144, 4, 256, 4).mean(axis=(2, 4))
    more = np.pad(means, ((0, 0), (0, 1), (0, 1)), mode="edge")
    means = (more[:, :-1, :-1] + more[:, 1:, :-1] + more[:, :-1, 1:] + more[:, 1:, 1:]) / 4
    np.testing.assert_allclose((small * centre.exp())[0].numpy(), means)
    again, same = small_copy(torch.nn.functional.avg_pool2d(image, 2))
    torch.testing.assert_close(again, small)
    torch.testing.assert_close(same, centre)
    assert abs(float(torch.log(luminance(small)).mean())) < 1e-5
    tiny, centre = small_copy(image[..., :1, :1])
    torch.testing.assert_close(tiny * centre.exp(), image[..., :1, :1])


@pytest.mark.parametrize("upright", [False, True])
def test_a_small_copy_of_a_strip(upright: bool) -> None:
    # By a matrix of 300 000 columns it would take 250 GB.
    strip = torch.linspace(1.0, 3.0, 300_000).reshape(1, 1, 1, -1)
    small, centre = small_copy(strip.mT if upright else strip)
    length = round(300_000 * math.sqrt(PIXELS / 300_000))
    assert sorted(small.shape) == [1, 1, 1, length]
    steps = (small * torch.exp(centre)).flatten()[:-1].diff()
    torch.testing.assert_close(steps, torch.full_like(steps, 2 / length), atol=1e-6, rtol=0)


def test_what_a_picture_looks_like_against_naturalness_of_its_codes() -> None:
    image = scene(11 * 12, 11 * 16)  # whole blocks, and no smaller copy
    centre = torch.log(luminance(image)).mean()
    logs = torch.tensor([[START - 0.7, START + 1.1]], dtype=torch.float64)
    seen = rendered(image / centre.exp(), logs)
    assert seen.numbers.shape == (1, 2, NUMBERS)
    for index, log in enumerate(logs[0]):
        factor = torch.exp(log - centre)
        code = to_display(image * factor / (1 + luminance(image) * factor))
        truth = naturalness_of_codes(code)
        assert float(seen.mean[0, index]) == pytest.approx(float(truth.mean), rel=1e-4)
        assert float(seen.contrast[0, index]) == pytest.approx(float(truth.contrast), rel=1e-4)
    # Histograms of deviations in three sizes and of levels sum to one.
    for first, count in ((2, 7), (11, 7), (20, 9), (35, 7)):
        total = seen.numbers[0, :, first : first + count].sum(dim=1)
        torch.testing.assert_close(total, torch.ones(2, dtype=torch.float64))


# -- what is said -----------------------------------------------------------------------------


def test_the_peak_of_a_parabola() -> None:
    stops = torch.arange(-2.0, 3.0, dtype=torch.float64)[None]
    for at in (-1.2, 0.0, 0.49, 0.51, 1.3):
        assert float(peak(stops, -((stops - at) ** 2))) == pytest.approx(at)
    assert float(peak(stops, stops)) == 2.0  # the best is the last
    flat = torch.zeros_like(stops)
    assert -2 <= float(peak(stops, flat)) <= 2
    # It does not jump where two exposures are as good as each other.
    quality = torch.tensor([[0.1, 0.7, 0.9, 0.9, 0.6]], dtype=torch.float64)
    nudge = torch.tensor([[0.0, 0.0, 1e-9, 0.0, 0.0]], dtype=torch.float64)
    assert float(peak(stops, quality + nudge)) == pytest.approx(
        float(peak(stops, quality - nudge)), abs=1e-6
    )


@pytest.mark.parametrize("colour", [0.0, 1.0, 2.5])
def test_without_training_naturalness_decides(colour: float) -> None:
    image = scene(11 * 12, 11 * 16, colour=colour)
    tone = fresh_net(ExposureSize()).requires_grad_(False)(image.float())
    stops = (float(tone.exposure) - START) / math.log(2)
    assert stops == pytest.approx(natural_exposure(small_copy(image)[0]), abs=0.1)


def test_a_grid_begins_as_the_photographic_key() -> None:
    before = torch.random.get_rng_state()
    size = SIZES[1]
    tone = fresh_net(size, 3)(torch.linspace(0.1, 9.0, 1200).view(2, 1, 20, 30))
    torch.testing.assert_close(tone.exposure, torch.full_like(tone.exposure, START))
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("size", SIZES)
def test_weights_follow_from_the_seed(size: Size) -> None:
    before = torch.random.get_rng_state()
    one, same, other = (next(fresh_net(size, seed).parameters()) for seed in (3, 3, 4))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("size", SIZES)
def test_the_unit_of_light_does_not_matter(size: Size, courtyard: torch.Tensor) -> None:
    net, light = alive(size).double(), courtyard.double()
    one, other = net(light), net(1000 * light)
    torch.testing.assert_close(other.exposure, one.exposure)
    torch.testing.assert_close(other.centre, one.centre + math.log(1000))


@pytest.mark.parametrize("size", SIZES)
def test_what_is_said_is_bounded(size: Size) -> None:
    net = alive(size)
    with torch.no_grad():
        for parameter in net.last.parameters():
            parameter.fill_(1e4)
    for picture in (torch.rand(1, 1, 9, 9), torch.zeros(1, 3, 9, 9), torch.ones(1, 3, 1, 1)):
        tone = net(picture)
        assert bool(tone.exposure.isfinite().all() & tone.centre.isfinite().all())
        assert float((tone.exposure - START).abs().max()) <= 4.8 * math.log(2)


def test_gradients_of_what_is_said() -> None:
    net = alive(ExposureSize(6)).double()
    image = scene(13, 17).requires_grad_()

    def said(picture: torch.Tensor) -> torch.Tensor:
        tone = net(picture)
        return tone.exposure - tone.centre

    assert torch.autograd.gradcheck(said, (image,), fast_mode=True, atol=1e-6)


def test_colours_are_seen() -> None:
    """Saturated light clips in one channel first, so that it wants another exposure."""
    grey, vivid = scene(132, 176, colour=0.0), scene(132, 176, colour=2.5)
    vivid = vivid * luminance(grey) / luminance(vivid)
    net, _ = load_tone_net(shipped("reinhard_net"))
    assert isinstance(net, ExposureNet)
    one, other = (net(picture.float()) for picture in (grey, vivid))
    torch.testing.assert_close(one.centre, other.centre, atol=1e-4, rtol=0)
    assert float(other.exposure - one.exposure) > 0.1


def test_toning_is_the_free_curve_or_the_grid(courtyard: torch.Tensor) -> None:
    image = courtyard.double().clamp(min=1e-3)
    curve, grid = (alive(size).double()(image) for size in SIZES)
    free = create_operator("reinhard_free", alpha=curve.exposure.exp(), mu=curve.centre.exp())
    expected = free(image)
    torch.testing.assert_close(toned(image, curve), expected)
    expected = tone_by_grid(image, grid.exposure, centre=grid.centre.exp())
    torch.testing.assert_close(toned(image, grid), expected)


# -- files ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_round_trip(tmp_path: Path, size: Size) -> None:
    net, path = alive(size), tmp_path / "net.safetensors"
    card = save_tone_net(path, net, ToneCard(size, data=({"name": "x"},), failures=("none",)))
    again, found = load_tone_net(path)
    assert found == card
    assert len(card.sha256) == 64
    for name, value in again.state_dict().items():
        own = net.state_dict()[name]
        assert torch.equal(value, own.half().float() if own.ndim > 1 else own)
    with pytest.raises(OptionError, match="a network of"):
        save_tone_net(path, net, ToneCard(replace(size, hidden=9)))
    with pytest.raises(OptionError, match="ends in"):
        save_tone_net(tmp_path / "net.pt", net, card)


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def _other(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(bytes(data))


def _card(**entries: Any) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        card = json.loads(card_path(path).read_text())
        card_path(path).write_text(json.dumps({**card, **entries}))

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_truncate, "truncated"),
        (_other, "SHA-256"),
        (Path.unlink, "cannot be read"),
        (_card(kind="restoration"), "no card of a tone-mapping network"),
        (_card(seed=-1), "seed"),
        (_card(colour=1), "form"),
        (_card(size={"form": "tree", "widths": [1, 1, 1], "hidden": 1, "levels": 1}), "form is"),
        (_card(size={"form": "grid", "widths": [256] * 3, "hidden": 256, "levels": 8}), "at most"),
        (_card(size={"form": "grid", "widths": [3, 4], "hidden": 6, "levels": 8}), "three"),
        (_card(size={"form": "curve", "widths": [3, 4, 9], "hidden": 6}), "its form and hidden"),
        (_card(size={"form": "curve", "hidden": 7}), "wanted"),
        (_card(size={"form": "curve", "hidden": 1e9}), "whole number"),
        (_card(size=["curve"]), "form is"),
        (_card(size={"form": ["curve"], "hidden": 6}), "form is"),
        (_card(data=3), "not of this form"),
        (_card(failures=[1]), "sentences"),
    ],
)
def test_hostile_files(tmp_path: Path, change: Callable[[Path], None], message: str) -> None:
    path = tmp_path / "net.safetensors"
    save_tone_net(path, alive(SIZES[0]), ToneCard(SIZES[0]))
    change(path)
    with pytest.raises(WeightsError, match=message):
        load_tone_net(path)


# -- those we ship ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPERATORS)
def test_the_shipped_network(name: str) -> None:
    net, card = load_tone_net(shipped(name))
    assert card.size == net.size
    assert sum(x.numel() for x in net.parameters()) < 100_000
    assert card.steps > 0
    assert card.data
    assert card.results
    assert card.failures
    wanted = empty_net(card.size, "meta").state_dict()
    assert {n: v.shape for n, v in net.state_dict().items()} == {
        n: v.shape for n, v in wanted.items()
    }


def test_the_operator_is_the_paper_s_formula(courtyard: torch.Tensor) -> None:
    """With γ = 1, the exposure is all that the network says, whatever becomes of colours."""
    image = courtyard.double().clamp(min=1e-3)
    tone = predicted("reinhard_net", image, {"stops": torch.zeros(1)})
    rgb = np.moveaxis(image[0].numpy(), 0, 2)
    scaled = papers.luminance(rgb) * float(torch.exp(tone.exposure - tone.centre))
    mapped = scaled / (1 + scaled)
    expected = rgb / papers.luminance(rgb)[..., None] * mapped[..., None]
    found = create_operator("reinhard_net")(image)[0].movedim(0, -1).numpy()
    np.testing.assert_allclose(found, expected, rtol=2e-5)
    treated = create_operator("reinhard_net", color="schlick", saturation=0.5)(image)[0]
    expected = (rgb / papers.luminance(rgb)[..., None]) ** 0.5 * mapped[..., None]
    np.testing.assert_allclose(treated.movedim(0, -1).numpy(), expected, rtol=2e-5)
    each = create_operator("reinhard_net", color="per-channel")(image)[0].movedim(0, -1).numpy()
    channels = rgb * float(torch.exp(tone.exposure - tone.centre))
    np.testing.assert_allclose(each, channels / (1 + channels), rtol=2e-5)


@pytest.mark.parametrize("name", OPERATORS)
def test_a_stop_is_a_factor_of_two(name: str, courtyard: torch.Tensor) -> None:
    image = courtyard.double()[:, 1:2]
    before = create_operator(name)(image).clamp(max=1 - 1e-9)
    after = create_operator(name, stops=1.0)(image)
    torch.testing.assert_close(after, 2 * before / (1 + before), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("name", OPERATORS)
def test_the_size_of_a_picture_hardly_matters(name: str) -> None:
    light = scene(480, 640)
    assert light.shape[-1] * light.shape[-2] > 4 * PIXELS
    halved = torch.nn.functional.avg_pool2d(light, 2)
    zero = {"stops": torch.zeros(1)}
    one, other = (predicted(name, x, zero) for x in (light, halved))
    change = (one.exposure - one.centre) - (other.exposure - other.centre)
    assert float(change.abs().max()) < 0.02


@pytest.mark.parametrize("name", OPERATORS)
def test_results_are_the_same_every_time(name: str, courtyard: torch.Tensor) -> None:
    operator = create_operator(name)
    assert torch.equal(operator(courtyard), operator(courtyard))
    both = operator(torch.cat([courtyard, courtyard.flip(-1)]))
    torch.testing.assert_close(both[:1], operator(courtyard), rtol=1e-6, atol=1e-7)
    assert bool(operator(courtyard.bfloat16()).isfinite().all())


@pytest.mark.parametrize("name", ["reinhard_grid", "reinhard_net"])
@pytest.mark.parametrize("first", ["vmap", "grad", "inference", "trace"])
def test_whoever_asks_first_a_network_serves_all(name: str, first: str) -> None:
    from hdrmetrics.learned.tonemapping import predicted as module

    light = torch.logspace(-1, 3, 600).reshape(1, 1, 20, 30).expand(1, 3, 20, 30)

    def toned_one(image: torch.Tensor) -> torch.Tensor:
        return tonemap(image[None], name)[0]

    module._network.cache_clear()
    if first == "vmap":
        torch.vmap(toned_one)(light)
    elif first == "grad":
        torch.func.grad(lambda image: toned_one(image).sum())(light[0])
    elif first == "inference":
        with torch.inference_mode():
            toned_one(light[0])
    else:
        torch.jit.trace(toned_one, (light[0],), check_trace=False)
    found = tonemap(light, name)
    leaf = light.clone().requires_grad_()
    tonemap(leaf, name).sum().backward()
    assert leaf.grad is not None
    assert leaf.grad.isfinite().all()
    module._network.cache_clear()
    torch.testing.assert_close(tonemap(light, name), found)
