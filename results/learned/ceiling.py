"""What a score without a reference cannot know, estimated from the labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from datasets.statistics.bootstrap import Interval, SceneBootstrap
from datasets.statistics.weighted import Numbers, mean_absolute_error, plcc, srocc
from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from results.common.files import keep
from results.learned.data import Comparison, Seen, Sources
from results.learned.neighbours import Noise, label_noise, principal
from results.learned.oracle import fit_and_predict, fit_grouped, told
from results.learned.tables import cell
from trainers.feeding.labels import Labels, find_labels
from trainers.judging.predictions import PREFIX

NAME = ["distortion", "strength"]
ROWS = {
    "name": "told name and strength",
    "all": "told name, strength, settings",
    "seen": "ours",
    "seen and told": "ours, and told all that",
}

SPACES = {"pooled": "pooled statistics", "hidden": "hidden layer"}

PAGE = """# What a score without a reference cannot know

Test split, 95 % intervals over groups of scenes. Made by `ceiling.py`.

## Told what was done, without seeing it

Boosted trees that are told the name of the distortion (codec, operator), its strength where the set
has one, and all of its settings, but see no picture; fitted to the training split, their number
chosen on the validation split. *Ours, and told all that* is told our prediction too; since the
network knows the training pictures, it is fitted to the validation split alone, a fraction of the
items, and its number of trees chosen by leaving out groups of scenes. How far that lies above
*ours* is what naming the distortion and its strength exactly would still be worth; what is missing
to 1 then depends on scenes, and on how much of them the trees could learn from so few.

{told}

## Pictures that look alike

How much do labels differ between pictures that the network can hardly tell apart? Each test picture
is paired with those of *other* scenes that lie nearest: by the statistics that the network pools
(standardised, their 24 principal components), or by the hidden layer of its head, which keeps of
them what matters for quality. Half the mean squared difference of the labels of nearest neighbours
is the variance left open, plus what the label changes over the distance of the pair. So it is too
large, and √(1 − open / variance of labels), the highest correlation with the label that is possible
then, too low. A line through the first ten neighbours against their distance, carried on to
distance 0 (the Gamma test), takes that part away where the line holds; neighbours are far apart
here, so it is carried on far, and may say too much.

{noise}

Read the two as a range, and the hidden layer's as the tighter one. It supposes that labels vary
smoothly, and as much at one place as at another. And it speaks of what *this* network sees of a
picture: other features may see more, so it is no bound for every network. The labels themselves
have no noise: the teacher gives the same pair the same number.
"""


def measure(one: Comparison, sources: Sources, *, resamples: int, seed: int) -> dict[str, Any]:
    """Return by set what is reached without seeing, by seeing, and by both; and what remains."""
    found: dict[str, Any] = {}
    for name in one.sets:
        predictor = one.first(name)
        if predictor in one.ours:
            labels = one.predictors[predictor][name]
            seen = one.seen[predictor, name]
            found[name] = _of_set(labels, seen, predictor, sources, resamples, seed)
    return found


def _of_set(
    labels: Labels,
    seen: Seen,
    predictor: str,
    sources: Sources,
    resamples: int,
    seed: int,
) -> dict[str, Any]:
    test = labels.split("test")
    target = test["target"].astype(np.float64)
    predictions = _predictions(labels, predictor, sources)
    bootstrap = SceneBootstrap(test["group"], resamples=resamples, seed=seed)
    rows = {
        key: {
            "srocc": bootstrap.interval(srocc(values, target)),
            "plcc": bootstrap.interval(plcc(values, target)),
            "mae": bootstrap.interval(mean_absolute_error(values, target)),
        }
        for key, values in predictions.items()
    }
    judged = labels["split"] == "test"
    noises = {
        space: label_noise(
            places.astype(np.float64), target, test["group"], resamples=resamples, seed=seed
        )
        for space, places in (
            ("pooled", principal(seen.pooled[judged])), ("hidden", seen.hidden[judged])
        )
    }  # fmt: skip
    return {
        "predictor": predictor,
        "items": len(test),
        "groups": bootstrap.count,
        "rows": rows,
        "label variance": noises["hidden"].label,
        "alike": {space: _alike(noise) for space, noise in noises.items()},
    }


def _predictions(labels: Labels, predictor: str, sources: Sources) -> dict[str, Numbers]:
    """Return what is said of test pictures without seeing them, by seeing, and by both."""
    train = find_labels(sources.tables, labels.name).split("train")
    parts = {"train": train, **{part: labels.split(part) for part in ("validation", "test")}}
    settings = told(sources.tables / f"{labels.name}.parquet")
    x = {part: settings.loc[one["item"]] for part, one in parts.items()}
    y = {part: one["target"].astype(np.float64) for part, one in parts.items()}

    def blind(columns: list[str]) -> list[Numbers]:
        return fit_and_predict(
            (x["train"][columns], y["train"]),
            (x["validation"][columns], y["validation"]),
            x["validation"][columns],
            x["test"][columns],
        )

    oracle = dict(zip(("validation", "test"), blind(list(settings.columns)), strict=True))
    both = {
        part: x[part].assign(
            ours=parts[part][PREFIX + predictor].astype(np.float64), told=oracle[part]
        )
        for part in oracle
    }
    # The network saw the training pictures: only on others is its error what it will be.
    grouped = fit_grouped(
        both["validation"], y["validation"], parts["validation"]["group"], both["test"]
    )
    return {
        "name": blind(NAME)[1],
        "all": oracle["test"],
        "seen": both["test"]["ours"].to_numpy(),
        "seen and told": grouped,
    }


def _alike(noise: Noise) -> dict[str, Any]:
    return {
        kind: {"variance": interval, "plcc": noise.highest_plcc(interval)}
        for kind, interval in (("nearest", noise.nearest), ("extrapolated", noise.extrapolated))
    }


def write(found: dict[str, Any], folder: Path) -> None:
    """Write ``ceiling.json`` and ``ceiling.md``."""
    keep(folder / "ceiling.json", _plain(found))
    write_text(folder / "ceiling.md", page(found))


def page(found: dict[str, Any]) -> str:
    """Return the page."""
    told_rows = [
        [name, ROWS[key], *(cell(row[s]) for s in ("srocc", "plcc", "mae"))]
        for name, own in found.items()
        for key, row in own["rows"].items()
    ]
    noise_rows = [
        [
            name,
            SPACES[space],
            f"{own['label variance']:.4f}",
            *(cell(alike[kind]["variance"], 4) for kind in ("nearest", "extrapolated")),
            *(cell(alike[kind]["plcc"]) for kind in ("nearest", "extrapolated")),
            cell(own["rows"]["seen"]["plcc"]),
        ]
        for name, own in found.items()
        for space, alike in own["alike"].items()
    ]
    return PAGE.format(
        told=markdown_table(["set", "predictor", "SROCC", "PLCC", "MAE"], told_rows),
        noise=markdown_table(
            [
                "set", "alike by", "variance of labels", "open, nearest", "open, at distance 0",
                "highest PLCC, nearest", "highest PLCC, at distance 0", "PLCC of ours",
            ],
            noise_rows,
        ),
    )  # fmt: skip


def _plain(value: Any) -> Any:
    """Intervals as lists of three, rounded, ``None`` for what is not defined."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Interval):
        return [_plain(float(item)) for item in value]
    if isinstance(value, float):
        return round(value, 6) if np.isfinite(value) else None
    return value
