"""Model cards of the package's networks: what their card holds, as Markdown for people.

    python -m results.learned.cards [--out docs/models]

Agreement on whole pictures comes from ``whole.md`` and ``whole_tmo.md`` here.
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hdrmetrics.learned.card import Card
from hdrmetrics.learned.catalogue import WEIGHTS
from hdrmetrics.learned.curves import weights as curves
from hdrmetrics.learned.describing import describe, family
from hdrmetrics.learned.improvable import catalogue as improvable
from hdrmetrics.learned.liked import catalogue as liked
from hdrmetrics.learned.restoring.weights import SHIPPED
from hdrmetrics.learned.tensorfile import SUFFIX
from hdrmetrics.learned.tonemapping.weights import shipped
from hdrmetrics.learned.weights import load_weights
from hdrmetrics.learned.whole_image import MINIMUM_SIZE
from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from results.curves.cards import curve_card
from results.enhance.cards import restoration_card
from results.improvable.cards import gain_card
from results.learned.tables import SHOWN, cell
from results.liked.cards import opinion_card
from results.tonemapnet.cards import tone_card
from results.tonemapnet.measure import NETS
from trainers.config import CONFIGS
from trainers.judging.agreement import ALL

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
OUT = ROOT / "docs" / "models"

_FOLDER = "hdrmetrics/learned/weights"
_TABLES, _STORES, _CHANNELS = "--tables datasets/tables", "--store stores", "--prepared channels"
_PIXELS = {
    "hdr": "linear BT.709 light in cd/m²",
    "sdr": "display codes in [0, 1], seen on an sRGB display of 100 cd/m²",
    "tonemapped": "display codes in [0, 1]; a reference is linear BT.709 light in cd/m²",
}
_KINDS = {
    "norvdpnet": "No-reference: sees the test picture alone.",
    "diqm": "Full-reference: sees the test picture and its reference.",
}


def model_card(path: Path) -> str:
    """Return the model card of a weights file."""
    network, card = load_weights(path)
    count = sum(p.numel() for p in network.parameters())
    sections = {
        "What it is": _what(path, card, count),
        "Agreement with the teacher": _agreement(card),
        "Naming faults": _faults(card),
        "Where it fails": _failures(card),
        "Data and licences": _data(card),
        "Training it again": _training(path.stem, card),
    }
    made = "Made by `python -m results.learned.cards` from the card beside the weights."
    parts = [f"# {path.stem}\n\n{_KINDS[family(card)]} {made}\n"]
    parts += [f"## {title}\n\n{text}" for title, text in sections.items() if text]
    return "\n".join(parts)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return markdown_table(head, rows) + "\n"


def _what(path: Path, card: Card, count: int) -> str:
    rows = []
    for head, own in card.heads.items():
        info = describe(card, head)
        learnt = ", ".join(own.sets)
        rows.append([f"`{info.name}`", _PIXELS[own.domain], own.teacher, learnt, info.version])
    stages = ", ".join(str(stage.channels) for stage in card.architecture.stages)
    distance = (
        "The teacher knows no distance of viewing."
        if card.ppd is None
        else f"Labels and scores hold for {card.ppd:g} pixels per degree."
    )
    text = (
        f"`{_FOLDER}/{path.name}` (SHA-256 `{card.sha256}`): {count:,} weights in half precision. "
        f"Fixed descriptors of cells of 16 px (front end `{card.architecture.front}`), stages of "
        f"{stages} channels that see a cell each, statistics over windows of 256 px, and a small "
        "network for each head. Scores go from 0 to 100, the best; each comes with an interval and "
        f"with warnings. Pictures have {MINIMUM_SIZE} px a side at least. {distance}\n"
    )
    titles = ["metric", "pixels", "teacher", "trained on", "version"]
    return f"{text}\n{_table(titles, rows)}"


def _agreement(card: Card) -> str:
    rows = []
    for head, own in card.heads.items():
        found: dict[str, dict[str, Mapping[str, Any]]] = {}
        for one in own.results.get("test", ()):
            if one["distortion"] == ALL:
                found.setdefault(one["set"], {})[one["statistic"]] = one
        for name, by in found.items():
            numbers = [cell([_or_nan(by[s][k]) for k in ("value", "low", "high")]) for s in SHOWN]
            first = by["srocc"]
            judged = f"{int(first['items']):,} of {int(first['groups'])}"
            rows.append([f"`{family(card)}-{head}`", name, *numbers, judged])
    columns = ["metric", "set", *SHOWN.values(), "crops of groups of scenes"]
    whole = _whole([describe(card, head).name for head in card.heads])
    return (
        "On crops of the test split, scenes that nothing was trained on, with 95 % intervals from "
        "drawing groups of scenes again; MAE is that of the target in [0, 1]:\n\n"
        f"{_table(columns, rows)}{whole}"
    )


def _whole(names: Sequence[str]) -> str:
    """Return the rows of whole pictures that reports have of some metrics."""
    text = ""
    for report in ("whole.md", "whole_tmo.md"):
        lines = (HERE / report).read_text(encoding="utf-8").split("\n## ")[0].splitlines()
        table = [line for line in lines if line.startswith("|")]
        own = [line for line in table[2:] if line.split("|")[1].strip() in names]
        if own:
            link = f"[{report}](../../results/learned/{report})"
            text += f"\nOn whole pictures, from {link}:\n\n" + "\n".join([*table[:2], *own]) + "\n"
    return text


def _faults(card: Card) -> str:
    if card.faults is None:
        return ""
    found = card.faults.results["test"]["windows"]
    rows = [
        [name, f"{share:.0%}", f"{int(count):,}"]
        for name, (share, count) in found["by_fault"].items()
    ]
    top, low, high = found["top1"]
    return (
        f"Of windows of the test split whose damage is seen, {top:.0%} [{low:.0%}, {high:.0%}] are "
        f"named rightly:\n\n{_table(['fault', 'named', 'windows'], rows)}"
    )


def _failures(card: Card) -> str:
    lines = [
        f"- `{family(card)}-{head}`, {failure}"
        for head, own in card.heads.items()
        for failure in own.failures
    ]
    if not lines:
        lines = ["- Within no distortion of the test split SROCC is below .7."]
    return "\n".join([*lines, f"- {_LIMITS[family(card)]}", ""])


_LIMITS = {
    "norvdpnet": "A change that looks natural (of exposure, contrast or colour), and damage in a "
    "small place, may go unseen: nothing is there to compare with.",
    "diqm": "Test and reference must lie on each other to the pixel.",
}


def _data(card: Card) -> str:
    rows = [
        [
            one["set"], one["teacher"], f"{one['items']:,}", f"{one['groups']:,}",
            f"`{one['recipe_sha256'][:12]}`",
        ]
        for one in card.data
    ]  # fmt: skip
    scenes: dict[str, set[str]] = {}
    for one in card.data:
        for licence, names in one["scenes_by_licence"].items():
            scenes.setdefault(licence, set()).update(names)
    licences = [[name, str(len(own))] for name, own in sorted(scenes.items())]
    return (
        "Training split only; the recipes are in `datasets/recipes`, what they made in "
        "`datasets/tables`.\n\n"
        f"{_table(['set', 'teacher', 'crops', 'groups of scenes', 'recipe'], rows)}\n"
        "The scenes, by the licence they are under. The weights hold no picture; who passes on "
        "pictures made of these scenes has to keep to their terms.\n\n"
        f"{_table(['licence', 'scenes'], licences)}"
    )


def _training(name: str, card: Card) -> str:
    runs = [dict(card.training), *card.training.get("heads_of_their_own", ())]
    steps: list[str] = []
    parts: list[str] = []
    taken = {head for run in runs[1:] for head in run["heads"]}
    used: list[str] = []
    before = ""
    for run in runs:
        config, sets = _config(run)
        folder = f"runs/{config}"
        heads = run.get("heads", [head for head in card.heads if head not in taken])
        parts.append(f"{folder}/weights.safetensors={','.join(heads)}")
        used += [one for one in sets if one not in used]
        start = run["start_from"]
        if start is not None:
            start = f" --start-from {before or f'{_FOLDER}/{start}'}"
        before = f"{folder}/weights.safetensors"
        steps.append(
            f"python -m trainers {run['predictor']} --config {config} {_named(sets)} {_TABLES} "
            f"{_STORES} {_CHANNELS} --steps {run['steps']} --seed {run.get('seed', card.seed)}"
            f"{start or ''} --out {folder}"
        )
    prepare = f"{_named(used)} {_TABLES} {_STORES} --out channels"
    steps.insert(0, f"python -m trainers prepare --config {_config(runs[0])[0]} {prepare}")
    out = f"{name}{SUFFIX}"
    steps.append(f"python -m trainers join {' '.join(parts)} --out {out}")
    if card.faults is not None:
        learnt = _named(card.faults.sets)
        steps.append(
            f"python -m trainers faults {out} {learnt} {_TABLES} {_STORES} {_CHANNELS} --out {out}"
        )
    if any(own.interval and own.interval.adapts for own in card.heads.values()):
        steps.append(f"python -m trainers intervals {out} {_named(used)} {_TABLES} {_STORES}")
    chain = " \\\n  && ".join(steps)
    return (
        "From a clone, with packs of the sets in `stores` "
        "([trainers/README.md](../../trainers/README.md) tells how they are made):\n\n"
        f"```sh\n{chain}\n```\n\n"
        "A run that starts from other weights keeps their stages as they are.\n"
    )


def _config(run: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Return the name of the configuration that a run had, and the sets that it names."""
    told = tomllib.loads(run["config"])
    for path in sorted(CONFIGS.glob("*.toml")):
        if tomllib.loads(path.read_text(encoding="utf-8")) == told:
            heads = told.get("heads", {})
            named = [name for sets in heads.values() for name in sets]
            named = named or list(told.get("shares", told.get("targets", {})))
            return path.stem, list(dict.fromkeys(named))
    raise LookupError(
        "a network of the package has a configuration that is not in trainers/configs"
    )


def _named(sets: Sequence[str]) -> str:
    return " ".join(f"--set {name}" for name in sets)


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


def model_cards() -> Iterator[tuple[str, str]]:
    """Yield the name and the model card of each network of the package."""
    for path in sorted(WEIGHTS.glob(f"*{SUFFIX}")):
        yield path.stem, model_card(path)
    opinions = liked.WEIGHTS / f"nima{SUFFIX}"
    yield opinions.stem, opinion_card(opinions)
    yield SHIPPED.stem, restoration_card(SHIPPED)
    for path in curves.SHIPPED.values():
        yield path.stem, curve_card(path)
    gains = improvable.WEIGHTS / f"improvability{SUFFIX}"
    yield gains.stem, gain_card(gains)
    for operator in NETS.values():
        yield operator, tone_card(shipped(operator))


def main() -> None:
    """Write the model cards."""
    parser = argparse.ArgumentParser(
        prog="python -m results.learned.cards", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--out", type=Path, default=OUT, help="folder (default: docs/models)")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    for name, text in model_cards():
        write_text(out / f"{name}.md", text)
        print(out / f"{name}.md")


if __name__ == "__main__":
    main()
