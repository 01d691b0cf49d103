from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import hdrmetrics
from datasets.labelling.labels import Labeller
from hdrmetrics import create_metric, read_image, sample_images
from hdrmetrics.errors import OptionError, PixelValueError, ShapeError, UnknownNameError
from hdrmetrics.metrics.hdrvdp2 import HDRVDP2
from hdrmetrics.metrics.tmqi import TMQI

SIDE = 96


@pytest.fixture(scope="module")
def reference() -> Tensor:
    """Return a real crop in cd/m²."""
    light = read_image(sample_images()["courtyard"], peak=1000.0).tensor()[0]
    return light[:, 100 : 100 + SIDE, 150 : 150 + SIDE].clamp(0.005, 1e4)


@pytest.fixture(scope="module")
def distorted(reference: Tensor) -> Tensor:
    """Return the crop with noise of five strengths."""
    noise = torch.randn(5, *reference.shape, generator=torch.Generator().manual_seed(3))
    amount = torch.tensor([0.01, 0.03, 0.1, 0.2, 0.4]).view(5, 1, 1, 1)
    return (reference * (1 + amount * noise)).clamp(0.005, 1e4)


@pytest.fixture(scope="module")
def mapped(reference: Tensor) -> Tensor:
    """Return the crop tone-mapped with five exposures."""
    scales = torch.tensor([3.0, 20.0, 100.0, 500.0, 2000.0]).view(5, 1, 1, 1)
    return (reference / (reference + scales)) ** (1 / 2.2)


def test_hdrvdp2_labels_are_those_of_the_metrics(reference: Tensor, distorted: Tensor) -> None:
    labels = Labeller("hdrvdp2").label(reference, distorted)
    direct = HDRVDP2(ppd=30).predict(distorted, reference[None])
    for column, values in (
        ("hdrvdp_q", direct.q),
        ("hdrvdp_q_mos", direct.q_mos),
        ("hdrvdp_p_det", direct.p_map.amax(dim=(1, 2, 3))),
        ("hdrvdp_c_max", direct.c_map.amax(dim=(1, 2, 3))),
        ("pu21_psnr", create_metric("pu21-psnr")(distorted, reference[None])),
        ("pu21_ssim", create_metric("pu21-ssim")(distorted, reference[None])),
    ):
        assert labels[column].dtype == np.float64
        # Batches round otherwise in the last bits.
        assert labels[column] == pytest.approx(values.double().numpy(), rel=2e-5, abs=2e-6)


def test_hdrvdp2_label_is_what_users_are_told(reference: Tensor, distorted: Tensor) -> None:
    labels = Labeller("hdrvdp2").label(reference, distorted[2:3])
    told = hdrmetrics.score(
        distorted[2].permute(1, 2, 0).numpy(),
        "hdrvdp2",
        reference=reference.permute(1, 2, 0).numpy(),
        ppd=30,
        scale=1.0,
    )
    assert labels["hdrvdp_q_mos"][0] == pytest.approx(told.value, abs=1e-3)


def test_tmqi_labels_are_those_of_the_metric(reference: Tensor, mapped: Tensor) -> None:
    labels = Labeller("tmqi").label(reference, mapped)
    direct = TMQI().predict(mapped, reference[None])
    for column, values in (("tmqi_q", direct.q), ("tmqi_s", direct.s), ("tmqi_n", direct.n)):
        assert labels[column] == pytest.approx(values.numpy(), rel=1e-9)
    assert labels["tmqi_q"] == pytest.approx(
        create_metric("tmqi")(mapped, reference[None]).numpy(), abs=1e-6
    )


def test_columns_say_what_comes(reference: Tensor, distorted: Tensor) -> None:
    labeller = Labeller("hdrvdp2")
    assert labeller.columns == (
        "hdrvdp_q",
        "hdrvdp_q_mos",
        "hdrvdp_p_det",
        "hdrvdp_c_max",
        "pu21_psnr",
        "pu21_ssim",
    )
    assert tuple(labeller.label(reference, distorted[:1])) == labeller.columns
    assert Labeller("tmqi").columns == ("tmqi_q", "tmqi_s", "tmqi_n")


def test_direction_of_quality(reference: Tensor, distorted: Tensor) -> None:
    labels = Labeller("hdrvdp2").label(reference, distorted)
    assert not Labeller("hdrvdp2").higher_is_better
    assert (np.diff(labels["hdrvdp_q"]) > 0).all()
    assert (np.diff(labels["hdrvdp_q_mos"]) < 0).all()
    assert Labeller("tmqi").higher_is_better


def test_version_and_conditions_are_those_of_the_metrics() -> None:
    labeller = Labeller("hdrvdp2", ppd=45)
    assert labeller.version == f"hdrvdp2 {HDRVDP2.info.version}"
    conditions = labeller.conditions()
    assert set(conditions) == {"hdrvdp2", "pu21-psnr", "pu21-ssim"}
    assert conditions["hdrvdp2"]["ppd"] == 45
    assert Labeller("tmqi").version == f"tmqi {TMQI.info.version}"


def test_viewing_distance_matters(reference: Tensor, distorted: Tensor) -> None:
    near, far = (Labeller("hdrvdp2", ppd=p).label(reference, distorted[:1]) for p in (30, 60))
    assert near["hdrvdp_q"][0] != far["hdrvdp_q"][0]
    assert near["pu21_psnr"] == far["pu21_psnr"]


@pytest.mark.parametrize("teacher", ["hdrvdp2", "tmqi"])
def test_batch_equals_single_to_the_bit(
    teacher: str, reference: Tensor, distorted: Tensor, mapped: Tensor
) -> None:
    labeller = Labeller(teacher)  # type: ignore[arg-type]
    tests = distorted if teacher == "hdrvdp2" else mapped
    whole = labeller.label(reference, tests)
    for index, test in enumerate(tests):
        alone = labeller.label(reference, test[None])
        for column in labeller.columns:
            assert alone[column][0] == whole[column][index]


