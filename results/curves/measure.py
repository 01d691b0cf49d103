"""Measures what curve enhancers gain on bad exposures of test scenes, beside other methods.

    python -m results.curves.measure --scenes DIR [--run NAME=WEIGHTS ...]

Writes ``report.json``, and the results into the cards of the networks; ``python -m
results.curves.page`` and ``.sheet`` write the rest. Runs that are named are those of the ablation:
their weights need not be shipped.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hdrmetrics import create_metric
from hdrmetrics.enhance import create_enhancer
from hdrmetrics.learned.curves.weights import SHIPPED, load_curves
from hdrmetrics.learned.tensorfile import card_path
from hdrmetrics.photometry.display import get_display
from hdrmetrics.text.jsontext import readable
from hdrmetrics.text.textfile import write_text
from results.common.files import keep, kept
from results.curves.methods import GAMMAS, METHODS, Method, gamma, gamma_to
from results.curves.pictures import STOPS, bad, good, windows

HERE = Path(__file__).parent
DISPLAY = "srgb-100"
MEASURES = ("psnr", "ssim", "pu21-psnr")
"""Against the original."""

LIKED = ("nima", "norvdpnet-sdr", "improvability")
"""Of the picture alone, in their own units; of the input and of networks only."""

MEAN = 0.45
"""Mean code that a gamma of each picture's own aims at, as networks with one target do."""

ENHANCERS = ("curve", "curve-light")
MOST = 60.0  # dB


class Judge:
    """Scores of a picture against its original, and by itself."""

    def __init__(self) -> None:
        self.metrics = {name: create_metric(name) for name in (*MEASURES, *LIKED)}
        self.display = get_display(DISPLAY)

    @torch.no_grad()
    def __call__(self, test: Tensor, original: Tensor, liked: bool) -> dict[str, float]:
        test = (255 * test).round() / 255
        found = {}
        for name, metric in self.metrics.items():
            if name in LIKED:
                if liked:
                    found[name] = float(metric(test))
                continue
            pair = (test, original)
            if metric.info.domain == "hdr":
                pair = (self.display.forward(test), self.display.forward(original))
            found[name] = min(float(metric(*pair)), MOST)
        return found


def best_gamma(folder: Path) -> float:
    """Return the gamma with the best mean PSNR over exposures of validation scenes."""
    psnr, sums = create_metric("psnr"), np.zeros(len(GAMMAS))
    for name, light in windows(folder, "validation").items():
        original = good(light)
        for stops in STOPS:
            picture = bad(light, name, stops)
            sums += [min(float(psnr(gamma(g)(picture), original)), MOST) for g in GAMMAS]
    return GAMMAS[int(sums.argmax())]


def methods_of(power: float, runs: dict[str, Path]) -> dict[str, Method]:
    """Return all that is compared, by name; the input first."""
    found: dict[str, Method] = {
        "input": lambda image: image,
        "gamma": gamma(power),
        "gamma by mean": gamma_to(MEAN),
        **METHODS,
    }
    found |= {name: create_enhancer(name) for name in ENHANCERS}
    for name, path in runs.items():
        kind = "curve" if load_curves(path)[0].kind == "full" else "curve-light"
        found[f"run {name}"] = create_enhancer(kind, weights=path)
    return found


def into_cards(said: dict[str, Any]) -> None:
    """Write what the shipped networks reach into their cards, and where they fail."""
    values, place = said["values"], {stops: i for i, stops in enumerate(said["stops"])}

    def mean(who: str, one: str, stops: float) -> float:
        return float(np.mean([row[place[stops]] for row in values[who][one]]))

    for who, kind in zip(ENHANCERS, SHIPPED, strict=True):
        _, card = load_curves(SHIPPED[kind])
        found: dict[str, Any] = {
            "what": "means over windows of test scenes at exposures wrong by some stops, with "
            "noise; input and enhanced",
            "scenes": len(said["scenes"]),
        }
        for stops in place:
            found[f"{stops:+g}"] = {
                one: [round(mean(name, one, stops), 4) for name in ("input", who)]
                for one in (*MEASURES, "nima")
            }
        worse = [
            stops for stops in place if mean(who, "psnr", stops) < mean("input", "psnr", stops)
        ]
        lost = [
            f"{mean('input', 'psnr', s) - mean(who, 'psnr', s):.1f} dB at {s:+g}" for s in worse
        ]
        failures = [
            "It cannot know whether a picture is dark or bright on purpose, and changes such ones.",
            "Noise in shadows is brightened with them; what was clipped stays clipped.",
        ]
        if lost:
            failures.append(f"PSNR falls at some exposures (stops): {', '.join(lost)}.")
        card = replace(card, results=found, failures=tuple(failures))
        write_text(card_path(SHIPPED[kind]), readable(card.to_dict()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--run", action="append", default=[], metavar="NAME=WEIGHTS")
    parser.add_argument(
        "--keep", action="store_true", help="what report.json has already is not measured again"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    runs = {text.partition("=")[0]: Path(text.partition("=")[2]) for text in options.run}
    before = kept(HERE / "report.json") if options.keep else {}
    power = before.get("gamma") or best_gamma(options.scenes)
    methods, judge = methods_of(power, runs), Judge()
    scenes = windows(options.scenes)
    values: dict[str, dict[str, list[list[float]]]] = {who: {} for who in methods}
    if before and before["scenes"] == list(scenes):
        values |= {who: own for who, own in before["values"].items() if who in methods}
    methods = {who: method for who, method in methods.items() if not values[who]}
    for name, light in scenes.items():
        original = good(light)
        pictures = [bad(light, name, stops) for stops in STOPS]
        for who, method in methods.items():
            liked = who in ("input", *ENHANCERS) or who.startswith("run ")
            scores = [judge(method(one), original, liked) for one in pictures]
            for key in scores[0]:
                values[who].setdefault(key, []).append([round(one[key], 5) for one in scores])
        print(name, flush=True)
    said: dict[str, Any] = {
        "display": DISPLAY, "gamma": power, "mean": MEAN, "stops": STOPS, "scenes": list(scenes),
        "runs": {name: dict(load_curves(path)[1].recipe) for name, path in runs.items()},
        "steps": {name: load_curves(path)[1].steps for name, path in runs.items()},
        "values": values,
    }  # fmt: skip
    keep(HERE / "report.json", said)
    into_cards(said)


if __name__ == "__main__":
    main()
