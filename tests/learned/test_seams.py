"""Seams against a slow transcription, closed forms, and the order that networks see them in."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from hdrmetrics import read_image, sample_images
from hdrmetrics.distort import distort
from hdrmetrics.learned.architecture import OURS_NOR
from hdrmetrics.learned.fronts.alone import CellsAlone
from hdrmetrics.learned.fronts.cells import CELL, MARGIN, cell_shape
from hdrmetrics.learned.fronts.seams import NAMES, describe_seams
from hdrmetrics.learned.network import build_network
from hdrmetrics.learned.statistics import statistics, window_moments
from hdrmetrics.learned.whole_image import score_windows
from trainers.feeding.symmetry import symmetric

Array = NDArray[np.float64]


def tensor(code: Array) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(code, dtype=np.float64))[None, None]


def noise(*shape: int, seed: int = 0) -> Array:
    return np.random.Generator(np.random.PCG64(seed)).normal(0.5, 0.1, size=shape)


def slow(code: Array) -> Array:
    """Return the seams of a picture's cells, pixel by pixel."""
    rows, columns = cell_shape(*code.shape)
    found = np.zeros((2 * CELL, rows, columns))
    for axis, turned in enumerate((code, code.T)):
        shape = cell_shape(*turned.shape)
        for i in range(shape[0]):
            for j in range(shape[1]):
                top, left = MARGIN + i * CELL, MARGIN + j * CELL
                excess, step = np.zeros((CELL, CELL)), np.zeros((CELL, CELL))
                for y in range(CELL):
                    for x in range(CELL):
                        line, at = turned[top + y], left + x
                        before, own, after = abs(np.diff(line[at - 2 : at + 2]))
                        step[y, x], excess[y, x] = own, max(own - max(before, after), 0.0)
                value = excess.mean(axis=0) / (step.mean() + 0.003) / 0.25
                place = (i, j) if axis == 0 else (j, i)
                found[axis * CELL : (axis + 1) * CELL, place[0], place[1]] = value
    return found


def ordered(code: Tensor) -> Tensor:
    """Return the pooled means of seams ``(N, 2, 16)``, in order."""
    return describe_seams(code).mean(dim=(-2, -1)).unflatten(1, (2, CELL)).sort(-1, True).values


def blocks(side: int, depth: float = 0.05) -> Array:
    """Return blocks of random levels over a little noise."""
    rng = np.random.Generator(np.random.PCG64(3))
    levels = np.kron(rng.normal(0.5, depth, size=(12, 14)), np.ones((side, side)))
    return np.asarray(levels + rng.normal(0, 0.002, size=levels.shape))


@pytest.mark.parametrize("size", [(48, 48), (85, 71), (64, 113)])
def test_a_slow_transcription_agrees(size: tuple[int, int]) -> None:
    code = noise(*size)
    found = describe_seams(tensor(code))
    np.testing.assert_allclose(found[0].numpy(), slow(code), rtol=1e-9, atol=1e-10)


def test_names() -> None:
    assert len(NAMES) == len(set(NAMES)) == 2 * CELL
    assert NAMES[0] == "seam0-x"
    assert NAMES[CELL + 3] == "seam3-y"
    assert describe_seams(torch.rand(2, 1, 48, 64)).shape == (2, 32, 1, 2)


def test_a_flat_picture_and_a_slope_have_none() -> None:
    assert not describe_seams(torch.full((1, 1, 64, 64), 0.4)).any()
    slope = torch.linspace(0, 1, 64, dtype=torch.float64).expand(1, 1, 64, 64)
    torch.testing.assert_close(describe_seams(slope), torch.zeros(1, 32, 2, 2).double())


