"""SDR metrics on pictures of two codings: the test is brought to the reference's, and says so."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hdrmetrics as hm
from hdrmetrics import Calibration, Image, score
from hdrmetrics.errors import DomainError, HdrMetricsWarning, OptionError

# Codes of pure sRGB red in sRGB and in Display P3 from CSS Color 4, and those of one grey by three
# curves, from their formulas by hand.
RED = {"bt709": (1.0, 0.0, 0.0), "p3": (0.91749, 0.20029, 0.13856)}
GREY = {"srgb": 0.5, "gog": 0.49623, "bt1886": 0.52607}


def patch(colour: Any, transfer: Any = "srgb", primaries: Any = "bt709") -> Image:
    pixels = np.broadcast_to(np.asarray(colour, np.float32), (24, 32, 3)).copy()
    return Image(pixels, Calibration("display", transfer=transfer), primaries=primaries)


@pytest.mark.parametrize("role", ["test", "reference"])
def test_one_colour_in_two_gamuts(role: str) -> None:
    pair = [patch(RED["bt709"]), patch(RED["p3"], primaries="p3")]
    test, reference = pair if role == "test" else pair[::-1]
    with pytest.warns(HdrMetricsWarning, match="brought to the reference's coding") as seen:
        got = score(test, "rmse", reference=reference)
    assert got.value < 1e-3
    assert "clipped" not in str(seen[0].message)
    assert "sRGB of Display P3" in str(seen[0].message)
    record = got.conditions["calibration"]
    names = {"test": "bt709", "reference": "p3"} if role == "test" else {
        "test": "p3", "reference": "bt709"}  # fmt: skip
    for side, primaries in names.items():
        assert record[side] == {"transfer": "srgb", "primaries": primaries}
    assert json.loads(json.dumps(record)) == record


def test_hdr_metrics_see_one_colour_in_two_gamuts() -> None:
    got = score(patch(RED["p3"], primaries="p3"), "pu21-psnr", reference=patch(RED["bt709"]))
    assert got.value > 55  # five digits of a code, on the steep part of PU21
    wrong = score(patch(RED["p3"]), "pu21-psnr", reference=patch(RED["bt709"]))
    assert wrong.value < 35


def test_a_colour_that_the_reference_cannot_hold_is_clipped_and_counted() -> None:
    green = patch((0.0, 1.0, 0.0), primaries="p3")
    with pytest.warns(HdrMetricsWarning, match=r"of its gamut and clipped") as seen:
        score(green, "rmse", reference=patch((0.0, 1.0, 0.0)))
    found = re.search(r"(\d+) of (\d+) values", str(seen[0].message))
    assert found is not None
    assert found.groups() == (str(3 * 24 * 32), str(3 * 24 * 32))


@pytest.mark.parametrize("test", list(GREY))
@pytest.mark.parametrize("reference", list(GREY))
def test_one_grey_by_two_curves(test: str, reference: str) -> None:
    pair = [patch([GREY[kind]] * 3, kind) for kind in (test, reference)]
    if test == reference:
        assert score(pair[0], "psnr", reference=pair[1]).value == np.inf
        return
    with pytest.warns(HdrMetricsWarning, match="through light"):
        got = score(pair[0], "rmse", reference=pair[1])
    assert got.value < 1e-4


def test_grey_pictures_have_no_primaries() -> None:
    grey = [
        Image(
            np.full((9, 9), 0.4, np.float32), Calibration("display", transfer="srgb"),
            primaries=primaries,
        )
        for primaries in ("bt709", "p3")
    ]  # fmt: skip
    got = score(grey[0], "psnr", reference=grey[1])
    assert got.value == np.inf
    assert got.conditions["calibration"] == {"kind": "display-encoded values, compared as they are"}


def test_files_keep_their_coding(tmp_path: Path) -> None:
    hm.write_image(tmp_path / "p3.png", patch(RED["p3"], primaries="p3"), depth=16)
    hm.write_image(tmp_path / "srgb.png", patch(RED["bt709"]), depth=16)
    with pytest.warns(HdrMetricsWarning, match="through light"):
        got = score(tmp_path / "p3.png", "rmse", reference=tmp_path / "srgb.png")
    assert got.value < 1e-3
    rows = hm.score_files([(tmp_path / "p3.png", tmp_path / "srgb.png")], ["rmse"])
    assert rows[0].scores["rmse"].warnings == got.warnings


def test_factors_and_light_are_refused_with_advice_that_works() -> None:
    codes = patch((0.2, 0.4, 0.6))
    for option in ("scale", "peak", "test_scale", "reference_peak"):
        with pytest.raises(OptionError, match=f"{option}=.*leave it out"):
            score(codes, "psnr", reference=codes, **{option: 2.0})
    linear = Image(codes.pixels * 50, Calibration("absolute"))
    with pytest.raises(DomainError, match="Use a pu21- metric"):
        score(codes, "psnr", reference=linear)
    assert np.isfinite(score(codes, "pu21-psnr", reference=linear).value)
    hdr = patch((0.2, 0.4, 0.6), "pq")
    with pytest.raises(DomainError, match=r"PQ-encoded HDR.*Use pu21-psnr"):
        score(codes, "psnr", reference=hdr)
    assert np.isfinite(score(codes, "pu21-psnr", reference=hdr).value)
