"""The model cards of the curve networks: what their cards hold, as Markdown for people."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hdrmetrics.learned.curves.weights import load_curves
from hdrmetrics.text.markdown import markdown_table
from trainers.curves.recipe import TERMS

_MEASURES = {"psnr": "PSNR, dB", "ssim": "SSIM", "pu21-psnr": "PU21-PSNR, dB", "nima": "nima"}


def curve_card(path: Path) -> str:
    """Return the model card of a weights file of curves."""
    net, card = load_curves(path)
    count = sum(p.numel() for p in net.parameters())
    rows = [
        [stops, *(f"{own[key][0]:.2f} → {own[key][1]:.2f}" for key in _MEASURES)]
        for stops, own in card.results.items()
        if isinstance(own, Mapping)
    ]
    failures = "\n".join(f"- {text}" for text in card.failures)
    data = "\n".join(f"- {one['name']}: {one['what']}; {one['terms']}" for one in card.data)
    own = card.recipe
    losses = ", ".join(f"{name} {own[name]:g}" for name in TERMS if own[name])
    judges = f" by {', '.join(own['judges'])}" if own["judged"] else ""
    meter = (
        "of each picture's good exposure, as a meter would tell it: one number, and the only one "
        "that is told of how a picture should be"
        if own["metered"]
        else f"of {own['target']:g} for all"
    )
    return f"""# {path.stem}

Brightens what was exposed too little and darkens what was exposed too much. Made by `python -m
results.learned.cards` from the card beside the weights.

## What it is

`hdrmetrics/learned/curves/weights/{path.name}` (SHA-256 `{card.sha256}`): {count:,} weights in
half precision, {path.stat().st_size / 1e3:.0f} kB; seven layers that see a copy of {card.seen}²
pixels and draw the curve F + a·F·(1 − F), eight times over.
`hdrmetrics.enhance.create_enhancer("{path.stem}")`. After US11356623B2: check before commercial
use.

## What it gains

Means over {card.results.get("scenes", 0)} test scenes at exposures wrong by some stops, with noise,
before → after ([with intervals, and beside other methods](../../results/curves/report.md)):

{markdown_table(["stops", *_MEASURES.values()], rows)}

## Where it fails

{failures or "- nothing known"}

## Data and licences

{data}

## Training it again

`python -m trainers curves --recipe {path.stem}`, {card.steps:,} steps, seed {card.seed}; losses
with their weights: {losses}{judges}. The mean code that is wanted is that {meter}. No loss sees a
reference.
"""
