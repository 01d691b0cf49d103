"""Every stage of HDR-VDP-2 against the original's intermediate results."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from hdrmetrics.metrics.hdrvdp2.csf import neural_csf, sensitivity_table
from hdrmetrics.metrics.hdrvdp2.masking import masked_differences
from hdrmetrics.metrics.hdrvdp2.optics import (
    apply_filter,
    frequency_grid,
    mtf,
    padded_filter,
    retinal_light,
)
from hdrmetrics.metrics.hdrvdp2.options import HDRVDP2Options
from hdrmetrics.metrics.hdrvdp2.pathway import Percept, band_frequencies, perceive
from hdrmetrics.metrics.hdrvdp2.photoreceptor import (
    achromatic_response,
    joint_sensitivity,
    response_tables,
    rod_sensitivity,
)
from hdrmetrics.metrics.hdrvdp2.quality import changed_pixels, quality, quality_weight
from hdrmetrics.metrics.hdrvdp2.spectral import display_matrix, mix
from tests.conftest import PROCEDURAL, Goldens
from tests.hdrvdp2.cases import image

OPTIONS = HDRVDP2Options()
Arrays = dict[str, NDArray[np.float64]]


def _read(name: str) -> Arrays:
    with np.load(PROCEDURAL / name) as data:
        return {key: data[key].astype(np.float64) for key in data.files}


@pytest.fixture(scope="module")
def stages() -> Arrays:
    return _read("hdrvdp_intermediates.npz")


@pytest.fixture(scope="module")
def curves() -> Arrays:
    return _read("hdrvdp_curves.npz")


@pytest.fixture(scope="module")
def percepts(goldens: Goldens) -> tuple[Percept, Percept]:
    reference = perceive(image(goldens, "dim.npz:reference", "luminance"), OPTIONS)
    test = image(goldens, "dim.npz:test_noise05", "luminance")
    return perceive(test, OPTIONS, reference), reference


def assert_equal_stage(got: torch.Tensor, want: NDArray[np.float64]) -> None:
    """Within 1e-6 of the stage's maximum; many stages are stored in single precision."""
    assert tuple(got.shape) == want.shape
    assert np.abs(got.numpy() - want).max() <= 1e-6 * np.abs(want).max()


