"""A built table in use: verified, packed, fed to a learner, shown on the command line."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch.utils.data import DataLoader

from datasets.build import build
from datasets.cli import main
from datasets.feeding.pack import pack
from datasets.feeding.store import Store
from datasets.feeding.torch_dataset import FrameOrder, LabelledCrops
from datasets.pixels import PixelSource
from datasets.scenes.procedural import procedural_scenes
from datasets.scenes.scene import Scene
from datasets.table import LabelTable, read_table, write_csv
from datasets.verify import format_verification, verify
from hdrmetrics.errors import ImageReadError, OptionError

from .small import TEXT, small_recipe


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return procedural_scenes(3, kind="sdr", size=(128, 160))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, scenes: list[Scene]) -> Path:
    out = tmp_path_factory.mktemp("built")
    result = build(small_recipe(), scenes, out, progress=False)
    assert result.table is not None
    return result.table


@pytest.fixture(scope="module")
def table(built: Path) -> LabelTable:
    return read_table(built)


def test_items_are_made_again_bit_by_bit(table: LabelTable, scenes: list[Scene]) -> None:
    checked = verify(table, scenes, count=12, progress=False)
    assert len(checked) == 12
    assert len({one.distortion for one in checked}) == 3
    assert all(one.good and one.same_reference and one.same_test for one in checked)
    assert max(one.difference for one in checked) < 1e-4
    assert "12 the same bit by bit" in format_verification(checked)


def test_a_changed_label_or_scene_is_found(table: LabelTable, scenes: list[Scene]) -> None:
    frame = table.frame.copy()
    frame["target"] = (frame["target"] + 0.3) % 1
    frame["test_digest"] = "0" * 16
    checked = verify(LabelTable(frame, table.metadata), scenes, count=3, progress=False)
    assert not any(one.good or one.same_test for one in checked)
    assert "target differs" in format_verification(checked)
    absent = verify(table, scenes[:1], count=18, progress=False)
    assert any("not in the folder given" in one.reason for one in absent)
    with pytest.raises(OptionError):
        verify(table, scenes, count=0)


@pytest.mark.parametrize("squeezed", [True, False])
def test_a_store_holds_what_is_made(
    table: LabelTable, scenes: list[Scene], tmp_path: Path, squeezed: bool
) -> None:
    result = pack(
        table, scenes, tmp_path, content="pairs", squeezed=squeezed, workers=1, progress=False
    )
    assert result.items == len(table.frame)
    assert result.crops == len(table.frame) + table.frame["reference_digest"].nunique()
    assert not result.failures
    stored = LabelledCrops(table, Store(tmp_path), reference=True)
    made = LabelledCrops(table, PixelSource(scenes), reference=True)
    assert len(stored) == len(made) == len(table.frame)
    for index in (0, 7, len(made) - 1):
        for key in ("test", "reference", "target", "quality", "row"):
            assert torch.equal(stored[index][key], made[index][key])


def test_a_small_pack_mixes_scenes(table: LabelTable, scenes: list[Scene], tmp_path: Path) -> None:
    result = pack(table, scenes, tmp_path, max_mb=0.06, progress=False)
    assert 0 < result.items < len(table.frame)
    assert result.n_bytes <= 60_000
    kept = LabelledCrops(table, Store(tmp_path))
    assert len(kept) == result.items
    assert kept.frame["scene"].nunique() > 1


def test_pack_refuses(table: LabelTable, scenes: list[Scene], tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="content is one of"):
        pack(table, scenes, tmp_path, content="all", progress=False)  # type: ignore[arg-type]
    empty = LabelTable(table.frame.iloc[:0], table.metadata)
    with pytest.raises(OptionError, match="no items"):
        pack(empty, scenes, tmp_path, progress=False)
    pack(table, scenes, tmp_path / "refs", content="references", progress=False)
    with pytest.raises(OptionError, match="no items"):
        LabelledCrops(table, Store(tmp_path / "refs"))


def test_a_learner_is_fed(table: LabelTable, scenes: list[Scene]) -> None:
    crops = LabelledCrops(table, PixelSource(scenes), reference=True)
    order = FrameOrder(crops, seed=3)
    first, second = list(order), list(order)
    assert sorted(first) == sorted(second) == list(range(len(crops)))
    assert first != second
    frames = [tuple(crops.frame.loc[i, ["scene", "frame"]]) for i in first]
    changes = sum(a != b for a, b in pairwise(frames))
    assert changes == len(set(frames)) - 1  # items of a frame stand together
    batch = next(iter(DataLoader(crops, batch_size=5, sampler=FrameOrder(crops))))
    assert batch["test"].shape == batch["reference"].shape == (5, 3, 64, 64)
    assert batch["target"].shape == (5,)
    assert bool(((batch["target"] > 0) & (batch["target"] < 1)).all())


def test_splits_of_a_dataset(table: LabelTable, scenes: list[Scene]) -> None:
    present = set(table.frame["split"])
    total = 0
    for split in ("train", "validation", "test"):
        if split in present:
            total += len(LabelledCrops(table, PixelSource(scenes), split=split))
        else:
            with pytest.raises(OptionError, match=f"split {split}"):
                LabelledCrops(table, PixelSource(scenes), split=split)
    assert total == len(table.frame)


def test_tables_that_are_none(tmp_path: Path, table: LabelTable) -> None:
    with pytest.raises(ImageReadError, match="cannot be read"):
        read_table(tmp_path / "absent.parquet")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(ImageReadError, match="cannot be read"):
        read_table(tmp_path / "broken.parquet")
    table.frame.to_parquet(tmp_path / "other.parquet")
    with pytest.raises(ImageReadError, match="no label table"):
        read_table(tmp_path / "other.parquet")


def test_csv_holds_the_same(table: LabelTable, tmp_path: Path) -> None:
    import pandas as pd

    write_csv(table, tmp_path / "t.csv")
    back = pd.read_csv(tmp_path / "t.csv")
    assert list(back.columns) == list(table.frame.columns)
    assert (back["item"] == table.frame["item"]).all()
    assert abs(back["hdrvdp_q"] - table.frame["hdrvdp_q"]).max() < 1e-4


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = tmp_path / "small.toml"
    recipe.write_text(TEXT)
    out, given = tmp_path / "set", ["--scenes", "procedural:2"]
    assert main(["build", str(recipe), *given, "--out", str(out), "--workers", "1"]) == 0
    table = str(out / "small.parquet")
    assert "12 items, 0 failures" in capsys.readouterr().out
    assert main(["verify", table, *given, "--count", "3"]) == 0
    assert main(["stats", table, "--out", str(tmp_path / "report"), *given]) == 0
    assert "gaussian_blur" in capsys.readouterr().out
    assert list((tmp_path / "report").glob("*.png"))
    sheet = tmp_path / "sheet.png"
    assert main(["show", table, *given, "--out", str(sheet), "--count", "4"]) == 0
    assert sheet.stat().st_size > 1000
    store = str(tmp_path / "store")
    assert main(["pack", table, *given, "--out", store, "--max-mb", "1", "--workers", "1"]) == 0
    assert main(["csv", table, "--out", str(tmp_path / "t.csv")]) == 0
    capsys.readouterr()
    assert main(["verify", str(tmp_path / "absent.parquet"), *given]) == 2
    assert "cannot be read" in capsys.readouterr().err
    assert main(["build", "hdr-x", *given, "--out", str(out)]) == 2
    assert "there are" in capsys.readouterr().err
    assert main(["build", str(recipe), "--scenes", "procedural:x", "--out", str(out)]) == 2
    assert "procedural:N" in capsys.readouterr().err
