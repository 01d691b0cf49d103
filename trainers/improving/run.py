"""A whole run: from pairs to the layer of improvability with its card."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.improvable.card import ALL, HARM, GainCard, Output
from hdrmetrics.learned.improvable.metric import NAME
from hdrmetrics.learned.improvable.network import GainLayer
from hdrmetrics.learned.improvable.weights import save_gains
from hdrmetrics.learned.liked.catalogue import WEIGHTS
from hdrmetrics.learned.liked.nima import Nima
from hdrmetrics.learned.restoring.weights import read_restoration_card
from hdrmetrics.learned.tensorfile import SUFFIX, card_path
from hdrmetrics.text.textfile import write_text
from trainers.improving.features import Gains, Values
from trainers.improving.fit import Layer, average_precision, calibrate, fit_baseline, tune
from trainers.improving.material import DEGRADATIONS
from trainers.improving.recipe import RESTORE, GainRecipe

_SPREAD = 0.05  # of the mean scale, added to each
OPINIONS = WEIGHTS / "nima.safetensors"


@dataclass(frozen=True)
class Thresholds:
    """Of the labels, by the true gain.

    Parameters
    ----------
    moderate, significant
        Gains from which the label is 1 and 2.
    harmed
        Below which it is −1, negative.
    """

    moderate: float
    significant: float
    harmed: float

    def labels(self, gain: Values) -> NDArray[np.int64]:
        """Return 2, 1, 0 or −1 for each gain."""
        found = np.zeros(len(gain), np.int64)
        found[gain >= self.moderate] = 1
        found[gain >= self.significant] = 2
        found[gain < self.harmed] = -1
        return found


def thresholds_of(gains: Gains, recipe: GainRecipe) -> Thresholds:
    """Return the thresholds that the recipe's prevalences make of the training pairs.

    Raises
    ------
    OptionError
        If so few gain that moderate would mean nothing.
    """
    gain = gains.of("train").gain
    moderate, significant = np.quantile(gain, (1 - recipe.prevalence, 1 - recipe.significant))
    if moderate <= 0:
        raise OptionError(f"only {np.mean(gain > 0):.0%} of the training pairs gain at all")
    return Thresholds(float(moderate), float(significant), -recipe.harmed)


@dataclass(frozen=True)
class Fitted:
    """Layers of one output.

    Parameters
    ----------
    baseline
        That predicts delta-NIMA, and its calibration.
    tuned
        On labels.
    calibration
        Slope and offset of the tuned one.
    chosen
        Strengths that the validation split chose.
    """

    baseline: tuple[Layer, float, float]
    tuned: Layer
    calibration: tuple[float, float]
    chosen: dict[str, float]


def standard_of(gains: Gains) -> tuple[Values, Values]:
    """Return centre and scale of the statistics of the training pairs."""
    x = gains.of("train").statistics
    scale = x.std(axis=0)
    return x.mean(axis=0), scale + _SPREAD * scale.mean()


def fit_output(
    gains: Gains, labels: NDArray[np.int64], delta: Values, recipe: GainRecipe
) -> Fitted:
    """Return the baseline that learns delta-NIMA, and its last layer tuned on labels.

    Parameters
    ----------
    gains
        Pairs, their statistics standardised.
    labels
        Those of 1 or more are to be found.
    delta
        What the baseline learns.
    recipe
        Strengths to try; that is taken whose average precision on the validation split is best.

    Raises
    ------
    OptionError
        If nothing can be learnt or calibrated from such labels.
    """
    positive = labels >= 1
    train, held = (gains.split == name for name in ("train", "validation"))
    x, held_x = gains.statistics[train], gains.statistics[held]
    layer, ridge = fit_baseline(x, delta[train], held_x, delta[held], recipe.ridge)
    slope, offset = calibrate(layer(held_x), positive[held])
    tried = []
    for pull in recipe.pull:
        one = tune(layer, slope, offset, x, labels[train], pull)
        tried.append((average_precision(one(held_x), positive[held]), pull, one))
    _, pull, tuned = max(tried, key=lambda one: one[0])
    calibration = calibrate(tuned(held_x), positive[held])
    return Fitted((layer, slope, offset), tuned, calibration, {"ridge": ridge, "pull": pull})


def learn(
    gains: Gains, restoration: Path, metric: Nima, recipe: GainRecipe, out: Path, seed: int
) -> Path:
    """Write the layer with its card, and what tests need, into a folder; returns its path.

    Parameters
    ----------
    gains
        All pairs.
    restoration
        Weights of the network that saw, and that enhanced if the recipe's enhancer is ``restore``.
    metric
        Whose opinions the baseline learns.
    recipe, seed
        Of the run.
    out
        The folder.

    Raises
    ------
    OptionError
        If no output can be learnt from the labels. One that cannot beside others that can, for lack
        of cases, is left out, and told.
    WeightsError
        If the weights cannot be read.
    """
    eyes = read_restoration_card(card_path(restoration))
    centre, scale = standard_of(gains)
    limits = thresholds_of(gains, recipe)
    labels = limits.labels(gains.gain)
    seen = Gains(
        (gains.statistics - centre) / scale,
        *(getattr(gains, name) for name in list(gains.__dataclass_fields__)[1:]),
    )
    fits = _fits(seen, labels, recipe)
    out.mkdir(parents=True, exist_ok=True)
    layers = {
        "baseline": {name: one.baseline for name, one in fits.items()},
        "tuned": {name: (one.tuned, *one.calibration) for name, one in fits.items()},
    }
    for kind, chosen in layers.items():
        layer = GainLayer(seen.statistics.shape[1], len(chosen))
        with torch.no_grad():
            layer.standard.centre.copy_(torch.from_numpy(centre))
            layer.standard.scale.copy_(torch.from_numpy(scale))
            for index, (one, _, _) in enumerate(chosen.values()):
                layer.last.weight[index] = torch.from_numpy(one.weight)
                layer.last.bias[index] = one.bias
        card = GainCard(
            tuple(Output(name, slope, offset) for name, (_, slope, offset) in chosen.items()),
            seen.statistics.shape[1], recipe.side, recipe.along, eyes.sha256,
            f"{RESTORE} {eyes.sha256[:12]}" if recipe.enhancer == RESTORE else recipe.enhancer,
            labels=_told(recipe, limits, gains, kind),
            licences={
                "opinions": metric.card.opinions.get("terms", "none stated"),
                "photographs": "BIQ2021's training table (no licence file: for research) and "
                "photographs of other sources under free licences",
            },
            training={
                "recipe": recipe.to_dict(),
                "chosen": {name: one.chosen for name, one in fits.items()},
                "pairs": {s: int(np.sum(gains.split == s)) for s in np.unique(gains.split)},
                "opinions_sha256": metric.network.digest,
            },
            seed=seed,
            recipe_sha256=recipe.digest,
        )  # fmt: skip
        name = NAME if kind == "tuned" else kind
        save_gains(out / f"{name}{SUFFIX}", layer, card)
    return out / f"{NAME}{SUFFIX}"


def _fits(seen: Gains, labels: NDArray[np.int64], recipe: GainRecipe) -> dict[str, Fitted]:
    """Return the layers of each output; what cannot be learnt beside others is left out."""
    fits = {ALL: fit_output(seen, labels, seen.delta, recipe)}
    # What several do together cannot be told apart: such pairs are left out.
    single = seen.degradation != "several"
    alone, own = seen.select(single), np.clip(labels[single], 0, None)
    wanted = {
        name: (alone, np.where(alone.degradation == name, own, 0),
               np.where(alone.degradation == name, alone.delta, 0.0))
        for name in DEGRADATIONS
    }  # fmt: skip
    wanted[HARM] = (seen, (labels == -1).astype(np.int64), -seen.delta)
    for name, (gains, found, delta) in wanted.items():
        try:
            fits[name] = fit_output(gains, found, delta, recipe)
        except OptionError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    return fits


def _told(recipe: GainRecipe, limits: Thresholds, gains: Gains, kind: str) -> dict[str, Any]:
    labels = limits.labels(gains.gain)
    return {
        "layer": "tuned on labels" if kind == "tuned" else "learns delta-NIMA",
        "are": "proxies, not people: the true gain against the pristine original",
        "gain": f"distance √(1 − {recipe.metric}) before less after",
        "moderate": round(limits.moderate, 5),
        "significant": round(limits.significant, 5),
        "harmed": limits.harmed,
        "parts": {str(k): round(float(np.mean(labels == k)), 4) for k in (2, 1, 0, -1)},
    }


def write_recipe(recipe: GainRecipe, restoration: Path, out: Path, seed: int) -> None:
    """Write down what a run was told, or refuse another one in the same folder.

    Weights of restoration are part of it: pairs that others enhanced tell of other gains.

    Raises
    ------
    OptionError
        If the folder holds a run that was told otherwise.
    WeightsError
        If the weights cannot be read.
    """
    eyes = read_restoration_card(card_path(restoration))
    told = recipe.to_dict() | {"seed": seed, "restoration_sha256": eyes.sha256}
    path = out / "run.json"
    if path.exists():
        known = json.loads(path.read_text(encoding="utf-8"))
        # What an earlier version did not write down is taken to be the same.
        if told | known != told:
            raise OptionError(f"{out} holds a run that was told otherwise: another folder")
    out.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(told, indent=2) + "\n")
