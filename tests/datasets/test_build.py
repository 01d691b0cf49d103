"""Building: the same bytes with any number of workers, after kills, in shards."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from datasets.build import Shard, build, parse_shard, plan
from datasets.merge import merge
from datasets.scenes.procedural import procedural_scenes
from datasets.scenes.scene import Scene
from datasets.table import read_table
from hdrmetrics.errors import ImageReadError, OptionError

from .small import TEXT, small_recipe

COUNT = 3


def scenes() -> list[Scene]:
    return procedural_scenes(COUNT, kind="sdr", size=(128, 160))


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The set built in one piece by one worker."""
    out = tmp_path_factory.mktemp("whole")
    result = build(small_recipe(), scenes(), out, workers=1, progress=False)
    assert result.table is not None
    assert not result.failures
    assert result.items == result.made == COUNT * 2 * 1 * 3
    return result.table


def test_what_a_table_holds(whole: Path) -> None:
    table = read_table(whole)
    frame = table.frame
    assert len(frame) == COUNT * 6
    assert frame["item"].is_unique
    assert set(frame["distortion"]) == {"gaussian_blur", "gaussian_noise", "jpeg"}
    assert frame["strength"].between(0, 1).all()
    assert frame["target"].between(0, 1).all()
    assert frame["hdrvdp_q"].notna().all()
    assert frame["split"].isin(["train", "validation", "test"]).all()
    assert frame["teacher"].str.startswith("hdrvdp2").all()
    assert json.loads(frame["libraries"][0])["torch"]
    jpeg = frame[frame["distortion"] == "jpeg"]
    assert (jpeg["bits_per_pixel"] > 0).all()
    assert all("quality" in json.loads(text) for text in jpeg["parameters"])
    blur = frame[frame["distortion"] == "gaussian_blur"]
    assert blur["bits_per_pixel"].isna().all()
    assert (frame["ppd"] == 30).all()
    # a better picture is a better target: HDR-VDP's Q falls with quality, Q_MOS rises
    assert (frame["hdrvdp_q"].rank() == (-frame["target"]).rank()).all()
    assert (table.transform(frame["hdrvdp_q"]) - frame["target"]).abs().max() < 1e-6


def test_two_workers_give_the_same_bytes(whole: Path, tmp_path: Path) -> None:
    result = build(small_recipe(), scenes(), tmp_path, workers=2, progress=False)
    assert result.table is not None
    assert sha(result.table) == sha(whole)


RUN = """
import sys
from pathlib import Path
from datasets.build import build
from tests.datasets.test_build import scenes
from tests.datasets.small import small_recipe
if __name__ == "__main__":
    build(small_recipe(), scenes(), Path(sys.argv[1]), workers=1, progress=False)
"""


def test_a_killed_build_goes_on_to_the_same_bytes(whole: Path, tmp_path: Path) -> None:
    script = tmp_path / "run.py"
    script.write_text(RUN)
    out = tmp_path / "out"
    root = Path(__file__).parents[2]
    run = subprocess.Popen(
        [sys.executable, str(script), str(out)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and run.poll() is None:
        if len(list((out / "parts").glob("[!.]*.json"))) >= 2:
            break
        time.sleep(0.01)
    assert run.poll() is None, "the build ended before it could be killed"
    run.send_signal(signal.SIGKILL)
    run.wait()
    time.sleep(1.5)  # its worker follows it
    done = len(list((out / "parts").glob("[!.]*.json")))
    assert 2 <= done < COUNT * 2
    assert not list(out.glob("*.parquet"))
    result = build(small_recipe(), scenes(), out, workers=1, progress=False)
    assert result.made == (COUNT * 2 - done) * 3
    assert result.table is not None
    assert sha(result.table) == sha(whole)


def test_shards_make_the_whole(whole: Path, tmp_path: Path) -> None:
    recipe, given = small_recipe(), scenes()
    tables = []
    for number in (1, 2):
        shard = Shard(number, 2)
        result = build(recipe, given, tmp_path, shard=shard, progress=False)
        assert result.table is not None
        tables.append(result.table)
    assert merge(tables[::-1], tmp_path / "joined.parquet") == COUNT * 6
    assert sha(tmp_path / "joined.parquet") == sha(whole)
    with pytest.raises(OptionError, match="comes twice"):
        merge([tables[0], tables[0]], tmp_path / "twice.parquet")


def test_shards_share_out_the_units() -> None:
    recipe, given = small_recipe(), scenes()
    whole = plan(recipe, given)
    parts = [plan(recipe, given, Shard(i, 4)) for i in (1, 2, 3, 4)]
    assert sorted(u.name for part in parts for u in part) == sorted(u.name for u in whole)
    assert [unit.frame for unit in whole] == sorted(unit.frame for unit in whole)


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2"])
def test_shards_are_checked(text: str) -> None:
    with pytest.raises(OptionError, match="a shard is"):
        parse_shard(text)


def test_additions_leave_the_rest_as_it_was(whole: Path, tmp_path: Path) -> None:
    more = procedural_scenes(COUNT + 1, kind="sdr", size=(128, 160))
    result = build(small_recipe(), more, tmp_path, progress=False)
    assert result.table is not None
    before, after = read_table(whole).frame, read_table(result.table).frame
    kept = after[after["item"].isin(before["item"])].reset_index(drop=True)
    assert len(after) > len(before)
    columns = [c for c in before.columns if c != "target"]  # the target is fitted to the whole
    assert kept[columns].equals(before[columns])


class BrokenScene(Scene):
    """A scene whose file cannot be read."""

    def load(self) -> object:  # type: ignore[override]
        raise ImageReadError("the file is truncated")


def broken() -> Scene:
    good = scenes()[0]
    values = {name: getattr(good, name) for name in good.__dataclass_fields__}  # type: ignore[attr-defined]
    return type("BrokenScene", (type(good),), {"load": BrokenScene.load})(
        **{**values, "name": "broken"}
    )


BAD_STEP = TEXT.replace(
    'steps = [{ kind = "codec", name = "jpeg", quality = { from = 95, to = 5 } }]',
    'steps = [{ kind = "codec", name = "jpeg", quality = { from = 500, to = 501 } }]',
)


def test_bad_items_are_told_and_stop_nothing(tmp_path: Path) -> None:
    from datasets.recipe import parse_recipe

    result = build(parse_recipe(BAD_STEP), scenes(), tmp_path, progress=False)
    assert result.items == COUNT * 4
    assert len(result.failures) == COUNT * 2
    assert all("OptionError" in failure["reason"] for failure in result.failures)
    lines = (tmp_path / "failures.csv").read_text().splitlines()
    assert len(lines) == 1 + COUNT * 2
    again = build(parse_recipe(BAD_STEP), scenes(), tmp_path, progress=False)
    assert again.made == 0
    assert again.items == result.items
    retried = build(parse_recipe(BAD_STEP), scenes(), tmp_path, progress=False, retry=True)
    assert retried.made == COUNT * 4


def test_a_folder_belongs_to_one_recipe(tmp_path: Path) -> None:
    build(small_recipe(), scenes()[:1], tmp_path, progress=False)
    other = small_recipe(**{"seed = 5": "seed = 6"})
    with pytest.raises(OptionError, match="another recipe sha256"):
        build(other, scenes()[:1], tmp_path, progress=False)


def test_no_scene_for_a_recipe(tmp_path: Path) -> None:
    hdr: Sequence[Scene] = procedural_scenes(1, kind="hdr")
    with pytest.raises(OptionError, match="no sdr scene among the 1"):
        build(small_recipe(), hdr, tmp_path, progress=False)
