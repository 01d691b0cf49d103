"""Labels as columns, thinning, crops in memory."""

from __future__ import annotations

import io
import zipfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from datasets.build import build
from datasets.feeding.pack import pack
from datasets.feeding.store import Store
from datasets.feeding.torch_dataset import LabelledCrops
from datasets.pixels import PixelSource
from datasets.scenes.procedural import procedural_scenes
from datasets.table import read_table
from hdrmetrics.errors import ImageReadError, OptionError
from trainers.cli import main
from trainers.feeding.crops import CropPixels, find_store, present
from trainers.feeding.labels import Labels, find_labels, load_labels, save_labels
from trainers.feeding.views import View

from ..datasets.small import small_recipe
from .small import make_set

CPU = torch.device("cpu")


def test_an_exported_table_feeds_like_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenes = procedural_scenes(2, kind="sdr", size=(128, 160))
    built = build(small_recipe(), scenes, tmp_path / "set", progress=False).table
    assert built is not None
    table = read_table(built)
    pack(table, scenes, tmp_path / "store", content="pairs", workers=1, progress=False)
    out = tmp_path / "small.npz"
    assert main(["export", str(built), "--out", str(out)]) == 0
    assert "items of small" in capsys.readouterr().out
    labels = load_labels(out)
    assert (labels.name, labels.domain) == ("small", "sdr")
    assert labels.transform == table.transform
    np.testing.assert_array_equal(labels["hdrvdp_q_mos"], table.frame["hdrvdp_q_mos"])
    whole = find_labels(built.parent, "small")  # of the table itself
    for column, values in whole.columns.items():
        np.testing.assert_array_equal(values, labels[column])

    crops = LabelledCrops(table, PixelSource(scenes), reference=True)
    store = find_store(tmp_path / "store", "small")
    there = present(labels, store, reference=True)
    assert len(there) == len(crops)
    pixels = CropPixels(
        store, [*there["test_name"], *there["reference_name"]], device=CPU, limit_mb=100
    )
    for i in (0, 5, len(crops) - 1):
        sample = crops[i]
        assert torch.equal(pixels.batch(there["test_name"][i : i + 1])[0], sample["test"])
        reference = pixels.batch(there["reference_name"][i : i + 1])[0]
        assert torch.equal(reference, sample["reference"])
        assert float(there["target"][i]) == float(sample["target"])
        assert float(there["quality"][i]) == float(sample["quality"])


@pytest.mark.parametrize("domain", ["sdr", "hdr"])
@pytest.mark.parametrize("squeezed", [True, False])
def test_crops_are_the_same_from_memory_and_from_disk(
    tmp_path: Path, domain: str, squeezed: bool
) -> None:
    labels = make_set(tmp_path, domain=domain, scenes=4, per_scene=3, squeezed=squeezed)
    store = find_store(tmp_path, "small")
    names = list(labels["test_name"])
    each = 3 * 48 * 48 * (1 if domain == "sdr" else 2)
    some = CropPixels(store, names, device=CPU, limit_mb=5.5 * each / 1e6)
    assert len(some) == 5  # no more than the limit
    assert some.n_bytes == 5 * each
    every = CropPixels(store, names, device=CPU, limit_mb=1000)
    assert len(every) == len(names)
    views = [View(i, 3, 20, i % 4, bool(i % 2)) for i in range(len(names))]
    found = [pixels.batch(labels["test_name"], views) for pixels in (some, every)]
    assert torch.equal(*found)
    assert found[0].shape == (12, 3, 20, 20)
    first = store.get(names[0])
    assert torch.equal(found[0][0], first[:, 0:20, 3:23])
    assert found[0].max() <= (1 if domain == "sdr" else 10000)


def test_crops_that_are_not_there(tmp_path: Path) -> None:
    labels = make_set(tmp_path, scenes=4, per_scene=2)
    store = find_store(tmp_path, "small")
    other = Labels({**labels.columns, "test_name": labels["item"] + "x"}, labels.metadata)
    with pytest.raises(OptionError, match="no crops of the items"):
        present(other, store, reference=False)
    with pytest.raises(ImageReadError):
        find_store(tmp_path, "absent")
    with pytest.raises(ImageReadError, match="crops of small, not of tmo"):
        find_store(tmp_path / "small", "tmo")
    with pytest.raises(ImageReadError, match=r"neither absent.parquet nor absent.npz"):
        find_labels(tmp_path, "absent")


def test_a_store_tells_its_names_in_order(tmp_path: Path) -> None:
    labels = make_set(tmp_path, scenes=4, per_scene=2)
    store = Store(tmp_path / "small")
    assert len(list(store)) == len(store) == 12
    assert next(iter(store)) == labels["test_name"][0]
    before = store.get(str(labels["test_name"][0]))
    store.release()
    assert torch.equal(store.get(str(labels["test_name"][0])), before)


def test_parts_of_the_scenes_nest(tmp_path: Path) -> None:
    labels = make_set(tmp_path, scenes=40, per_scene=2)
    kept = [set(labels.thinned(scenes=f)["group"].tolist()) for f in (0.25, 0.5, 0.75, 1.0)]
    assert all(a < b for a, b in pairwise(kept))
    assert len(kept[3]) == 40
    half = labels.thinned(crops=0.5)
    assert 20 < len(half) < 60
    assert set(half["item"]) <= set(labels["item"])
    both = labels.thinned(scenes=0.5, crops=0.5)
    assert set(both["item"]) == set(half["item"]) & set(labels.thinned(scenes=0.5)["item"])
    with pytest.raises(OptionError, match="scenes lies in"):
        labels.thinned(scenes=0.0)
    with pytest.raises(OptionError, match="crops lies in"):
        labels.thinned(crops=1.5)
    with pytest.raises(OptionError, match="leave nothing"):
        labels.thinned(scenes=1e-9)


def test_label_files_that_are_none(tmp_path: Path) -> None:
    labels = make_set(tmp_path, scenes=4, per_scene=2)
    good = (tmp_path / "small.npz").read_bytes()
    path = tmp_path / "bad.npz"

    def refused(data: bytes, message: str) -> None:
        path.write_bytes(data)
        with pytest.raises(ImageReadError, match=message):
            load_labels(path)

    refused(b"", "cannot be read")
    refused(good[:-30], "cannot be read")
    pickled = io.BytesIO()
    np.savez(pickled, allow_pickle=True, item=np.array([{}], dtype=object))
    refused(pickled.getvalue(), "cannot be read")
    with pytest.raises(ImageReadError):
        load_labels(tmp_path / "absent.npz")

    def changed(**columns: np.ndarray) -> bytes:
        save_labels(path, Labels({**labels.columns, **columns}, labels.metadata))
        return path.read_bytes()

    refused(changed(target=labels["target"] * 3), "targets lie in")
    refused(changed(target=labels["target"][:3]), "the column target is no column")
    refused(changed(group=labels["target"]), "the column group is no column")
    save_labels(path, Labels(labels.columns, {"name": "x"}))
    refused(path.read_bytes(), "metadata lacks")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("item.npy", b"\0" * (1 << 20))
        file.filelist[0].file_size = 1 << 33
    refused(path.read_bytes(), r"larger than|cannot be read")
    make_set(tmp_path / "other", "tmo", scenes=4, per_scene=2)
    (tmp_path / "other" / "tmo.npz").rename(tmp_path / "itmo.npz")
    with pytest.raises(ImageReadError, match="holds the set tmo"):
        find_labels(tmp_path, "itmo")
