"""What screens are made of: themes of colours, words that mean nothing, and numbers."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import numpy as np

from datasets.scenes.drawn.sheet import Colour

_FIRST = ("b", "br", "c", "d", "f", "g", "gr", "h", "k", "l", "m", "n", "p", "pl", "r", "s", "st",
          "t", "tr", "v", "w", "z", "")  # fmt: skip
_MIDDLE = ("a", "e", "i", "o", "u", "ai", "ea", "ou")
_LAST = ("", "", "", "n", "r", "s", "t", "l", "m", "nd", "rt", "ck")


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours that belong together.

    Parameters
    ----------
    dark
        Whether text is lighter than the paper.
    paper, panel, edge
        The ground, areas upon it, and their edges.
    ink, faint
        Text, and text that matters less.
    accents
        Six colours for what should be seen.
    """

    dark: bool
    paper: Colour
    panel: Colour
    edge: Colour
    ink: Colour
    faint: Colour
    accents: tuple[Colour, ...]


def colour(hue: float, saturation: float, value: float) -> Colour:
    """Return a colour by hue, saturation and value, each in [0, 1]."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return round(255 * red), round(255 * green), round(255 * blue)


def draw_theme(rng: np.random.Generator) -> Theme:
    """Return a theme: two in five are dark; papers are often plain white or black."""
    dark = bool(rng.random() < 0.4)
    hue, tint = rng.random(), rng.choice([0.0, 0.0, rng.uniform(0.02, 0.12)])
    tint *= 3 if dark else 1
    if dark:
        base = float(rng.choice([0.0, rng.uniform(0.05, 0.2)]))
        values = (base, base + 0.06, base + 0.18, rng.uniform(0.75, 1.0), rng.uniform(0.4, 0.6))
    else:
        base = float(rng.choice([1.0, 1.0, rng.uniform(0.88, 0.98)]))
        values = (base, base - 0.06, base - 0.2, rng.uniform(0.0, 0.25), rng.uniform(0.45, 0.6))
    paper, panel, edge, ink, faint = (colour(hue, tint, value) for value in values)
    start, step = rng.random(), rng.choice([0.382, 0.166, 0.08])
    strength, value = rng.uniform(0.45, 0.95), rng.uniform(0.6, 0.95)
    accents = tuple(colour(start + k * step, strength, value) for k in range(6))
    return Theme(dark, paper, panel, edge, ink, faint, accents)


def word(rng: np.random.Generator) -> str:
    """Return a word that means nothing."""
    syllables = int(rng.choice([1, 1, 2, 2, 2, 3, 4]))
    return "".join(
        _FIRST[rng.integers(len(_FIRST))] + _MIDDLE[rng.integers(len(_MIDDLE))]
        for _ in range(syllables)
    ) + str(_LAST[rng.integers(len(_LAST))])


def words(rng: np.random.Generator, count: int) -> str:
    """Return words with a capital letter in front."""
    return " ".join(word(rng) for _ in range(count)).capitalize()


def label(rng: np.random.Generator) -> str:
    """Return one or two words, as on a button."""
    return words(rng, int(rng.integers(1, 3)))


def number(rng: np.random.Generator) -> str:
    """Return a number as tables hold them."""
    kind = rng.integers(4)
    if kind == 0:
        return f"{rng.uniform(0, 100):.1f} %"
    if kind == 1:
        return f"{int(10 ** rng.uniform(0, 6)):,}"
    return f"{rng.normal(0, 50):.2f}" if kind == 2 else str(rng.integers(0, 1000))
