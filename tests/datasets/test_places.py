"""Places that damage is kept to."""

from __future__ import annotations

import pytest
import torch

from datasets.framing.places import region
from datasets.item import Step
from datasets.steps import State, run_steps
from hdrmetrics.errors import OptionError

SIZE = (256, 384)
SHAPES = ("strip", "rectangle", "ellipse", "tiles")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(4))
def test_a_place_has_its_area_and_grows_around_itself(shape: str, seed: int) -> None:
    before = torch.zeros(SIZE)
    for area in (0.05, 0.2, 0.5, 0.9):
        inside = region(SIZE, area=area, shape=shape, seed=seed)
        assert inside.shape == SIZE
        assert inside.min() >= 0
        assert inside.max() == 1
        assert float(inside.mean()) == pytest.approx(area, abs=0.05)
        assert bool((inside >= before - 1e-6).all())
        before = inside
    assert bool((region(SIZE, area=1.0, shape=shape, seed=seed) > 0.4).all())


@pytest.mark.parametrize("shape", SHAPES)
def test_another_seed_is_another_place(shape: str) -> None:
    places = {region(SIZE, area=0.2, shape=shape, seed=s).numpy().tobytes() for s in range(20)}
    assert len(places) >= 4
    one, again = (region(SIZE, area=0.2, shape=shape, seed=3) for _ in range(2))
    assert torch.equal(one, again)


def test_what_cannot_be() -> None:
    with pytest.raises(OptionError, match="strip, rectangle"):
        region(SIZE, area=0.5, shape="star", seed=0)
    with pytest.raises(OptionError, match="part of the frame"):
        region(SIZE, area=1.5, shape="strip", seed=0)


def state() -> State:
    generator = torch.Generator().manual_seed(0)
    frame = torch.rand(1, 3, *SIZE, generator=generator)
    return State(frame, "sdr", frame, 0.0)


def test_outside_its_place_a_frame_stays_as_it_is() -> None:
    place = Step("place", settings={"area": 0.3, "shape": "rectangle"}, seed=5)
    noisy = Step("distort", "gaussian_noise", strength=0.8, seed=1)
    before = state()
    after = run_steps(before, (noisy, place))
    whole = run_steps(before, (noisy,))
    inside = region(SIZE, area=0.3, shape="rectangle", seed=5) == 1
    assert torch.equal(after.pixels[..., ~inside], before.reference[..., ~inside])
    torch.testing.assert_close(after.pixels[..., inside], whole.pixels[..., inside])


def test_fill_paints_in_the_reference_s_colours() -> None:
    before = state()
    for colour, value in (
        ("black", before.reference.amin()),
        ("white", before.reference.amax()),
        ("mean", before.reference.mean(dim=(-2, -1), keepdim=True)),
    ):
        filled = run_steps(before, (Step("fill", settings={"colour": colour}),)).pixels
        assert torch.equal(filled, value.expand_as(filled))
    with pytest.raises(OptionError, match="black, white or mean"):
        run_steps(before, (Step("fill", settings={"colour": "pink"}),))


def test_shift_moves_everything() -> None:
    before = state()
    found = {}
    for seed in range(4):
        moved = run_steps(before, (Step("shift", settings={"pixels": 3}, seed=seed),)).pixels
        assert moved.flatten().sort().values.equal(before.pixels.flatten().sort().values)
        found[moved.numpy().tobytes()] = moved
    assert len(found) == 4
    assert any(torch.equal(one, before.pixels.roll(3, -1)) for one in found.values())
