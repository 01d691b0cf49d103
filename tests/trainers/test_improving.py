"""Learning what enhancement brings: pairs, what is known of them, layers, and the commands."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from datasets.scenes.splits import split_of
from datasets.streams import fraction, stream
from hdrmetrics import score
from hdrmetrics.enhance import create_enhancer
from hdrmetrics.errors import DomainError, ImageReadError, OptionError, WeightsError
from hdrmetrics.improve.labels import LABELS
from hdrmetrics.improve.pairs import read_pairs
from hdrmetrics.learned.improvable.card import GainCard, Output
from hdrmetrics.learned.improvable.metric import load_improvability
from hdrmetrics.learned.improvable.network import GainLayer, describe, statistics_of
from hdrmetrics.learned.improvable.weights import load_gains, read_gain_card, save_gains
from hdrmetrics.learned.liked.nima import Nima, load_nima
from hdrmetrics.learned.restoring.card import RestorationCard
from hdrmetrics.learned.restoring.net import NetSize, fresh_net
from hdrmetrics.learned.restoring.weights import SHIPPED, load_restoration, save_restoration
from tests.learned.liked import small
from tests.trainers import gains as made
from trainers.cli import main
from trainers.improving import material
from trainers.improving.features import Gains, gains_of
from trainers.improving.fit import average_precision
from trainers.improving.material import DEGRADATIONS, draw_steps, load_picture, make_pairs
from trainers.improving.recipe import GainRecipe, read_recipe
from trainers.improving.run import learn, thresholds_of, write_recipe
from trainers.improving.tuning import tune_on_labels
from trainers.restoring.degrade import degrade, eight_bits

LEAST = replace(made.RECIPE, takes=(20, 20, 20))


@dataclass(frozen=True)
class World:
    """A whole run on small photographs whose only fault is noise, which a random trunk sees."""

    photographs: Path
    opinions: Path
    recipe: Path
    out: Path

    @property
    def pairs(self) -> Path:
        return self.out / "pairs"

    def command(self, *more: str) -> list[str]:
        return [
            "improvability", "--photographs", str(self.photographs), "--out", str(self.out),
            "--opinions", str(self.opinions), "--config", str(self.recipe), "--quiet", *more,
        ]  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("improving")
    (folder / "recipe.toml").write_text(made.TOML)
    photographs = made.make_photographs(folder / "photographs")
    found = World(photographs, made.save_network(folder), folder / "recipe.toml", folder / "run")
    with pytest.MonkeyPatch.context() as patch:
        for name in set(DEGRADATIONS) - {"noise"}:
            patch.delitem(DEGRADATIONS, name)
        assert main(found.command()) == 0
        yield found


@pytest.fixture(scope="module")
def metric(world: World) -> Nima:
    return load_nima(world.opinions)


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "pairs.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def tree(folder: Path) -> dict[str, bytes]:
    paths = (one for one in folder.rglob("*") if one.is_file())
    return {str(one.relative_to(folder)): one.read_bytes() for one in paths}


# What photographs suffer.


def test_the_recipes_in_text_and_in_code_are_the_same(world: World) -> None:
    assert read_recipe(world.recipe) == made.RECIPE


def test_steps_come_in_the_promised_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {
        "motion-blur": ("motion_blur",), "lens-blur": ("defocus_blur", "gaussian_blur"),
        "noise": ("gaussian_noise", "camera_noise"), "compression": ("jpeg",),
        "saturation": ("saturation_clipping",),
    }  # fmt: skip
    monkeypatch.setattr(material, "DEGRADATIONS", names)
    recipe = GainRecipe()
    drawn = [draw_steps(recipe, stream(0, "shares", i)) for i in range(2000)]
    parts = Counter(kind for kind, _ in drawn)
    assert parts["clean"] / 2000 == pytest.approx(recipe.untouched, abs=0.03)
    rest = 1 - recipe.untouched - recipe.single
    assert parts["several"] / 2000 == pytest.approx(rest, abs=0.03)
    order = [step for steps in names.values() for step in steps]
    for kind, steps in drawn:
        assert len(steps) in {"clean": (0,), "several": (2, 3)}.get(kind, (1,))
        places = [order.index(step) for step, _ in steps]
        assert places == sorted(places)  # lens before sensor before file
        if kind in names:
            assert steps[0][0] in names[kind]
        for step, amount in steps:
            top = 0.6 if step == "saturation_clipping" else 1.0
            assert 10 <= amount <= 90 if step == "jpeg" else 0.05 <= amount <= top
    for kind in names:
        assert parts[kind] / 2000 == pytest.approx(recipe.single / 5, abs=0.03)
    # Of several, each is milder than alone.
    alone, among = (
        [a for kind, steps in drawn for s, a in steps if s == "motion_blur" and (kind == what)]
        for what in ("motion-blur", "several")
    )
    assert np.mean(among) < np.mean(alone) - 0.03


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("takes = [20, 20]", "three numbers of 20"), ("takes = [20, 20, 19]", "three numbers"),
        ("untouched = 0.6\nsingle = 0.6", "parts of one whole"),
        ("significant = 0.4", "a part of prevalence"), ("harmed = 0", "above 0"),
        ("side = 16", "side of 32 to 1024"), ("along = 9", "1 to 8 along"),
        ("ridge = []", "ridge is a list"), ("pull = [0.0]", "pull is a list"),
        ("depth = 3", "has no depth"), ("takes = [", "cannot be read"),
    ],
)  # fmt: skip
def test_what_no_recipe_says(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "r.toml").write_text(text)
    with pytest.raises(OptionError, match=message):
        read_recipe(tmp_path / "r.toml")


# Pairs.


@pytest.mark.parametrize("name", ["psnr", "nima", "pu21-ssim", "mse"])
def test_metrics_that_cannot_tell_a_true_gain(tmp_path: Path, name: str) -> None:
    with pytest.raises(OptionError, match=f"cannot be told by {name}"):
        make_pairs(tmp_path / "a", replace(LEAST, metric=name), None, None, 0)
    assert not (tmp_path / "a").exists()


def test_splits_are_of_photographs(world: World) -> None:
    rows = rows_of(world.pairs)
    assert Counter(row["split"] for row in rows) == dict(
        zip(made.COUNTS, made.RECIPE.takes, strict=True)
    )
    assert all(row["split"] == split_of(row["photograph"]) for row in rows)
    for split, count in made.COUNTS.items():
        takes = Counter(row["photograph"] for row in rows if row["split"] == split)
        assert len(takes) == count
        assert max(takes.values()) - min(takes.values()) <= 1


def test_the_table_says_what_the_pictures_are(world: World) -> None:
    restore = create_enhancer("restore")
    for row in rows_of(world.pairs)[:8]:
        before, after = (load_picture(world.pairs / row[c]) for c in ("input", "enhanced"))
        torch.testing.assert_close(after, restore(before), atol=0.6 / 255, rtol=0)
        assert (row["degradation"] == "clean") == (row["steps"] == "")


def test_a_set_that_was_stopped_ends_in_the_same_bytes(world: World, tmp_path: Path) -> None:
    whole = tree(world.pairs)
    shutil.copytree(world.pairs, tmp_path / "pairs")
    journal = tmp_path / "pairs" / "pairs.journal.csv"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[:-6]) + lines[-6][:9])  # a kill in the midst of a row
    (tmp_path / "pairs" / "pairs.csv").unlink()
    for line in lines[-5:]:
        for folder in ("input", "enhanced"):
            (tmp_path / "pairs" / folder / f"{line.split(',')[0]}.png").unlink()
    make_pairs(tmp_path / "pairs", made.RECIPE, world.photographs, None, 0, quiet=True)
    assert tree(tmp_path / "pairs") == whole


def test_pairs_of_other_photographs_are_not_added_to(world: World, tmp_path: Path) -> None:
    shutil.copytree(world.pairs, tmp_path / "pairs")
    (tmp_path / "photographs").mkdir()
    for path in sorted(world.photographs.iterdir()):
        if path.stem != made.names_of("train")[0]:
            shutil.copy(path, tmp_path / "photographs")
    before = tree(tmp_path / "pairs")
    with pytest.raises(OptionError, match="pairs of other photographs"):
        make_pairs(tmp_path / "pairs", made.RECIPE, tmp_path / "photographs", None, 0, quiet=True)
    assert tree(tmp_path / "pairs") == before


def identity(image: torch.Tensor) -> torch.Tensor:
    return image


def test_where_nothing_is_done_nothing_is_gained_and_bad_photographs_are_told(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(material, "create_enhancer", lambda name: identity)
    shutil.copytree(world.photographs, tmp_path / "photographs")
    bad = [f"bad{i}" for i in range(40) if split_of(f"bad{i}") == "train"][:2]
    (tmp_path / "photographs" / f"{bad[0]}.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    Image.new("RGB", (9, 9)).save(tmp_path / "photographs" / f"{bad[1]}.png")
    make_pairs(tmp_path / "a", LEAST, tmp_path / "photographs", None, 1, quiet=True)
    said = capsys.readouterr().err
    for name, why in zip(bad, ("", "too few"), strict=True):
        assert said.count(f"{name}: ") == 1
        assert why in said
    rows = rows_of(tmp_path / "a")
    assert not {row["photograph"] for row in rows} & set(bad)
    assert len(rows) == 60 - 4  # of ten photographs, two takes of each
    for row in rows:
        assert row["before"] == row["after"]
        assert (row["degradation"] == "clean") == (float(row["before"]) == 0)
    # Another seed draws others.
    steps = {row["steps"] for row in rows} - {""}
    assert not steps & {row["steps"] for row in rows_of(world.pairs)}


def test_a_blur_that_is_undone_is_a_gain(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[torch.Tensor] = []

    def blurred(clean: torch.Tensor, steps: object, seed: int) -> torch.Tensor:
        kept.append(clean)
        return eight_bits(torch.nn.functional.avg_pool2d(clean, 3, 1, 1))

    monkeypatch.setattr(material, "degrade", blurred)
    monkeypatch.setattr(material, "create_enhancer", lambda name: lambda image: kept[-1])
    make_pairs(tmp_path, LEAST, world.photographs, None, 0, quiet=True)
    for row in rows_of(tmp_path):
        assert float(row["after"]) == 0 < float(row["before"]) < 1


def test_what_is_saved_as_a_file_at_last_keeps_its_name(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(material, "create_enhancer", lambda name, **_: identity)
    make_pairs(tmp_path, replace(LEAST, filed=1.0), world.photographs, None, 0, quiet=True)
    for row in rows_of(tmp_path):
        names = [one.partition("=")[0] for one in row["steps"].split()]
        assert names[-1] == "jpeg"
        assert (row["degradation"] == "clean") == (names == ["jpeg"])
        assert float(row["before"]) > 0


def other_eyes(folder: Path) -> Path:
    """Write a network that restores nothing, since nothing was learnt yet."""
    net = fresh_net(NetSize((8, 8, 8), 1))
    path = folder / "eyes.safetensors"
    save_restoration(path, net, RestorationCard(net.size))
    return path


def test_pairs_are_enhanced_by_the_weights_that_see(world: World, tmp_path: Path) -> None:
    eyes = other_eyes(tmp_path)
    make_pairs(
        tmp_path, LEAST, world.photographs, None, 0, restoration=eyes, quiet=True
    )  # fmt: skip
    assert all(row["before"] == row["after"] for row in rows_of(tmp_path))
    assert main(world.command("--restoration", str(eyes))) == 2  # gains would be those of others


def test_a_split_without_photographs_is_refused(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(material, "create_enhancer", lambda name: identity)
    first = {split: made.names_of(split)[0] for split in made.COUNTS}
    folder = tmp_path / "photographs"
    folder.mkdir()
    shutil.copy(world.photographs / f"{first['train']}.png", folder)
    with pytest.raises(OptionError, match="no clean photographs of the split validation"):
        make_pairs(tmp_path / "a", LEAST, folder, None, 0, quiet=True)
    (folder / f"{first['train']}.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(OptionError, match="of the split train can be used"):
        make_pairs(tmp_path / "b", LEAST, folder, None, 0, quiet=True)


def test_pictures_are_read_as_metrics_get_them(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    wanted = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
    assert torch.equal(load_picture(tmp_path / "a.png"), wanted)
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(pixels).save(tmp_path / "b.jpg", exif=turned)
    assert load_picture(tmp_path / "b.jpg").shape == (1, 3, 32, 24)
    Image.fromarray(pixels[..., 0].astype(np.uint16) * 257).save(tmp_path / "c.png")
    assert torch.allclose(load_picture(tmp_path / "c.png"), wanted[:, :1].expand(-1, 3, -1, -1))
    (tmp_path / "d.png").write_bytes(b"no picture")
    with pytest.raises(ImageReadError, match=r"d\.png"):
        load_picture(tmp_path / "d.png")
    (tmp_path / "e.hdr").write_bytes(b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 1\n\1\2\3\200")
    with pytest.raises(DomainError):
        load_picture(tmp_path / "e.hdr")


# What is known of pairs.


def test_what_is_known_of_pairs(world: World, metric: Nima) -> None:
    found = gains_of(world.pairs, SHIPPED, metric, made.RECIPE, world.out / "seen.npz", quiet=True)
    pairs = read_pairs(world.pairs)
    assert len(found) == len(pairs) == sum(made.RECIPE.takes)
    assert len(found.of("test")) == made.RECIPE.takes[2]
    for index in (0, 50):
        more = pairs[index].more
        assert found.gain[index] == pytest.approx(float(more["before"]) - float(more["after"]))
        delta = score(pairs[index].enhanced, metric).value - score(pairs[index].input, metric).value
        assert found.delta[index] == pytest.approx(delta, abs=1e-4)
    noisy = found.degradation == "noise"
    assert found.gain[noisy].mean() > 0.02 > found.gain[~noisy].mean()


def test_what_was_seen_is_not_seen_again(
    world: World, metric: Nima, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = gains_of(world.pairs, SHIPPED, metric, made.RECIPE, world.out / "seen.npz", quiet=True)
    with np.load(world.out / "seen.npz") as file:
        kept = dict(file)
    np.savez(tmp_path / "seen.npz", **(kept | {"rows": kept["rows"][:-4]}))
    loaded: list[Path] = []
    real = load_picture

    def counted(path: Path) -> torch.Tensor:
        loaded.append(path)
        return real(path)

    monkeypatch.setattr("trainers.improving.features.load_picture", counted)
    found = gains_of(world.pairs, SHIPPED, metric, made.RECIPE, tmp_path / "seen.npz", quiet=True)
    assert len(loaded) == 8
    for name in Gains.__dataclass_fields__:
        assert np.array_equal(getattr(found, name), getattr(whole, name)), name
    assert (tmp_path / "seen.npz").read_bytes() == (world.out / "seen.npz").read_bytes()


def test_what_others_saw_is_refused(world: World, metric: Nima, tmp_path: Path) -> None:
    keep = tmp_path / "seen.npz"
    shutil.copy(world.out / "seen.npz", keep)
    before = keep.read_bytes()
    other = Nima(small.network(1, seed=5), metric.card)
    other.network.digest = "other"
    for one, recipe in ((other, made.RECIPE), (metric, replace(made.RECIPE, side=48))):
        with pytest.raises(ImageReadError, match="other networks or another set"):
            gains_of(world.pairs, SHIPPED, one, recipe, keep, quiet=True)
    assert keep.read_bytes() == before
    # As many pairs, but others, as after another run into the same folder.
    shutil.copytree(world.pairs, tmp_path / "pairs")
    table = tmp_path / "pairs" / "pairs.csv"
    after = rows_of(world.pairs)[3]["after"]
    table.write_text(table.read_text().replace(f",{after}\n", ",0.5\n", 1))
    with pytest.raises(ImageReadError, match="other networks or another set"):
        gains_of(tmp_path / "pairs", SHIPPED, metric, made.RECIPE, keep, quiet=True)
    for content in (b"", b"PK\3\4 half", before[: len(before) // 2]):
        keep.write_bytes(content)
        with pytest.raises(ImageReadError, match="damaged"):
            gains_of(world.pairs, SHIPPED, metric, made.RECIPE, keep, quiet=True)


def test_tables_that_lack_something_are_refused(world: World, metric: Nima, tmp_path: Path) -> None:
    shutil.copytree(world.pairs, tmp_path / "pairs")
    table = tmp_path / "pairs" / "pairs.csv"
    text = table.read_text()
    row = rows_of(world.pairs)[0]
    for worse, message in (
        (text.replace("degradation", "kind", 1), "no column degradation"),
        (text.replace(row["before"], "much", 1), "is a distance, not 'much'"),
        (text.replace(row["before"], "nan", 1), "is a distance, not 'nan'"),
    ):
        table.write_text(worse)
        with pytest.raises(OptionError, match=message):
            gains_of(
                tmp_path / "pairs", SHIPPED, metric, made.RECIPE, tmp_path / "seen.npz", quiet=True
            )
    table.write_text(text)
    (tmp_path / "pairs" / row["input"]).write_bytes(b"no picture")
    with pytest.raises(ImageReadError, match=Path(row["input"]).name):
        gains_of(
            tmp_path / "pairs", SHIPPED, metric, made.RECIPE, tmp_path / "seen.npz", quiet=True
        )


# Labels and layers.


def gains_like(gain: np.ndarray, split: str = "train") -> Gains:
    many = len(gain)
    texts = (np.full(many, one) for one in (split, "p", "noise", "pair"))
    return Gains(np.zeros((many, 2)), np.zeros(many), np.zeros(many), gain, *texts)


def test_thresholds_are_quantiles_of_the_training_pairs() -> None:
    gain = np.random.default_rng(0).permutation(np.linspace(0, 1, 101))
    found = thresholds_of(gains_like(gain), GainRecipe(prevalence=0.3, significant=0.1))
    assert (found.moderate, found.significant) == pytest.approx((0.7, 0.9))
    assert found.harmed == -GainRecipe().harmed
    labels = found.labels(np.array([0.95, 0.75, 0.5, 0.0, -0.005, -0.5]))
    assert labels.tolist() == [2, 1, 0, 0, 0, -1]
    assert set(labels.tolist()) <= set(LABELS)
    at_the_edge = found.labels(np.array([found.moderate, found.significant, found.harmed]))
    assert at_the_edge.tolist() == [1, 2, 0]
    with pytest.raises(OptionError, match="only 0% of the training pairs gain"):
        thresholds_of(gains_like(-gain), GainRecipe())


def test_thresholds_do_not_follow_other_splits() -> None:
    train, test = gains_like(np.linspace(0, 1, 101)), gains_like(np.full(500, 9.0), "test")
    both = Gains(*(np.concatenate([getattr(one, name) for one in (train, test)])
                   for name in Gains.__dataclass_fields__))  # fmt: skip
    assert thresholds_of(both, GainRecipe()) == thresholds_of(train, GainRecipe())


def foretold(count: int = 900) -> Gains:
    """Return gains that follow from a statistic for each degradation."""
    draw = np.random.default_rng(0)
    names = list(DEGRADATIONS)
    kind = draw.integers(0, len(names) + 1, count)
    severity = draw.random(count)
    statistics = 0.05 * draw.standard_normal((count, len(names) + 2))
    told = kind < len(names)
    statistics[np.flatnonzero(told), kind[told]] += severity[told]
    gain = np.where(told, severity, -0.02)
    opinion = draw.normal(5, 1, count)
    split = np.where(draw.random(count) < 0.6, "train", "validation")
    degradation = np.array([*names, "clean"])[kind]
    words = np.array([f"p{i}" for i in range(count)])
    after = opinion + 0.3 * gain + 0.02 * draw.standard_normal(count)
    return Gains(statistics, opinion, after, gain, split, words, degradation, words)


def test_learning_writes_two_layers_that_foretell_gains(tmp_path: Path) -> None:
    gains, metric = foretold(), small.metric()
    metric.network.digest = "0" * 64
    path = learn(gains, SHIPPED, metric, GainRecipe(), tmp_path / "run", 3)
    assert path == tmp_path / "run" / "improvability.safetensors"
    positive = thresholds_of(gains, GainRecipe()).labels(gains.gain) >= 1
    for one in (path, tmp_path / "run" / "baseline.safetensors"):
        layer, card = load_gains(one)
        assert [output.name for output in card.outputs] == ["all", *DEGRADATIONS, "harm"]
        eyes = load_restoration()[1].sha256
        assert (card.seed, card.trunk_sha256, card.enhancer) == (3, eyes, f"restore {eyes[:12]}")
        assert card.recipe_sha256 == GainRecipe().digest
        with torch.no_grad():
            z = layer(torch.from_numpy(gains.statistics).float()).double().numpy()
        for index, output in enumerate(card.outputs):
            own = positive if index == 0 else positive & (gains.degradation == output.name)
            own = gains.gain < -0.01 if output.name == "harm" else own
            value = 1 / (1 + np.exp(-(output.slope * z[:, index] + output.offset)))
            assert average_precision(value, own) > 0.9
            assert value.mean() == pytest.approx(own.mean(), abs=0.06)  # it is calibrated
    again = learn(gains, SHIPPED, metric, GainRecipe(), tmp_path / "again", 3)
    assert tree(again.parent) == tree(path.parent)


def test_a_card_names_who_enhanced(tmp_path: Path) -> None:
    recipe = GainRecipe(enhancer="wiener", ridge=(100.0,), pull=(0.01,))
    path = learn(foretold(300), SHIPPED, small.metric(), recipe, tmp_path, 3)
    assert read_gain_card(path.with_suffix(".json")).enhancer == "wiener"


def test_a_run_that_was_told_otherwise_is_refused(tmp_path: Path) -> None:
    others = other_eyes(tmp_path)
    write_recipe(GainRecipe(), SHIPPED, tmp_path / "run", 0)
    write_recipe(GainRecipe(), SHIPPED, tmp_path / "run", 0)
    before = tree(tmp_path)
    for recipe, eyes, seed in (
        (GainRecipe(), SHIPPED, 1), (GainRecipe(single=0.5), SHIPPED, 0), (GainRecipe(), others, 0),
    ):  # fmt: skip
        with pytest.raises(OptionError, match="told otherwise"):
            write_recipe(recipe, eyes, tmp_path / "run", seed)
    assert tree(tmp_path) == before
    # A run that an earlier version began did not say whose eyes.
    told = json.loads((tmp_path / "run" / "run.json").read_text())
    del told["restoration_sha256"]
    (tmp_path / "run" / "run.json").write_text(json.dumps(told))
    write_recipe(GainRecipe(), SHIPPED, tmp_path / "run", 0)
    assert tree(tmp_path) == before


# Labels of people.


@pytest.fixture(scope="module")
def labelled(world: World) -> Path:
    """Return labels of the pairs: what is noisy gains, and more where there is more of it."""
    rows = rows_of(world.pairs)
    lines = ["name,label"]
    for row in rows:
        amount = float(row["steps"].partition("=")[2] or 0)
        lines.append(f"{row['name']},{0 if amount < 0.3 else 1 if amount < 0.6 else 2}")
    path = world.out / "labels.csv"
    path.write_text("\n".join([*lines, "no-such-pair,1"]) + "\n")
    return path


@pytest.fixture(scope="module", autouse=True)
def once_seen() -> Iterator[None]:
    """Let the network describe each picture once only, however often layers are tuned on it."""
    known: dict[tuple[int, int, bytes], torch.Tensor] = {}

    def describe_once(
        trunk: torch.nn.Module, pictures: torch.Tensor, side: int, along: int
    ) -> torch.Tensor:
        key = (side, along, pictures.numpy().tobytes())
        if key not in known:
            known[key] = describe(trunk, pictures, side, along)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trainers.improving.tuning.describe", describe_once)
        patch.setattr("trainers.improving.features.describe", describe_once)
        yield


@pytest.fixture(scope="module")
def start(world: World) -> Path:
    """Return a layer that knows nothing yet, on statistics of about unit size."""
    net, eyes = load_restoration()
    count = statistics_of(net)
    with np.load(world.out / "seen.npz") as file:
        seen = torch.from_numpy(file["rows"][:, :count])
    layer = GainLayer(count, 2)
    with torch.no_grad():
        layer.standard.centre.copy_(seen.mean(dim=0))
        layer.standard.scale.copy_(seen.std(dim=0) + 0.05 * seen.std(dim=0).mean())
        layer.last.weight.normal_(std=1e-3, generator=torch.Generator().manual_seed(0))
        layer.last.weight[0].zero_()
        layer.last.bias.zero_()
    card = GainCard((Output("all"), Output("noise", 2.0)), count, 64, 1, eyes.sha256, "restore 1")
    path = world.out / "start.safetensors"
    save_gains(path, layer, card)
    return path


def test_tuning_learns_what_labels_say_of_what_can_be_seen(
    world: World, labelled: Path, start: Path, tmp_path: Path
) -> None:
    out = tmp_path / "tuned.safetensors"
    said = tune_on_labels(world.pairs, labelled, start, SHIPPED, out, pull=0.01, seed=0)
    card = read_gain_card(out.with_suffix(".json"))
    labels = card.labels
    assert labels["after"]["average precision"] > labels["before"]["average precision"] + 0.1
    assert labels["after"]["average precision"] > 0.7
    # Photographs, not pairs, are divided.
    rows = rows_of(world.pairs)
    names = [row["photograph"] for row in rows]
    held = {name for name in names if fraction("tuning", 0, name) < 0.2}
    assert labels["held"] == sum(name in held for name in names)
    assert labels["labels"] == len(rows)
    assert any("1 labels left out" in line for line in said)
    # Only the first output changes.
    old, _ = load_gains(start)
    new, _ = load_gains(out)
    assert not torch.equal(old.last.weight[0], new.last.weight[0])
    assert torch.equal(old.last.weight[1], new.last.weight[1])
    assert torch.equal(old.standard.scale, new.standard.scale)
    assert card.outputs[1] == Output("noise", 2.0)
    # What is judged by is not learnt from.
    text = labelled.read_text().splitlines()
    for index, row in enumerate(rows, start=1):
        if row["photograph"] in held:
            name, label = text[index].split(",")
            text[index] = f"{name},{0 if int(label) else 1}"
    (tmp_path / "turned.csv").write_text("\n".join(text) + "\n")
    other = tmp_path / "other.safetensors"
    tune_on_labels(world.pairs, tmp_path / "turned.csv", start, SHIPPED, other, pull=0.01, seed=0)
    assert torch.equal(load_gains(other)[0].last.weight, new.last.weight)


def test_what_cannot_be_tuned(
    world: World, labelled: Path, start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tuned(labels: Path, out: str = "a.safetensors", seed: int = 0) -> None:
        tune_on_labels(world.pairs, labels, start, SHIPPED, tmp_path / out, pull=0.01, seed=seed)

    seen = torch.zeros(1, load_gains(start)[1].statistics)
    monkeypatch.setattr("trainers.improving.tuning.describe", lambda *_: seen)
    lines = labelled.read_text().splitlines()
    (tmp_path / "few.csv").write_text("\n".join(lines[:20]) + "\n")
    with pytest.raises(OptionError, match="19 of the pairs have labels: 20 are wanted"):
        tuned(tmp_path / "few.csv")
    (tmp_path / "same.csv").write_text(
        "\n".join([lines[0], *(f"{one.split(',')[0]},1" for one in lines[1:])]) + "\n"
    )
    with pytest.raises(OptionError, match="one kind only"):
        tuned(tmp_path / "same.csv")
    rows = rows_of(world.pairs)
    held = [fraction("tuning", 0, row["photograph"]) < 0.2 for row in rows]
    mixed = [f"{row['name']},{0 if out else i % 2}" for i, (row, out) in
             enumerate(zip(rows, held, strict=True))]  # fmt: skip
    (tmp_path / "held.csv").write_text("\n".join([lines[0], *mixed]) + "\n")
    with pytest.raises(OptionError, match="one kind only among those to judge by"):
        tuned(tmp_path / "held.csv")
    with pytest.raises(OptionError, match=r"ends in \.safetensors"):
        tuned(labelled, "a.pt")
    other = other_eyes(tmp_path)
    with pytest.raises(OptionError, match="trained on other weights"):
        tune_on_labels(
            world.pairs, labelled, start, other, tmp_path / "a.safetensors", pull=0.01, seed=0
        )
    assert not list(tmp_path.glob("a.*"))


# The commands.


def test_the_command_ends_in_a_metric(
    world: World, metric: Nima, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(world.out)
    path = world.out / "improvability.safetensors"
    card = read_gain_card(path.with_suffix(".json"))
    assert [one.name for one in card.outputs] == ["all", "noise", "harm"]
    assert card.trunk_sha256 == load_restoration()[1].sha256
    assert card.training["opinions_sha256"] == metric.network.digest
    assert card.training["pairs"] == {"test": 20, "train": 40, "validation": 24}
    assert card.labels["gain"].startswith("distance √(1 − ssim)")
    clean = made.photograph(77, 96)
    picture = torch.from_numpy(np.asarray(clean).copy()).permute(2, 0, 1)[None].float() / 255
    noisy = degrade(picture, [("gaussian_noise", 0.9)], 0).float() / 255
    for output in ("all", "noise"):
        gain = load_improvability(path, SHIPPED, output)
        assert float(gain(noisy)) > float(gain(picture)) + 0.05
    # The same command again has nothing to do, and says the same.
    assert main(world.command()) == 0
    assert capsys.readouterr().out.splitlines() == [str(path)]
    assert tree(world.out) == before
    assert main(world.command("--stage", "pairs")) == 0
    assert capsys.readouterr().out.splitlines() == [str(world.pairs)]


def test_commands_that_cannot_be(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(world.out)
    assert main(world.command("--seed", "1")) == 2
    assert "told otherwise" in capsys.readouterr().err
    assert tree(world.out) == before
    assert main(["improvability", "--out", str(tmp_path / "run")]) == 2
    assert "clean photographs" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_the_command_tunes_on_the_labels_of_the_folder(
    world: World, labelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights, out = world.out / "improvability.safetensors", tmp_path / "tuned.safetensors"
    command = ["tune", str(world.pairs), "--weights"]
    labels = ["--labels", str(labelled)]
    assert main([*command, str(weights), *labels, "--out", str(out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "labels to learn from" in lines[0]
    assert lines[-1] == str(out)
    said = json.loads(out.with_suffix(".json").read_text())
    assert said["labels"]["are"] == "people's"
    load_improvability(out, SHIPPED)
    with pytest.raises(WeightsError):
        load_improvability(out, small.saved(tmp_path))
    assert main([*command, str(tmp_path / "no.safetensors"), *labels, "--out", str(out)]) == 2
    assert main([*command, str(weights), "--out", str(tmp_path / "b.safetensors")]) == 2
    assert "labels.csv" in capsys.readouterr().err
