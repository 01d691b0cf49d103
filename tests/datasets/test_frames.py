from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.area import area_resize
from datasets.framing.frames import Frame, cut_frame, draw_frame, fits
from datasets.scenes.scene import BAND, room
from datasets.streams import stream
from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.photometry.transfer import srgb_decode, srgb_encode


def _scene(height: int, width: int, seed: int = 0) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.random((3, height, width), dtype=np.float32))


# -- averaging over area ---------------------------------------------------------------------


def test_whole_factors_are_the_averages_of_torch() -> None:
    scene = _scene(60, 80)
    assert torch.allclose(area_resize(scene, (20, 40)), F.avg_pool2d(scene, (3, 2)), atol=1e-6)


def test_fractions_of_pixels_count_by_their_area() -> None:
    line = torch.tensor([[1.0, 2.0, 4.0]], dtype=torch.float64)
    # Two cells of one pixel and a half each.
    expected = torch.tensor([[(1 + 0.5 * 2) / 1.5, (0.5 * 2 + 4) / 1.5]], dtype=torch.float64)
    assert torch.allclose(area_resize(line, (1, 2)), expected)


def test_it_agrees_with_repeating_pixels_and_averaging() -> None:
    scene = _scene(30, 45).double()
    fine = scene.repeat_interleave(14, 1).repeat_interleave(13, 2)
    expected = F.avg_pool2d(fine, (15, 15))
    assert torch.allclose(area_resize(scene, (28, 39)), expected, atol=1e-12)


@given(st.integers(1, 40), st.integers(1, 50))
@settings(max_examples=40, deadline=None)
def test_means_stay_and_nothing_overshoots(height: int, width: int) -> None:
    scene = _scene(40, 50).double() ** 8 * 1e4
    small = area_resize(scene, (height, width))
    assert torch.allclose(small.mean(dim=(1, 2)), scene.mean(dim=(1, 2)))
    assert scene.min() <= small.min()
    assert small.max() <= scene.max()


@pytest.mark.parametrize("size", [(0, 5), (41, 50), (40, 51)])
def test_growing_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(OptionError):
        area_resize(_scene(40, 50), size)


def test_whole_numbers_are_refused() -> None:
    with pytest.raises(ShapeError):
        area_resize(torch.ones(4, 4, dtype=torch.int64), (2, 2))


# -- frames ----------------------------------------------------------------------------------