@pytest.mark.parametrize("phase", [0, 5, 15])
@pytest.mark.parametrize("axis", ["x", "y"])
def test_one_step_in_each_cell_stands_at_its_phase(phase: int, axis: str) -> None:
    height = 0.1
    line = height * ((np.arange(96) - MARGIN - phase) // CELL)
    code = tensor(np.tile(line, (64, 1)) if axis == "x" else np.tile(line[:, None], (1, 64)))
    found = dict(zip(NAMES, describe_seams(code)[0].unbind(), strict=True))
    # A step of h once in 16 columns: its mean is h/16.
    wanted = height / (height / CELL + 0.003) / 0.25
    for name, values in found.items():
        here = wanted if name == f"seam{phase}-{axis}" else 0.0
        assert values.flatten().tolist() == pytest.approx([here] * values.numel(), abs=1e-9), name


@pytest.mark.parametrize("side", [8, 16])
def test_where_the_grid_begins_is_no_matter(side: int) -> None:
    picture = blocks(side)
    found = [ordered(tensor(picture[y : y + 80, x : x + 80])) for y, x in ((0, 0), (3, 5), (7, 1))]
    for one in found:
        count = CELL // side
        assert float(one[..., count - 1].min()) > 4 * float(one[..., count].max())
    torch.testing.assert_close(found[1], found[0], rtol=0.25, atol=0.1)
    assert float(ordered(tensor(noise(80, 80)))[..., 0].max()) < 1.5


def test_blocks_shown_from_elsewhere_stand_out_more_the_more_there_are() -> None:
    image = read_image(sample_images()["courtyard"]).tensor()[..., 64:320, 64:320]
    code = (image / image.max()).clamp(0, 1) ** (1 / 2.2)
    settings = {"block": 16, "concealment": "shifted", "shift": 12.0, "angle": 30.0}
    found = []
    for strength in (0.0, 0.5, 1.0):
        shown = distort(code, "block_loss", strength=strength, domain="sdr", seed=1, **settings)
        top = ordered(shown.mean(dim=1, keepdim=True).double())
        found.append(float((top[..., 0] - top[..., 8]).sum()))
    assert found[0] < found[1] < found[2]
    assert found[2] > 2 * found[0]


def test_windows_and_blocks_see_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    code = tensor(noise(160, 200))
    window = (..., slice(32, 112), slice(48, 144))
    torch.testing.assert_close(
        describe_seams(code)[..., 2:5, 3:7], describe_seams(code[window]), rtol=0, atol=1e-12
    )
    whole = describe_seams(code)
    for side in ("_DOWN", "_ACROSS"):
        monkeypatch.setattr(f"hdrmetrics.learned.fronts.quick.{side}", 2)
    torch.testing.assert_close(describe_seams(code), whole)


def test_gradients_by_differences() -> None:
    code = tensor(noise(48, 48)).requires_grad_()
    assert torch.autograd.gradcheck(describe_seams, code, eps=1e-7, atol=1e-4)


def test_transposed_they_change_places() -> None:
    code = torch.rand(1, 1, 80, 96, dtype=torch.float64)
    plain = FRONT.see(code, None, "sdr")
    turned = FRONT.see(code.transpose(-1, -2), None, "sdr")
    assert plain.shape[1] == FRONT.channels + FRONT.beside == 62 + 32
    torch.testing.assert_close(symmetric(plain, transposed=True, flips=(False, False)), turned)


def flipped(code: Tensor, flips: tuple[bool, bool]) -> tuple[Tensor, Tensor]:
    """Return the seams that ``symmetric`` makes of a picture's, and those of its flipped self."""
    dims = [dim for dim, flip in zip((-2, -1), flips, strict=True) if flip]
    plain = FRONT.see(code, None, "sdr")
    turned = FRONT.see(code.flip(dims), None, "sdr")
    made = symmetric(plain, transposed=False, flips=flips)
    return made[:, FRONT.channels :], turned[:, FRONT.channels :]


FRONT = CellsAlone()
FLIPS = [(True, False), (False, True), (True, True)]


@pytest.mark.parametrize("flips", FLIPS)
def test_flipped_their_phases_run_the_other_way(flips: tuple[bool, bool]) -> None:
    code = noise(80, 112)
    for start in range(MARGIN, 112, CELL):  # no step at phase 0, which is of the next cell then
        code[:, start] = code[:, start - 1]
        if start < 80:
            code[start] = code[start - 1]
    made, wanted = flipped(tensor(code), flips)
    own = describe_seams(tensor(code))
    torch.testing.assert_close(made, wanted, rtol=1e-9, atol=1e-10)
    assert float((made - own).square().mean()) > 0.1 * float(own.square().mean())
    phases = made.unflatten(1, (2, CELL))
    assert not phases[:, :, 0].any()
    assert bool((phases[:, :, 1:].amax(dim=(-2, -1)) > 0).all())


@pytest.mark.parametrize("flips", FLIPS)
def test_flipped_the_first_phase_is_that_of_the_next_cell(flips: tuple[bool, bool]) -> None:
    # Where all cells are alike, the next one's first phase is that of the cell itself.
    alike = np.tile(noise(CELL, CELL), (5, 7))
    made, wanted = flipped(tensor(alike), flips)
    torch.testing.assert_close(made, wanted, rtol=1e-9, atol=1e-10)
    # One step before the second of five cells: flipped it stands before the fifth, not the fourth.
    edge = MARGIN + CELL
    code = np.where(np.arange(112) < edge, 0.3, 0.6) * np.ones((112, 1))
    code = code + np.where(np.arange(112) < edge, 0.0, 0.2)[:, None]
    made, wanted = flipped(tensor(code), flips)
    for axis, flip in enumerate(flips):  # rows, then columns
        rows = (1 - axis) * CELL  # the first phase between rows stands after those of columns
        for found, last in ((made, 3), (wanted, 4)):
            along = found[0, rows].amax(dim=1 - axis)
            assert along.nonzero().flatten().tolist() == [last if flip else 1]


# -- in networks -----------------------------------------------------------------------------------


def test_each_statistic_is_in_order_and_the_others_stay() -> None:
    maps = torch.rand(2, 94, 5, 6)
    moments = window_moments(maps, [(0, 5)], [(0, 6)])
    found = FRONT.pool(moments, 0).unflatten(-1, (3, 94))
    plain = statistics(moments).unflatten(-1, (3, 94))
    assert torch.equal(found[..., :62], plain[..., :62])
    for span in (slice(62, 78), slice(78, 94)):
        wanted, mean = (plain[..., span].sort(-1, True).values, plain[..., span].mean(-1, True))
        torch.testing.assert_close(found[..., span][..., 15:], mean)
        contrast = ((wanted + 0.02) / (mean + 0.02)).log()[..., :15]
        torch.testing.assert_close(found[..., span][..., :15], contrast)
    # The stages know no seams.
    stage = [moment[..., :128] for moment in moments]
    assert torch.equal(FRONT.pool(stage, 1), statistics(stage))


def test_the_network_does_not_care_where_blocks_begin() -> None:
    network = build_network(OURS_NOR.with_heads("sdr-d"), seed=1).double()
    features = network.features(torch.rand(1, 3, 128, 128).double(), domain="sdr")
    seams = features[0][:, 62:78].roll(5, dims=1)
    moved = torch.cat([features[0][:, :62], seams, features[0][:, 78:]], dim=1)
    assert torch.equal(network.pool((moved, *features[1:])), network.pool(features))


def test_a_window_scores_as_a_picture_of_its_own() -> None:
    network = build_network(OURS_NOR.with_heads("sdr-d"), seed=1).double()
    image = torch.rand(1, 3, 256, 400).double()
    windows = score_windows(network, image, domain="sdr")
    own = network(image[..., :256], domain="sdr")
    torch.testing.assert_close(windows.raw[:, 0], own)
