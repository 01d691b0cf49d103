"""What a training ends with: predictions, weights, and their card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from hdrmetrics.learned.network import QualityNetwork
from hdrmetrics.learned.tensorfile import round_weights
from hdrmetrics.learned.weights import save_weights
from trainers.card import make_card
from trainers.config import Config
from trainers.feeding.labels import save_labels
from trainers.judging.predictions import predict_set
from trainers.learning.material import SetMaterial
from trainers.options import RunOptions

WEIGHTS = "weights.safetensors"


def write_results(
    network: QualityNetwork,
    material: Sequence[SetMaterial],
    options: RunOptions,
    config: Config,
    *,
    device: torch.device,
    recipe: str,
    training: Mapping[str, Any],
) -> Path:
    """Write the predictions of each set, and the weights with their card; returns their path.

    Predictions, of the validation and the test split, are made from pixels, or from channels where
    the run had prepared ones.

    Parameters
    ----------
    network
        That wants plain statistics; it is rounded to what a weights file keeps, so that what is
        judged is what is written.
    material
        The sets that it was trained on.
    options, config
        Of the run, whose folder is there.
    device
        Where predictions are made.
    recipe, training
        For the card, see :func:`~trainers.card.make_card`.

    Raises
    ------
    ImageReadError
        If tables or stores cannot be read.
    OptionError
        If a weight is NaN or beyond half precision, or a teacher has no scale that users know.
    """
    round_weights(network)
    predictions = []
    for one in material:
        found = predict_set(
            network, one.name, one.heads, tables=options.tables, stores=options.stores,
            splits=("validation", "test"), device=device, batch=config.optimiser.batch,
            prepared=one.prepared,
        )  # fmt: skip
        save_labels(options.out / f"predictions-{one.name}.npz", found)
        predictions.append(found)
    card = make_card(
        network, material, predictions, seed=options.seed, recipe=recipe, training=training,
        exponent=config.loss.exponent,
    )  # fmt: skip
    save_weights(options.out / WEIGHTS, network, card)
    return options.out / WEIGHTS
