"""The model card of restore: what its card holds, as Markdown for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hdrmetrics.learned.restoring.weights import load_restoration
from hdrmetrics.text.markdown import markdown_table

_MEASURES = {"psnr": "PSNR, dB", "pu21-psnr": "PU21-PSNR, dB", "nima": "nima"}


def restoration_card(path: Path) -> str:
    """Return the model card of a weights file of restoration."""
    net, card = load_restoration(path)
    count = sum(p.numel() for p in net.parameters())
    results = {key: value for key, value in card.results.items() if isinstance(value, Mapping)}
    shown = [key for key in _MEASURES if all(key in own for own in results.values())]
    rows = [
        [name, *(f"{a:.2f} → {b:.2f}" for a, b in (own[key] for key in shown))]
        for name, own in results.items()
    ]
    speed = card.results.get("seconds_per_megapixel_of_one_core", float("nan"))
    failures = "\n".join(f"- {text}" for text in card.failures)
    data = "\n".join(f"- {one['name']}: {one['what']}; {one['terms']}" for one in card.data)
    runs = list(_runs({"seed": card.seed, "steps": card.steps, "recipe": card.recipe,
                       **card.training}))  # fmt: skip
    learnt = "; then ".join(
        f"{run['steps']:,} steps (seed {run['seed']}, rate {run['recipe']['rate']:g})"
        for run in reversed(runs)
    )
    return f"""# {path.stem}

Restores photographs: noise, blur, JPEG. Made by `python -m results.learned.cards` from the card
beside the weights.

## What it is

`hdrmetrics/learned/restoring/weights/{path.name}` (SHA-256 `{card.sha256}`): {count:,} weights in
half precision, {path.stat().st_size / 1e6:.1f} MB; a small U of convolutions that adds what is
missing, {speed:.2f} s a megapixel on one core.
`hdrmetrics.enhance.create_enhancer("restore")`; `improvability` sees by its eyes.

## What it gains

Means over {card.results.get("photographs", 0)} photographs that nothing learnt from, before → after
([with intervals, and beside classical methods](../../results/enhance/report.md)):

{markdown_table(["degradation", *(_MEASURES[key] for key in shown)], rows)}

## Where it fails

{failures or "- nothing known"}

## Data and licences

{data}

## Training it again

Runs, each from the weights of the one before: {learnt}. See
[trainers/README.md](../../trainers/README.md#learning-to-restore).
"""


def _runs(run: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    while True:
        yield run
        if "before" not in run:
            return
        run = run["before"]
