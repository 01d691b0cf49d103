"""Primaries: published matrices, round trips, bad input."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hdrmetrics.errors import OptionError, ShapeError, UnknownNameError
from hdrmetrics.photometry import color


def test_bt709_to_xyz_is_the_published_matrix() -> None:
    # IEC 61966-2-1, to its four digits
    want = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    got = color.rgb_to_xyz_matrix(color.CHROMATICITIES["bt709"])
    np.testing.assert_allclose(got, want, atol=1e-4)


def test_bt2020_to_bt709_is_the_published_matrix() -> None:
    # ITU-R BT.2087-0, annex 2 (to its four digits)
    want = [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
    np.testing.assert_allclose(color.primaries_matrix("bt2020", "bt709"), want, atol=1e-4)


@pytest.mark.parametrize("name", color.CHROMATICITIES)
def test_luminance_weights_are_those_of_the_primaries(name: str) -> None:
    got = color.rgb_to_xyz_matrix(color.CHROMATICITIES[name])[1]
    np.testing.assert_allclose(color.LUMINANCE_WEIGHTS[name], got, atol=2e-5)


def test_white_stays_white_and_round_trips() -> None:
    white = torch.full((1, 3, 2, 2), 80.0, dtype=torch.float64)
    for source in color.CHROMATICITIES:
        for target in color.CHROMATICITIES:
            got = color.convert_primaries(white, source, target)
            torch.testing.assert_close(got, white, rtol=1e-9, atol=0)
    image = torch.rand(2, 3, 4, 5, dtype=torch.float64)
    there = color.convert_primaries(image, "p3", "bt2020")
    torch.testing.assert_close(color.convert_primaries(there, "bt2020", "p3"), image)


def test_bradford_adaptation_keeps_white() -> None:
    d50 = (*color.CHROMATICITIES["bt709"][:3], (0.3457, 0.3585))
    matrix = color.conversion_matrix(d50, color.CHROMATICITIES["bt709"])
    np.testing.assert_allclose(matrix @ np.ones(3), np.ones(3), atol=1e-12)


def test_bad_input() -> None:
    with pytest.raises(UnknownNameError, match="bt709"):
        color.primaries_matrix("rec709", "bt709")
    with pytest.raises(OptionError, match="one line"):
        color.rgb_to_xyz_matrix(((0.3, 0.3), (0.3, 0.3), (0.1, 0.2), (0.31, 0.33)))
    with pytest.raises(OptionError, match="chromaticities"):
        color.rgb_to_xyz_matrix(((0.3, 0.1), (0.3, 0.3), (0.1, 0.2), (0.31, 0.0)))
    with pytest.raises(ShapeError):
        color.luminance(torch.rand(1, 2, 4, 4))
