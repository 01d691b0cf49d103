"""How well improvability says what enhancement brings, on photographs that nothing was trained on.

    python -m results.improvable.report --run RUN --data BIQ2021 --opinions RUN_OF_NIMA

RUN is that of ``python -m trainers improvability``; run ``results.improvable.whole`` before. Writes
``report.md``, ``report.json`` and ``kept.png``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from datasets.statistics.bootstrap import SceneBootstrap
from datasets.statistics.weighted import srocc
from hdrmetrics import create_metric
from hdrmetrics.improve.pairs import read_pairs
from hdrmetrics.learned.improvable.card import ALL, HARM, GainCard
from hdrmetrics.learned.improvable.catalogue import WEIGHTS
from hdrmetrics.learned.improvable.metric import NAME
from hdrmetrics.learned.improvable.network import GainLayer
from hdrmetrics.learned.improvable.weights import load_gains, read_gain_card
from hdrmetrics.learned.liked.nima import Nima
from hdrmetrics.learned.restoring.weights import SHIPPED
from hdrmetrics.learned.tensorfile import SUFFIX, card_path
from hdrmetrics.text.jsontext import readable
from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from results.common.files import keep, kept
from results.improvable.halved import halved
from results.improvable.heuristics import blur, grey_of, noise
from results.improvable.judging import (
    PARTS,
    Test,
    curve,
    differences,
    interval,
    judged,
    recipe_told,
)
from results.liked.opinions import divided
from trainers.improving.features import Gains, gains_of
from trainers.improving.fit import average_precision
from trainers.improving.material import DEGRADATIONS, load_picture
from trainers.improving.run import Thresholds

HERE = Path(__file__).parent
Values = NDArray[np.float64]
_RESAMPLES = 1000
_WEAK = 0.7
HARMED = "its output `harm`, low for harm"


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--run", type=Path, required=True, help="of improvability")
    parser.add_argument("--data", type=Path, required=True, help="a copy of BIQ2021")
    parser.add_argument("--opinions", type=Path, required=True, help="folder of the run of nima")
    options = parser.parse_args()
    torch.set_num_threads(1)
    metric = create_metric("nima")
    assert isinstance(metric, Nima)
    tuned, card = load_gains(options.run / "improvability.safetensors")
    baseline, base_card = load_gains(options.run / "baseline.safetensors")
    recipe = recipe_told(card)
    seen = gains_of(options.run / "pairs", SHIPPED, metric, recipe, options.run / "seen.npz")
    gains = seen.of("test")
    told = card.labels
    limits = Thresholds(told["moderate"], told["significant"], told["harmed"])
    scores = {
        "last layer tuned on labels": said(tuned, card, ALL, gains),
        "baseline: learns delta-NIMA": said(baseline, base_card, ALL, gains),
        "delta-NIMA itself (enhances first)": gains.delta,
        **others(options.run / "pairs", gains),
    }
    if HARM in [one.name for one in card.outputs]:
        scores[HARMED] = -said(tuned, card, HARM, gains)
    test = Test(gains, limits.labels(gains.gain), scores)
    found: dict[str, Any] = {
        "methods": {name: judged(test, name) for name in scores},
        "differences": differences(test),
        "kept": {name: curve(values, gains.gain) for name, values in scores.items()},
        "degradations": degradations(test, tuned, card, baseline, base_card),
        "opinions": against_opinions(options.data, options.opinions),
        "milliseconds": speed(),
        "halved": halved(seen, options.run / "pairs", SHIPPED, recipe, limits),
        "labels": told,
        "filed": recipe.filed,
    }
    if (HERE / "whole.json").exists():
        found["whole"] = kept(HERE / "whole.json")
    keep(HERE / "report.json", found)
    into_card(found)
    draw(found["kept"], HERE / "kept.png")
    write_text(HERE / "report.md", page(found, len(gains)))
    print(HERE / "report.md")


def into_card(found: dict[str, Any]) -> None:
    """Write what the tuned layer and the baseline are worth into the card, and where it fails."""
    path = WEIGHTS / f"{NAME}{SUFFIX}"
    card = read_gain_card(card_path(path))
    methods = list(found["methods"].items())
    results = dict(methods[:2])
    if "whole" in found:
        results |= {f"whole photographs: {k}": v for k, v in found["whole"]["ways"].items()}
    failures = [
        f"{name}: too few photographs gained moderately by enhancement for an output of its own"
        for name in DEGRADATIONS
        if name not in [one.name for one in card.outputs]
    ]
    failures += [
        f"{name}: average precision {own['tuned'][0]:.2f} of its own output"
        for name, own in found["degradations"].items()
        if own["tuned"][0] < _WEAK
    ]
    harm = found["methods"].get(HARMED)
    if harm is not None:
        failures.append(f"harm: recall {harm['harmed'][0]:.0%} at a precision of 50 %")
    failures.append(
        f"what people dislike is not what would gain: SROCC {found['opinions'][0]:+.2f} with "
        "their opinions on photographs (BIQ2021's test table)"
    )
    failures += [
        "enhancers other than restore: what it gains is what is learnt",
        "damage in a part of a photograph that none of its places shows",
        "photographs as people find them: all were degraded here",
    ]
    write_text(
        card_path(path),
        readable(replace(card, results=results, failures=tuple(failures)).to_dict()),
    )


def said(layer: GainLayer, card: GainCard, output: str, gains: Gains) -> Values:
    """Return the calibrated value of an output for pairs."""
    index = [one.name for one in card.outputs].index(output)
    own = card.outputs[index]
    with torch.no_grad():
        raw = layer(torch.from_numpy(gains.statistics).float())[:, index].double().numpy()
    return np.asarray(1 / (1 + np.exp(-(own.slope * raw + own.offset))))


def others(folder: Path, gains: Gains) -> dict[str, Values]:
    """Return what does not know of improvability: heuristics, and scores of quality turned."""
    paths = {pair.name: pair.input for pair in read_pairs(folder)}
    faithful = create_metric("norvdpnet-sdr")
    rows = []
    with torch.no_grad():
        for name in gains.names:
            picture = load_picture(paths[str(name)])
            grey = grey_of(picture)
            rows.append((blur(grey), noise(grey), -float(faithful(picture))))
    x = np.array(rows)
    ranks = np.argsort(np.argsort(x, axis=0), axis=0)
    generator = np.random.default_rng(0)
    return {
        "blur (Laplacian)": x[:, 0],
        "noise (median of detail)": x[:, 1],
        "blur or noise, whichever ranks higher": ranks[:, :2].max(axis=1).astype(np.float64),
        "low `norvdpnet-sdr`": x[:, 2],
        "low `nima`": -gains.opinion,
        "random": generator.random(len(gains)),
    }


def degradations(
    test: Test, tuned: GainLayer, card: GainCard, baseline: GainLayer, base_card: GainCard
) -> dict[str, dict[str, list[float]]]:
    """Return the AUC-PR of each degradation's own output, among pairs with one or none."""
    alone = test.gains.degradation != "several"
    gains = test.gains.select(alone)
    found = {}
    for name in DEGRADATIONS:
        if name not in [one.name for one in card.outputs]:
            continue
        positive = (gains.degradation == name) & (test.labels[alone] >= 1)
        part = Test(gains, positive.astype(np.int64), {})
        row = {}
        for kind, layer, own in (("tuned", tuned, card), ("baseline", baseline, base_card)):
            score = said(layer, own, name, gains)
            row[kind] = interval(part, _precision_of(score, positive))
        row["prevalence"] = [round(float(positive.mean()), 4)]
        found[name] = row
    return found


