"""Samples against constants that standards print."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hdrmetrics.codecs.samples import (
    from_codes,
    from_pq_codes,
    to_codes,
    to_pq_codes,
    to_samples,
    to_tensor,
)


def test_axes_are_those_of_pictures() -> None:
    image = torch.arange(24, dtype=torch.float32).view(1, 3, 2, 4)
    samples = to_samples(image)
    assert samples.shape == (2, 4, 3)
    assert samples.flags["C_CONTIGUOUS"]
    assert samples[1, 2].tolist() == [6.0, 14.0, 22.0]
    assert torch.equal(to_tensor(samples), image)
    assert to_samples(image[:, :1]).shape == (2, 4)
    assert torch.equal(to_tensor(to_samples(image[:, :1])), image[:, :1])


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_every_code_survives(bits: int) -> None:
    codes = np.arange(1 << bits, dtype=np.uint8 if bits == 8 else np.uint16)[None]
    assert np.array_equal(to_codes(from_codes(codes, bits), bits), codes)
    assert to_codes(torch.ones(1, 1, 1, 1), bits).dtype == codes.dtype


def test_codes_round_to_the_nearest() -> None:
    signal = torch.tensor([0.0, 0.49, 0.51, 254.6, 255.0]).view(1, 1, 1, 5) / 255
    assert to_codes(signal, 8).tolist() == [[0, 0, 1, 255, 255]]


def test_pq_codes_are_those_of_bt2408() -> None:
    """ITU-R BT.2408-7, table 1: levels of PQ for cd/m², in per cent."""
    levels = {1.0: 15, 10.0: 30, 26.0: 38, 100.0: 51, 203.0: 58, 1000.0: 75, 10000.0: 100}
    light = torch.tensor(list(levels)).view(1, 1, 1, -1)
    per_cent = to_pq_codes(light, 10)[0] / 1023 * 100
    assert np.allclose(per_cent, list(levels.values()), atol=0.51)


def test_primaries_are_those_of_bt2087() -> None:
    """ITU-R BT.2087-0, annex 2: the matrix from BT.709 to BT.2020, to four digits."""
    red = torch.tensor([1000.0, 0.0, 0.0]).view(1, 3, 1, 1)
    light = from_codes(to_pq_codes(red, 16), 16).double()
    # ST 2084 written out, with its constants as fractions.
    power = light ** (32 / 2523)
    linear = 10000 * ((power - 107 / 128).clamp(min=0) / (2413 / 128 - 2392 / 128 * power)) ** (
        8192 / 1305
    )
    assert linear.flatten().tolist() == pytest.approx([627.4, 69.1, 16.4], abs=0.1)


def test_pq_codes_of_16_bits_return_the_light() -> None:
    rng = torch.Generator().manual_seed(3)
    light = 10 ** (torch.rand(1, 3, 20, 20, generator=rng) * 5 - 1)
    back = from_pq_codes(to_pq_codes(light, 16), 16)
    error = (back - light).abs().amax(dim=1) / light.amax(dim=1)
    assert float(error.max()) < 1e-3


def test_black_is_code_0() -> None:
    assert to_pq_codes(torch.zeros(1, 3, 2, 2), 10).max() == 0
    assert float(from_pq_codes(np.zeros((2, 2, 3), np.uint16), 10).abs().max()) == 0.0
