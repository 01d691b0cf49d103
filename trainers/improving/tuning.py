"""The last layer tuned on labels that people gave, judged on a fifth of the photographs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from datasets.streams import fraction
from hdrmetrics.errors import OptionError, TableError
from hdrmetrics.improve.labels import read_labels
from hdrmetrics.improve.pairs import Pair, find_pairs
from hdrmetrics.learned.improvable.card import Output
from hdrmetrics.learned.improvable.network import GainLayer, describe
from hdrmetrics.learned.improvable.weights import load_gains, save_gains
from hdrmetrics.learned.restoring.weights import load_restoration
from hdrmetrics.learned.tensorfile import SUFFIX
from trainers.improving.fit import Layer, Values, average_precision, recall_at, tune
from trainers.improving.material import load_picture

_HELD = 0.2
_FEWEST = 20


def tune_on_labels(
    folder: Path,
    labels: Path,
    weights: Path,
    restoration: Path,
    out: Path,
    *,
    pull: float,
    seed: int,
) -> list[str]:
    """Write a layer whose first output is tuned on labels; returns what changed, in lines.

    The others stay as they are, where the pairs were enhanced as those that they learnt from; of
    another enhancer's pairs the layer has the first output alone.

    Photographs are divided 80 to 20 by their names (the column ``photograph`` of the table, where
    there is one): the layer learns from the first part alone, and is judged on the second.

    Parameters
    ----------
    folder
        Of pairs, see :mod:`hdrmetrics.improve.pairs`.
    labels
        Of some of them, as ``hdrmetrics annotate`` writes them.
    weights, restoration
        The layer to begin with, and the weights of the network by which it sees.
    out
        A .safetensors file.
    pull
        How strongly the layer stays as it was.
    seed
        Of the division.

    Raises
    ------
    OptionError
        If there are fewer than 20 labels, all of a part are of one kind, the layer was trained on
        another network, or the path is of no weights file.
    TableError, WeightsError, ImageReadError
        If a file cannot be read.
    """
    if out.suffix != SUFFIX:
        raise OptionError(f"--out is a weights file, which ends in {SUFFIX}; not {out.name!r}")
    if not labels.exists():
        raise TableError(f"there are no labels at {labels}: `hdrmetrics annotate` asks for them")
    said = read_labels(labels)
    pairs = [pair for pair in find_pairs(folder)[0] if pair.name in said]
    if len(pairs) < _FEWEST:
        raise OptionError(f"{len(pairs)} of the pairs have labels: {_FEWEST} are wanted at least")
    layer, card = load_gains(weights)
    net, eyes = load_restoration(restoration)
    if eyes.sha256 != card.trunk_sha256:
        raise OptionError(f"{weights} was trained on other weights than {restoration}")
    with torch.no_grad():
        seen = torch.cat(
            [describe(net, load_picture(pair.input), card.side, card.along) for pair in pairs]
        )
        x = layer.standard(seen).double().numpy()
    own = card.outputs[0]
    start = Layer(
        layer.last.weight[0].detach().double().numpy(), float(layer.last.bias[0].detach())
    )
    given = np.array([said[pair.name] for pair in pairs])
    positive = given >= 1
    names = [pair.more.get("photograph", pair.name) for pair in pairs]
    held = np.array([fraction("tuning", seed, name) < _HELD for name in names])
    if not held.any() or held.all():
        raise OptionError("all photographs fell into one part: label more, or take another --seed")
    if positive[held].all() or not positive[held].any():
        raise OptionError(
            "labels of one kind only among those to judge by: label more, or take another --seed"
        )
    tuned = tune(start, own.slope, own.offset, x[~held], given[~held], pull)
    before, after = (judged(one(x[held]), positive[held]) for one in (start, tuned))
    with torch.no_grad():
        layer.last.weight[0] = torch.from_numpy(tuned.weight)
        layer.last.bias[0] = tuned.bias
    who = _enhancer_of(pairs, card.enhancer)
    outputs = (Output(own.name), *card.outputs[1:])
    if who != card.enhancer:  # the other outputs know of another's gains
        layer, outputs = _first_of(layer), outputs[:1]
    told: dict[str, Any] = {
        "are": "people's", "labels": len(pairs), "held": int(held.sum()), "pull": pull,
        "before": before, "after": after,
    }  # fmt: skip
    # What was measured of the layer before is not known of this one.
    tuned_card = replace(card, outputs=outputs, enhancer=who, labels=told, results={}, seed=seed)
    save_gains(out, layer, tuned_card)
    first = (
        f"{int((~held).sum())} labels to learn from, {int(held.sum())} to judge by, of other "
        f"photographs; {positive.mean():.0%} moderate or better"
    )
    lost = len(said) - len(pairs)
    return [
        first,
        *([f"{lost} labels left out, of which there are no pictures"] if lost else []),
        *(f"{name}: {before[name]:.3f} before, {after[name]:.3f} after" for name in before),
        str(out),
    ]


def _enhancer_of(pairs: Sequence[Pair], usual: str) -> str:
    """Return whose gains were labelled: as the table of pairs says, or the usual one."""
    names = {pair.more["enhancer"] for pair in pairs if "enhancer" in pair.more}
    return usual if not names or names == {usual.split()[0]} else ", ".join(sorted(names))


def _first_of(layer: GainLayer) -> GainLayer:
    """Return a layer of the first output alone."""
    state = layer.state_dict()
    found = GainLayer(layer.last.in_features, 1)
    found.load_state_dict(
        {name: value[:1] if name.startswith("last.") else value for name, value in state.items()}
    )
    return found.eval()


def judged(score: Values, positive: NDArray[np.bool_]) -> dict[str, float]:
    """Return average precision, and recall at precisions of .5 and .8."""
    return {
        "average precision": round(average_precision(score, positive), 4),
        "recall at precision .5": round(recall_at(score, positive, 0.5), 4),
        "recall at precision .8": round(recall_at(score, positive, 0.8), 4),
    }
