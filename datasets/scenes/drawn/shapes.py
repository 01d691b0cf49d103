"""Illustrations in flat colours: hills, patterns, and things like logos."""

from __future__ import annotations

import numpy as np

from datasets.scenes.drawn.sheet import Colour, Sheet, blend
from datasets.scenes.drawn.theme import Theme, colour, word


def landscape(sheet: Sheet, rng: np.random.Generator, theme: Theme) -> None:
    """Draw a sky, a sun and hills one before the other, perhaps with trees or houses."""
    width, height = sheet.width, sheet.height
    hue = rng.random()
    night = theme.dark
    sky = colour(hue, 0.5, 0.25 if night else 0.95), colour(hue + 0.1, 0.3, 0.4 if night else 1.0)
    sheet.picture((0, 0), blend(rng, (height, width), *sky))
    sun = (rng.uniform(0.1, 0.9) * width, rng.uniform(0.1, 0.5) * height)
    radius = rng.uniform(0.04, 0.15) * height
    sheet.ellipse(sun, (radius, radius), colour(hue + 0.5, 0.15, 1.0))
    x = np.linspace(0, 1, 100)
    layers = int(rng.integers(2, 6))
    for layer in range(layers):
        depth = (layer + 1) / layers
        base = 0.35 + 0.55 * depth
        if rng.random() < 0.5:
            ridge = np.sin(x * rng.uniform(3, 12) + rng.uniform(0, 6)) * 0.08
        else:
            ridge = np.interp(x, np.linspace(0, 1, 9), rng.uniform(-0.15, 0.1, 9))
        rim = [(a * width, (base + b) * height) for a, b in zip(x, ridge, strict=True)]
        ink = colour(hue + 0.3 * depth, 0.6, (0.8 - 0.6 * depth) * (0.5 if night else 1.0))
        sheet.polygon([(0, height), *rim, (width, height)], ink)
        if rng.random() < 0.5:
            for k in rng.choice(100, 10, replace=False):
                _tree(sheet, rim[int(k)], rng.uniform(0.03, 0.1) * depth * height, ink)


def _tree(sheet: Sheet, foot: tuple[float, float], tall: float, ink: Colour) -> None:
    x, y = foot
    sheet.polygon([(x - tall * 0.35, y + 3), (x + tall * 0.35, y + 3), (x, y - tall)], ink)


def pattern(sheet: Sheet, rng: np.random.Generator, theme: Theme) -> None:
    """Draw shapes of few flat colours: a grid of them, or some large ones."""
    width, height = sheet.width, sheet.height
    if rng.random() < 0.5:
        step = int(rng.integers(24, 128))
        kind = rng.integers(3)
        for top in range(0, height, step):
            for left in range(0, width, step):
                ink = theme.accents[rng.integers(6)]
                _shape(sheet, (left + step / 2, top + step / 2), step * 0.45, ink, int(kind), 0.0)
        return
    for _ in range(int(rng.integers(3, 24))):
        centre = (rng.uniform(0, width), rng.uniform(0, height))
        radius = rng.uniform(0.03, 0.35) * height
        ink = theme.accents[rng.integers(6)]
        _shape(sheet, centre, radius, ink, int(rng.integers(5)), float(rng.uniform(0, 6)))


def logo(sheet: Sheet, rng: np.random.Generator, theme: Theme) -> None:
    """Draw a mark in the middle of a plain ground, perhaps with its name: most of it is empty."""
    if rng.random() < 0.3:
        size = (sheet.height, sheet.width)
        sheet.picture((0, 0), blend(rng, size, theme.paper, theme.accents[5]))
    x, y = sheet.width * rng.uniform(0.3, 0.7), sheet.height * rng.uniform(0.35, 0.6)
    radius = sheet.height * rng.uniform(0.1, 0.3)
    count, kind = int(rng.integers(1, 7)), int(rng.integers(5))
    for index in range(count):
        turn = 2 * np.pi * index / count
        at = (x + radius * 0.6 * np.cos(turn), y + radius * 0.6 * np.sin(turn))
        _shape(sheet, at, radius * 0.55, theme.accents[index % 6], kind, turn)
    if rng.random() < 0.7:
        size_of_text = sheet.height * rng.uniform(0.08, 0.16)
        place = (x - radius, min(y + radius * 1.3, sheet.height - size_of_text * 1.3))
        sheet.text(place, word(rng).capitalize(), size_of_text, theme.ink)


def _shape(
    sheet: Sheet, at: tuple[float, float], radius: float, ink: Colour, kind: int, turn: float
) -> None:
    """Draw a disc, a ring, or a polygon of three to five corners or a star."""
    x, y = at
    if kind == 0:
        sheet.ellipse(at, (radius, radius), ink)
        return
    if kind == 1:
        angles = np.linspace(0, 2 * np.pi, 64)
        rim = [(x + radius * 0.8 * np.cos(a), y + radius * 0.8 * np.sin(a)) for a in angles]
        sheet.line(rim, ink, radius * 0.3)
        return
    corners = {2: 4, 3: 3, 4: 10}[kind]
    angles = turn + np.pi / 4 + np.arange(corners) * 2 * np.pi / corners
    radii = np.where((np.arange(corners) % 2 == 1) & (kind == 4), radius * 0.45, radius)
    sheet.polygon(
        [(x + r * np.cos(a), y + r * np.sin(a)) for a, r in zip(angles, radii, strict=True)], ink
    )
