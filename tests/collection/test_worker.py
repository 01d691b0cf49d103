"""The worker: each picture as small as its metrics allow, and nothing of one in another."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from hdrmetrics import read_image, score, write_image
from hdrmetrics.collection.decoded import Decoded
from hdrmetrics.collection.item import Item
from hdrmetrics.collection.plan import Plan
from hdrmetrics.collection.record import Record
from hdrmetrics.collection.worker import Worker

pytestmark = pytest.mark.filterwarnings("ignore::hdrmetrics.errors.HdrMetricsWarning")

LARGE = 1500, 1420  # its shorter side is over twice what is enough for nima


def photograph(seed: int, size: tuple[int, int]) -> PillowImage.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 11, 3), np.uint8)
    return PillowImage.fromarray(coarse).resize(size, PillowImage.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photographs")
    photograph(0, LARGE).save(folder / "large.jpg", quality=85)
    photograph(1, (120, 90)).save(folder / "small.jpg")
    ramp = np.geomspace(0.1, 500.0, 80, dtype=np.float32)
    write_image(folder / "light.exr", np.broadcast_to(ramp[None, :, None], (70, 80, 3)).copy())
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0nothing")
    framed = PillowImage.new("RGB", (2 * LARGE[0], 2 * LARGE[1]), (10, 10, 10))
    framed.paste(photograph(2, (400, 300)), (1000, 1000))
    framed.save(folder / "framed.jpg", quality=85)
    return folder


@pytest.fixture(scope="module")
def worker() -> Worker:
    return Worker(Plan(("nima",), preview=64))


def said(record: Record) -> str:
    scores = {name: one.to_dict() for name, one in record.scores.items()}
    return json.dumps([record.digest, record.width, record.height, scores, record.errors])


def test_a_large_photograph_is_decoded_smaller_and_says_so(folder, worker) -> None:
    record = worker(Item(str(folder / "large.jpg"), "large"))
    found = record.scores["nima"]
    assert found.conditions["decoded_at"] == "1/2"
    assert (record.width, record.height) == LARGE
    assert len(record.digest) == 64
    assert found.value == pytest.approx(score(folder / "large.jpg", "nima").value, abs=0.3)
    again = score(read_image(folder / "large.jpg", at_least=worker.metrics[0].enough), "nima")
    assert found.value == again.value


def test_where_small_is_not_wanted_all_is_seen(folder) -> None:
    for plan in (
        Plan(("nima",), small=False),
        Plan(("nima",), viewing={"region": [0, 0, 600, 600]}),
    ):
        record = Worker(plan)(Item(str(folder / "large.jpg"), "large"))
        assert record.errors == {}
        assert "decoded_at" not in record.scores["nima"].conditions


def test_company_and_order_change_nothing(folder, worker) -> None:
    items = [Item(str(folder / f"{name}.jpg"), name) for name in ("large", "small", "broken")]
    first = [worker(item) for item in items]
    second = [worker(item) for item in reversed(items)][::-1]
    assert list(map(said, first)) == list(map(said, second))
    assert [one.preview for one in first] == [one.preview for one in second]
    both = Worker(Plan(("norvdpnet", "nima")))(items[0])
    assert both.scores["nima"].to_dict() == first[0].scores["nima"].to_dict()
    conditions = both.scores["norvdpnet"].conditions
    assert not {"decoded_at", "places"} & set(conditions)


def test_places_are_sampled_where_the_plan_says_so(folder) -> None:
    options = {"norvdpnet": {"places": "sampled"}}
    record = Worker(Plan(("norvdpnet",), options=options))(Item(str(folder / "small.jpg"), "small"))
    assert record.scores["norvdpnet"].conditions["places"] == "sampled"


def test_a_broken_file_is_a_record_with_an_error(folder, worker) -> None:
    record = worker(Item(str(folder / "broken.jpg"), "broken"))
    assert list(record.errors) == ["file"]
    assert (record.scores, record.preview, record.width) == ({}, None, 0)
    missing = worker(Item(str(folder / "missing.jpg"), "missing"))
    assert "missing.jpg" in missing.errors["file"]


def test_inside_a_wide_border_all_is_decoded(folder) -> None:
    decoded = Decoded(str(folder / "framed.jpg"))
    assert decoded.at(600).width == 2 * LARGE[0]
    assert decoded.at(40).width < LARGE[0]


@pytest.mark.parametrize("name", ["small.jpg", "large.jpg", "light.exr"])
def test_a_look_does_not_depend_on_the_company(folder, worker, name) -> None:
    item = Item(str(folder / name), name)
    with_nima = Worker(dataclasses.replace(worker.plan, looks=True))(item)
    alone = Worker(Plan((), looks=True, preview=64))(item)
    assert alone.look is not None
    assert with_nima.look == alone.look
    part = Worker(Plan(("nima",), {"region": (4, 4, 40, 40)}, looks=True, preview=64))(item)
    assert (part.look, part.preview) == (alone.look, alone.preview)


@pytest.mark.parametrize("name", ["large.jpg", "light.exr"])
def test_previews(folder, worker, name) -> None:
    record = worker(Item(str(folder / name), name))
    assert record.errors == {}
    assert record.preview is not None
    with PillowImage.open(io.BytesIO(record.preview)) as shown:
        assert (shown.format, max(shown.size)) == ("JPEG", 64)
        assert 40 < np.asarray(shown.convert("L")).mean() < 230
