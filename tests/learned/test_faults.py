"""Naming what is wrong: cards, weights files, and what windows say together."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import hdrmetrics as hm
from hdrmetrics import create_metric
from hdrmetrics.catalogue.domain import Domain
from hdrmetrics.catalogue.metrics import METRICS
from hdrmetrics.errors import OptionError, WeightsError
from hdrmetrics.learned import catalogue
from hdrmetrics.learned.architecture import OURS_DIQM, OURS_NOR
from hdrmetrics.learned.card import Card
from hdrmetrics.learned.describing import describe
from hdrmetrics.learned.faults import FAULTS, FaultCard, joint_probabilities
from hdrmetrics.learned.network import build_network
from hdrmetrics.learned.places import place_shape
from hdrmetrics.learned.predictor import LearnedMetric
from hdrmetrics.learned.tensorfile import card_path
from hdrmetrics.learned.weights import load_weights, save_weights

from .small import alive, card_of, narrow, pictures

NOR, DIQM = narrow(OURS_NOR), narrow(OURS_DIQM)
HIDDEN = 6


def fault_card(*domains: Domain, **entries: Any) -> FaultCard:
    return FaultCard(FAULTS, HIDDEN, domains or ("hdr",), ("hdr-d",), **entries)


def metric_of(
    head: str = "hdr-c", *, architecture: Any = NOR, faults: FaultCard | None = None
) -> LearnedMetric:
    network = alive(build_network(architecture, seed=3))
    card = card_of(architecture)
    if faults is not None:
        network.add_faults(faults.hidden, len(faults.names))
        generator = torch.Generator().manual_seed(1)
        with torch.no_grad():
            for parameter in network.faults.parameters():  # type: ignore[union-attr]
                parameter.normal_(0.0, 0.1, generator=generator)
        card = replace(card, faults=faults)
    return LearnedMetric(network, card, head)


def test_cards_are_written_and_read(tmp_path: Path) -> None:
    faults = fault_card("hdr", temperature=1.3, place_temperature=1.7, results={"top1": 0.8})
    metric = metric_of(faults=faults)
    path = tmp_path / "a.safetensors"
    written = save_weights(path, metric.network, metric.card)
    network, card = load_weights(path)
    assert card == written
    assert card.faults == faults
    light = pictures(1, 300, 256)
    found = LearnedMetric(network, card, "hdr-c").explain(light)
    wanted = metric.explain(light)
    torch.testing.assert_close(found.faults, wanted.faults, rtol=1e-2, atol=1e-3)
    assert Card.from_dict(written.to_dict()) == written


def test_files_without_faults_keep_loading(tmp_path: Path) -> None:
    metric = metric_of()
    path = tmp_path / "a.safetensors"
    save_weights(path, metric.network, metric.card)
    network, card = load_weights(path)
    assert card.faults is None
    assert network.faults is None
    assert "faults" not in json.loads(card_path(path).read_text())


def test_card_and_network_must_agree(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    with_faults, without = metric_of(faults=fault_card()), metric_of()
    with pytest.raises(OptionError, match="names 8 faults, and the network has 0 outputs"):
        save_weights(path, without.network, with_faults.card)
    with pytest.raises(OptionError, match="names 0 faults"):
        save_weights(path, with_faults.network, without.card)
    save_weights(path, with_faults.network, with_faults.card)
    data = json.loads(card_path(path).read_text())
    del data["faults"]
    card_path(path).write_text(json.dumps(data))
    with pytest.raises(WeightsError, match="do not agree"):
        load_weights(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"names": ["blur", "blur", "none"]}, "different names"),
        ({"names": ["blur", "noise"]}, "called none"),
        ({"names": "none"}, "list of texts"),
        ({"names": ["no ne", "none"]}, "different names"),
        ({"hidden": 0}, "whole number"),
        ({"hidden": 10**9}, "whole number"),
        ({"hidden": True}, "whole number"),
        ({"domains": []}, "domains are some of"),
        ({"domains": ["film"]}, "domains are some of"),
        ({"temperature": 0}, "a temperature"),
        ({"place_temperature": float("inf")}, "a temperature"),
        ({"temperature": "warm"}, "a temperature"),
        ({"results": 3}, "object"),
        ({"more": 3}, "not the description of faults"),
    ],
)
def test_bad_cards_are_refused(change: dict[str, Any], words: str) -> None:
    data = fault_card().to_dict() | change
    with pytest.raises(OptionError, match=words):
        FaultCard.from_dict(data)


def test_scores_do_not_change() -> None:
    light = pictures(2, 300, 400)
    plain, more = metric_of(), metric_of(faults=fault_card())
    torch.testing.assert_close(more(light), plain(light), rtol=0, atol=0)


def test_only_heads_of_known_domains_explain() -> None:
    light = pictures(1, 64, 64)
    assert metric_of(faults=fault_card()).info.faults == FAULTS
    assert metric_of("sdr-d", faults=fault_card()).info.faults == ()
    assert metric_of("sdr-d", faults=fault_card("hdr", "sdr")).info.faults == FAULTS
    for metric in (metric_of(), metric_of("sdr-d", faults=fault_card())):
        assert not metric.info.explains
        with pytest.raises(OptionError, match="does not say what is wrong"):
            metric.explain(light.clamp(0, 1))
    with pytest.raises(OptionError, match="norvdpnet does"):
        create_metric("psnr").explain(light.clamp(0, 1), light.clamp(0, 1))


@pytest.mark.parametrize("size", [(64, 64), (100, 333), (300, 512)])
@pytest.mark.parametrize("architecture", [NOR, DIQM], ids=["nor", "diqm"])
def test_probabilities_add_up(architecture: Any, size: tuple[int, int]) -> None:
    metric = metric_of(architecture=architecture, faults=fault_card())
    light = pictures(2, *size)
    pair = (light, light.flip(-1)) if metric.info.reference else (light,)
    found = metric.explain(*pair)
    assert found.faults.shape == (2, len(FAULTS))
    assert found.places.shape == (2, len(FAULTS), *place_shape(*size))
    for values, dim in ((found.faults, 1), (found.places, 1)):
        assert float(values.min()) >= 0
        torch.testing.assert_close(values.sum(dim=dim), torch.ones_like(values.sum(dim=dim)))
    alone = metric.explain(*(x[1:] for x in pair))
    torch.testing.assert_close(found.faults[1:], alone.faults, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found.places[1:], alone.places, rtol=1e-3, atol=1e-4)
    record = found.to_dict(1)
    json.dumps(record, allow_nan=False)
    assert sum(record["faults"].values()) == pytest.approx(1.0, abs=1e-3)


def test_windows_that_take_points_off_decide() -> None:
    said = torch.tensor([[[0.9, 0.1], [0.0, 1.0]]])
    alone = joint_probabilities(said[:, :1], torch.ones(1, 1), torch.tensor([[37.0]]))
    torch.testing.assert_close(alone, said[:, 0])
    weights, missing = torch.ones(1, 2), torch.tensor([[49.0, 0.0]])
    joint = joint_probabilities(said, weights, missing)
    torch.testing.assert_close(joint, torch.tensor([[0.9 * 50 / 51, (0.1 * 50 + 1) / 51]]))
    even = joint_probabilities(said, weights, torch.zeros(1, 2))
    torch.testing.assert_close(even, torch.tensor([[0.45, 0.55]]))
    masked = joint_probabilities(said, torch.tensor([[0.0, 1.0]]), missing)
    torch.testing.assert_close(masked, said[:, 1])


def test_a_mask_says_what_counts() -> None:
    metric = metric_of(faults=fault_card())
    light = torch.cat([pictures(1, 256, 256, seed=0), pictures(1, 256, 256, seed=9).sqrt()], dim=-1)
    mask = torch.zeros(1, 1, 256, 512)
    mask[..., :256] = 1.0
    left = metric.explain(light, mask=mask).faults
    torch.testing.assert_close(left, metric.explain(light[..., :256]).faults, rtol=1e-3, atol=1e-3)


def test_temperature_makes_unsure() -> None:
    logits = torch.tensor([3.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    card = fault_card(temperature=2.0, place_temperature=10.0)
    torch.testing.assert_close(card.probabilities(logits), (logits / 2).softmax(-1))
    assert float(card.probabilities(logits, places=True).max()) < 0.2


@pytest.fixture
def explaining(tmp_path: Path) -> Iterator[str]:
    """Register a head that explains in the place of the package's own."""
    create_metric("psnr")
    before = dict(METRICS.entries)
    for name in [n for n in before if n.startswith(("norvdpnet", "diqm"))]:
        del METRICS.entries[name]
    metric = metric_of(faults=fault_card("hdr", "sdr"))
    save_weights(tmp_path / "nor.safetensors", metric.network, metric.card)
    catalogue.register(tmp_path)
    yield "norvdpnet-hdr-c"
    METRICS.entries.clear()
    METRICS.entries.update(before)


