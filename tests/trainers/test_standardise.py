"""Standardised statistics: moments, heads that want them or do without, and the learner's use."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.card import Card
from hdrmetrics.learned.network import QualityNetwork, build_network
from hdrmetrics.learned.weights import load_weights, save_weights
from trainers.config import Config, parse_config
from trainers.learning.learner import Learner
from trainers.learning.material import SetMaterial, collect
from trainers.learning.standardise import Standardiser
from trainers.running.processes import Processes

from .small import CELLS_CONFIG, CELLS_SIZE, make_set


def _batches(count: int, items: int, width: int, seed: int = 0) -> Tensor:
    """Return statistics of very different sizes, ``(count, items, width)``."""
    generator = torch.Generator().manual_seed(seed)
    scale = torch.logspace(-2, 2, width)
    return scale * (3.0 + torch.randn(count, items, width, generator=generator))


def test_moments_against_numpy() -> None:
    batches = _batches(30, 8, 5)
    standardiser = Standardiser(5, rate=0.1)
    mean, variance = np.zeros(5), np.ones(5)
    for t, batch in enumerate(batches, start=1):
        standardiser.follow(batch)
        x, rate = batch.double().numpy(), max(0.1, 1 / t)
        centre = x.mean(axis=0) if t == 1 else mean
        variance = (1 - rate) * variance + rate * ((x - centre) ** 2).mean(axis=0)
        mean = (1 - rate) * mean + rate * x.mean(axis=0)
        np.testing.assert_allclose(standardiser.mean, mean, rtol=1e-5)
        np.testing.assert_allclose(standardiser.variance, variance, rtol=1e-4)
    assert int(standardiser.updates) == 30


def test_the_first_batches_count_alike() -> None:
    batches = _batches(8, 16, 4)
    standardiser = Standardiser(4, rate=0.02)
    for batch in batches:
        standardiser.follow(batch)
    joint = batches.flatten(0, 1).double().numpy()
    np.testing.assert_allclose(standardiser.mean, joint.mean(axis=0), rtol=1e-5)
    # About running means, so a little above the joint variance.
    ratio = standardiser.variance.numpy() / joint.var(axis=0)
    assert (ratio > 0.9).all()
    assert (ratio < 1.3).all()
    found = standardiser(torch.from_numpy(joint).float())
    np.testing.assert_allclose(found.mean(dim=0), 0, atol=1e-3)
    np.testing.assert_allclose(found.std(dim=0), 1, atol=0.15)


def test_one_batch_alone_is_standardised_by_its_own_moments() -> None:
    batch = _batches(1, 64, 6)[0]
    standardiser = Standardiser(6, rate=0.5)
    standardiser.follow(batch)
    x = batch.double().numpy()
    wanted = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)
    np.testing.assert_allclose(standardiser(batch), wanted, atol=1e-3)


def test_moments_take_no_gradient_and_give_one() -> None:
    batch = _batches(1, 8, 3)[0].requires_grad_()
    standardiser = Standardiser(3, rate=0.1)
    standardiser.follow(batch)
    standardiser(batch).sum().backward()
    assert batch.grad is not None
    # Not that of batch normalisation, whose sum would have none.
    wanted = (standardiser.variance + 1e-5).rsqrt().expand(8, 3)
    torch.testing.assert_close(batch.grad, wanted)
    assert not list(standardiser.parameters())
    still = Standardiser(2, rate=0.1)
    still.follow(torch.full((4, 2), 7.0))
    found = still(torch.full((4, 2), 7.0))
    assert found.tolist() == [[0.0, 0.0]] * 4, "what never varies says nothing"


def _network() -> QualityNetwork:
    architecture = parse_config(CELLS_CONFIG).described().with_heads("a", "b")
    return build_network(architecture, seed=3).double()


def _standardiser(network: QualityNetwork) -> Standardiser:
    count = network.architecture.statistics
    found = Standardiser(count, rate=0.1).double()
    for batch in _batches(4, 8, count, seed=2).double():
        found.follow(batch)
    return found


@torch.no_grad()
def test_folded_heads_want_plain_statistics() -> None:
    network = _network()
    standardiser = _standardiser(network)
    pooled = _batches(1, 6, network.architecture.statistics, seed=5)[0].double()
    wanted = network.head(standardiser(pooled))
    assert wanted.shape == (6, 2)
    before = copy.deepcopy(network.state_dict())
    standardiser.fold(network)
    # First layers have weights of half precision, 11 bits, and biases that go with these.
    for head in network.heads.values():
        assert isinstance(head, torch.nn.Sequential)
        weight = head[0].get_parameter("weight")
        assert torch.equal(weight, weight.half().double())
    torch.testing.assert_close(network.head(pooled), wanted, rtol=2e-3, atol=2e-3)
    standardiser.unfold(network, list(network.heads))
    for name, value in network.state_dict().items():
        # The smallest of the half precision's steps, times the largest deviation.
        torch.testing.assert_close(value, before[name], rtol=2**-11, atol=2**-25 * 150, msg=name)
    # And the other way round: plain heads that are unfolded say the same of standardised ones.
    plain = network.head(pooled)
    standardiser.unfold(network, list(network.heads))
    torch.testing.assert_close(network.head(standardiser(pooled)), plain)


# -- in a run ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    make_set(folder, size=CELLS_SIZE, scenes=8, per_scene=4)
    return folder


def _learner(data: Path, text: str) -> Learner:
    config, processes = parse_config(text), Processes("cpu")
    network = build_network(config.described().with_heads("small"), seed=1)
    return Learner(network, _material(data, config, processes), config, processes, seed=0)


def _material(data: Path, config: Config, processes: Processes) -> list[SetMaterial]:
    return collect(
        ("small",), data, data, config, processes, heads={"small": ("small",)}, reference=False,
        seed=0,
    )  # fmt: skip


def test_what_is_exported_says_what_was_judged(data: Path) -> None:
    learner = _learner(data, CELLS_CONFIG)
    learner.begin()
    assert learner.standardiser is not None
    assert int(learner.standardiser.updates) == 8
    for number in range(12):
        learner.step(number, 12)
    assert int(learner.standardiser.updates) == 20
    one = learner.material[0]
    test, reference = one.load(one.validation, np.arange(6))
    kept = copy.deepcopy(learner.judged.state_dict())
    with torch.no_grad():
        learner.judged.eval()
        wanted, _ = learner.outputs(one, test, reference)
    assert int(learner.standardiser.updates) == 20, "judging follows nothing"
    with torch.no_grad():
        found = learner.exported()(test, domain="sdr").sigmoid()
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)
    for name, value in learner.judged.state_dict().items():
        assert torch.equal(value, kept[name]), name


def test_a_file_of_weights_says_what_was_judged(data: Path, tmp_path: Path) -> None:
    """Statistics hundreds of their deviations from zero: half precision must not reach a bias."""
    learner = _learner(data, CELLS_CONFIG)
    count = learner.network.architecture.statistics
    generator = torch.Generator().manual_seed(4)
    batches = 0.5 + 0.001 * torch.randn(16, 32, count, generator=generator)
    assert learner.standardiser is not None
    for batch in batches:
        learner.standardiser.follow(batch)
    head = learner.network.heads["small"]
    assert isinstance(head, torch.nn.Sequential)
    with torch.no_grad():
        # Weights of a head that has learnt: its targets differ.
        head[0].get_parameter("weight").mul_(4.0)
        head[2].get_parameter("weight").mul_(4.0)
        learner.average.begin()
        wanted = learner.network.head(learner.standardiser(batches[0])).sigmoid()
    assert float(wanted.max() - wanted.min()) > 0.3
    path = tmp_path / "weights.safetensors"
    save_weights(path, learner.exported(), Card(learner.network.architecture))
    with torch.no_grad():
        found = load_weights(path)[0].head(batches[0]).sigmoid()
    assert float((found - wanted).abs().max()) < 0.001


def test_a_run_begins_with_standardised_statistics(data: Path) -> None:
    learner = _learner(data, CELLS_CONFIG + '[augmentation]\nsymmetries = "none"\n')
    one = learner.material[0]
    test, reference = one.load(one.train, np.arange(len(one.train)))
    with torch.no_grad():
        learner.judged.eval()
        plain = learner.pooled(one, test, reference)
        learner.begin()
        _, found = learner.outputs(one, test, reference)
    assert float(plain.std(dim=0).max() / plain.std(dim=0).median()) > 3
    varying = plain.std(dim=0) > 0.02
    assert float(found.mean(dim=0)[varying].abs().max()) < 0.5
    assert float((found.std(dim=0)[varying] - 1).abs().max()) < 0.5


def test_trained_heads_are_taken_as_they_are(data: Path) -> None:
    learner = _learner(data, CELLS_CONFIG)
    before = copy.deepcopy(learner.network)
    learner.begin(taken=list(learner.network.architecture.heads))
    one = learner.material[0]
    test, reference = one.load(one.validation, np.arange(4))
    learner.judged.eval()
    with torch.no_grad():
        found, _ = learner.outputs(one, test, reference)
        wanted = before(test, domain="sdr").sigmoid()
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)
        # The average begins with the changed heads, not with those of before.
        exported = learner.exported()(test, domain="sdr").sigmoid()
    torch.testing.assert_close(exported, wanted, rtol=1e-4, atol=1e-4)


def test_dropout_is_of_training_only(data: Path) -> None:
    text = CELLS_CONFIG.replace("standardise = 0.05", "standardise = 0.05\ndropout = 0.5")
    learner = _learner(data, text)
    learner.begin()
    one = learner.material[0]
    test, reference = one.load(one.train, np.arange(4))
    learner.judged.eval()
    with torch.no_grad():
        plain, whole = learner.outputs(one, test, reference)
        again, _ = learner.outputs(one, test, reference)
        assert torch.equal(plain, again)
        learner.judged.train()
        _, thinned = learner.outputs(one, test, reference)
    share = float((thinned == 0).float().mean() - (whole == 0).float().mean())
    assert share == pytest.approx(0.5, abs=0.1)
    # A step's draws follow from its number.
    norms = [_learner(data, text).step(3, 9).gradient_norm for _ in range(2)]
    assert norms[0] == norms[1]
    assert norms[0] != _learner(data, CELLS_CONFIG).step(3, 9).gradient_norm


def test_settings_out_of_range() -> None:
    for setting in ("standardise = 0.6", "standardise = -0.1", "dropout = 1.0"):
        name = setting.split()[0]
        with pytest.raises(OptionError, match=name):
            parse_config(f'architecture = "ours-nor"\n[optimiser]\n{setting}\n')
    config = parse_config('architecture = "ours-nor"')
    assert config.optimiser.standardise == config.optimiser.dropout == 0
    assert config.described().name == "ours-nor"
    with pytest.raises(OptionError, match="architecture is one of"):
        parse_config('architecture = "vgg"').described()
