"""Learning curves: what more scenes, more crops and more time bring."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from datasets.statistics.bootstrap import SceneBootstrap
from datasets.statistics.weighted import mean_absolute_error, plcc, srocc
from hdrmetrics.errors import ImageReadError, OptionError
from results.common.files import keep
from results.learned.data import KINDS, SETS
from results.learned.figures import COLORS, MARKERS, save
from trainers.feeding.labels import Labels, find_labels
from trainers.judging.evaluation import find_predictions
from trainers.judging.predictions import PREFIX

Record = dict[str, Any]


def collect(folders: Sequence[Path], tables: Path, *, resamples: int, seed: int) -> list[Record]:
    """Return what finished runs came to, of runs found in folders at any depth.

    Parameters
    ----------
    folders
        Of runs, or with such inside.
    tables
        Folder of the label tables, for the numbers of scenes and crops that runs have seen.
    resamples, seed
        Of the bootstrap over groups of test scenes.
    """
    places = sorted({path.parent for folder in folders for path in folder.rglob("run.json")})
    done = [place for place in places if list(place.glob("predictions-*.npz"))]
    if not done:
        raise OptionError(f"no finished run in {', '.join(map(str, folders))}")
    known: dict[str, Labels] = {}
    found = []
    for place in done:
        told = _json(place / "run.json")
        for name in told["sets"]:
            if name not in known:
                known[name] = find_labels(tables, name).split("train")
        found.append(_record(place, told, known, resamples=resamples, seed=seed))
    return _named(found)


def _record(
    place: Path, told: Record, known: dict[str, Labels], *, resamples: int, seed: int
) -> Record:
    parts = {"scenes": told["scenes_fraction"], "crops": told["crops_fraction"]}
    sizes = {}
    for name in told["sets"]:
        seen = known[name].thinned(**parts)
        crops = set(zip(seen["scene"], seen["frame"], seen["crop"], strict=True))
        sizes[name] = {
            "scenes": int(np.unique(seen["group"]).size),
            "crops": len(crops),
            "items": len(seen),
        }
    _, predictions = find_predictions(f"run={place}")
    test = {}
    for name, labels in predictions.items():
        own = labels.split("test")
        if not len(own):
            continue  # made to train on
        said, target = (own[c].astype(np.float64) for c in (f"{PREFIX}run", "target"))
        bootstrap = SceneBootstrap(own["group"], resamples=resamples, seed=seed)
        test[name] = {
            key: [round(float(v), 5) for v in bootstrap.interval(of(said, target))]
            for key, of in (("srocc", srocc), ("plcc", plcc), ("mae", mean_absolute_error))
        }
    described = {k: v for k, v in told["architecture"].items() if k != "heads"}
    plan = _json(place / "plan.json")
    return {
        "run": place.name,
        "architecture": told["architecture"]["name"],
        "of": hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:4],
        "predictor": told["predictor"],
        "sets": told["sets"],
        "seed": told["seed"],
        "steps": plan["steps"],
        "budget": plan.get("budget"),
        "scenes_fraction": told["scenes_fraction"],
        "crops_fraction": told["crops_fraction"],
        "seen": sizes,
        "test": test,
        "validation": _validation(place / "validation.csv"),
    }


def _validation(path: Path) -> list[Record]:
    """Return the lines of a log of validations, numbers as numbers."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {
                "set": row["set"],
                "head": row["head"],
                "step": int(row["step"]),
                **{key: float(row[key]) for key in ("seconds", "plcc", "srocc", "mae")},
            }
            for row in csv.DictReader(file)
        ]


def _named(found: list[Record]) -> list[Record]:
    """Give every run the name of its curve: what differs in more than data has another."""
    for record in found:
        record["curve"] = record["architecture"] + (" (joint)" if len(record["sets"]) > 1 else "")
    _tell_apart(found, lambda record: f" ({record['of']})", "of")
    for record in found:
        budget, steps = record["budget"], record["steps"]
        record["effort"] = f"{budget / 60:g} min" if budget else f"{steps:,} steps"
    _tell_apart(found, lambda record: f", {record['effort']}", "effort")
    return found