def _planes(flat: NDArray[np.float64], sizes: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    planes, start = [], 0
    for height, width in sizes.astype(int):
        planes.append(flat[start : start + height * width].reshape(height, width, order="F"))
        start += height * width
    return planes


def test_sensitivities(curves: Arrays) -> None:
    np.testing.assert_allclose(
        joint_sensitivity(curves["lum"]), curves["joint_rod_cone_sens"], rtol=1e-12
    )
    np.testing.assert_allclose(rod_sensitivity(curves["lum"]), curves["rod_sens"], rtol=1e-12)


def test_neural_csf(curves: Arrays, stages: Arrays) -> None:
    frequency, luminance = (
        torch.from_numpy(curves[name]) for name in ("ncsf_freq_cpd", "ncsf_lum")
    )
    got = neural_csf(frequency[:, None], luminance[None])
    np.testing.assert_allclose(got.numpy(), curves["ncsf_freq_by_lum"], rtol=1e-12, atol=1e-15)
    for band, cpd in enumerate(band_frequencies(30.0, 5)):
        table = sensitivity_table(cpd, torch.float64, torch.device("cpu"))
        np.testing.assert_allclose(table, stages["CSF_lut_256xbands"][:, band], rtol=1e-12)


def test_optics_curve_and_grids(curves: Arrays, stages: Arrays) -> None:
    cpu = torch.device("cpu")
    got = mtf(torch.from_numpy(curves["mtf_freq_cpd"]))
    np.testing.assert_allclose(got.numpy(), curves["mtf"], rtol=1e-13)
    for height, width in ((8, 12), (7, 9)):
        want = curves[f"cycdeg_{height}x{width}_ppd30"][:, : width // 2 + 1]
        if width % 2 == 0:
            np.testing.assert_allclose(frequency_grid(height, width, 30.0, cpu), want, atol=1e-13)
    grid = mtf(frequency_grid(192, 256, 30.0, cpu))
    np.testing.assert_allclose(grid[0], stages["mtf_filter_first_row"][:129], rtol=1e-12)
    np.testing.assert_allclose(grid[:, 0], stages["mtf_filter_first_col"], rtol=1e-12)


@pytest.mark.parametrize(("height", "width"), [(16, 16), (97, 133), (31, 59), (48, 100)])
def test_smaller_transform_is_the_same_filter(height: int, width: int) -> None:
    """The definition transforms the image padded to exactly twice its size."""
    light = torch.rand(2, 3, height, width, dtype=torch.float64) * 1000
    transfer = mtf(frequency_grid(2 * height, 2 * width, 30.0, torch.device("cpu")))
    padded = torch.nn.functional.pad(light, (0, width, 0, height), value=13.0)
    spectrum = torch.fft.rfft2(padded) * transfer
    want = torch.fft.irfft2(spectrum, s=padded.shape[-2:])[..., :height, :width]
    filtered = apply_filter(light, padded_filter(transfer, height, width), 13.0)
    torch.testing.assert_close(filtered, want, rtol=1e-12, atol=1e-9)
    torch.testing.assert_close(retinal_light(light, 30.0, 13.0), want, rtol=1e-12, atol=1e-9)


def test_spectral_matrices(curves: Arrays) -> None:
    for name in ("ccfl-lcd", "led-lcd", "crt"):
        want = curves[f"M_{name.replace('-', '_')}"]
        np.testing.assert_array_equal(display_matrix(name, 3), want)
        np.testing.assert_allclose(display_matrix(name, 1), want.sum(0, keepdims=True))
    np.testing.assert_array_equal(display_matrix(None, 1), [curves["M_d65"]])


def test_photoreceptors(goldens: Goldens, stages: Arrays) -> None:
    gain = OPTIONS.sensitivity_gain
    np.testing.assert_allclose(response_tables()[0] * gain, stages["pn_jnd_cone"], rtol=1e-11)
    np.testing.assert_allclose(response_tables()[1] * gain, stages["pn_jnd_rod"], rtol=1e-11)

    light = image(goldens, "dim.npz:reference", "luminance")
    retina = retinal_light(light, 30.0, 1e-5)
    assert_equal_stage(retina[0, 0], stages["ref_L_O_after_mtf"])
    receptors = mix(retina, display_matrix(None, 1).T)
    assert_equal_stage(receptors[0].permute(1, 2, 0), stages["ref_R_LMSR"])
    response = achromatic_response(receptors[:, [0, 1, 3]], gain)
    assert_equal_stage(response[0, 0], stages["ref_P_LMR"].sum(axis=2))
    assert_equal_stage((response - response.mean())[0, 0], stages["ref_P_achromatic_response"])


def test_bands(percepts: tuple[Percept, Percept], stages: Arrays) -> None:
    for name, percept in zip(("test", "ref"), percepts, strict=True):
        assert_equal_stage(percept.adaptation[0, 0], stages[f"{name}_L_adapt"])
        got = [plane for band in percept.bands for plane in band[0]]
        want = _planes(stages[f"{name}_pyr_bands_flat"], stages["band_sizes"])
        for plane, expected in zip(got, want, strict=True):
            assert_equal_stage(plane, expected)
    assert float(percepts[1].base_mean) == pytest.approx(float(stages["bb_padvalue"]), rel=1e-10)
    assert band_frequencies(30.0, 5) == tuple(stages["band_freq_cpd"])


def test_masked_differences_and_quality(percepts: tuple[Percept, Percept], stages: Arrays) -> None:
    differences = masked_differences(*percepts, OPTIONS)
    got = [
        plane * 2.0**band
        for band, strips in enumerate(differences)
        for plane in torch.cat(strips, dim=2)[0]
    ]
    names = sorted(name for name in stages if name.startswith("D_") and "_o" in name)
    for plane, name in zip(got, names, strict=True):
        assert_equal_stage(plane, stages[name])

    changed = changed_pixels(percepts[0].light, percepts[1].light)
    value = float(quality(differences, band_frequencies(30.0, 5), changed))
    assert value == pytest.approx(float(stages["Q"]), abs=1e-10)
    for _, _, frequency, weight, _, _ in stages["quality_table_b_o_freq_weight_msre_contribution"]:
        assert quality_weight(frequency) == pytest.approx(weight, abs=1e-12)
