"""Comparison of predictors on scenes that none was trained on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from datasets.rows import write_rows
from hdrmetrics.errors import OptionError
from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from trainers.feeding.labels import Labels
from trainers.judging.agreement import ALL, Agreement, Judge
from trainers.judging.predictions import PREFIX, predictors_of, read_predictions, with_predictions

_COLUMNS = (
    "set", "predictor", "against", "distortion", "statistic", "value", "low", "high", "items",
    "groups",
)  # fmt: skip


def find_predictions(text: str) -> tuple[str, dict[str, Labels]]:
    """Return the name of a predictor and its predictions by set, from ``NAME=PLACE[:HEAD]``.

    Parameters
    ----------
    text
        The place is a file of predictions, or a folder (of a run) with ``predictions-*.npz``.
        Without a head, the one called like the set is taken, or the only one there is; a set
        where that is not clear is left out if others are.

    Raises
    ------
    OptionError
        If the text has another form, there are no predictions, or the head is not clear.
    ImageReadError
        If a file cannot be read.
    """
    name, equals, rest = text.partition("=")
    place, _, head = rest.partition(":")
    if not (name and equals and place):
        raise OptionError(f"predictions are given as NAME=FILE or NAME=FOLDER[:HEAD], not {text!r}")
    path = Path(place)
    files = sorted(path.glob("predictions-*.npz")) if path.is_dir() else [path]
    if not files:
        raise OptionError(f"{path} has no predictions-*.npz: did its run come to an end?")
    found: dict[str, Labels] = {}
    unclear: dict[Path, list[str]] = {}
    for file in files:
        labels = read_predictions(file)
        if labels.name in found:
            raise OptionError(f"{path} has two files with predictions of {labels.name}")
        chosen = _head(labels, head)
        if chosen is None:
            unclear[file] = predictors_of(labels)
        else:
            found[labels.name] = with_predictions(
                _without_predictions(labels), {name: labels[PREFIX + chosen]}
            )
    if not found and head:
        raise OptionError(f"{path} has no predictions of the head {head}")
    if not found:
        file, names = next(iter(unclear.items()))
        raise OptionError(
            f"{file} has predictions of {', '.join(names)}: say which, as NAME=FILE:HEAD"
        )
    return name, found


def evaluate(
    predictors: Mapping[str, Mapping[str, Labels]],
    *,
    split: str = "test",
    resamples: int = 1000,
    seed: int = 0,
) -> list[Agreement]:
    """Return all statistics of predictors, and the differences of the first from the others.

    Parameters
    ----------
    predictors
        By name, their predictions by set. On each set, the items that all who predict the set
        have in common are taken.
    split
        Which items; sets without any, made to train on, are left out.
    resamples, seed
        Of the bootstrap over groups of scenes.

    Raises
    ------
    OptionError
        If names are missing, or predictors of a set have no item in common, or labels differ.
    """
    if not predictors:
        raise OptionError("give the predictions of one predictor at least")
    sets = sorted({name for found in predictors.values() for name in found})
    results: list[Agreement] = []
    for name in sets:
        own = {predictor: found[name] for predictor, found in predictors.items() if name in found}
        parts = {key: labels.split(split) for key, labels in own.items()}
        empty = [key for key, labels in parts.items() if not len(labels)]
        if len(empty) == len(parts) and len(sets) > 1:
            continue
        if empty:
            raise OptionError(f"{name}: there are no {split} items of {', '.join(empty)}")
        joint = _common(name, parts)
        results += Judge(joint, list(own), resamples=resamples, seed=seed).all_of()
    if not results:
        raise OptionError(f"none of {', '.join(sets)} has {split} items")
    return results


def write_results(results: Sequence[Agreement], folder: Path, *, note: str = "") -> list[Path]:
    """Write results as CSV, JSON and a Markdown page of tables; returns the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [one.to_dict() for one in results]
    paths = [folder / name for name in ("agreement.csv", "agreement.json", "agreement.md")]
    write_rows(paths[0], _COLUMNS, rows)
    write_text(paths[1], json.dumps(rows, indent=1) + "\n")
    write_text(paths[2], markdown(results, note=note))
    return paths