def _tell_apart(found: list[Record], more: Callable[[Record], str], by: str) -> None:
    """Add to the names of curves where one name stands for several of something."""
    several: dict[str, set[str]] = {}
    for record in found:
        several.setdefault(record["curve"], set()).add(record[by])
    for record in found:
        if len(several[record["curve"]]) > 1:
            record["curve"] += more(record)


def write(found: list[Record], folder: Path) -> None:
    """Write ``learning.json`` and its figures."""
    keep(folder / "learning.json", found)
    figures(found, folder)


def figures(found: list[Record], folder: Path) -> list[Path]:
    """Draw learning curves, a figure for each kind of predictor; returns the paths."""
    paths = []
    for kind in KINDS:
        own = [record for record in found if record["predictor"] == kind]
        sets = [s for s in SETS if any(s in record["test"] for record in own)]
        if sets:
            paths.append(folder / kind / "learning.png")
            paths[-1].parent.mkdir(parents=True, exist_ok=True)
            _figure(own, sets, paths[-1])
    return paths


def _figure(found: list[Record], sets: list[str], path: Path) -> None:
    figure, axes = plt.subplots(
        len(sets), 3, figsize=(11, 0.6 + 2.6 * len(sets)), squeeze=False, layout="constrained"
    )
    names = list(dict.fromkeys(record["curve"] for record in found))
    styles = {
        name: {"color": COLORS[i % len(COLORS)], "marker": MARKERS[i % len(MARKERS)]}
        for i, name in enumerate(names)
    }
    for row, name in zip(axes, sets, strict=True):
        own = [record for record in found if name in record["test"]]
        whole = [r for r in own if r["crops_fraction"] == 1]
        _sizes(row[0], whole, name, "scenes", styles)
        _sizes(row[1], [r for r in own if r["scenes_fraction"] == 1], name, "crops", styles)
        _times(row[2], [r for r in whole if r["scenes_fraction"] == 1], name, styles)
        row[0].set_ylabel(f"{name}\nSROCC on test")
        row[2].set_ylabel("SROCC on validation")
    for axis, text in zip(
        axes[-1], ("training scenes", "training crops", "seconds of training"), strict=True
    ):
        axis.set_xlabel(text)
    handles: dict[str, Any] = {}
    for axis in axes.flat:
        handles |= dict(zip(*axis.get_legend_handles_labels()[::-1], strict=True))
        axis.grid(alpha=0.3)
    figure.legend(
        list(handles.values()), list(handles), loc="outside upper center", ncols=4, frameon=False
    )
    save(figure, path)


def _sizes(axis: Axes, found: list[Record], name: str, of: str, styles: dict[str, Record]) -> None:
    for curve, style in styles.items():
        own = [r for r in found if r["curve"] == curve]
        points = sorted((r["seen"][name][of], *r["test"][name]["srocc"]) for r in own)
        if not points:
            continue
        x, value, low, high = np.array(points, dtype=np.float64).T
        spread = np.maximum([value - low, high - value], 0)
        axis.errorbar(x, value, yerr=spread, ls="", capsize=2, lw=1, ms=4, **style)
        # Runs that differ in their seed share a place: the line goes through their means.
        at = np.unique(x)
        axis.plot(at, [value[x == one].mean() for one in at], lw=1.2, ms=4, label=curve, **style)
    axis.set_xscale("log")
    kept: list[int] = []
    for tick in sorted({r["seen"][name][of] for r in found}, reverse=True):
        if not kept or kept[-1] / tick > 1.4:  # nearer ones would run into each other
            kept.append(tick)
    axis.set_xticks(kept, [f"{t:,}" for t in kept])
    axis.set_xticks([], minor=True)


def _times(axis: Axes, found: list[Record], name: str, styles: dict[str, Record]) -> None:
    for record in found:
        lines = [row for row in record["validation"] if row["set"] == name]
        # A set may train several heads: that of the set alone speaks for it.
        lines = [row for row in lines if row["head"] == name] or lines
        style = styles[record["curve"]]
        axis.plot(
            [row["seconds"] for row in lines], [row["srocc"] for row in lines], ms=3, lw=1.2,
            label=record["curve"], **style,
        )  # fmt: skip
    axis.set_xlim(left=0)


def _json(path: Path) -> Record:
    try:
        found: Record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ImageReadError(f"{path}: cannot be read as a run's ({error})") from None
    return found
