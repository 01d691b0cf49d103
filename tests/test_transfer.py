"""Transfer functions: authors' tables, published values, round trips, gradients, bad input."""

from __future__ import annotations

import csv
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hdrmetrics.errors import OptionError
from hdrmetrics.photometry import transfer
from tests.conftest import DATA

F64 = torch.float64
LUMINANCE = torch.logspace(-2.25, 4, 2001, dtype=F64)  # from 0.0056: below, PU21 clamps
UNIT = torch.linspace(1e-6, 1, 4001, dtype=F64)


def _table() -> list[tuple[str, str, float, float]]:
    with (DATA / "pu21_encoder_table.csv").open(newline="") as file:
        return [
            (row["type"], row["operation"], float(row["input"]), float(row["output"]))
            for row in csv.DictReader(file)
            if row["operation"] in ("encode", "decode")
        ]


@pytest.mark.parametrize("variant", transfer.PU21_PARAMETERS)
@pytest.mark.parametrize("operation", ["encode", "decode"])
def test_pu21_equals_the_authors_table(variant: str, operation: str) -> None:
    function = transfer.pu21_encode if operation == "encode" else transfer.pu21_decode
    rows = [row for row in _table() if row[:2] == (variant, operation)]
    assert len(rows) >= 20
    got = function(torch.tensor([row[2] for row in rows], dtype=F64), variant)
    want = torch.tensor([row[3] for row in rows], dtype=F64)
    torch.testing.assert_close(got, want, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    ("variant", "at_100", "at_10000"),
    [
        ("banding", 261.8, 520.5),
        ("banding_glare", 256.4, 595.4),
        ("peaks", 260.7, 381.0),
        ("peaks_glare", 252.3, 407.5),
    ],
)
def test_pu21_published_values(variant: str, at_100: float, at_10000: float) -> None:
    got = transfer.pu21_encode(torch.tensor([100.0, 10000.0, 2e5], dtype=F64), variant)
    assert got[0] == pytest.approx(at_100, abs=0.06)
    assert got[1] == pytest.approx(at_10000, abs=0.06)
    assert got[2] == got[1], "luminance above 10000 cd/m² is clamped"


def test_pq_published_values() -> None:
    # ITU-R BT.2408-7: 100, 203 and 1000 cd/m² are at 50.8, 58.1 and 75.2 % of the signal.
    got = transfer.pq_encode(torch.tensor([0.0, 100.0, 203.0, 1000.0, 10000.0], dtype=F64))
    want = [7.3e-7, 0.5081, 0.5807, 0.7518, 1.0]
    assert got.tolist() == pytest.approx(want, abs=6e-5)


def test_hlg_published_values() -> None:
    # ITU-R BT.2100: the curve's two branches meet at signal 0.5, scene light 1/12.
    got = transfer.hlg_encode(torch.tensor([0.0, 1 / 12, 0.265, 1.0], dtype=F64))
    assert got.tolist() == pytest.approx([0.0, 0.5, 0.75, 1.0], abs=2e-4)


def test_srgb_published_values() -> None:
    got = transfer.srgb_decode(torch.tensor([0.0, 0.04, 0.5, 1.0], dtype=F64))
    assert got.tolist() == pytest.approx([0, 0.04 / 12.92, 0.21404114, 1.0], abs=1e-8)


def test_bt1886_closed_form() -> None:
    got = transfer.bt1886_decode(torch.tensor([0.0, 0.5, 1.0], dtype=F64), peak=100.0, black=0.1)
    assert got[0] == pytest.approx(0.1)
    assert got[2] == pytest.approx(100.0)
    ideal = transfer.bt1886_decode(torch.tensor(0.5, dtype=F64), peak=100.0)
    assert float(ideal) == pytest.approx(100 * 0.5**2.4)