def _precision_of(
    score: Values, positive: NDArray[np.bool_]
) -> Callable[[NDArray[np.int64]], float]:
    return lambda i: average_precision(score[i], positive[i])


def against_opinions(data: Path, run: Path) -> list[float]:
    """Return the SROCC of improvability and opinions on the test photographs of BIQ2021."""
    test = divided(data, run).of("test")
    metric = create_metric("improvability")
    with torch.no_grad():
        values = np.array([float(metric(load_picture(path))) for path in test.paths])
    bootstrap = SceneBootstrap(test.group, resamples=_RESAMPLES)
    return [round(float(v), 4) for v in bootstrap.interval(srocc(values, test.mean))]


def speed() -> dict[str, float]:
    """Return milliseconds of a score on one thread, by the size of the picture."""
    metric, found = create_metric("improvability"), {}
    with torch.no_grad():
        for name, size in (("512 × 512", (512, 512)), ("12 MP", (3000, 4000))):
            times = []
            for _ in range(5):
                picture = torch.rand(1, 3, *size)  # another each time: one is remembered
                began = time.perf_counter()
                metric.compare(picture, None, None)
                times.append(time.perf_counter() - began)
            found[name] = round(1000 * min(times), 1)
    return found


def draw(kept: dict[str, list[float]], path: Path) -> None:
    """Draw which part of the gain is kept, by the part of photographs that is enhanced."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.6), layout="constrained")
    for name, values in kept.items():
        style = "-" if name.startswith(("last", "baseline")) else "--"
        axes.plot([0, *PARTS], [0, *values], style, label=name.replace("`", ""), marker=".")
    axes.set_xlabel("part of the photographs that is enhanced")
    axes.set_ylabel("part of the total gain")
    axes.axhline(1, color="grey", linewidth=0.6)
    axes.legend(fontsize=7, loc="lower right")
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def page(found: dict[str, Any], count: int) -> str:
    """Return the page."""

    def cell(values: list[float], sign: str = "") -> str:
        if any(np.isnan(values)):
            return "–"
        return f"{values[0]:{sign}.3f} ({values[1]:{sign}.3f} to {values[2]:{sign}.3f})"

    keys = ("srocc", "auc_pr", "harmed", "kept")
    rows = [[n, *(cell(v[k]) for k in keys)] for n, v in found["methods"].items()]
    titles = ["", "SROCC to the true gain", "AUC-PR", "recall of harmed", "gain kept by a third"]
    apart = [[n, cell(v, "+")] for n, v in found["differences"].items()]
    own = [
        [n, f"{v['prevalence'][0]:.1%}", cell(v["baseline"]), cell(v["tuned"])]
        for n, v in found["degradations"].items()
    ]
    kept = [[n, *(f"{v:.2f}" for v in values)] for n, values in found["kept"].items()]
    halved_rows = [[n, *(cell(v[k]) for k in keys[:2])] for n, v in found["halved"].items()]
    whole = found.get("whole")
    told, opinions, times = found["labels"], found["opinions"], found["milliseconds"]
    parts = ", ".join(f"{k} {v:.0%}" for k, v in told["parts"].items())
    return f"""# Improvability

