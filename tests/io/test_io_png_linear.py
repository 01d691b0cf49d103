"""PNG files that say what their values are: linear ones and those of gamma 2.2."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from hdrmetrics import read_image, write_image
from hdrmetrics.errors import HdrMetricsError, PixelValueWarning
from hdrmetrics.picture.image import Calibration, Image

VALUES = np.linspace(0, 1, 12, dtype=np.float32).reshape(2, 2, 3)


@pytest.mark.parametrize("depth", [8, 16])
def test_linear_values_come_back(tmp_path: Path, depth: int) -> None:
    path = tmp_path / "linear.png"
    write_image(path, Image(VALUES, Calibration("relative")), transfer="linear", depth=depth)  # type: ignore[arg-type]
    found = read_image(path)
    assert found.calibration.linear
    np.testing.assert_allclose(found.pixels, VALUES, atol=0.5 / (2**depth - 1) + 1e-6)
    with PillowImage.open(path) as other:
        assert other.info["gamma"] == 1.0
        assert "srgb" not in other.info


def test_gamma_is_no_srgb(tmp_path: Path) -> None:
    path = tmp_path / "gamma.png"
    write_image(path, Image(VALUES, Calibration("display", transfer="gog")))
    assert read_image(path).calibration.transfer == "gog"
    with PillowImage.open(path) as other:
        assert other.info["gamma"] == pytest.approx(1 / 2.2, abs=1e-5)
        assert "srgb" not in other.info


def test_what_is_linear_already_or_too_bright(tmp_path: Path) -> None:
    with pytest.warns(PixelValueWarning, match="clipped"):
        write_image(tmp_path / "a.png", Image(VALUES * 2, Calibration("relative")),
                    transfer="linear")  # fmt: skip
    with pytest.raises(HdrMetricsError, match="srgb code values already"):
        write_image(tmp_path / "b.png", Image(VALUES, Calibration("display", transfer="srgb")),
                    transfer="linear")  # fmt: skip