def test_score_explains_on_request(explaining: str) -> None:
    light = pictures(1, 80, 96)[0].movedim(0, -1).numpy()
    assert hm.score(light, explaining).explanation is None
    found = hm.score(light, explaining, explain=True)
    assert found.explanation is not None
    assert set(found.explanation["faults"]) == set(FAULTS)
    assert found.to_dict()["explanation"] == found.explanation
    assert found.value == hm.score(light, explaining).value
    both = hm.score(light, [explaining, "pu21-piqe"], explain=True)
    assert both[0].explanation == found.explanation
    assert both[1].explanation is None
    with pytest.raises(OptionError, match="pu21-piqe does not say what is wrong"):
        hm.score(light, "pu21-piqe", explain=True)
    with pytest.raises(OptionError, match="do not say what is wrong"):
        hm.score_files([(light, None)], ["pu21-piqe", "norvdpnet-tmo"], explain=True)
    assert describe(load_card(explaining), "hdr-c").explains


def load_card(name: str) -> Card:
    metric = create_metric(name)
    assert isinstance(metric, LearnedMetric)
    return metric.card


def test_rows_and_tables_hold_explanations(explaining: str) -> None:
    light = pictures(1, 80, 96)[0].movedim(0, -1).numpy()
    rows = hm.score_files([(light, None), (light[:70], None)], [explaining], explain=True)
    frame = hm.rows_to_dataframe(rows)
    texts = [row.scores[explaining].explanation["text"] for row in rows]  # type: ignore[index]
    assert list(frame[f"{explaining}_faults"]) == texts
    assert f"{explaining}_faults" not in hm.rows_to_dataframe(
        hm.score_files([(light, None)], [explaining])
    )
