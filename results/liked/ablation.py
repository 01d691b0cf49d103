"""What nima owes to its start, to what of it learns, and to its trunk, at equal steps.

    python -m results.liked.ablation --data BIQ2021 --run RUN_OF_NIMA --work FOLDER

Short runs, a part of the shipped one: they order the choices, and do not reach its numbers.
Each is kept in FOLDER when it is done. Writes ``ablation.md`` and ``ablation.json``.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hdrmetrics.catalogue.metrics import create_metric
from hdrmetrics.learned.liked.network import OpinionNetwork
from hdrmetrics.learned.predictor import LearnedMetric
from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from results.common.files import keep
from results.liked.opinions import agreement, divided
from trainers.learning.average import WeightAverage
from trainers.opinions.judging import predict
from trainers.opinions.learner import Learner
from trainers.opinions.material import Material
from trainers.opinions.opinions import Opinions
from trainers.opinions.recipe import Recipe
from trainers.opinions.start import build, standardise
from trainers.running.schedule import learning_rate

HERE = Path(__file__).parent
_PHOTOGRAPHS, _SIDE, _SEED = 1200, 224, 0
_RECIPE = Recipe(
    learn="all", epochs=2.0, sides=(_SIDE,), spoilt=0, average=0.97, views=((_SIDE, 1.0),)
)


class FaithfulTrunk(nn.Module):
    """The trunk of ``norvdpnet-sdr``, which learnt from HDR-VDP-2, as one of opinions."""

    name = "norvdpnet-sdr"
    least = 64

    def __init__(self) -> None:
        super().__init__()
        predictor = create_metric("norvdpnet-sdr")
        assert isinstance(predictor, LearnedMetric)
        self.network = predictor.network.float()
        with torch.no_grad():
            found = self.maps(torch.full((1, 3, self.least, self.least), 0.5))
        self.channels = tuple(one.shape[1] for one in found)

    def maps(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the maps of each level, of pictures in [0, 1]."""
        return tuple(self.network.features(x, domain="sdr"))


def _of(recipe: Recipe) -> Callable[[], OpinionNetwork]:
    return lambda: build(recipe, _SEED)


def _faithful() -> OpinionNetwork:
    network = build(replace(_RECIPE, start="random"), _SEED)  # whose head is then replaced
    own = OpinionNetwork(FaithfulTrunk(), _RECIPE.hidden, _RECIPE.dropout)
    nn.init.kaiming_normal_(own.hidden.weight)
    nn.init.zeros_(own.hidden.bias)
    own.scores.load_state_dict(network.scores.state_dict())
    return own


def variants() -> dict[str, tuple[Callable[[], OpinionNetwork], Recipe]]:
    """Return what is compared: networks to begin with, and how they learn."""
    small = replace(_RECIPE, backbone="timm:mobilenetv3_small_100", start="random")
    told = {
        "EfficientNet-Lite0 from ImageNet, all levels learn": _RECIPE,
        "the same, all but the first three levels learn": replace(_RECIPE, learn="last"),
        "the same, frozen": replace(_RECIPE, learn="none"),
        "EfficientNet-Lite0 from random weights, all learn": replace(_RECIPE, start="random"),
        "MobileNetV3-small from random weights, all learn": small,
    }
    found = {name: (_of(recipe), recipe) for name, recipe in told.items()}
    found["trunk of `norvdpnet-sdr`, all learn"] = (_faithful, _RECIPE)
    found["trunk of `norvdpnet-sdr`, frozen"] = (_faithful, replace(_RECIPE, learn="none"))
    return found


def main() -> None:
    """Train and judge what is not done yet, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--data", type=Path, required=True, help="a copy of BIQ2021")
    parser.add_argument("--run", type=Path, required=True, help="folder of the run of nima")
    parser.add_argument("--work", type=Path, required=True, help="keeps what is done")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.work.mkdir(parents=True, exist_ok=True)
    opinions = divided(options.data, options.run)
    learnt = _some(opinions.of("train"), _PHOTOGRAPHS)
    held = opinions.of("validation")
    rows: dict[str, Any] = {}
    for number, (name, (begin, recipe)) in enumerate(variants().items()):
        path = options.work / f"{number}.json"
        if not path.exists():
            print(name, file=sys.stderr, flush=True)
            write_text(path, json.dumps(judged(begin(), recipe, learnt, held)))
        rows[name] = json.loads(path.read_text("utf-8"))
    keep(HERE / "ablation.json", rows)
    write_text(HERE / "ablation.md", page(rows, len(held)))
    print(HERE / "ablation.md")


def judged(
    network: OpinionNetwork, recipe: Recipe, learnt: Opinions, held: Opinions
) -> dict[str, Any]:
    """Train a network, and return how it agrees with people, and what it costs."""
    torch.manual_seed(_SEED)
    material = Material(learnt, recipe, _SEED)
    standardise(network, material)
    learner, average = Learner(network, recipe), WeightAverage(network, recipe.average)
    seconds = 0.0
    for number, step in enumerate(material.ahead(0, material.steps)):
        began = time.process_time()
        learner.step(step, learning_rate(number, material.steps, peak=1.0))
        average.update()
        seconds += time.process_time() - began
    with average.applied():
        values = predict(network, held.paths, _SIDE)
    return {
        "steps": material.steps,
        "seconds_a_step": round(seconds / material.steps, 2),
        "milliseconds_per_megapixel": round(milliseconds(network)),
        "weights": sum(p.numel() for p in network.trunk.parameters()),
        **agreement(values, held),
    }


@torch.no_grad()
def milliseconds(network: OpinionNetwork) -> float:
    """Return the time of one thread for a megapixel, as part of its views."""
    picture, times = torch.rand(1, 3, 512, 512), []
    for _ in range(4):
        began = time.perf_counter()
        network(picture)
        times.append(time.perf_counter() - began)
    return 1000 * min(times) * 1e6 / 512**2


def page(rows: dict[str, Any], count: int) -> str:
    """Return the page."""
    first = next(iter(rows.values()))
    table = [
        [
            name, f"{one['weights'] / 1e6:.1f}", f"{one['seconds_a_step']:.1f}",
            f"{one['milliseconds_per_megapixel']}",
            *(f"{v:.3f} [{low:.3f}, {high:.3f}]"
              for v, low, high in (one["srocc"], one["plcc"], one["mae"])),
        ]
        for name, one in rows.items()
    ]  # fmt: skip
    titles = ["trunk", "weights, millions", "s a step", "ms a megapixel", "SROCC", "PLCC", "error"]
    return f"""# What nima owes to its start and its trunk

Made by `python -m results.liked.ablation`. Each network saw {_PHOTOGRAPHS} training photographs of
BIQ2021 twice, {first["steps"]} steps of {_RECIPE.batch} views of {_SIDE}², and is judged on {count}
photographs held out, seen as squares of that side: a small part of the shipped run, so only the
order of rows counts. No other backbone with weights of ImageNet was at hand, so trunks are compared
from random weights, and ours that learnt from HDR-VDP-2. Times are those of one thread, beside
other work. Brackets: 95 % over photographs; the error is of a line through them, in points of ten.

{markdown_table(titles, table)}
"""


def _some(opinions: Opinions, count: int) -> Opinions:
    chosen = np.random.default_rng(_SEED).permutation(len(opinions))[:count]
    return opinions.select(np.sort(chosen))


if __name__ == "__main__":
    main()