{count} degraded photographs of the test split, {found["filed"]:.0%} of them saved as JPEG of a
usual quality at last. Neither the network that restores nor this was trained on them; `nima`, whose
gains the baseline learns, saw the originals of some. The true gain is against the pristine
original: {told["gain"]}, of the picture
that `restore` makes. **Labels are proxies, not people's**: 2 from a gain of
{told["significant"]:.3f}, 1 from {told["moderate"]:.3f} (30 % of the training pairs), −1 below
{told["harmed"]:g}; parts of all pairs: {parts}. The metric and the parts were fixed before
training. In brackets: 95 % over photographs. Made by `python -m results.improvable.report`.

{markdown_table(titles, rows)}

*Recall of harmed*: at a precision of 50 %, where low scores are taken for harm. *Gain kept by a
third*: part of the total of all positive gains, if only the third with the highest scores is
enhanced.

AUC-PR of the tuned layer above others, paired over photographs:

{markdown_table(["than", "by"], apart)}

## By degradation

AUC-PR of each output, among photographs with one degradation or none:

{markdown_table(["degradation", "prevalence", "baseline", "tuned"], own)}

## What is kept, by what is enhanced

![part of the gain kept, by part enhanced](kept.png)

{markdown_table(["", *(f"{part:.0%}" for part in PARTS)], kept)}

## Where it looks

Degradation is at full size. A layer on windows made smaller by half, learnt and tuned likewise,
beside that on windows as they are:

{markdown_table(["", "SROCC to the true gain", "AUC-PR"], halved_rows)}

{_whole(whole, cell) if whole else ""}
## Photographs as people have them

On the test photographs of BIQ2021, SROCC of `improvability` and people's opinions is
{opinions[0]:.3f} ({opinions[1]:.3f} to {opinions[2]:.3f}): negative where disliked photographs are
said to gain more.

## Speed

One thread: {", ".join(f"{k} {v:.0f} ms" for k, v in times.items())}, beyond decoding.
"""


def _whole(whole: dict[str, Any], cell: Callable[..., str]) -> str:
    keys = ("srocc", "auc_pr", "kept")
    rows = [[name, *(cell(v[k]) for k in keys)] for name, v in whole["ways"].items()]
    titles = ["looks at", "SROCC to the true gain", "AUC-PR", "gain kept by a third"]
    (median, most), alarms = whole["sides"], whole["alarms"]
    return f"""{whole["photographs"]} whole test photographs as they are, {median} pixels wide in
the median and {most} at most (no larger ones of good quality were at hand), degraded and enhanced
whole; {whole["moderate"]:.0%} gain moderately or more by the thresholds of the windows:

{markdown_table(titles, rows)}

Of {alarms["photographs"]} photographs of good quality as they are, {alarms["trigger"]} trigger
`improve` at its threshold of 0.4. Film grain is noise to it.
"""


if __name__ == "__main__":
    main()
