"""Schedule, average, losses, sampler, views, plan, checkpoints and configurations, one by one."""

from __future__ import annotations

import math
import pickle
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from hdrmetrics.errors import ImageReadError, OptionError, ShapeError, UnknownNameError
from trainers.config import CONFIGS, find_config, parse_config, read_config
from trainers.feeding.sampler import Sampler, balancing_weights
from trainers.feeding.views import View, draw_views
from trainers.learning.average import WeightAverage
from trainers.learning.losses import decorrelation, huber, l1, misranking, mixed_loss
from trainers.running.checkpoint import load_checkpoint, save_checkpoint
from trainers.running.logs import CsvLog, clock
from trainers.running.plan import Plan, choose_mode, parse_duration, steps_in
from trainers.running.processes import Processes
from trainers.running.schedule import learning_rate

CPU = torch.device("cpu")


# -- schedule and average ------------------------------------------------------------------------


def test_the_schedule_is_its_formula() -> None:
    rates = [learning_rate(s, 101, peak=2.0, warm_up=0.1, final=0.1) for s in range(101)]
    np.testing.assert_allclose(rates[:10], 2.0 * np.arange(1, 11) / 11)
    assert rates[10] == 2.0 == max(rates)
    assert rates[-1] == pytest.approx(0.2)
    middle = 10 + 45
    assert rates[middle] == pytest.approx(2.0 * (0.1 + 0.9 * 0.5))
    assert all(b < a for a, b in pairwise(rates[10:]))
    peer = torch.optim.lr_scheduler.CosineAnnealingLR(
        torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=2.0), T_max=90, eta_min=0.2
    )
    for step in range(10, 101):
        assert rates[step] == pytest.approx(peer.get_last_lr()[0], rel=1e-9)
        peer.optimizer.step()
        peer.step()


def test_runs_of_a_few_steps_have_a_rate() -> None:
    assert learning_rate(0, 1, peak=1.0) == 1.0
    assert learning_rate(1, 2, peak=1.0, final=0.5) == 0.5
    with pytest.raises(OptionError, match="outside"):
        learning_rate(5, 5, peak=1.0)


def test_the_average_is_its_formula() -> None:
    network = nn.Linear(1, 1, bias=False)
    weights = [0.0, 1.0, 3.0, -2.0, 5.0]
    with torch.no_grad():
        network.weight.fill_(weights[0])
    average = WeightAverage(network, decay=0.3)
    expected = weights[0]
    for t, weight in enumerate(weights[1:]):
        with torch.no_grad():
            network.weight.fill_(weight)
        average.update()
        d = min(0.3, (1 + t) / (10 + t))
        expected = d * expected + (1 - d) * weight
    with average.applied():
        assert float(network.weight.detach()) == pytest.approx(expected, rel=1e-6)
    assert float(network.weight.detach()) == weights[-1]
    with pytest.raises(ImageReadError, match="another network"):
        average.restore({"weight": torch.zeros(2, 2)}, 3)


def test_the_average_follows_numbers_and_leaves_counts() -> None:
    network = nn.Module()
    network.register_buffer("moment", torch.zeros(2))
    network.register_buffer("updates", torch.zeros((), dtype=torch.int64))
    average = WeightAverage(network, decay=0.05)
    network.get_buffer("moment").fill_(4.0)
    network.get_buffer("updates").fill_(9)
    average.update()
    assert set(average.state()) == {"moment"}
    with average.applied():
        assert network.get_buffer("moment").tolist() == pytest.approx([3.8, 3.8])
        assert int(network.get_buffer("updates")) == 9
    assert network.get_buffer("moment").tolist() == [4.0, 4.0]
    average.begin()
    with average.applied():
        assert network.get_buffer("moment").tolist() == [4.0, 4.0]


# -- losses --------------------------------------------------------------------------------------


def _numbers() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    values = torch.rand(3, 12, generator=generator, dtype=torch.float64)
    return values[0], values[1], torch.ones(12, dtype=torch.float64)


