"""Networks: initialisation, precision, layout, gradients, and that they learn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.learned.architecture import OURS_NOR, Architecture, Stage
from hdrmetrics.learned.fronts.descriptors import PAIR_NAMES, describe_pair
from hdrmetrics.learned.fronts.pixels import picture_code
from hdrmetrics.learned.fronts.visible import NAMES as VISIBLE_NAMES
from hdrmetrics.learned.fronts.visible import describe_visible
from hdrmetrics.learned.network import QualityNetwork, build_network
from hdrmetrics.learned.statistics import statistics, window_moments
from hdrmetrics.photometry.color import luminance
from tests.learned.small import DIQM, NOR, TINY, alive, pictures
from trainers.nets import ARCHITECTURES

each = pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=ARCHITECTURES.keys())


def pair(architecture: Architecture, picture: Tensor) -> tuple[Tensor, ...]:
    return (picture,) if architecture.inputs == "none" else (picture, picture * 1.02)


@each
def test_activations_start_at_unit_scale(
    architecture: Architecture, photos: dict[str, Tensor]
) -> None:
    names = ("astronaut", "courtyard", "forest_path", "chelsea")
    found = []
    for name in names:
        codes = photos[name][..., :192, :192].float()
        network = build_network(architecture, seed=1)
        with torch.no_grad():
            maps = network.features(*pair(architecture, codes.clamp(0, 1)), domain="sdr")
            found.append([float(m.square().mean()) for m in maps])
            pooled = network.pool(maps)
            # Peaks are larger than means.
            most = 6 if architecture.front in (NOR.front, DIQM.front) else 3
            assert 0.02 < float(pooled.square().mean()) < most
            assert float(network.head(pooled).abs().max()) < 1, "targets start near a half"
    scale = torch.tensor(found).mean(dim=0)
    assert bool(((scale > 0.1) & (scale < 4)).all()), scale


def test_deep_layers_keep_the_scale_of_noise() -> None:
    # What a layer of a few channels draws scatters, so this is the mean over seeds.
    x = torch.randn(1, 62, 12, 12, generator=torch.Generator().manual_seed(0))
    scales = []
    for seed in range(16):
        network = build_network(OURS_NOR, seed=seed)
        with torch.no_grad():
            scales.append([float(maps.square().mean()) for maps in network.trunk(x)[1:]])
    assert torch.tensor(scales).mean(dim=0).tolist() == pytest.approx([1.0] * 3, rel=0.25)


def test_the_seed_decides_and_nothing_else() -> None:
    before = torch.get_rng_state()
    a, b, c = (build_network(NOR, seed=s).state_dict() for s in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before), "the global random state is not touched"
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert any(not torch.equal(a[name], c[name]) for name in a)


def test_rezero_starts_as_identity() -> None:
    network = build_network(NOR)
    picture = pictures(1, 160, 160)
    with torch.no_grad():
        before = network(picture, domain="hdr")
        for stage in network.stages:
            for block in stage.blocks:
                block.weight.mul_(100.0)
        torch.testing.assert_close(network(picture, domain="hdr"), before)
        network.stages[1].alpha.fill_(0.1)
        assert not torch.allclose(network(picture, domain="hdr"), before)


def test_a_rezero_block_by_its_formula() -> None:
    stage = alive(build_network(TINY)).stages[0]
    x = torch.randn(2, 62, 20, 24, generator=torch.Generator().manual_seed(0))
    y = torch.relu(stage.first(x))
    for alpha, block in zip(stage.alpha, stage.blocks, strict=True):
        y = torch.relu(y + alpha * block(y))
    torch.testing.assert_close(stage(x), y)


def test_a_stage_looks_at_each_cell_by_itself() -> None:
    architecture = replace(OURS_NOR, stages=(Stage(8, blocks=2),))
    stage = alive(build_network(architecture, seed=4)).double().stages[0]
    x = torch.randn(2, 62, 3, 5, generator=torch.Generator().manual_seed(1)).double()
    y = stage(x)
    assert y.shape == (2, 8, 3, 5), "no cell is lost"
    # As linear layers on one cell.
    weights = [(c.weight.flatten(1), c.bias) for c in (stage.first, *stage.blocks)]
    cell = x[1, :, 2, 4]
    z = torch.relu(weights[0][0] @ cell + weights[0][1])
    for alpha, (weight, bias) in zip(stage.alpha, weights[1:], strict=True):
        z = torch.relu(z + alpha * (weight @ z + bias))
    torch.testing.assert_close(y[1, :, 2, 4], z)
    changed = x.clone()
    changed[..., 0, 0] += 1.0
    differs = (stage(changed) - y).abs().sum(dim=(0, 1)) > 0
    assert differs.nonzero().tolist() == [[0, 0]]


@each
def test_all_weights_get_a_gradient(architecture: Architecture) -> None:
    network = alive(build_network(architecture))
    light = pictures(2, 160, 160)
    network(*pair(architecture, light), domain="hdr").sum().backward()
    for name, parameter in network.named_parameters():
        if parameter.numel():
            assert parameter.grad is not None, name
            assert float(parameter.grad.abs().sum()) > 0, name


@each
def test_batch_domain_and_layout(architecture: Architecture) -> None:
    network = alive(build_network(architecture)).eval()
    light = pictures(2, 140, 150)
    inputs = pair(architecture, light)
    with torch.no_grad():
        both = network(*inputs, domain="hdr")
        assert both.shape == (2, len(architecture.heads))
        one = network(*(x[1:] for x in inputs), domain="hdr")
        torch.testing.assert_close(both[1:], one, rtol=1e-4, atol=1e-5)
        network.to(memory_format=torch.channels_last)
        last = [x.contiguous(memory_format=torch.channels_last) for x in inputs]
        torch.testing.assert_close(network(*last, domain="hdr"), both, rtol=1e-4, atol=1e-4)
        with torch.autocast("cpu", torch.bfloat16):
            rough = network(*inputs, domain="hdr")
        assert rough.dtype == torch.float32
        torch.testing.assert_close(rough, both, rtol=0.1, atol=0.1)


@pytest.mark.parametrize("architecture", [NOR, DIQM], ids=lambda a: a.name)
def test_float64_gradients(architecture: Architecture) -> None:
    network = alive(build_network(architecture)).double()
    light = pictures(2, 130, 130).double()
    test = light[:1].requires_grad_()
    others = () if architecture.inputs == "none" else (light[1:],)
    assert torch.autograd.gradcheck(
        lambda x: network(x, *others, domain="hdr"), test, fast_mode=True, eps=1e-5, rtol=1e-3
    )


def test_identical_pictures_have_finite_gradients() -> None:
    for name in ("paper-diqm", "ours-diqm"):
        network = alive(build_network(ARCHITECTURES[name]))
        light = pictures(1, 140, 140)
        leaf = light.clone().requires_grad_()
        network(leaf, light, domain="hdr").sum().backward()
        assert leaf.grad is not None
        assert bool(leaf.grad.isfinite().all())
        black = torch.zeros_like(light).requires_grad_()
        network(black, torch.zeros_like(light), domain="hdr").sum().backward()
        assert black.grad is not None
        assert bool(black.grad.isfinite().all())


def test_statistics_of_known_maps() -> None:
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(2, 5, 9, 11, generator=generator, dtype=torch.float64) * 3 + 1
    weights = torch.rand(2, 1, 9, 11, generator=generator, dtype=torch.float64)
    rows, columns = [(0, 4), (3, 6)], [(1, 10), (0, 2), (5, 5)]
    for layout in (torch.contiguous_format, torch.channels_last):
        laid = maps.contiguous(memory_format=layout)
        for weight in (None, weights):
            mean, energy, _ = window_moments(laid, rows, columns, weight)
            assert mean.shape == energy.shape == (2, 6, 5)
            for k, ((top, h), (left, w)) in enumerate((r, c) for r in rows for c in columns):
                part = maps[..., top : top + h, left : left + w]
                own = weights[..., top : top + h, left : left + w]
                own = torch.ones_like(own) if weight is None else own
                wanted = (part * own).sum((2, 3)) / own.sum((2, 3))
                torch.testing.assert_close(mean[:, k], wanted)
                wanted = (part.square() * own).sum((2, 3)) / own.sum((2, 3))
                torch.testing.assert_close(energy[:, k], wanted)


def test_mean_deviation_and_peak_against_numpy() -> None:
    generator = torch.Generator().manual_seed(0)
    maps = 2 * torch.randn(2, 5, 9, 11, generator=generator, dtype=torch.float64) + 0.5
    weights = torch.rand(2, 1, 9, 11, generator=generator, dtype=torch.float64)
    x, w = maps[:, :, 2:8, 3:10].numpy(), weights[:, :, 2:8, 3:10].numpy()
    for weight, own in ((None, np.ones_like(w)), (weights, w)):
        moments = window_moments(maps, [(2, 6)], [(3, 7)], weight)
        share = own / own.sum(axis=(2, 3), keepdims=True)
        m1, m2, m4 = ((share * x**n).sum(axis=(2, 3)) for n in (1, 2, 4))
        for found, wanted in zip(moments, (m1, m2, m4), strict=True):
            np.testing.assert_allclose(found[:, 0], wanted, rtol=1e-12)
        found = statistics(moments)[:, 0]
        deviation = np.sqrt(m2 - m1**2 + 1e-4) - 0.01
        peak = (m4 + 1e-8) ** 0.25 - 0.01
        wanted = np.concatenate([m1, deviation, peak], axis=-1)
        np.testing.assert_allclose(found, wanted, rtol=1e-9)
    # Few strong cells have a higher peak than many weak ones of the same energy.
    few = torch.zeros(1, 1, 10, 10)
    few[..., 0, 0] = 10.0
    many = torch.ones(1, 1, 10, 10)
    peaks = []
    for one in (few, many):
        moments = window_moments(one, [(0, 10)], [(0, 10)])
        peaks.append(float(statistics(moments)[0, 0, 2]))
    assert peaks == pytest.approx([100**0.25 - 0.01, 1 - 0.01], abs=1e-5)
    nothing = torch.zeros(1, 1, 4, 4, requires_grad=True)
    moments = window_moments(nothing, [(0, 4)], [(0, 4)])
    found = statistics(moments)
    assert found.flatten().tolist() == pytest.approx([0.0, 0.0, 0.0], abs=1e-6)
    found.sum().backward()
    assert nothing.grad is not None
    assert bool(nothing.grad.isfinite().all())


def test_descriptors_of_pairs_meet_where_the_network_compares() -> None:
    light = pictures(2, 96, 80)
    test, reference = light[:1], light[1:]
    nor, diqm = (build_network(a) for a in (NOR, DIQM))
    compared = diqm.channels(test, reference, domain="hdr")
    assert compared.shape[1] == 2 * 62 + len(PAIR_NAMES) + len(VISIBLE_NAMES)
    for picture, channels in ((test, compared[:, :62]), (reference, compared[:, 62:124])):
        alone = nor.channels(picture, domain="hdr")
        torch.testing.assert_close(channels, alone[:, :62])
    codes = [picture_code(x, "light") for x in (test, reference)]
    torch.testing.assert_close(compared[:, 124:-8], describe_pair(*codes))
    torch.testing.assert_close(
        compared[:, -8:], describe_visible(luminance(test), luminance(reference))
    )
    cells = diqm.cells(test, reference, domain="hdr")
    torch.testing.assert_close(cells, compared[:, :-8])


def test_a_small_network_learns_how_strong_noise_is() -> None:
    network = build_network(TINY, seed=0)
    generator = torch.Generator().manual_seed(4)
    clean = pictures(24, 48, 48, seed=9)
    strength = torch.linspace(0.0, 0.5, 24)[torch.randperm(24, generator=generator)]
    noise = torch.randn(clean.shape, generator=generator)
    noisy = clean * torch.exp(strength[:, None, None, None] * noise)
    target = 1 - 2 * strength
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-2)
    for _ in range(100):
        loss = (network(noisy, domain="hdr").sigmoid()[:, 0] - target).abs().mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert float(loss.detach()) < 0.08, "guessing the mean gives 0.25"


def test_bad_calls() -> None:
    network, other = build_network(NOR), build_network(DIQM)
    light = pictures(1, 140, 140)
    with pytest.raises(OptionError, match="takes no reference"):
        network(light, light, domain="hdr")
    with pytest.raises(OptionError, match="takes a reference"):
        other(light, domain="hdr")
    with pytest.raises(OptionError, match="a domain is one of"):
        network(light, domain="film")  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match="at least 48"):
        network(light[..., :47], domain="hdr")
    with pytest.raises(ShapeError, match="1 or 3 channels"):
        network(light[:, :2], domain="hdr")
    with pytest.raises(ShapeError, match="floats"):
        network((light * 0).int(), domain="hdr")
    with pytest.raises(ShapeError, match="differ"):
        other(light, light[..., :-1], domain="hdr")
    assert isinstance(network, QualityNetwork)
