"""The commands ``score --map`` and ``score --explain``: where something is wrong, and what."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import hdrmetrics as hm
from hdrmetrics import create_metric, write_image
from hdrmetrics.catalogue.metrics import METRICS
from hdrmetrics.learned import catalogue
from hdrmetrics.learned.faults import FAULTS
from hdrmetrics.learned.weights import save_weights
from tests.learned.test_faults import fault_card, metric_of

NAME = "norvdpnet-hdr-c"


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Two pictures, and a head that explains in the place of the package's own."""
    create_metric("psnr")
    before = dict(METRICS.entries)
    for name in [n for n in before if n.startswith(("norvdpnet", "diqm"))]:
        del METRICS.entries[name]
    metric = metric_of(faults=fault_card("hdr", "sdr"))
    save_weights(tmp_path / "nor.safetensors", metric.network, metric.card)
    catalogue.register(tmp_path)
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        light = 30 * np.exp(rng.normal(size=(70, 90, 3))).astype(np.float32)
        write_image(tmp_path / f"{name}.exr", light, depth="float")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    METRICS.entries.clear()
    METRICS.entries.update(before)


def test_what_is_wrong_stands_beside_the_score(run, pair: Path) -> None:
    result = run("score", "a.exr", "b.exr", "-m", NAME, "-m", "pu21-piqe", "--explain")
    assert result.code == 0
    assert "what is wrong" in result.out.splitlines()[0]
    wanted = hm.score("a.exr", NAME, explain=True).explanation
    assert wanted is not None
    assert wanted["text"] in result.out
    plain = run("score", "a.exr", "b.exr", "-m", NAME)
    assert "what is wrong" not in plain.out


def test_json_and_csv(run, pair: Path) -> None:
    document = json.loads(run("score", "a.exr", "-m", NAME, "--explain", "--json").out)
    found = document["rows"][0]["scores"][NAME]["explanation"]
    assert set(found) == {"text", "faults", "places"}
    assert set(found["faults"]) == set(FAULTS)
    rows = list(csv.DictReader(io.StringIO(run("score", "a.exr", "-m", NAME, "--explain",
                                               "--csv").out)))  # fmt: skip
    assert rows[0][f"{NAME}_faults"] == found["text"]
    assert (
        "explanation"
        not in json.loads(run("score", "a.exr", "-m", NAME, "--json").out)["rows"][0]["scores"][
            NAME
        ]
    )


def test_metrics_that_cannot_explain_are_refused(run, pair: Path) -> None:
    result = run("score", "a.exr", "-m", "pu21-piqe", "--explain")
    assert (result.code, result.out) == (2, "")
    assert "cannot explain: pu21-piqe does not say what is wrong" in result.err


def test_metrics_say_whether_they_explain(run, pair: Path) -> None:
    assert ", ".join(FAULTS[:3]) in run("metrics", NAME).out
    assert json.loads(run("metrics", NAME, "--json").out)[0]["faults"] == list(FAULTS)


def test_maps_without_a_reference(run, pair: Path) -> None:
    result = run("score", "a.exr", "-m", NAME, "--map", "where.exr")
    assert result.code == 0
    assert f"where.exr ({NAME})" in result.out
    expected = hm.score_map("a.exr", NAME).values
    assert expected.shape == (70, 90)
    np.testing.assert_array_equal(hm.read_image("where.exr").pixels[..., 0], expected)
    run("score", "a.exr", "b.exr", "-m", NAME, "--map", "maps")
    assert sorted(p.name for p in Path("maps").iterdir()) == [f"{n}.{NAME}.png" for n in "ab"]
    again = run("score", "a.exr", "-m", NAME, "--map", "where.exr")
    assert again.code == 2
    assert "where.exr" in again.err
