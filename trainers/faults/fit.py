"""A small network that names faults, fitted to frozen statistics, with calibrated probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import trange

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.faults import FAULTS
from trainers.faults.classes import is_local
from trainers.faults.material import Material

_BATCH, _RATE, _DECAY, _DROPOUT = 512, 1e-3, 0.02, 0.3
_EVEN = 0.5  # 1 lets all faults weigh alike, 0 as often as they are
# How far biases go to where faults are said as often as the sets have them: all the way the
# probabilities hold within .02 there, but rare faults go unnamed (.71 of seen ones named rightly
# for .76 without); not at all they are .05 off.
_TOWARDS = 0.25
_FAINT = 1e-3  # spread below which a statistic says nothing
_TEMPERATURES = np.geomspace(0.3, 4.0, 60)


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a fit found.

    Parameters
    ----------
    layers
        From plain statistics to the faults.
    temperature, place_temperature
        For whole windows, and for the surroundings of a place.
    """

    layers: nn.Sequential
    temperature: float
    place_temperature: float


def fit(
    train: Material, validation: Material, *, hidden: int, epochs: int, seed: int, quiet: bool
) -> Fitted:
    """Fit layers to windows and parts of them by cross entropy, then temperatures.

    Of windows with damage in a place no parts are taken, which may lie beside it.

    Faults weigh as the root of how often the sets have them: nobody knows what users bring, and
    half of what is in the sets cannot be seen. The weights of the epoch that says most about
    validation windows are kept. Biases then go a part of the way to where, on the same windows,
    faults are said as often as these have them; temperatures follow, all windows weighing alike.

    Parameters
    ----------
    train, validation
        Of different scenes.
    hidden
        Width of the hidden layer.
    epochs
        Passes over the training windows.
    seed
        Of first weights, order and dropout.
    quiet
        Whether to leave out the progress bar.

    Raises
    ------
    OptionError
        If there are no windows to learn from or to validate on.
    """
    if not len(train) or not len(validation):
        raise OptionError("faults need training and validation windows: take sets that have both")
    torch.manual_seed(seed)
    seen, faults = _sides(train)
    statistics = torch.cat(seen)
    mean, spread = statistics.mean(dim=0), statistics.std(dim=0)
    spread = torch.where(spread < _FAINT, torch.ones_like(spread), spread)
    layers = nn.Sequential(
        nn.Linear(statistics.shape[1], hidden), nn.ReLU(), nn.Linear(hidden, len(FAULTS))
    )
    sides, right = _sides(validation)
    held = [((side - mean) / spread, own) for side, own in zip(sides, right, strict=True)]
    _learn(layers, (statistics - mean) / spread, torch.cat(faults), held, epochs, quiet)
    with torch.no_grad():
        last = layers[-1]
        assert isinstance(last, nn.Linear)
        last.bias.add_(_TOWARDS * _best_biases(layers(held[0][0]), held[0][1]))
        said = [(layers(side), own) for side, own in held]
    temperatures = [_best_temperature(*one, torch.ones(len(one[1])))[0] for one in said]
    return Fitted(_plain(layers, mean, spread), *temperatures)


def _sides(material: Material) -> tuple[list[Tensor], list[Tensor]]:
    """Return the statistics of windows and of parts of them, and the faults of each."""
    everywhere = torch.tensor([not is_local(str(name)) for name in material.distortion])
    faults = torch.from_numpy(material.faults)
    return [material.whole, material.part[everywhere]], [faults, faults[everywhere]]


def _learn(
    layers: nn.Sequential,
    seen: Tensor,
    faults: Tensor,
    held: Sequence[tuple[Tensor, Tensor]],
    epochs: int,
    quiet: bool,
) -> None:
    """Fit layers to standardised statistics; of all epochs, what says most of held ones is kept."""
    weight = fault_weights(faults)
    optimiser = torch.optim.AdamW(layers.parameters(), lr=_RATE, weight_decay=_DECAY)
    steps = epochs * -(-len(seen) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE * 2, total_steps=steps)
    best, kept = float("inf"), layers.state_dict()
    for _ in trange(epochs, desc="faults", disable=quiet):
        for rows in torch.split(torch.randperm(len(seen)), _BATCH):
            logits = layers(functional.dropout(seen[rows].clamp(-8, 8), _DROPOUT))
            loss = functional.cross_entropy(logits, faults[rows], weight=weight)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
        with torch.no_grad():
            losses = [
                _best_temperature(layers(side), own, fault_weights(own)[own])[1]
                for side, own in held
            ]
        if sum(losses) < best:
            best, kept = sum(losses), {n: v.clone() for n, v in layers.state_dict().items()}
    layers.load_state_dict(kept)


def fault_weights(faults: Tensor) -> Tensor:
    """Return a weight for each fault, with the mean 1 over items: rare ones weigh more."""
    counts = torch.bincount(faults, minlength=len(FAULTS)).float()
    weight = torch.where(counts > 0, counts.clamp(min=1) ** -_EVEN, 0.0)
    return weight * (counts.sum() / (counts * weight).sum())


@torch.enable_grad()
def _best_biases(logits: Tensor, faults: Tensor) -> Tensor:
    """Return what to add to each fault, so that at some temperature all are named often enough."""
    biases = torch.zeros(logits.shape[1], requires_grad=True)
    sharpness = torch.zeros((), requires_grad=True)
    optimiser = torch.optim.LBFGS([biases, sharpness], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        found = functional.cross_entropy((logits + biases) * sharpness.exp(), faults)
        found.backward()  # type: ignore[no-untyped-call]
        return found

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    return biases.detach()


def _best_temperature(logits: Tensor, faults: Tensor, weight: Tensor) -> tuple[float, float]:
    """Return the temperature with the least weighted cross entropy, and that."""
    losses = []
    for temperature in _TEMPERATURES:
        own = functional.cross_entropy(logits / temperature, faults, reduction="none")
        losses.append(float((own * weight).sum() / weight.sum()))
    place = int(np.argmin(losses))
    return float(f"{_TEMPERATURES[place]:.4g}"), losses[place]


@torch.no_grad()
def _plain(layers: nn.Sequential, mean: Tensor, spread: Tensor) -> nn.Sequential:
    """Return layers that want statistics as they are, and not standardised ones."""
    first, last = layers[0], layers[2]
    assert isinstance(first, nn.Linear)
    moved = nn.Linear(first.in_features, first.out_features)
    moved.weight.copy_(first.weight / spread)
    moved.bias.copy_(first.bias - moved.weight @ mean)
    return nn.Sequential(moved, nn.ReLU(), last)