def test_losses_are_those_of_torch() -> None:
    p, t, w = _numbers()
    assert float(l1(p, t, w)) == pytest.approx(float(nn.functional.l1_loss(p, t)))
    own = float(huber(p, t, w, delta=0.2))
    assert own == pytest.approx(float(nn.functional.huber_loss(p, t, delta=0.2)) / 0.2)
    r = float(np.corrcoef(p.numpy(), t.numpy())[0, 1])
    assert float(decorrelation(p, t, w)) == pytest.approx(1 - r, abs=1e-4)
    x, y = p.tolist(), t.tolist()
    pairs = [
        max(0.0, abs(y[i] - y[j]) - math.copysign(1, y[i] - y[j]) * (x[i] - x[j])) * (i != j)
        for i in range(12)
        for j in range(12)
    ]
    assert float(misranking(p, t, w)) == pytest.approx(sum(pairs) / 144)
    assert float(misranking(2 * t, t, w)) == 0.0


def test_a_weight_of_two_is_an_item_twice() -> None:
    p, t, _ = _numbers()
    w = torch.ones(12, dtype=torch.float64)
    w[3] = 2
    twice = torch.cat([torch.arange(12), torch.tensor([3])])
    mix = {"l1": 1.0, "huber": 0.5, "plcc": 0.3, "rank": 0.2}
    one = mixed_loss(p, t, w, mix)
    two = mixed_loss(p[twice], t[twice], torch.ones(13, dtype=torch.float64), mix)
    assert float(one) == pytest.approx(float(two), rel=1e-9)


def test_gradients_of_losses() -> None:
    p, t, w = _numbers()
    p.requires_grad_()
    mix = {"huber": 1.0, "plcc": 0.5, "rank": 0.5}
    assert torch.autograd.gradcheck(lambda x: mixed_loss(x, t, w, mix), (p,))
    flat = torch.full((5,), 0.5, requires_grad=True)
    loss = mixed_loss(flat, torch.linspace(0, 1, 5), torch.ones(5), {"plcc": 1.0})
    loss.backward()  # type: ignore[no-untyped-call]
    assert flat.grad is not None
    assert bool(flat.grad.isfinite().all())
    with pytest.raises(ShapeError):
        mixed_loss(p, t[:3], w, mix)


# -- what makes a step ---------------------------------------------------------------------------


def test_an_epoch_has_every_item_once() -> None:
    sampler = Sampler(np.ones(10), seed=3, name="x")
    rows = sampler.rows(0, 30)
    for epoch in range(3):
        assert sorted(rows[10 * epoch : 10 * epoch + 10]) == list(range(10))
    assert list(rows[:10]) != list(rows[10:20])
    # Any position can be asked for, in any order, by another sampler too.
    other = Sampler(np.ones(10), seed=3, name="x")
    assert list(other.rows(13, 9)) == list(rows[13:22])
    assert list(other.rows(2, 4)) == list(rows[2:6])
    assert list(Sampler(np.ones(10), seed=4, name="x").rows(0, 30)) != list(rows)


def test_weights_are_kept_in_every_epoch() -> None:
    weights = np.array([1.0, 1.0, 2.0, 4.0])
    sampler = Sampler(np.tile(weights, 5), seed=0, name="x")
    for epoch in range(20):
        counts = np.bincount(sampler.rows(20 * epoch, 20), minlength=20).reshape(5, 4)
        expected = weights / weights.mean()
        assert (np.abs(counts - expected) <= 1).all()
    long = np.bincount(sampler.rows(0, 20 * 200), minlength=20).reshape(5, 4).sum(axis=0) / 1000
    np.testing.assert_allclose(long, weights / weights.mean(), atol=0.05)


def test_balancing() -> None:
    kinds = np.array(["a"] * 8 + ["b"] * 2)
    even = balancing_weights(kinds, exponent=1.0, emphasis={})
    assert even[:8].sum() == pytest.approx(even[8:].sum())
    assert even.mean() == pytest.approx(1)
    assert (balancing_weights(kinds, exponent=0.0, emphasis={}) == 1).all()
    hard = balancing_weights(kinds, exponent=0.0, emphasis={"b": 3.0})
    assert hard[9] / hard[0] == pytest.approx(3)
    with pytest.raises(OptionError, match="does not occur"):
        balancing_weights(kinds, exponent=0.0, emphasis={"c": 3.0})
    with pytest.raises(OptionError, match="no items"):
        Sampler(np.empty(0), seed=0, name="x")


