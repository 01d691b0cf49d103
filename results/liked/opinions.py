"""How nima agrees with people on photographs that it never saw, beside what else there is.

    python -m results.liked.opinions --data BIQ2021 --run RUN --work FOLDER

RUN is that of ``python -m trainers nima``; FOLDER keeps what other methods say of each photograph,
so that a stopped run goes on. Writes ``opinions.md`` and ``opinions.json``.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from datasets.statistics.bootstrap import SceneBootstrap
from datasets.statistics.weighted import krocc, mean_absolute_error, plcc, srocc
from hdrmetrics import create_metric
from hdrmetrics.learned.liked.card import OpinionCard
from hdrmetrics.learned.liked.catalogue import WEIGHTS
from hdrmetrics.learned.liked.lite import LiteTrunk
from hdrmetrics.learned.liked.network import pooled
from hdrmetrics.learned.liked.weights import read_opinion_card
from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from results.common.files import keep
from results.liked.brisque import features
from trainers.opinions.biq2021 import biq2021
from trainers.opinions.copies import divide
from trainers.opinions.opinions import Opinions
from trainers.opinions.recipe import Recipe
from trainers.opinions.run import GROUPS
from trainers.opinions.start import build

HERE = Path(__file__).parent
Values = NDArray[np.float64]
Describe = Callable[[torch.Tensor], Values]
_RESAMPLES, _SIDE, _PATIENCE = 1000, 384, 10.0


@dataclass(frozen=True)
class Told:
    """What a method says of the test photographs, on the scale of opinions or any other."""

    name: str
    values: Values


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--data", type=Path, required=True, help="a copy of BIQ2021")
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    parser.add_argument("--work", type=Path, required=True, help="keeps what is slow")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.work.mkdir(parents=True, exist_ok=True)
    opinions = divided(options.data, options.run)
    test = opinions.of("test")
    told = [
        Told("`nima`", predictions(options.run, test)),
        Told(
            "the same trunk as ImageNet left it, ridge regression",
            refitted(opinions, _frozen(), options.work / "frozen.npy", _ridge),
        ),
        Told(
            "BRISQUE's statistics, support vector regression",
            refitted(opinions, _natural, options.work / "brisque.npy", _support_vectors),
        ),
        Told("`norvdpnet-sdr`", _scored("norvdpnet-sdr", test, options.work)),
        Told("`piqe`", -_scored("piqe", test, options.work)),
    ]
    found: dict[str, Any] = {"methods": {one.name: agreement(one.values, test) for one in told}}
    found["differences"] = differences(told, test)
    found["copies"] = _copies(opinions)
    card = read_opinion_card(WEIGHTS / "nima.json")
    keep(HERE / "opinions.json", found)
    write_text(HERE / "opinions.md", page(found, card))
    print(HERE / "opinions.md")


def divided(folder: Path, run: Path) -> Opinions:
    """Return BIQ2021 in the splits that a run had."""
    from dataclasses import replace

    opinions = biq2021(folder)
    groups = np.load(run / GROUPS, allow_pickle=False)
    names = np.array([path.name for path in opinions.paths])[groups]
    return replace(opinions, group=names, split=divide(opinions.split, names, Recipe().validation))


def predictions(run: Path, opinions: Opinions) -> Values:
    """Return what a run's network says of validation or test photographs."""
    with (run / "predictions.csv").open(newline="", encoding="utf-8") as file:
        said = {row["photograph"]: float(row["score"]) for row in csv.DictReader(file)}
    return np.array([said[path.name] for path in opinions.paths])


def agreement(values: Values, test: Opinions) -> dict[str, list[float]]:
    """Return agreement with people, each with its 95 % interval over photographs.

    The mean error is of what a line through the test photographs would make of other scales.
    """
    bootstrap = SceneBootstrap(test.group, resamples=_RESAMPLES)
    numbers = np.unique(test.group, return_inverse=True)[1].astype(np.int64)
    line = np.polyfit(values, test.mean, 1)
    measures = {
        "srocc": srocc(values, test.mean),
        "plcc": plcc(values, test.mean),
        "krocc": krocc(values, test.mean, numbers),
        "mae": mean_absolute_error(np.asarray(np.polyval(line, values), np.float64), test.mean),
    }
    return {
        name: [round(float(v), 4) for v in bootstrap.interval(statistic)]
        for name, statistic in measures.items()
    }


def differences(told: list[Told], test: Opinions) -> dict[str, list[float]]:
    """Return by how much the SROCC of the first is above that of each other, paired."""
    bootstrap = SceneBootstrap(test.group, resamples=_RESAMPLES)
    own, draws = bootstrap.values(srocc(told[0].values, test.mean))
    found = {}
    for one in told[1:]:
        other, others = bootstrap.values(srocc(one.values, test.mean))
        low, high = np.quantile(draws - others, (0.025, 0.975))
        found[one.name] = [round(float(v), 4) for v in (own - other, low, high)]
    return found


def refitted(
    opinions: Opinions,
    describe: Describe,
    path: Path,
    fit: Callable[[Values, Values, Values, Values, Values], Values],
) -> Values:
    """Return what a regression on the training photographs says of the test photographs."""
    known = described(opinions, describe, path)
    train, held, test = (opinions.split == name for name in ("train", "validation", "test"))
    mean, scale = known[train].mean(axis=0), known[train].std(axis=0) + 1e-6
    z = (known - mean) / scale
    return fit(z[train], opinions.mean[train], z[held], opinions.mean[held], z[test])