@given(
    st.integers(256, 1500), st.integers(256, 2100), st.booleans(), st.integers(0, 10**6),
    st.sampled_from([(0.7, 1.0), (0.3, 0.6), (1.0, 1.0), (0.9, 0.9)]),
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_frames_lie_in_their_scene(
    height: int, width: int, panorama: bool, seed: int, scale: tuple[float, float]
) -> None:
    if not fits((height, width), panorama):
        with pytest.raises(ShapeError, match="larger version"):
            draw_frame((height, width), panorama, stream(seed), scale=scale)
        return
    frame = draw_frame((height, width), panorama, stream(seed), scale=scale)
    assert min(frame.width, frame.height) >= 256
    assert max(frame.width, frame.height) <= 512
    assert min(frame.width, frame.height) <= 384
    assert frame.scale <= 1
    top, rows, _ = room((height, width), panorama)
    assert top <= frame.y
    assert frame.y + round(frame.height / frame.scale) <= top + rows
    cut = cut_frame(
        torch.zeros(1, height, width).expand(3, -1, -1), frame, panorama=panorama, kind="hdr"
    )
    assert cut.shape == (3, frame.height, frame.width)


def test_frames_of_panoramas_keep_away_from_the_poles_and_go_all_around() -> None:
    frames = [draw_frame((512, 1024), True, stream(0, n)) for n in range(400)]
    tops = [frame.y / 512 for frame in frames]
    bottoms = [(frame.y + round(frame.height / frame.scale)) / 512 for frame in frames]
    assert BAND[0] <= min(tops)
    assert max(bottoms) <= BAND[1]
    assert min(frame.x for frame in frames) < 10
    assert max(frame.x for frame in frames) > 1013  # these run over the edge


def test_half_of_the_frames_keep_their_pixels_half_are_mirrored() -> None:
    frames = [draw_frame((700, 900), False, stream(0, n)) for n in range(600)]
    assert 0.42 < np.mean([frame.scale == 1 for frame in frames]) < 0.58
    assert 0.42 < np.mean([frame.mirrored for frame in frames]) < 0.58
    assert min(frame.scale for frame in frames) < 0.72


def test_small_scenes_are_scaled_only_as_far_as_they_may() -> None:
    frames = [draw_frame((300, 800), False, stream(0, n)) for n in range(200)]
    assert min(frame.scale for frame in frames) >= 256 / 300
    heights = [frame.height for frame in frames]
    assert 256 <= min(heights) < 264
    assert max(heights) == 300


def test_upright_photographs_have_upright_frames() -> None:
    frame = draw_frame((900, 600), False, stream(0), scale=(1.0, 1.0))
    assert (frame.height, frame.width) == (512, 384)


def test_the_same_draw_gives_the_same_frame() -> None:
    assert draw_frame((512, 1024), True, stream(4, "a")) == draw_frame(
        (512, 1024), True, stream(4, "a")
    )


def test_a_frame_at_full_scale_holds_the_pixels_of_its_scene() -> None:
    scene = _scene(400, 600)
    frame = Frame(37, 21, 512, 300, 1.0, False)
    cut = cut_frame(scene, frame, panorama=False, kind="sdr")
    assert torch.equal(cut, scene[:, 21:321, 37:549])
    mirrored = cut_frame(
        scene, dataclasses.replace(frame, mirrored=True), panorama=False, kind="sdr"
    )
    assert torch.equal(mirrored, cut.flip(-1))


def test_a_panorama_goes_on_at_its_left_edge() -> None:
    scene = _scene(512, 1024)
    frame = Frame(900, 110, 300, 280, 1.0, False)
    rolled = torch.roll(scene, -900, dims=2)
    cut = cut_frame(scene, frame, panorama=True, kind="hdr")
    assert torch.equal(cut, rolled[:, 110:390, :300])
    # Turning the scene before or the window after is the same.
    turned = dataclasses.replace(frame, x=0)
    assert torch.equal(cut, cut_frame(rolled, turned, panorama=True, kind="hdr"))


def test_scaled_light_is_averaged_over_the_window() -> None:
    scene = _scene(600, 800) * 100
    frame = Frame(10, 20, 400, 300, 0.8, False)
    cut = cut_frame(scene, frame, panorama=False, kind="hdr")
    window = scene[:, 20 : 20 + 375, 10 : 10 + 500]
    assert torch.allclose(cut.mean(dim=(1, 2)), window.mean(dim=(1, 2)), rtol=1e-5)


def test_codes_are_averaged_as_light() -> None:
    # A fine chequerboard of black and white is half the light: code 0.735, not 0.5.
    board = (torch.arange(600)[:, None] + torch.arange(600)[None]) % 2
    scene = board.float().expand(3, -1, -1)
    cut = cut_frame(scene, Frame(0, 0, 300, 300, 0.5, False), panorama=False, kind="sdr")
    expected = float(srgb_encode(torch.tensor(0.5)))
    assert torch.allclose(cut, torch.full_like(cut, expected), atol=1e-5)
    assert float(srgb_decode(cut).mean()) == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize(
    "frame",
    [
        Frame(-1, 0, 256, 256, 1.0, False),
        Frame(0, 60, 256, 256, 1.0, False),
        Frame(200, 0, 256, 256, 1.0, False),
        Frame(0, 0, 256, 256, 0.5, False),
    ],
)
def test_a_window_outside_the_scene_is_refused(frame: Frame) -> None:
    with pytest.raises(ShapeError, match="another picture"):
        cut_frame(_scene(300, 400), frame, panorama=False, kind="hdr")


def test_a_panorama_is_not_gone_around_twice() -> None:
    with pytest.raises(ShapeError):
        cut_frame(_scene(512, 300), Frame(0, 0, 301, 256, 1.0, False), panorama=True, kind="hdr")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"scale": (0.0, 1.0)}, OptionError),
        ({"scale": (0.9, 0.8)}, OptionError),
        ({"scale": (0.9, 1.2)}, OptionError),
        ({"minimum": 0}, OptionError),
        ({"frame_size": (200, 512)}, OptionError),
    ],
)
def test_impossible_options_are_refused(options: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        draw_frame((700, 900), False, stream(0), **options)  # type: ignore[arg-type]