def test_views_are_the_symmetries_of_the_square() -> None:
    crop = torch.arange(9.0).reshape(1, 3, 3)
    made = {
        tuple(View(0, 0, 3, t, m)(crop).flatten().tolist()) for t in range(4) for m in (False, True)
    }
    assert len(made) == 8
    window = View(1, 0, 2)(crop)
    assert window.tolist() == [[[3, 4], [6, 7]]]
    rng = np.random.Generator(np.random.PCG64(0))
    drawn = draw_views(rng, 300, crop=8, window=5)
    assert {(v.top, v.left) for v in drawn} == {(a, b) for a in range(4) for b in range(4)}
    assert {(v.turns, v.mirrored) for v in drawn} == {(a, b) for a in range(4) for b in (0, 1)}
    plain = draw_views(rng, 5, crop=8, window=0, symmetries="none")
    assert set(plain) == {View(0, 0, 8)}
    assert {v.turns for v in draw_views(rng, 50, crop=8, window=4, symmetries="mirror")} == {0}
    with pytest.raises(OptionError, match="does not fit"):
        draw_views(rng, 1, crop=8, window=9)


# -- plan and logs -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"), [("90m", 5400), ("2h30m", 9000), ("45", 45), ("0.5H", 1800), ("1d", 86400)]
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "90 min", "-5m", "0s", "1h-5m", "nan"])
def test_texts_that_are_no_durations(text: str) -> None:
    with pytest.raises(OptionError, match="duration"):
        parse_duration(text)


def test_modes_must_gain() -> None:
    assert choose_mode({"float32, contiguous": 1.0, "bfloat16, contiguous": 0.97}) == (
        "float32", "contiguous",
    )  # fmt: skip
    measured = {
        "float32, contiguous": 1.0,
        "bfloat16, contiguous": 0.8,
        "float32, channels_last": 0.7,
        "bfloat16, channels_last": 0.9,
    }
    assert choose_mode(measured) == ("float32", "channels_last")
    assert steps_in(100, 0.5, overhead=10) == 180
    assert steps_in(0.1, 5.0) == 1


def test_a_plan_is_read_again(tmp_path: Path) -> None:
    plan = Plan(120, "bfloat16", "channels_last", 0.25, 30.0, {"float32, contiguous": 0.5})
    plan.save(tmp_path / "plan.json")
    assert Plan.load(tmp_path / "plan.json") == plan
    for text in ("{}", "[", '{"steps": 0}', "[1]"):
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(ImageReadError, match="plan"):
            Plan.load(tmp_path / "bad.json")
    with pytest.raises(ImageReadError):
        Plan.load(tmp_path / "absent.json")


def test_a_resumed_log_drops_what_is_done_again(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    log = CsvLog(path, ["step", "loss"])
    for step in (5, 10, 15):
        log.add({"step": step, "loss": 1 / step})
    with path.open("a") as file:
        file.write("20")  # killed while writing
    CsvLog(path, ["step", "loss"], keep=10).add({"step": 15, "loss": 0.5})
    assert path.read_text() == "step,loss\n5,0.2\n10,0.1\n15,0.5\n"
    assert clock(3723.4) == "1:02:03"


# -- checkpoints ---------------------------------------------------------------------------------


def test_checkpoints_hold_what_was_put_in(tmp_path: Path) -> None:
    path = tmp_path / "c.pt"
    state: dict[str, Any] = {"a": torch.rand(3), "n": 3, "x": [1.5, "t"], "d": {"k": True}}
    save_checkpoint(path, state)
    save_checkpoint(path, state)
    found = load_checkpoint(path, device=CPU)
    assert torch.equal(found.pop("a"), state["a"])
    assert found == {"n": 3, "x": [1.5, "t"], "d": {"k": True}}
    assert [p.name for p in tmp_path.iterdir()] == ["c.pt"]


def test_damaged_checkpoints_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.pt"
    save_checkpoint(path, {"a": torch.rand(300)})
    data = path.read_bytes()
    with pytest.raises(ImageReadError, match="No such file"):
        load_checkpoint(tmp_path / "absent.pt", device=CPU)
    for broken in (b"", data[:10], data[:-1], data[:700] + b"\x00\x01" + data[702:], b"x" + data):
        path.write_bytes(broken)
        with pytest.raises(ImageReadError):
            load_checkpoint(path, device=CPU)


def test_checkpoints_run_nothing(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "sprung",))

    path = tmp_path / "c.pt"
    save_checkpoint(path, {"a": Trap()})
    with pytest.raises(ImageReadError, match="plain data"):
        load_checkpoint(path, device=CPU)
    assert not (tmp_path / "sprung").exists()
    pickle.loads(pickle.dumps(Trap()))  # the trap would have worked
    assert (tmp_path / "sprung").exists()