ROUND_TRIPS = {
    **{
        f"pu21-{variant}": (
            lambda x, v=variant: transfer.pu21_decode(transfer.pu21_encode(x, v), v),
            LUMINANCE,
        )
        for variant in transfer.PU21_PARAMETERS
    },
    "pq": (lambda x: transfer.pq_decode(transfer.pq_encode(x)), LUMINANCE),
    "hlg": (lambda x: transfer.hlg_decode(transfer.hlg_encode(x)), UNIT),
    "srgb": (lambda x: transfer.srgb_decode(transfer.srgb_encode(x)), UNIT),
    "bt1886": (
        lambda x: transfer.bt1886_encode(
            transfer.bt1886_decode(x, peak=300.0, black=0.2), peak=300.0, black=0.2
        ),
        UNIT,
    ),
    "mu": (
        lambda x: transfer.mu_law_decode(transfer.mu_law_encode(x, peak=4e3), peak=4e3),
        LUMINANCE,
    ),
    "log": (
        lambda x: transfer.log_decode(transfer.log_encode(x, peak=4e3), peak=4e3),
        LUMINANCE,
    ),
}


@pytest.mark.parametrize("name", ROUND_TRIPS)
def test_round_trip_to_1e_9_in_float64(name: str) -> None:
    trip, values = ROUND_TRIPS[name]
    error = ((trip(values) - values).abs() / values).max()
    assert error < 1e-9


@pytest.mark.parametrize("name", ROUND_TRIPS)
def test_round_trip_in_float32(name: str) -> None:
    trip, values = ROUND_TRIPS[name]
    error = ((trip(values.float()).double() - values).abs() / values).max()
    # PU21's last exponent is 0.09, so its inverse raises to the eleventh power; near black sRGB,
    # HLG and BT.1886 lose digits to their offsets.
    assert error < (1e-1 if name == "bt1886" else 2e-3)


@given(st.floats(0.006, 9999.0), st.sampled_from(sorted(transfer.PU21_PARAMETERS)))
def test_pu21_rises(luminance: float, variant: str) -> None:
    pair = torch.tensor([luminance, luminance * 1.001], dtype=F64)
    low, high = transfer.pu21_encode(pair, variant).tolist()
    assert low < high or luminance * 1.001 > 10000


def test_large_images_are_chunked_without_a_trace() -> None:
    image = torch.rand(3, 300, 401, dtype=F64)[:, ::2] * 1e4  # not contiguous, several chunks
    got = transfer.pu21_encode(image)
    rows = torch.stack([transfer.pu21_encode(row) for row in image.reshape(-1, 401)])
    torch.testing.assert_close(got, rows.view(image.shape), rtol=1e-12, atol=0)  # vector tails


@pytest.mark.parametrize(
    "function",
    [
        transfer.pu21_encode,
        transfer.pq_encode,
        lambda x: transfer.mu_law_encode(x, peak=1000.0),
        lambda x: transfer.log_encode(x, peak=1000.0),
        lambda x: transfer.srgb_encode(x / 1000),
        lambda x: transfer.hlg_encode(x / 1000),
        lambda x: transfer.bt1886_encode(x, peak=1000.0, black=0.01),
    ],
)
def test_gradients(function: object) -> None:
    values = torch.tensor([0.05, 1.0, 37.0, 900.0], dtype=F64, requires_grad=True)
    assert torch.autograd.gradcheck(function, values, eps=1e-7, rtol=1e-4)
    ends = torch.tensor([0.0, 0.005, 1e4, 1e9], dtype=F64, requires_grad=True)
    function(ends).sum().backward()  # type: ignore[operator]
    assert ends.grad is not None
    assert torch.isfinite(ends.grad).all()


def test_bad_options() -> None:
    x = torch.ones(3)
    with pytest.raises(OptionError, match="banding_glare"):
        transfer.pu21_encode(x, "glare")
    with pytest.raises(OptionError, match="peak"):
        transfer.mu_law_encode(x, peak=0.0)
    with pytest.raises(OptionError, match="below its peak"):
        transfer.log_encode(x, peak=1.0, floor=2.0)
    with pytest.raises(OptionError, match="black"):
        transfer.bt1886_decode(x, peak=1.0, black=math.inf)
