"""The guests: what they are made of, what they learn from, and that a stop costs nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import hdrmetrics as hm
from datasets.scenes.scene_files import find_scenes
from hdrmetrics.enhance import find_guest, from_module
from hdrmetrics.errors import OptionError
from hdrmetrics.photometry.color import luminance
from hdrmetrics.photometry.transfer import srgb_decode, srgb_encode
from trainers.guests import learning
from trainers.guests.exposures import (
    exposed,
    exposed_photograph,
    metered,
    shoulder,
    well_exposed,
)
from trainers.guests.hdrnet import HDRNet
from trainers.guests.learning import NETS, learn
from trainers.guests.material import SIDE, Material
from trainers.guests.pyramid import MULTIPLE, PyramidNet
from trainers.running.interruption import StopRequest

GUESTS = Path(learning.__file__).parent


def scene(seed: int, side: int = 150) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side] / side
    light = 10.0 ** (2 * x - 1 + 0.3 * np.sin(7 * y + seed))
    colour = light[..., None] * [1.0, 0.8, 0.6] * (1 + 0.05 * rng.random((side, side, 3)))
    return colour.astype(np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of scenes of which some are of each split."""
    (tmp_path / "scenes").mkdir()
    for index in range(16):
        hm.write_image(tmp_path / "scenes" / f"scene{index}.exr", scene(index))
    splits = {one.split for one in find_scenes(tmp_path / "scenes")}
    assert {"train", "validation"} <= splits
    return tmp_path / "scenes"


# -- the camera ---------------------------------------------------------------------------------


def test_a_camera_without_noise_is_a_formula() -> None:
    light = metered(torch.from_numpy(scene(0)).movedim(-1, 0))
    assert float(luminance(light[None]).log().mean().exp()) == pytest.approx(0.18, rel=1e-4)
    draw = np.random.default_rng(0)
    steps = 0.51 / 255
    made = exposed(light, -2.0, 0.0, draw)
    torch.testing.assert_close(made, srgb_encode(shoulder(light / 4)), rtol=0, atol=steps)
    same = exposed(light, 0.0, 0.0, draw)
    torch.testing.assert_close(same, well_exposed(light), rtol=0, atol=steps)
    codes = torch.rand(3, 20, 20)
    brighter = exposed_photograph(codes, 1.0, 0.0, draw)
    wanted = srgb_encode((2 * srgb_decode(codes)).clamp(0, 1))
    torch.testing.assert_close(brighter, wanted, rtol=0, atol=steps)


def test_the_noise_has_the_variance_it_says() -> None:
    light = torch.full((3, 300, 300), 0.3)
    made = srgb_decode(exposed(light, 0.0, 1e-3, np.random.default_rng(1)))
    assert float(made.var()) == pytest.approx(1e-3 * (0.3 + 1e-4), rel=0.03)


def test_the_shoulder_joins_smoothly() -> None:
    x = torch.linspace(0, 20, 20001, dtype=torch.float64)
    slope = torch.diff(shoulder(x)) / torch.diff(x)
    assert bool((slope >= 0).all())
    assert bool((slope <= 1 + 1e-6).all())
    assert float(slope.diff().abs().max()) < 5e-3


# -- the nets -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(NETS))
def test_nets_begin_near_the_identity_and_take_any_size(name: str) -> None:
    torch.manual_seed(0)
    guest = from_module(find_guest(f"{GUESTS / name}.py:{name}"), multiple=MULTIPLE)
    for size in ((64, 80), (37, 51), (9, 8)):
        image = torch.rand(1, 3, *size)
        found = guest(image)
        assert found.shape == image.shape
        assert float((found - image).abs().mean()) < 0.25
    assert float(guest(torch.zeros(1, 3, 16, 16)).max()) <= 1


def test_the_grid_is_sliced_where_the_paper_says() -> None:
    net = HDRNet().eval()
    with torch.no_grad():
        net.fill.weight.zero_()
        bias = torch.eye(3, 4).reshape(12, 1) * torch.linspace(0.25, 1, 8)  # a gain by depth
        net.fill.bias.copy_(bias.reshape(-1))  # type: ignore[union-attr]
    image = torch.full((1, 3, 12, 12), 0.5)  # the guide begins as grey: depth 0.5, between 3 and 4
    middle = float(torch.linspace(0.25, 1, 8)[3:5].mean())
    with torch.no_grad():
        torch.testing.assert_close(net(image), image * middle)


def test_a_pyramid_of_no_change_gives_the_picture_back() -> None:
    net = PyramidNet().eval()
    with torch.no_grad():
        for block in (net.coarse, *net.finer):
            block[-1].weight.zero_()  # type: ignore[index, union-attr]
        image = torch.rand(2, 3, 24, 32)
        torch.testing.assert_close(net(image), image)


# -- learning -----------------------------------------------------------------------------------


def test_material_is_of_its_split_and_repeats_itself(folder: Path) -> None:
    train, held = (Material(folder, None, split) for split in ("train", "validation"))
    names = {one.name for one in train.light}
    assert names
    assert not names & {one.name for one in held.light}
    wrong, right = train.batch(0, 3, 4)
    assert wrong.shape == right.shape == (4, 3, SIDE, SIDE)
    assert torch.equal(train.batch(0, 3, 4)[0], wrong)
    assert not torch.equal(train.batch(0, 4, 4)[0], wrong)
    (folder / "broken.exr").write_bytes(b"no picture")
    for split in ("train", "validation", "test"):
        refused = Material(folder, None, split).refused  # type: ignore[arg-type]
        assert set(refused) <= {"broken"}
    with pytest.raises(OptionError, match="no picture of the split"):
        Material(None, None, "train")


def test_a_run_that_is_stopped_ends_as_one_that_is_not(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, held = (Material(folder, None, split) for split in ("train", "validation"))
    monkeypatch.setattr(learning, "_BATCH", 1)
    monkeypatch.setattr(learning, "_HELD", 2)

    def run(out: str) -> torch.nn.Module | None:
        return learn("pyramid", tmp_path / out, train, held, steps=4, quiet=True)

    whole = run("a")
    assert whole is not None

    class Impatient(StopRequest):
        def __enter__(self) -> StopRequest:
            self.asked = True
            return self

    with monkeypatch.context() as patch:
        patch.setattr(learning, "StopRequest", Impatient)
        assert run("b") is None
    resumed = run("b")
    assert resumed is not None
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)
    files = [(tmp_path / out / "pyramid.safetensors").read_bytes() for out in "ab"]
    assert files[0] == files[1]
    with pytest.raises(OptionError, match="of another run"):
        learn("pyramid", tmp_path / "b", train, held, steps=4, seed=1, quiet=True)
    with pytest.raises(OptionError, match="a guest is one of"):
        learn("unet", tmp_path, train, held, steps=1)
