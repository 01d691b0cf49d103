"""Whether the everyday score falls as a distortion of the package's own pictures grows.

    python -m results.learned.strength [--weights DIR]

Writes ``strength.json`` and ``strength.md``.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor
from tqdm import tqdm

from hdrmetrics.distort import create_distortion, list_distortions
from hdrmetrics.errors import HdrMetricsError
from hdrmetrics.io import read_image
from hdrmetrics.learned.catalogue import WEIGHTS
from hdrmetrics.learned.everyday import CHOICE
from hdrmetrics.learned.predictor import LearnedMetric
from hdrmetrics.learned.weights import load_weights
from hdrmetrics.metric import Domain
from hdrmetrics.samples import sample_images
from hdrmetrics.textfile import write_text
from hdrmetrics.tonemap import tonemap
from results.learned.data import weights_files
from results.learned.tables import markdown_table

HERE = Path(__file__).parent
STRENGTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
OPERATOR = "reinhard02"
"""Makes display codes of the pictures, which are of light."""

_EVEN = 0.9  # rank correlation from which a score is said to fall


def everyday(weights: Path) -> dict[Domain, LearnedMetric]:
    """Return the predictors that ``norvdpnet`` chooses between.

    Raises
    ------
    HdrMetricsError
        If weights cannot be read.
    """
    loaded = [load_weights(path) for path, _ in weights_files(weights)]
    found: dict[Domain, LearnedMetric] = {}
    for domain, heads in CHOICE.items():
        for head in reversed(heads):  # the preferred one last
            for network, card in loaded:
                if head in card.heads and network.architecture.inputs == "none":
                    found[domain] = LearnedMetric(network, card, head)
    return found


def pictures(domain: Domain) -> dict[str, Tensor]:
    """Return the package's pictures ``(1, 3, h, w)``: cd/m², or display codes."""
    light = {name: read_image(path).tensor() for name, path in sample_images().items()}
    if domain == "hdr":
        return light
    return {name: tonemap(image, OPERATOR) for name, image in light.items()}


def measure(weights: Path) -> dict[str, Any]:
    """Return scores by domain, distortion and picture, one per strength."""
    names = [info.name for info in list_distortions()]
    found: dict[str, Any] = {}
    predictors = everyday(weights)
    bar = tqdm(total=len(predictors) * len(names), desc="strength", unit="distortion")
    with torch.no_grad():
        for domain, predictor in predictors.items():
            shown = pictures(domain)
            for name in names:
                distortion = create_distortion(name)
                found.setdefault(domain, {})[name] = {
                    picture: [
                        float(predictor(distortion(image, strength=s, domain=domain, seed=0)))
                        for s in STRENGTHS
                    ]
                    for picture, image in shown.items()
                }
                bar.update()
    bar.close()
    return found


def falls(scores: list[float]) -> float:
    """Return how well scores are ordered by strength: 1 where each is below the one before."""
    if np.ptp(scores) == 0:
        return 0.0
    return -float(spearmanr(STRENGTHS, scores).statistic)


def page(found: dict[str, Any]) -> str:
    """Return the results as text."""
    lines = [
        "# Does the everyday score fall as a distortion grows?",
        "",
        (
            "The package's three pictures, as light and tone-mapped by "
            f"`{OPERATOR}`, distorted with strengths {', '.join(map(str, STRENGTHS))} and scored "
            "by `norvdpnet`. *Order* is Spearman's correlation of strength with the falling score, "
            "its lowest over the pictures: 1 where every step is marked down. Made by "
            "`strength.py`."
        ),
    ]
    for domain, by_name in found.items():
        rows = []
        for name, by_picture in by_name.items():
            orders = [falls(scores) for scores in by_picture.values()]
            text = f"{min(orders):.2f}"
            rows.append([
                name,
                text if min(orders) >= _EVEN else f"**{text}**",
                *(f"{scores[0]:.0f} → {scores[-1]:.0f}" for scores in by_picture.values()),
            ])  # fmt: skip
        pictured = next(iter(by_name.values()))
        count = sum(min(map(falls, one.values())) >= _EVEN for one in by_name.values())
        lines += [
            "",
            f"## {'Light' if domain == 'hdr' else 'Display codes'}",
            "",
            (
                f"{count} of {len(by_name)} distortions are marked down in order (≥ {_EVEN}) on "
                "all pictures."
            ),
            "",
            markdown_table(["distortion", "order", *pictured], rows).rstrip("\n"),
        ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure and write; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m results.learned.strength",
        description=(__doc__ or "").splitlines()[0],
    )
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="default: the package's")
    parser.add_argument("--out", type=Path, default=HERE, help="default: beside this script")
    options = parser.parse_args()
    torch.set_num_threads(2)
    try:
        found = measure(options.weights)
    except HdrMetricsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    write_text(options.out / "strength.json", json.dumps(found, indent=1) + "\n")
    write_text(options.out / "strength.md", page(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