def test_memory_layout_and_threads_do_not_change_bits(reference: Tensor, distorted: Tensor) -> None:
    labeller = Labeller("hdrvdp2")
    expected = labeller.label(reference, distorted[:2])
    odd = torch.empty(2 * 3 * SIDE * SIDE + 1)[1:].view(2, 3, SIDE, SIDE)
    odd.copy_(distorted[:2])
    channels_last = distorted[:2].to(memory_format=torch.channels_last)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        for tests in (odd, channels_last, distorted[:2].double()):
            again = labeller.label(reference, tests)
            assert all(np.array_equal(again[c], expected[c]) for c in labeller.columns)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_another_process_gives_the_same_bits(reference: Tensor, distorted: Tensor) -> None:
    expected = Labeller("hdrvdp2").label(reference, distorted[1:3])
    code = f"""
import torch
from datasets.labelling.labels import Labeller
from hdrmetrics import read_image, sample_images
light = read_image(sample_images()["courtyard"], peak=1000.0).tensor()[0]
reference = light[:, 100 : 100 + {SIDE}, 150 : 150 + {SIDE}].clamp(0.005, 1e4)
noise = torch.randn(5, *reference.shape, generator=torch.Generator().manual_seed(3))
amount = torch.tensor([0.01, 0.03, 0.1, 0.2, 0.4]).view(5, 1, 1, 1)
tests = (reference * (1 + amount * noise)).clamp(0.005, 1e4)
labels = Labeller("hdrvdp2").label(reference, tests[1:3])
print(",".join(value.hex() for column in labels.values() for value in column.tolist()))
"""
    out = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = [float.fromhex(text) for text in out.stdout.split(",")]
    assert found == [value for column in expected.values() for value in column.tolist()]


def test_identical_crop_is_at_the_floor(reference: Tensor) -> None:
    labels = Labeller("hdrvdp2").label(reference, reference[None])
    assert labels["hdrvdp_q_mos"][0] > 99.9
    assert labels["hdrvdp_p_det"][0] == 0
    assert labels["pu21_psnr"][0] == math.inf
    assert labels["pu21_ssim"][0] == 1


def test_bad_test_costs_no_other_its_label(reference: Tensor, distorted: Tensor) -> None:
    labeller = Labeller("hdrvdp2")
    good = labeller.label(reference, distorted)
    assert labeller.reasons == {}
    broken = distorted.clone()
    broken[1, 0, 4, 5] = math.nan
    broken[3, 2, 1, 1] = math.inf
    labels = labeller.label(reference, broken)
    for column in labeller.columns:
        assert np.isnan(labels[column][[1, 3]]).all()
        assert np.array_equal(labels[column][[0, 2, 4]], good[column][[0, 2, 4]])
    assert set(labeller.reasons) == {1, 3}
    assert "NaN or infinite" in labeller.reasons[1]
    labeller.label(reference, distorted[:1])
    assert labeller.reasons == {}


def test_test_of_another_domain_is_a_reason(reference: Tensor, mapped: Tensor) -> None:
    labeller = Labeller("tmqi")
    tests = torch.stack([mapped[0], reference])
    labels = labeller.label(reference, tests)
    assert np.isfinite(labels["tmqi_q"][0])
    assert np.isnan(labels["tmqi_q"][1])
    assert "display-encoded" in labeller.reasons[1]


def test_dark_crop_needs_no_warning(reference: Tensor) -> None:
    # Warnings of the package are errors in the tests.
    dark = reference / reference.max() * 0.5
    labels = Labeller("hdrvdp2").label(dark, dark[None] * 1.1)
    assert np.isfinite(labels["hdrvdp_q"]).all()


def test_no_tests_no_labels(reference: Tensor) -> None:
    labels = Labeller("tmqi").label(reference, reference.new_zeros(0, 3, SIDE, SIDE))
    assert [values.shape for values in labels.values()] == [(0,)] * 3


def test_no_gradient_is_recorded(reference: Tensor, distorted: Tensor) -> None:
    labels = Labeller("hdrvdp2").label(reference, distorted[:1].clone().requires_grad_())
    assert np.isfinite(labels["hdrvdp_q"]).all()


def test_bad_reference_is_an_error(reference: Tensor, distorted: Tensor) -> None:
    broken = reference.clone()
    broken[0, 0, 0] = math.nan
    with pytest.raises(PixelValueError, match="reference"):
        Labeller("hdrvdp2").label(broken, distorted)


@pytest.mark.parametrize(
    ("reference_shape", "tests_shape"),
    [
        ((32, 32), (1, 3, 32, 32)),
        ((1, 32, 32), (1, 1, 32, 32)),
        ((3, 32, 32), (3, 32, 32)),
        ((3, 32, 32), (2, 3, 32, 31)),
        ((3, 32, 32), (2, 1, 32, 32)),
    ],
)
def test_wrong_shapes(reference_shape: tuple[int, ...], tests_shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError):
        Labeller("hdrvdp2").label(torch.ones(reference_shape), torch.ones(tests_shape))


def test_too_small_crop() -> None:
    with pytest.raises(ShapeError, match="at least"):
        Labeller("tmqi").label(torch.ones(3, 8, 8), torch.ones(1, 3, 8, 8))


def test_bad_options() -> None:
    with pytest.raises(UnknownNameError, match="hdrvdp2, tmqi"):
        Labeller("hdrvdp3")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="positive"):
        Labeller("hdrvdp2", ppd=0)
