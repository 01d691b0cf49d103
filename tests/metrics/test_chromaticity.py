"""The shift of chromaticity against another library, closed forms, and tone mappings."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from hdrmetrics import create_metric
from hdrmetrics.errors import PixelValueError
from hdrmetrics.functional import chromaticity
from hdrmetrics.photometry.transfer import srgb_decode, srgb_encode
from hdrmetrics.tonemap import tonemap


def plain(values: list[list[float]]) -> Tensor:
    """Return pixels, a row of them, as ``(1, 3, 1, W)``."""
    return torch.tensor(values, dtype=torch.float64).T[None, :, None, :]


@pytest.mark.parametrize(
    ("channel", "u", "v"), [(0, 0.4507, 0.5229), (1, 0.1250, 0.5625), (2, 0.1754, 0.1579)]
)
def test_primaries_are_where_the_tables_have_them(channel: int, u: float, v: float) -> None:
    shown = torch.zeros(1, 3, 4, 4)
    shown[:, channel] = 1
    want = float(np.hypot(u - 0.1978, v - 0.4683))  # D65
    assert float(chromaticity(shown, torch.full_like(shown, 70.0))) == pytest.approx(want, abs=2e-4)


def test_equals_another_library() -> None:
    color = pytest.importorskip("skimage.color", reason="skimage is a peer to compare with")
    draws = torch.Generator().manual_seed(1)
    codes, light = torch.rand(2, 1, 3, 5, 6, generator=draws, dtype=torch.float64)
    shown = color.rgb2xyz(codes[0].movedim(0, -1).numpy())
    there = color.rgb2xyz(srgb_encode(light)[0].movedim(0, -1).numpy())
    u, v = (
        [factor * xyz[..., axis] / (xyz @ [1, 15, 3]) for xyz in (shown, there)]
        for factor, axis in ((4, 0), (9, 1))
    )
    distance = np.hypot(u[0] - u[1], v[0] - v[1])
    want = (distance * shown[..., 1]).sum() / shown[..., 1].sum()
    assert float(chromaticity(codes, 100 * light)) == pytest.approx(want, abs=2e-5)


def test_luminance_alone_is_no_shift(hdr_scene: Tensor) -> None:
    light = hdr_scene.double()
    dimmer = (light / light.amax()) * torch.linspace(0.1, 1, light.shape[-1])
    for unit in (1.0, 1e-4, 1e4):
        found = chromaticity(srgb_encode(dimmer), unit * light)
        assert float(found) == pytest.approx(0, abs=1e-9)


def test_each_pixel_counts_as_the_light_it_emits() -> None:
    red, grey = [1.0, 0.0, 0.0], [0.5, 0.5, 0.5]
    scene = plain([[3.0, 3.0, 3.0]] * 2)
    alone = float(chromaticity(plain([red]), plain([[1.0, 1.0, 1.0]])))
    light = srgb_decode(plain([red, grey]))
    share = 0.212639 / (0.212639 + float(light[0, 0, 0, 1]))
    found = float(chromaticity(plain([red, grey]), scene))
    assert found == pytest.approx(alone * share, rel=1e-4)


def test_what_has_no_colour() -> None:
    scene = plain([[2.0, 1.0, 1.0], [0.0, 0.0, 0.0], [3.0, 3.0, 3.0]])
    black = torch.zeros_like(scene)
    assert float(chromaticity(black, scene)) == 0
    assert float(chromaticity(torch.full_like(scene, 0.5), black)) == pytest.approx(0, abs=1e-12)
    assert float(chromaticity(torch.rand(1, 1, 4, 4), torch.rand(1, 1, 4, 4))) < 1e-7
    assert float(create_metric("chromaticity").map(black, scene).abs().max()) == 0


@pytest.mark.parametrize("operator", ["reinhard02", "drago03", "ward_histogram97"])
def test_sees_lost_evening_light(operator: str, hdr_scene: Tensor) -> None:
    """In warm light an appearance model that adapts to it stands apart from operators that keep."""
    warm = hdr_scene.float()[..., :128, :128] * torch.tensor([1.6, 1.0, 0.5])[:, None, None]
    kept, adapted = (float(chromaticity(tonemap(warm, o), warm)) for o in (operator, "kuang07"))
    assert kept < 0.01
    assert adapted > kept + 0.02


def test_negative_light_is_refused() -> None:
    with pytest.raises(PixelValueError, match="negative light"):
        chromaticity(torch.rand(1, 3, 4, 4), torch.full((1, 3, 4, 4), -1.0))
