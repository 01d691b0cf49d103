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
from hdrmetrics.learned.tonemapping.net import START, ToneNet, ToneSize, empty_net, fresh_net
from hdrmetrics.learned.tonemapping.predicted import predicted
from hdrmetrics.learned.tonemapping.thumbnail import BINS, SIDE, histogram, thumbnail
from hdrmetrics.learned.tonemapping.toning import toned
from hdrmetrics.learned.tonemapping.weights import load_tone_net, save_tone_net, shipped
from hdrmetrics.photometry.color import luminance
from hdrmetrics.tonemap import create_operator
from hdrmetrics.tonemap.exposure_grid import tone_by_grid
from tests.tonemap import papers

OPERATORS = ("reinhard_net", "reinhard_grid")
SIZES = [ToneSize(widths=(3, 4, 5), hidden=6), ToneSize("grid", (3, 4, 5), 6, 3)]


def alive(size: ToneSize) -> ToneNet:
    """Return a network whose last layer does something."""
    net = fresh_net(size, seed=1)
    assert isinstance(net.last.weight, torch.Tensor)
    torch.nn.init.normal_(net.last.weight, std=0.3, generator=torch.Generator().manual_seed(2))
    return net.eval().requires_grad_(False)


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


def test_a_picture_and_its_half_have_the_same_thumbnail() -> None:
    light = torch.rand(1, 1, 2 * SIDE, 4 * SIDE, dtype=torch.float64) + 0.1
    (one, a), (other, b) = (thumbnail(x) for x in (light, torch.nn.functional.avg_pool2d(light, 2)))
    torch.testing.assert_close(other, one)
    torch.testing.assert_close(b, a)


# -- what is said -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_it_begins_as_the_photographic_key(size: ToneSize) -> None:
    before = torch.random.get_rng_state()
    net = fresh_net(size, 3)
    tone = net(torch.linspace(0.1, 9.0, 1200).view(2, 1, 20, 30))
    torch.testing.assert_close(tone.exposure, torch.full_like(tone.exposure, START))
    assert torch.equal(tone.gamma, torch.ones(2, 1, 1, 1))
    assert torch.equal(net.a.weight, fresh_net(size, 3).a.weight)
    assert not torch.equal(net.a.weight, fresh_net(size, 4).a.weight)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("size", SIZES)
def test_the_unit_of_light_does_not_matter(size: ToneSize, courtyard: torch.Tensor) -> None:
    net, light = alive(size).double(), luminance(courtyard).double()
    one, other = net(light), net(1000 * light)
    torch.testing.assert_close(other.exposure, one.exposure)
    torch.testing.assert_close(other.gamma, one.gamma)
    torch.testing.assert_close(other.centre, one.centre + math.log(1000))


@pytest.mark.parametrize("size", SIZES)
def test_what_is_said_is_bounded(size: ToneSize) -> None:
    net = alive(size)
    with torch.no_grad():
        for parameter in net.last.parameters():
            parameter.fill_(1e4)
    tone = net(torch.rand(1, 1, 9, 9))
    assert float((tone.exposure - START).abs().max()) <= 3.0001
    assert float((tone.gamma - 1).abs().max()) <= 0.4001


def test_toning_is_the_free_curve_or_the_grid(courtyard: torch.Tensor) -> None:
    image = courtyard.double().clamp(min=1e-3)
    curve, grid = (alive(size).double()(luminance(image)) for size in SIZES)
    expected = create_operator(
        "reinhard_free", alpha=curve.exposure.exp(), mu=curve.centre.exp(), gamma=curve.gamma
    )(image)
    torch.testing.assert_close(toned(image, curve), expected)
    expected = tone_by_grid(image, grid.exposure, centre=grid.centre.exp())
    torch.testing.assert_close(toned(image, grid), expected)


# -- files ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_round_trip(tmp_path: Path, size: ToneSize) -> None:
    net, path = alive(size), tmp_path / "net.safetensors"
    card = save_tone_net(path, net, ToneCard(size, data=({"name": "x"},), failures=("none",)))
    again, found = load_tone_net(path)
    assert found == card
    assert len(card.sha256) == 64
    for name, value in again.state_dict().items():
        assert torch.equal(value, net.state_dict()[name].half().float()) or "bias" in name
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
        (_card(size={"form": "curve", "widths": [3, 4, 9], "hidden": 6, "levels": 8}), "wanted"),
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
    """With γ = 1, the exposure is all that the network says."""
    image = courtyard.double().clamp(min=1e-3)
    light = luminance(image)
    tone = predicted("reinhard_net", light, {"stops": torch.zeros(1)})
    rgb = np.moveaxis(image[0].numpy(), 0, 2)
    scaled = papers.luminance(rgb) * float(torch.exp(tone.exposure - tone.centre))
    ratio = (rgb / papers.luminance(rgb)[..., None]) ** float(tone.gamma)
    expected = ratio * (scaled / (1 + scaled))[..., None]
    found = create_operator("reinhard_net")(image)[0].movedim(0, -1).numpy()
    np.testing.assert_allclose(found, expected, rtol=2e-5)


@pytest.mark.parametrize("name", OPERATORS)
def test_a_stop_is_a_factor_of_two(name: str, courtyard: torch.Tensor) -> None:
    image = courtyard.double()[:, 1:2]
    before = create_operator(name)(image).clamp(max=1 - 1e-9)
    after = create_operator(name, stops=1.0)(image)
    torch.testing.assert_close(after, 2 * before / (1 + before), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("name", OPERATORS)
def test_the_size_of_a_picture_hardly_matters(name: str, courtyard: torch.Tensor) -> None:
    height, width = (side // 2 * 2 for side in courtyard.shape[-2:])
    light = luminance(courtyard)[..., :height, :width]
    halved = torch.nn.functional.avg_pool2d(light, 2)
    zero = {"stops": torch.zeros(1)}
    one, other = (predicted(name, x, zero) for x in (light, halved))
    change = (one.exposure - one.centre) - (other.exposure - other.centre)
    assert float(change.abs().max()) < 0.02
    assert float((one.gamma - other.gamma).abs().max()) < 0.02


@pytest.mark.parametrize("name", OPERATORS)
def test_results_are_the_same_every_time(name: str, courtyard: torch.Tensor) -> None:
    operator = create_operator(name)
    assert torch.equal(operator(courtyard), operator(courtyard))
    both = operator(torch.cat([courtyard, courtyard.flip(-1)]))
    torch.testing.assert_close(both[:1], operator(courtyard), rtol=1e-6, atol=1e-7)
    assert bool(operator(courtyard.bfloat16()).isfinite().all())
