"""Model cards: those in the repository are what the cards beside the weights say."""

from __future__ import annotations

from pathlib import Path

from hdrmetrics.learned.catalogue import WEIGHTS
from results.learned.cards import OUT, model_cards

OTHERS = {
    "nima": "python -m trainers nima biq2021",
    "restore": "trainers/README.md#learning-to-restore",
    "reinhard_net": "trainers/README.md#learning-to-tone-map",
    "reinhard_grid": "trainers/README.md#learning-to-tone-map",
    "curve": "python -m trainers curves --recipe curve`",
    "curve-light": "python -m trainers curves --recipe curve-light`",
    "improvability": "trainers/README.md#learning-what-would-gain",
}
"""What learnt from no teacher, and where its card says how."""


def test_model_cards_are_those_of_the_weights() -> None:
    found = dict(model_cards())
    assert set(found) == {path.stem for path in WEIGHTS.glob("*.safetensors")} | set(OTHERS)
    assert set(found) == {path.stem for path in Path(OUT).glob("*.md")}
    for name, text in found.items():
        written = (OUT / f"{name}.md").read_text(encoding="utf-8")
        assert written == text, "make them again: python -m results.learned.cards"


def test_model_cards_tell_whole_commands() -> None:
    for name, text in dict(model_cards()).items():
        assert "licence" in text
        if name in OTHERS:
            assert OTHERS[name] in text
            continue
        commands = text.split("```sh\n")[1].split("```")[0]
        assert "…" not in commands
        assert commands.count("python -m trainers") >= 3
        assert "join" in commands
