"""The model card of improvability: what its card holds, as Markdown for people."""

from __future__ import annotations

from pathlib import Path

from hdrmetrics.learned.improvable.metric import metric_name
from hdrmetrics.learned.improvable.weights import load_gains
from hdrmetrics.text.markdown import markdown_table

_MEASURES = {
    "srocc": "SROCC to the true gain", "auc_pr": "AUC-PR", "kept": "gain kept by a third",
}  # fmt: skip


def gain_card(path: Path) -> str:
    """Return the model card of a weights file of improvability."""
    _, card = load_gains(path)
    told = card.labels
    rows = [
        [name, *(f"{own[k][0]:.3f} [{own[k][1]:.3f}, {own[k][2]:.3f}]" for k in _MEASURES)]
        for name, own in card.results.items()
    ]
    names = ", ".join(f"`{metric_name(one.name)}`" for one in card.outputs)
    parts = ", ".join(f"{share:.0%} {label}" for label, share in told["parts"].items())
    pairs = ", ".join(f"{count:,} {split}" for split, count in card.training["pairs"].items())
    failures = "\n".join(f"- {text}" for text in card.failures)
    licences = "\n".join(f"- {what}: {text}" for what, text in card.licences.items())
    return f"""# {path.stem}

No-reference: how probable it is that enhancement improves a photograph. Made by
`python -m results.learned.cards` from the card beside the weights.

## What it is

`hdrmetrics/learned/improvable/weights/{path.name}` (SHA-256 `{card.sha256}`): one linear layer on
{card.statistics} statistics of what the network `restore` sees (its weights: SHA-256
`{card.trunk_sha256[:16]}…`), in {card.along}×{card.along} parts of {card.side} pixels at full size.
Outputs: {names}. Gains are those of {card.enhancer}.

## What it learnt

**Labels are {told["are"]}**: {told["gain"]}; 2 from {told["significant"]:g}, 1 from
{told["moderate"]:g}, −1 below {told["harmed"]:g} ({parts}). A baseline learnt to foretell
delta-NIMA; its last layer was tuned on the labels. The measure, the parts and the thresholds were
fixed before training. Pairs: {pairs}, divided by photograph.

## How well

On test pairs, with 95 % intervals over photographs
([more](../../results/improvable/report.md)):

{markdown_table(["", *_MEASURES.values()], rows)}

## Where it fails

{failures or "- nothing known"}

## Data and licences

{licences}

## Training it again

Seed {card.seed}; recipe `trainers/improving/recipes/improvability.toml`; see
[trainers/README.md](../../trainers/README.md#learning-what-would-gain). The method is described in
WO2024076611A1: check before commercial use.
"""