def described(opinions: Opinions, describe: Describe, path: Path) -> Values:
    """Return the features of all photographs, kept in a file as they are made."""
    done = np.load(path) if path.exists() else np.empty((0, 0))
    rows = list(done)
    told = time.perf_counter()
    for index in range(len(rows), len(opinions)):
        rows.append(describe(_picture(opinions.paths[index])))
        if time.perf_counter() - told > _PATIENCE or index + 1 == len(opinions):
            told = time.perf_counter()
            print(f"{path.stem}: {index + 1}/{len(opinions)}", file=sys.stderr)
            np.save(path, np.stack(rows).astype(np.float32))
    return np.stack(rows).astype(np.float64)


def _frozen() -> Describe:
    trunk = build(Recipe(), 0).trunk
    assert isinstance(trunk, LiteTrunk)

    @torch.no_grad()
    def describe(picture: torch.Tensor) -> Values:
        small = torch.nn.functional.interpolate(
            picture, (_SIDE, _SIDE), mode="bicubic", antialias=True
        )
        found = torch.cat([pooled(maps) for maps in trunk.maps(small)], dim=1)[0]
        return found.double().numpy()

    return describe


def _natural(picture: torch.Tensor) -> Values:
    grey = (255 * picture[0]).permute(1, 2, 0).double().numpy() @ np.array([0.299, 0.587, 0.114])
    return features(grey)


def _ridge(x: Values, y: Values, held_x: Values, held_y: Values, test: Values) -> Values:
    """Fit by ridge regression, its strength chosen on the validation photographs."""
    from sklearn.linear_model import Ridge

    tried = [Ridge(alpha=strength).fit(x, y) for strength in (30, 100, 300, 1000, 3000)]
    best = max(tried, key=lambda model: np.corrcoef(model.predict(held_x), held_y)[0, 1])
    return np.asarray(best.predict(test))


def _support_vectors(x: Values, y: Values, held_x: Values, held_y: Values, test: Values) -> Values:
    """Fit by support vectors as the original does, constants chosen on the validation."""
    from sklearn.svm import SVR

    tried = [SVR(C=c, gamma=g).fit(x, y) for c in (1.0, 4.0, 16.0) for g in (0.01, 0.03, 0.1)]
    best = max(tried, key=lambda model: np.corrcoef(model.predict(held_x), held_y)[0, 1])
    return np.asarray(best.predict(test))


def _scored(name: str, test: Opinions, work: Path) -> Values:
    metric = create_metric(name)
    with torch.no_grad():
        rows = described(
            test, lambda picture: metric(picture).double().numpy(), work / f"{name}.npy"
        )
    return rows[:, 0]


def _copies(opinions: Opinions) -> dict[str, Any]:
    """Return how people agree with themselves on photographs that the set holds twice."""
    apart = []
    for group in np.unique(opinions.group):
        places = np.flatnonzero(opinions.group == group)
        if len(places) == 2:
            apart.append(float(opinions.mean[places[0]] - opinions.mean[places[1]]))
    pairs = np.array(apart)
    return {
        "pairs": len(pairs),
        "mean_difference": round(float(np.abs(pairs).mean()), 3),
        "test_with_copies": int(np.sum(np.isin(
            opinions.group[opinions.split == "test"], opinions.group[opinions.split == "copy"]
        ))),
    }  # fmt: skip


def _picture(path: Path) -> torch.Tensor:
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB")).copy()
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255


def page(found: dict[str, Any], card: OpinionCard) -> str:
    """Return the page."""

    def cell(values: list[float]) -> str:
        return f"{values[0]:.3f} ({values[1]:.3f}–{values[2]:.3f})"

    rows = [
        [name, *(cell(said[key]) for key in ("srocc", "plcc", "krocc", "mae"))]
        for name, said in found["methods"].items()
    ]
    apart = [
        f"- {name}: {values[0]:+.3f} ({values[1]:+.3f} to {values[2]:+.3f})"
        for name, values in found["differences"].items()
    ]
    test, copies = card.results["test"], found["copies"]
    table = markdown_table(["", "SROCC", "PLCC", "KROCC", "mean error"], rows)
    nl = "\n"
    return f"""# What people like, on photographs that nima never saw

The test photographs of BIQ2021 ({test["photographs"]}, 512×512, opinions from a laboratory), as
whole files. {copies["test_with_copies"]} of them have copies among those that the set's authors
train on (found by thumbnails that correlate by .97 or more); these copies were left out of all
training here, so the numbers are of photographs never seen. In brackets: 95 % over photographs,
copies drawn together. Opinions are from 1 to 10; the mean error of other scales is that of a line
through the test photographs. Ridge and support vectors are fitted on the same photographs as
`nima`, their constants on the validation photographs. Made by `python -m results.liked.opinions`.

{table}

By how much the SROCC of `nima` is above, paired over photographs:

{nl.join(apart)}

The interval of `nima` holds the mean opinion of {test["covered"]:.1%} of them (asked: 90 %), and is
{test["mean_width"]:.2f} points wide on average; it was calibrated on
{card.interval.photographs if card.interval else 0} other photographs.

Where the set holds a photograph twice ({copies["pairs"]} pairs), its two mean opinions differ by
{copies["mean_difference"]:.2f} points on average: what no method can be better than.
"""


if __name__ == "__main__":
    main()