def markdown(results: Sequence[Agreement], *, note: str = "") -> str:
    """Return tables of results: overall, differences, and SROCC by distortion."""
    lines = [
        (
            "95 % intervals over groups of scenes in brackets. PLCC is with the target, nothing "
            "fitted; *fitted* after a monotone logistic curve. MAE(Q) is on the teacher's scale."
        ),
        "",
    ]
    if note:
        lines += [note, ""]
    for name in dict.fromkeys(one.dataset for one in results):
        own = [one for one in results if one.dataset == name]
        overall = [one for one in own if one.distortion == ALL]
        first = overall[0]
        lines += [f"## {name}", "", f"{first.items} items of {first.groups} groups of scenes.", ""]
        lines.append(_table("predictor", [one for one in overall if not one.against]))
        differing = [one for one in overall if one.against]
        if differing:
            lines += ["", f"{first.predictor} minus the other; **bold** excludes 0:", ""]
            lines.append(_table("minus", differing, signed=True))
        by_distortion = _by_distortion(own)
        if by_distortion:
            lines += ["", "SROCC by distortion:", "", by_distortion]
        lines += [""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _table(head: str, results: Sequence[Agreement], *, signed: bool = False) -> str:
    titles = {
        "plcc": "PLCC", "plcc_fitted": "PLCC fitted", "srocc": "SROCC", "krocc": "KROCC",
        "mae_target": "MAE", "mae_quality": "MAE(Q)",
    }  # fmt: skip
    rows = []
    for name in dict.fromkeys(one.against or one.predictor for one in results):
        own = {o.statistic: o for o in results if (o.against or o.predictor) == name}
        rows.append([name, *(_cell(own[key], signed=signed) for key in titles)])
    return markdown_table([head, *titles.values()], rows)


def _by_distortion(results: Sequence[Agreement]) -> str:
    found = [
        one
        for one in results
        if one.statistic == "srocc" and one.distortion != ALL and not one.against
    ]
    if not found:
        return ""
    predictors = list(dict.fromkeys(one.predictor for one in found))
    rows = []
    for kind in dict.fromkeys(one.distortion for one in found):
        own = {one.predictor: one for one in found if one.distortion == kind}
        items = str(next(iter(own.values())).items)
        rows.append([kind, items, *(_cell(own[p]) for p in predictors)])
    return markdown_table(["distortion", "items", *predictors], rows)


def _cell(one: Agreement, *, signed: bool = False) -> str:
    interval = one.interval
    if not np.isfinite(interval.value):
        return "–"
    form = "{:+.3f}" if signed else "{:.3f}"
    value = form.format(interval.value)
    if not np.isfinite(interval.low):
        return value
    text = f"{value} [{form.format(interval.low)}, {form.format(interval.high)}]"
    return f"**{text}**" if signed and interval.excludes_zero else text


def _head(labels: Labels, wanted: str) -> str | None:
    names = predictors_of(labels)
    if wanted:
        return wanted if wanted in names else None
    if len(names) == 1:
        return names[0]
    return labels.name if labels.name in names else None


def _without_predictions(labels: Labels) -> Labels:
    return Labels(
        {n: c for n, c in labels.columns.items() if not n.startswith(PREFIX)}, labels.metadata
    )


def _common(name: str, own: Mapping[str, Labels]) -> Labels:
    places = {
        predictor: {str(item): i for i, item in enumerate(labels["item"])}
        for predictor, labels in own.items()
    }
    first = next(iter(own))
    items = [item for item in places[first] if all(item in at for at in places.values())]
    if not items:
        raise OptionError(f"{name}: the predictors have no item in common")
    base = own[first].select(np.array([places[first][item] for item in items]))
    columns = {}
    for predictor, labels in own.items():
        same = labels.select(np.array([places[predictor][item] for item in items]))
        if not np.array_equal(same["target"], base["target"]):
            raise OptionError(f"{name}: {predictor} was judged on other labels than {first}")
        columns[predictor] = same[PREFIX + predictor]
    return with_predictions(_without_predictions(base), columns)
