"""Whether the general score falls as a distortion of the package's own pictures grows.

    python -m results.learned.strength

Writes ``strength.json`` and ``strength.md``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor
from tqdm import tqdm

from hdrmetrics import create_metric
from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.distort import create_distortion, list_distortions
from hdrmetrics.errors import HdrMetricsError
from hdrmetrics.io import read_image
from hdrmetrics.learned.general import NAME, GeneralMetric
from hdrmetrics.photometry.color import luminance
from hdrmetrics.samples import sample_images
from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from hdrmetrics.tonemap import tonemap
from hdrmetrics.tonemap.statistics import percentile
from results.common.files import keep

HERE = Path(__file__).parent
STRENGTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
OPERATOR = "reinhard02"
"""Makes display codes of the pictures, which are of light."""

PEAK = 1000.0
"""What the 99.9th percentile of luminance is brought to, in cd/m², as in the shell."""

_PLAIN = 10.0  # points of 100 that the strongest version loses, if it is marked down


def pictures(domain: PixelDomain) -> dict[str, Tensor]:
    """Return the package's pictures ``(1, 3, h, w)``: cd/m², or display codes."""
    found = {}
    for name, path in sample_images().items():
        relative = read_image(path).tensor()
        light = relative * (PEAK / percentile(luminance(relative), 0.999))
        found[name] = light if domain == "hdr" else tonemap(light, OPERATOR)
    return found


def measure() -> dict[str, Any]:
    """Return scores by domain, distortion and picture, one per strength."""
    names = [info.name for info in list_distortions()]
    found: dict[str, Any] = {}
    general = create_metric(NAME)
    assert isinstance(general, GeneralMetric)
    bar = tqdm(total=len(general.by_domain) * len(names), desc="strength", unit="distortion")
    with torch.no_grad():
        for kind, predictor in general.by_domain.items():
            domain = cast(PixelDomain, kind)
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
        "# Does the general score fall as a distortion grows?",
        "",
        (
            f"The package's three pictures, as light (99.9th percentile at {PEAK:g} cd/m²) and "
            f"tone-mapped by `{OPERATOR}`, distorted and scored by `norvdpnet`: the mean score at "
            "each strength, and *order*, Spearman's correlation of strength with the falling "
            "score, its lowest over the pictures: 1 where every step is marked down. Scores above "
            "90 are all of distortions that are hard to see, and their order says little. Made by "
            "`strength.py`."
        ),
    ]
    for domain, by_name in found.items():
        rows, count = [], 0
        for name, by_picture in by_name.items():
            scores = np.array(list(by_picture.values()))
            down = bool((scores[:, 0] - scores[:, -1] >= _PLAIN).all())
            count += down
            rows.append([
                name if down else f"**{name}**",
                *(f"{score:.0f}" for score in scores.mean(axis=0)),
                f"{min(falls(list(one)) for one in scores):.2f}",
            ])  # fmt: skip
        lines += [
            "",
            f"## {'Light' if domain == 'hdr' else 'Display codes'}",
            "",
            (
                f"At full strength {count} of {len(by_name)} distortions cost every picture at "
                f"least {_PLAIN:g} points; the others in bold."
            ),
            "",
            markdown_table(["distortion", *map(str, STRENGTHS), "order"], rows),
        ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure and write; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m results.learned.strength",
        description=(__doc__ or "").splitlines()[0],
    )
    parser.add_argument("--out", type=Path, default=HERE, help="default: beside this script")
    options = parser.parse_args()
    torch.set_num_threads(2)
    try:
        found = measure()
    except HdrMetricsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    keep(options.out / "strength.json", found)
    write_text(options.out / "strength.md", page(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
