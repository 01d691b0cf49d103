"""What is lost if photographs are made smaller before they are looked at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from hdrmetrics.improve.pairs import read_pairs
from hdrmetrics.learned.improvable.network import describe
from hdrmetrics.learned.restoring.weights import load_restoration
from results.improvable.judging import Test, judged
from trainers.improving.features import Gains
from trainers.improving.material import load_picture
from trainers.improving.recipe import GainRecipe
from trainers.improving.run import Thresholds, fit_output, standard_of


def halved(
    seen: Gains, pairs: Path, restoration: Path, recipe: GainRecipe, limits: Thresholds
) -> dict[str, dict[str, list[float]]]:
    """Return what layers on windows as they are, and on halved ones, are worth on test pairs."""
    net, _ = load_restoration(restoration)
    rows = []
    with torch.no_grad():
        for pair in read_pairs(pairs):
            small = F.interpolate(
                load_picture(pair.input), scale_factor=0.5, mode="bicubic", antialias=True
            )
            found = describe(net, small.clamp(0, 1), recipe.side, recipe.along)
            rows.append(found[0].double().numpy())
    ways = {"as they are": seen, "made smaller by half": replace(seen, statistics=np.stack(rows))}
    said = {}
    for name, gains in ways.items():
        centre, scale = standard_of(gains)
        own = replace(gains, statistics=(gains.statistics - centre) / scale)
        labels = limits.labels(own.gain)
        fitted = fit_output(own, labels, own.delta, recipe)
        part = own.of("test")
        test = Test(part, limits.labels(part.gain), {name: fitted.tuned(part.statistics)})
        said[name] = judged(test, name)
    return said
