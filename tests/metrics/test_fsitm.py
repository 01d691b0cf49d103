"""FSITM against the authors' code, its smooth form, its corner cases, and bad input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image as Pillow
from torch import Tensor

import hdrmetrics as hm
from hdrmetrics import create_metric
from hdrmetrics.errors import DomainError, OptionError, ShapeError
from hdrmetrics.functional import fsitm, fsitm_tmqi, tmqi
from hdrmetrics.metrics.fsitm import FSITM, coarse_share, phase
from tests.conftest import PROCEDURAL, Goldens

# FSITM.m of the authors (H. Ziaei Nafchi, 2014), as published inside FFTMI (2020) with leave to
# use it, under Octave 7.3: reference, tone mapping, then the red, green and blue channel.
ORIGINAL = [
    ("lights", "gamma", 0.945585613518, 0.968607084722, 0.944035346097),
    ("lights", "linear", 0.940392217658, 0.943415239129, 0.94132237811),
    ("lights", "log", 0.944035346097, 0.971785132935, 0.939462057205),
    ("lights", "posterised", 0.756995581738, 0.757770715448, 0.765754592667),
    ("lights", "sigmoid18", 0.972482753275, 0.974498100922, 0.973257886986),
    ("lights", "sigmoid60", 0.964421362685, 0.970389892256, 0.964421362685),
    ("dim", "gamma", 0.883626302083, 0.927897135417, 0.88916015625),
    ("dim", "linear", 0.917805989583, 0.925699869792, 0.921223958333),
    ("dim", "log", 0.93212890625, 0.943196614583, 0.936686197917),
    ("dim", "posterised", 0.781168619792, 0.797526041667, 0.791748046875),
    ("dim", "sigmoid18", 0.927734375, 0.93359375, 0.926025390625),
    ("dim", "sigmoid60", 0.914469401042, 0.942789713542, 0.914225260417),
]
# The same, every pixel of the pictures first repeated so many times each way: more than 2¹⁹
# pixels, from where on the coarse filters take part.
ORIGINAL_LARGE = [
    ("lights", "gamma", 7, 0.867523321242, 0.879857438673, 0.866673837972),
    ("lights", "sigmoid18", 7, 0.868271562559, 0.870622274179, 0.875344262191),
    ("dim", "log", 8, 0.922613779704, 0.929285685221, 0.923007965088),
]
CHANNELS = ("red", "green", "blue")


def picture(name: str) -> Tensor:
    """Return a tone-mapped test picture as ``(1, 3, H, W)`` in [0, 1]."""
    array = np.asarray(Pillow.open(PROCEDURAL / "ldr" / name), dtype=np.float64) / 255
    return torch.from_numpy(np.moveaxis(array, 2, 0).copy())[None]


@pytest.fixture
def pair(hdr_scene: Tensor) -> tuple[Tensor, Tensor]:
    """Return a plain tone mapping and its HDR image, ``(1, 3, 160, 224)``."""
    light = hdr_scene / hdr_scene.quantile(0.95)
    return (light / (light + 0.3)).clamp(0, 1) ** (1 / 2.2), hdr_scene


@pytest.mark.parametrize("row", ORIGINAL, ids=lambda row: f"{row[0]}-{row[1]}")
def test_equals_the_original(row: tuple[str, str, float, float, float], goldens: Goldens) -> None:
    scene, operator, *values = row
    test, reference = picture(f"{scene}__{operator}.png"), goldens.tensor(f"{scene}.npz:reference")
    for channel, want in zip(CHANNELS, values, strict=True):
        found = fsitm(test, reference, channel=channel)  # type: ignore[arg-type]
        assert float(found) == pytest.approx(want, abs=1e-11), "not a single pixel differs"
    # single precision moves phases that are zero but for rounding
    assert float(fsitm(test.float(), reference.float())) == pytest.approx(values[1], abs=1e-3)


@pytest.mark.parametrize("row", ORIGINAL_LARGE, ids=lambda row: f"{row[0]}-{row[1]}")
def test_equals_the_original_on_large_images(
    row: tuple[str, str, int, float, float, float], goldens: Goldens
) -> None:
    scene, operator, times, *values = row
    test, reference = (
        image.repeat_interleave(times, dim=2).repeat_interleave(times, dim=3)
        for image in (
            picture(f"{scene}__{operator}.png"),
            goldens.tensor(f"{scene}.npz:reference"),
        )
    )
    assert coarse_share(*test.shape[-2:]) == pytest.approx({7: 1 / 2, 8: 2 / 3}[times])
    for channel, want in zip(CHANNELS, values, strict=True):
        found = fsitm(test, reference, channel=channel)  # type: ignore[arg-type]
        assert float(found) == pytest.approx(want, abs=2 / test[0, 0].numel()), "a pixel or two"


def transcribed_phase(image: NDArray[np.float64], waves: tuple[float, ...]) -> NDArray[np.float64]:
    """Return the phase from complex filters one by one, as the paper describes it."""
    rows, columns = image.shape
    x, y = (
        np.arange(-(side // 2), side - side // 2) / (side - side % 2) for side in (columns, rows)
    )
    u, v = np.meshgrid(x, y)
    radius, angle = np.fft.ifftshift(np.hypot(u, v)), np.fft.ifftshift(np.arctan2(-v, u))
    radius[0, 0] = 1.0
    even, odd = 0.0, [0.0, 0.0]
    for which, turn in enumerate((0.0, np.pi / 2)):
        distance = np.abs(np.angle(np.exp(1j * (angle - turn))))
        for wave in waves:
            pass_band = np.exp(-(np.log(radius * wave) ** 2) / (2 * np.log(0.65) ** 2))
            pass_band /= 1 + (radius / 0.45) ** 30
            pass_band[0, 0] = 0
            pass_band = pass_band * (np.cos(distance) + 1) / 2
            response = np.fft.ifft2(np.fft.fft2(image) * pass_band)
            even, odd[which] = even + response.real, odd[which] + response.imag
    result: NDArray[np.float64] = np.arctan2(even, np.hypot(*odd))
    return result


@pytest.mark.parametrize("size", [(33, 40), (40, 33), (31, 45), (32, 48), (5, 4)])
@pytest.mark.parametrize("waves", [(2.0, 4.0), (8.0, 64.0)])
def test_phase_equals_a_transcription(
    size: tuple[int, int], waves: tuple[float, ...], pair: tuple[Tensor, Tensor]
) -> None:
    image = pair[1][:, :1, 20 : 20 + size[0], 30 : 30 + size[1]]
    want = torch.from_numpy(transcribed_phase(image[0, 0].numpy(), waves))
    torch.testing.assert_close(phase(image, waves)[0, 0], want, rtol=0, atol=1e-9)
    assert bool(((phase(image, waves, sign_only=True)[0, 0] > 0) == (want > 0)).all())


def test_phase_says_line_edge_and_dark_line() -> None:
    image = torch.zeros(1, 1, 64, 96, dtype=torch.float64)
    image[..., 24] = 1
    image[..., 72] = -1
    found = phase(image, (8.0, 16.0))[0, 0, 32]
    assert float(found[24]) == pytest.approx(np.pi / 2, abs=1e-6)
    assert float(found[72]) == pytest.approx(-np.pi / 2, abs=1e-6)
    assert float(phase(image * 0 + 3.7, (2.0, 4.0)).abs().max()) == 0, "flat: no phase"


def test_smooth_form_tends_to_the_count(pair: tuple[Tensor, Tensor]) -> None:
    hard = float(fsitm(*pair))
    errors = [abs(float(fsitm(*pair, softness=s)) - hard) for s in (0.3, 0.03, 0.003, 1e-6)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1e-4


@pytest.mark.parametrize("name", ["fsitm", "fsitm-tmqi"])
def test_smooth_form_has_the_right_gradient(name: str, pair: tuple[Tensor, Tensor]) -> None:
    test, reference = (image[..., :24, :31] for image in pair)
    for mask in (None, torch.rand(24, 31, generator=torch.Generator().manual_seed(1))):
        metric = create_metric(name, softness=0.2)
        assert metric.info.differentiable
        assert torch.autograd.gradcheck(
            lambda x, m=mask, metric=metric: metric(x, reference, mask=m),
            test.clone().requires_grad_(),
            fast_mode=True,
            eps=1e-6,
            rtol=1e-4,
        )


@pytest.mark.parametrize("name", ["fsitm", "fsitm-tmqi"])
def test_gradient_with_coarse_filters(
    name: str, pair: tuple[Tensor, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hdrmetrics.metrics.fsitm._ONE_BANK_PIXELS", 200)
    test, reference = (image[..., :24, :31] for image in pair)
    metric = create_metric(name, softness=0.2)
    assert metric.conditions(reference)["coarse_share"] == pytest.approx(2 / 3)
    assert torch.autograd.gradcheck(
        lambda x: metric(x, reference), test.clone().requires_grad_(), fast_mode=True, rtol=1e-4
    )


@pytest.mark.parametrize("name", ["fsitm", "fsitm-tmqi"])
def test_loss_improves_an_image(name: str, pair: tuple[Tensor, Tensor]) -> None:
    reference = pair[1][..., :48, :64]
    image = torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(2)).double()
    metric = create_metric(name, softness=0.1)
    prepared, before = metric.prepare(reference), float(create_metric(name)(image, reference))
    image.requires_grad_()
    optimiser = torch.optim.Adam([image], lr=0.05)
    for _ in range(60):
        optimiser.zero_grad()
        prepared.loss(image.clamp(0, 1)).backward()
        optimiser.step()
    after = float(create_metric(name)(image.detach().clamp(0, 1), reference))
    assert after > before + 0.15


def test_without_softness_there_is_no_loss() -> None:
    for name in ("fsitm", "fsitm-tmqi"):
        metric = create_metric(name)
        assert not metric.info.differentiable
        with pytest.raises(OptionError, match=r"softness=0\.1"):
            metric.as_loss()


@pytest.mark.parametrize("code", [0.0, 0.5, 1.0])
def test_flat_images(code: float) -> None:
    flat = torch.full((1, 1, 33, 47), code, dtype=torch.float64)
    light = torch.rand(1, 1, 33, 47, generator=torch.Generator().manual_seed(1)).double()
    for test, reference in ((flat, light * 1e9), (flat, flat * 100), (light, flat)):
        leaf = test.clone().requires_grad_()
        value = create_metric("fsitm", softness=0.1).as_loss()(leaf, reference)
        value.backward()
        assert torch.isfinite(value)
        assert leaf.grad is not None
        assert torch.isfinite(leaf.grad).all()
    assert float(fsitm(flat, flat * 100)) == 1.0, "the same everywhere: no structure in either"


def test_unit_and_zeros_of_the_reference(pair: tuple[Tensor, Tensor]) -> None:
    test, reference = pair
    reference = (reference - reference.quantile(0.05)).clamp_min(0)
    assert float((reference == 0).double().mean()) > 0.02
    want = float(fsitm(test, reference))
    for scale in (1e-6, 0.37, 1e9):
        assert float(fsitm(test, reference * scale)) == pytest.approx(want, abs=1e-3)


def test_inversion_turns_the_signs_round(pair: tuple[Tensor, Tensor]) -> None:
    test, reference = pair
    good, bad = float(fsitm(test, reference)), float(fsitm(1 - test, reference))
    assert good > 0.8
    assert good + bad == pytest.approx(1.0, abs=1e-3)


def test_combination_map_and_mask(pair: tuple[Tensor, Tensor]) -> None:
    test, reference = pair
    both = (float(fsitm(test, reference)) + float(tmqi(test, reference))) / 2
    assert float(fsitm_tmqi(test, reference)) == pytest.approx(both, abs=1e-12)
    combined = create_metric("fsitm-tmqi", channel="red", window="same")
    assert combined.conditions()["channel"] == "red"
    prepared = combined.prepare(reference)
    torch.testing.assert_close(prepared(test), combined(test, reference), rtol=0, atol=1e-12)
    metric = FSITM()
    local = metric.map(test, reference)
    assert set(local.unique().tolist()) == {0.0, 1.0}
    assert float(local.mean()) == pytest.approx(float(fsitm(test, reference)), abs=1e-12)
    mask = torch.zeros(160, 224)
    mask[10:50, 20:90] = 1
    inside = float(local[..., 10:50, 20:90].mean())
    assert float(fsitm(test, reference, mask=mask)) == pytest.approx(inside, abs=1e-12)


def test_files(tmp_path: Path, pair: tuple[Tensor, Tensor]) -> None:
    codes = (pair[0][0].permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()
    Pillow.fromarray(codes).save(tmp_path / "ldr.png")
    hm.write_image(tmp_path / "hdr.exr", pair[1][0].permute(1, 2, 0).float().numpy())
    test = torch.from_numpy(codes / 255.0).permute(2, 0, 1)[None]
    for name, function in (("fsitm", fsitm), ("fsitm-tmqi", fsitm_tmqi)):
        score = hm.score(tmp_path / "ldr.png", name, reference=tmp_path / "hdr.exr")
        assert score.value == pytest.approx(float(function(test, pair[1])), abs=2e-3)
        assert score.conditions["channel"] == "green"


def test_bad_input(pair: tuple[Tensor, Tensor]) -> None:
    test, reference = pair
    with pytest.raises(OptionError, match="channel"):
        create_metric("fsitm", channel="luma")
    for softness in (-0.1, float("nan"), float("inf")):
        with pytest.raises(OptionError, match="radians"):
            create_metric("fsitm", softness=softness)
    with pytest.raises(DomainError, match=r"\[0, 1\]"):
        fsitm(test * 255, reference)
    with pytest.raises(ShapeError, match="4×4"):
        fsitm(test[..., :3], reference[..., :3])
    with pytest.raises(ShapeError, match="differ"):
        fsitm(test[:, :1], reference)
