"""Plain borders of pictures."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import pad

from hdrmetrics.catalogue.domain import Domain
from hdrmetrics.learned.borders import content
from hdrmetrics.photometry.transfer import srgb_encode
from tests.learned.small import pictures


def noise() -> Tensor:
    return torch.rand(3, 150, 220, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("domain", ["hdr", "sdr"])
@pytest.mark.parametrize(
    "sides",
    [(10, 20, 30, 40), (0, 0, 70, 1), (64, 65, 0, 0), (3, 130, 0, 0), (1, 0, 0, 0), (0, 0, 0, 0)],
    ids=str,
)
def test_borders_are_found_on_every_side(domain: Domain, sides: tuple[int, ...]) -> None:
    top, bottom, left, right = sides
    light = noise() * (1000 if domain == "hdr" else 1)
    framed = pad(light, (left, right, top, bottom), value=float(light.mean()))
    expected = slice(top, top + 150), slice(left, left + 220)
    assert content(framed, domain, 64) == expected


@pytest.mark.parametrize("sides", [(0, 0, 70, 0), (0, 130, 0, 0), (9, 0, 0, 0)], ids=str)
def test_a_plain_part_on_one_side_is_no_border(sides: tuple[int, ...]) -> None:
    top, bottom, left, right = sides
    framed = pad(noise(), (left, right, top, bottom), value=0.5)
    height, width = framed.shape[-2:]
    assert content(framed, "sdr", 64) == (slice(0, height), slice(0, width))


@pytest.mark.parametrize("quality", [50, 75, 95])
def test_a_border_that_jpeg_blurred_is_left_out(quality: int) -> None:
    code = srgb_encode((pictures(1, 160, 230)[0] / 200).clamp(0, 1))
    code = pad(code, (40, 40, 40, 40))
    stream = io.BytesIO()
    plain = (code * 255).round().byte().permute(1, 2, 0).numpy()
    Image.fromarray(plain).save(stream, "JPEG", quality=quality)
    stored = torch.from_numpy(np.array(Image.open(stream))).permute(2, 0, 1) / 255
    rows, columns = content(stored, "sdr", 64)
    for found, side in ((rows, 160), (columns, 230)):
        assert 32 <= found.start <= 56
        assert 24 + side <= found.stop <= 48 + side


def test_two_colours_on_two_sides() -> None:
    framed = torch.cat([torch.zeros(3, 30, 220), noise(), torch.ones(3, 40, 220)], dim=1)
    assert content(framed, "sdr", 64) == (slice(30, 180), slice(0, 220))


def test_mild_compression_leaves_a_border_plain() -> None:
    framed = pad(noise(), (20, 20, 20, 20), value=0.5)
    framed[:, :20] += 1 / 255
    assert content(framed, "sdr", 64) == (slice(20, 170), slice(20, 240))


def test_what_is_left_is_long_enough() -> None:
    picture = torch.full((3, 200, 200), 0.5)
    assert content(picture, "sdr", 64) == (slice(0, 200), slice(0, 200))
    picture[:, 100, 100] = 1
    rows, columns = content(picture, "sdr", 64)
    assert rows.stop - rows.start == columns.stop - columns.start == 64
    assert rows.start <= 100 < rows.stop
    picture[:, 5, 199] = 0
    rows, columns = content(picture, "sdr", 64)
    assert (rows, columns) == (slice(5, 101), slice(0, 200))
    assert content(picture[:, :40, :50], "sdr", 64) == (slice(0, 40), slice(0, 50))
