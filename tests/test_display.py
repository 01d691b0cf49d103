"""Display models: the PU21 authors' values, standards, geometry, user files, bad input."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import pytest
import torch

from hdrmetrics import Display, get_display, list_displays, load_displays
from hdrmetrics.errors import OptionError, UnknownNameError
from tests.conftest import DATA

F64 = torch.float64


def test_gain_offset_gamma_equals_the_authors() -> None:
    seen = 0
    with (DATA / "pu21_encoder_table.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["operation"] != "display_forward":
                continue
            numbers = [float(v) for v in row["type"].removeprefix("gog(").rstrip(")").split(",")]
            peak, contrast, gamma, ambient, reflectivity = numbers
            display = Display(
                "authors", eotf="gog", peak=peak, contrast=contrast, gamma=gamma,
                ambient_lux=ambient, reflectivity=reflectivity,
            )  # fmt: skip
            got = display.forward(torch.tensor(float(row["input"]), dtype=F64))
            assert float(got) == pytest.approx(float(row["output"]), rel=1e-12)
            seen += 1
    assert seen >= 4


def test_hlg_reference_white_and_peak() -> None:
    # ITU-R BT.2408: HLG 75 % grey is 203 cd/m² on a 1000 cd/m² display, 100 % is its peak.
    signal = torch.tensor([0.75, 1.0], dtype=F64).view(2, 1, 1, 1).expand(2, 3, 1, 1)
    light = get_display("hlg-1000").forward(signal)[:, 0, 0, 0]
    assert light.tolist() == pytest.approx([203.0, 1000.0], rel=2e-3)


@pytest.mark.parametrize("display", list_displays(), ids=lambda d: d.name)
def test_inverse_and_range(display: Display) -> None:
    code = torch.rand(2, 3, 16, 16, dtype=F64) * 0.98 + 0.01
    signal = code * display.peak if display.eotf == "linear" else code
    light = display.forward(signal)
    torch.testing.assert_close(display.forward(display.inverse(light)), light, rtol=1e-9, atol=1e-9)
    assert light.min() >= display.black * (1 - 1e-12)
    assert light.max() <= display.peak + display.reflected
    extremes = display.forward(torch.tensor([-1.0, 0.0, 1e9], dtype=F64).view(3, 1, 1, 1))
    assert torch.isfinite(extremes).all()


def test_pixels_per_degree() -> None:
    # 1920 pixels over 0.5313 m (24 inches at 16:9) seen from 0.6 m
    pitch = 24 * 0.0254 * 16 / math.hypot(16, 9) / 1920
    want = 1 / math.degrees(2 * math.atan(pitch / 2 / 0.6))
    assert get_display("srgb-100").ppd == pytest.approx(want)
    assert get_display("tv-600").ppd > get_display("pq-1000").ppd > 40


def test_ambient_light_lifts_black() -> None:
    dark = Display("dark", eotf="srgb", peak=100, contrast=1000)
    lit = Display("lit", eotf="srgb", peak=100, contrast=1000, ambient_lux=500)
    black = torch.zeros(1, 1, 1, 1, dtype=F64)
    assert float(dark.forward(black)) == pytest.approx(0.1)
    assert float(lit.forward(black)) == pytest.approx(0.1 + 500 / math.pi * 0.005)


def test_user_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    mine = [{"name": "a", "peak": 80}, {"name": "b", "eotf": "pq", "peak": 500, "contrast": None}]
    path.write_text(json.dumps(mine))
    assert set(load_displays(path)) == {"a", "b"}
    assert get_display(path).peak == 80
    assert get_display(f"{path}#b").eotf == "pq"
    with pytest.raises(UnknownNameError, match="a, b"):
        get_display(f"{path}#c")
    again = load_displays(path)["b"].to_dict()
    assert Display(**again) == load_displays(path)["b"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "JSON"),
        ('{"name": "a"}', "list"),
        ('[{"name": "a", "peek": 3}]', "peek"),
        ('[{"name": "a", "peak": -3}]', "peak"),
        ('[{"name": "a", "peak": "bright"}]', "peak"),
        ('[{"name": "a", "eotf": "vhs"}]', "vhs"),
        ('[{"name": "a", "contrast": 0.5}]', "black"),
        ('[{"name": "a", "reflectivity": 3}]', "reflectivity"),
        ('[{"peak": 100}]', "name"),
    ],
)
def test_bad_file(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(OptionError, match=message):
        load_displays(path)


def test_unknown() -> None:
    with pytest.raises(UnknownNameError, match="srgb-100"):
        get_display("crt")
    with pytest.raises(OptionError, match="cannot read"):
        get_display("missing.json")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ambient_lux", math.nan), ("ambient_lux", "dim"), ("ambient_lux", -1.0),
        ("reflectivity", math.inf), ("reflectivity", None), ("peak", True), ("peak", math.inf),
        ("resolution", 1920), ("resolution", (1920,)), ("resolution", ("a", "b")),
        ("resolution", (0, 5)), ("distance_m", "near"),
    ],
)  # fmt: skip
def test_impossible_displays_are_typed_errors(field: str, value: object) -> None:
    with pytest.raises(OptionError, match=field):
        Display("bad", **{field: value})  # type: ignore[arg-type]


def test_a_black_that_the_room_lifts_above_the_peak_is_named() -> None:
    with pytest.raises(OptionError, match=r"black .* must stay below the peak"):
        Display("bad", peak=1.0, ambient_lux=1e4)
