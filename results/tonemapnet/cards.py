"""The model cards of the tone-mapping networks: what their cards hold, as Markdown for people."""

from __future__ import annotations

from pathlib import Path

from hdrmetrics.learned.tonemapping.weights import load_tone_net
from hdrmetrics.text.markdown import markdown_table

_FORMS = {
    "curve": """\
computed in the precision of the picture. It sees a small copy of the picture, with its colours, at
eight exposures, foresees the quality of each by TMQI's formula of naturalness and a term of
structure of its own, and says the best exposure""",
    "grid": """\
computed in double precision. It sees a thumbnail of log luminance with its histogram, and says a
grid of exposures over place and brightness""",
}


def tone_card(path: Path) -> str:
    """Return the model card of a weights file of tone mapping."""
    net, card = load_tone_net(path)
    count = sum(p.numel() for p in net.parameters())
    rows = [
        [name, *(f"{own[key]:.3f}" for key in ("tmqi", "gain", "fsitm"))]
        for name, own in card.results["means"].items()
    ]
    failures = "\n".join(f"- {text}" for text in card.failures)
    data = "\n".join(
        f"- {one['name']}: {one['number']} {one['what']}; licence: {one['terms']}"
        for one in card.data
    )
    recipe = card.recipe
    return f"""# {path.stem}

Tone-maps light in one pass. Made by `python -m results.learned.cards` from the card beside the
weights.

## What it is

`hdrmetrics/learned/tonemapping/weights/{path.name}` (SHA-256 `{card.sha256}`): {count:,} weights in
half precision, {path.stat().st_size / 1e3:.0f} kB, {_FORMS[net.size.form]}.
`hdrmetrics tonemap --operator {path.stem}`.

## How good it is

Means over {card.results["pictures"]} whole pictures of the test split: true TMQI, its gain over the
photographic key 0.18, and the change of FSITM, which nothing learnt from
([with intervals](../../results/tonemapnet/report.md)):

{markdown_table(["", "TMQI", "gain", "change of FSITM"], rows)}

## Where it fails

{failures or "- nothing known"}

## Data and licences

{data}

## Training it again

{card.steps:,} steps of {recipe["batch"]} pictures along `{card.training["quality"]["name"]}`, seed
{card.seed}. See [trainers/README.md](../../trainers/README.md#learning-to-tone-map).
"""
