"""From trained weights to the same weights with an output that names faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import trainers.nets  # noqa: F401 - the papers' front ends are then known by name
from hdrmetrics.errors import OptionError
from hdrmetrics.learned.card import Card
from hdrmetrics.learned.faults import FAULTS, FaultCard
from hdrmetrics.learned.fronts.front import CellFront
from hdrmetrics.learned.network import QualityNetwork
from hdrmetrics.learned.tensorfile import round_weights
from hdrmetrics.learned.weights import load_weights, save_weights
from trainers.faults.classes import is_local
from trainers.faults.fit import Fitted, fit
from trainers.faults.judge import judge
from trainers.faults.material import Material, gather, together
from trainers.feeding.labels import find_labels

HIDDEN = 96
_PIECE = 4096


def name_faults(
    weights: Path,
    out: Path,
    sets: Sequence[str],
    *,
    tables: Path,
    stores: Path | None,
    prepared: Path | None,
    most: int | None = None,
    epochs: int = 30,
    seed: int = 0,
    quiet: bool = False,
) -> Card:
    """Fit the output that names faults and write the weights with it; returns their card.

    The other weights stay as they are, and so do all scores.

    Parameters
    ----------
    weights
        A ``.safetensors`` file with its card; an output of earlier faults is replaced.
    out
        File to write; it may be the same.
    sets
        Names of labelled sets; training scenes are fitted to, validation scenes decide when to
        stop and the temperatures, test scenes are judged.
    tables, stores, prepared
        Folders with the labels, crops and channels of each set; channels save most of the time,
        crops are needed for references as untouched windows.
    most
        At most so many items of each split of a set.
    epochs, seed
        Of the fit.
    quiet
        Whether to leave out progress.

    Raises
    ------
    OptionError
        If the network has no places, or a set no faults.
    HdrMetricsError
        If a file cannot be read.
    """
    network, card = load_weights(weights)
    _check_places(network)
    network.faults = None
    domains = tuple(dict.fromkeys(find_labels(tables, name).domain for name in sets))
    each = partial(gather, network, tables=tables, stores=stores, prepared=prepared, most=most)
    material = together([each(name) for name in sets])
    train, validation, test = (
        material.select(material.split == split) for split in ("train", "validation", "test")
    )
    found = fit(train, validation, hidden=HIDDEN, epochs=epochs, seed=seed, quiet=quiet)
    _add(network, found)
    faults = FaultCard(
        FAULTS, HIDDEN, domains, tuple(sets),
        temperature=found.temperature, place_temperature=found.place_temperature,
    )  # fmt: skip
    results = {"test": judged(network, faults, test)} if len(test) else {}
    return save_weights(out, network, replace(card, faults=replace(faults, results=results)))


def _check_places(network: QualityNetwork) -> None:
    if not isinstance(network.front, CellFront):
        raise OptionError(
            f"{network.architecture.name} does not see cells one by one, so that it cannot say "
            "what is wrong at a place"
        )


def _add(network: QualityNetwork, found: Fitted) -> None:
    """Give a network the layers of a fit, as a weights file keeps them."""
    network.add_faults(HIDDEN, len(FAULTS))
    assert network.faults is not None
    network.faults.load_state_dict(found.layers.state_dict())
    round_weights(network.faults)


@torch.no_grad()
def judged(network: QualityNetwork, faults: FaultCard, material: Material) -> dict[str, Any]:
    """Return the test tables of whole windows, of their parts, and of each set."""
    found = {}
    everywhere = np.array([not is_local(str(name)) for name in material.distortion], dtype=bool)
    parts = material.select(everywhere)
    for name, statistics in (("windows", material.whole), ("places", parts.part)):
        items = material if name == "windows" else parts
        said = [
            _probabilities(network, faults, part, name) for part in torch.split(statistics, _PIECE)
        ]
        numbers = torch.cat(said).double().numpy()
        columns = items.faults, items.opinion, items.group, items.distortion
        found[name] = judge(numbers, *columns)
        if name == "windows":
            for source in np.unique(material.source):
                own = material.source == source
                found[str(source)] = judge(numbers[own], *(column[own] for column in columns))
    return found


def _probabilities(
    network: QualityNetwork, faults: FaultCard, statistics: Tensor, name: str
) -> Tensor:
    return faults.probabilities(network.name_faults(statistics), places=name == "places")
