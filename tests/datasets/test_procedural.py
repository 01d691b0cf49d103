from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch

from datasets.framing.calibration import calibrate
from datasets.framing.crops import choose_crops
from datasets.scenes.procedural import procedural_scenes
from datasets.scenes.scene import Scene
from datasets.scenes.splits import split_of
from datasets.streams import stream
from hdrmetrics.errors import OptionError


def test_they_are_scenes() -> None:
    for scene in procedural_scenes(3) + procedural_scenes(2, kind="sdr"):
        assert isinstance(scene, Scene)
        assert scene.split == split_of(scene.group)
        assert pickle.loads(pickle.dumps(scene)) == scene
        assert len(pickle.dumps(scene)) < 1000


def test_names_differ_and_the_first_ones_stay() -> None:
    names = [scene.name for scene in procedural_scenes(5)]
    assert len(set(names)) == 5
    assert [scene.name for scene in procedural_scenes(3)] == names[:3]
    assert not {scene.name for scene in procedural_scenes(5, kind="sdr")} & set(names)


def test_pixels_depend_on_the_name_alone() -> None:
    few, many = procedural_scenes(1)[0], procedural_scenes(4)[0]
    assert torch.equal(few.load(), many.load())
    assert not torch.equal(few.load(), procedural_scenes(2)[1].load())


def test_light_spans_four_orders_of_magnitude() -> None:
    for scene in procedural_scenes(6):
        light = scene.load()
        assert light.shape == (3, 384, 512)
        assert light.dtype == torch.float32
        assert bool(light.isfinite().all())
        assert float(light.min()) > 0
        assert float(light.max() / light.min()) > 1e4


def test_sdr_scenes_are_codes() -> None:
    for scene in procedural_scenes(3, kind="sdr", size=(256, 300)):
        codes = scene.load()
        assert codes.shape == (3, 256, 300)
        assert float(codes.min()) >= 0
        assert float(codes.max()) <= 1
        assert float(codes.max() - codes.min()) > 0.7


def test_the_texture_has_the_spectrum_of_pictures() -> None:
    # Between octaves of frequency, the amplitude of 1/f halves; edges make it a little steeper.
    slopes = []
    for scene in procedural_scenes(4, size=(256, 256)):
        plane = np.log(scene.load()[1].numpy())
        window = np.hanning(256)
        power = np.abs(np.fft.fft2((plane - plane.mean()) * np.outer(window, window))) ** 2
        radius = np.hypot(*np.meshgrid(np.fft.fftfreq(256), np.fft.fftfreq(256)))
        bands = [2.0**-n for n in range(2, 6)]
        means = [power[(radius > f / 1.4) & (radius < f * 1.4)].mean() for f in bands]
        slopes.append(np.polyfit(np.log(bands), np.log(means), 1)[0] / 2)
    assert -1.8 < np.mean(slopes) < -0.9


@pytest.mark.parametrize("kind", ["hdr", "sdr"])
def test_they_have_crops(kind: str) -> None:
    for scene in procedural_scenes(4, kind=kind):  # type: ignore[arg-type]
        pixels = scene.load()
        frame = calibrate(pixels, 300.0) if kind == "hdr" else pixels
        assert choose_crops(frame, 2, stream(0, scene.name), kind=scene.kind)


@pytest.mark.parametrize(("count", "size"), [(-1, (384, 512)), (1, (32, 512))])
def test_impossible_requests_are_refused(count: int, size: tuple[int, int]) -> None:
    with pytest.raises(OptionError):
        procedural_scenes(count, size=size)