# -- configurations ------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda p: p.stem)
def test_our_configurations_are_good(path: Path) -> None:
    from trainers.nets import ARCHITECTURES

    config = read_config(path)
    assert isinstance(config.architecture, str)
    wanted = "reference" if path.stem.startswith("diqm") else "none"
    assert ARCHITECTURES[config.architecture].inputs == wanted
    assert find_config(path.stem) == path
    names = tuple(dict.fromkeys(s for sets in config.heads.values() for s in sets)) or ("a", "b")
    assert config.heads_for(names) == (config.heads or {"a": ("a",), "b": ("b",)})


def test_what_is_left_out_has_its_default() -> None:
    config = parse_config('architecture = "ours-nor"')
    assert config.optimiser.batch == 32
    assert config.loss.mix == {"l1": 0.0, "huber": 1.0, "plcc": 0.1, "rank": 0.0}
    assert config.augmentation.symmetries == "all"
    assert not config.auxiliary.any


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("architecture = [", "c.toml: is no TOML"),
        ("", "c.toml: architecture is a name or a table"),
        ("architecture = 3", "c.toml: architecture is a name or a table"),
        ("architecture = 'a'\n[loss]\nl2 = 1", r"c.toml: \[loss\] has no parameter l2"),
        ("architecture = 'a'\n[loss]\nl1 = -1", r"c.toml: \[loss\] l1 lies between 0 and 100"),
        ("architecture = 'a'\n[loss]\nhuber = 0\nplcc = 0", r"\[loss\] has no term"),
        ("architecture = 'a'\n[optimiser]\nbatch = 2.5", r"\[optimiser\] batch is a whole number"),
        ("architecture = 'a'\n[optimiser]\nbatch = 'x'", r"\[optimiser\] batch is a number"),
        ("architecture = 'a'\n[optimiser]\nlearning_rate = nan", r"learning_rate lies between"),
        ("architecture = 'a'\n[augmentation]\nsymmetries = 'some'", r"symmetries is one of none"),
        ("architecture = 'a'\n[optimiser]\nstandardise = 0.1", r"standardise takes average = 0"),
        ("architecture = 'a'\n[train]\nx = 1", "c.toml: there is no train; there are"),
        ("architecture = 'a'\nloss = 3", "c.toml: loss is a table"),
        ("architecture = 'a'\n[heads]\nhdr = 'hdr-c'", r"\[heads\] hdr is a list of sets"),
        ("architecture = 'a'\n[shares]\nhdr-c = 0", r"\[shares\] hdr-c lies between"),
        ("architecture = 'a'\n[balance]\nemphasis = 3", r"\[balance.emphasis\] is a table"),
        (
            "architecture = 'a'\n[auxiliary.columns]\nx = 'y'",
            r"\[auxiliary.columns\] x is a number",
        ),
    ],
)
def test_bad_configurations_name_the_place(text: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        parse_config(text, source="c.toml")


def test_configurations_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="norvdpnet"):
        find_config("nor")
    with pytest.raises(ImageReadError):
        read_config(tmp_path)


def test_heads_of_several_sets() -> None:
    text = 'architecture = "a"\n[heads]\nhdr = ["hdr-c", "itmo"]\nsdr-d = ["sdr-d"]'
    config = parse_config(text)
    assert config.heads_for(("hdr-c", "itmo")) == {"hdr": ("hdr-c", "itmo")}
    with pytest.raises(OptionError, match="no head is trained on tmo"):
        config.heads_for(("hdr-c", "tmo"))


def test_devices() -> None:
    alone = Processes("cpu")
    assert (alone.rank, alone.world, alone.first) == (0, 1, True)
    assert alone.part(6) == slice(0, 6)
    assert alone.agree([1.5, math.pi]) == [1.5, math.pi]
    with pytest.raises(OptionError, match="no device 'gpu'"):
        Processes("gpu")
