"""Plots: axes with curves, bars, points, a map of values, or a pie."""

from __future__ import annotations

import itertools

import numpy as np

from datasets.scenes.drawn.sheet import Box, Sheet
from datasets.scenes.drawn.theme import Theme, colour, label, word


def plot_page(sheet: Sheet, rng: np.random.Generator, theme: Theme) -> None:
    """Draw one to four plots on a sheet."""
    columns, rows = (1, 1) if rng.random() < 0.5 else (2, int(rng.integers(1, 3)))
    width, height = sheet.width // columns, sheet.height // rows
    for index in range(columns * rows):
        left, top = index % columns * width, index // columns * height
        plot(sheet, rng, (left + 8, top + 8, width - 16, height - 16), theme)


def plot(sheet: Sheet, rng: np.random.Generator, box: Box, theme: Theme) -> None:
    """Draw a plot with its title, axes, ticks and legend into a box."""
    left, top, width, height = box
    size = float(np.clip(width / 45, 8, 14))
    sheet.text((left + width * 0.3, top), label(rng), size * 1.3, theme.ink)
    inner = (left + round(size * 3), top + round(size * 2), width - round(size * 4), 0)
    inner = (*inner[:3], height - round(size * 4.5))
    if min(inner[2:]) < 30:
        return
    kind = rng.integers(6)
    if kind == 5:
        _pie(sheet, rng, inner, theme)
        return
    if rng.random() < 0.3:
        sheet.box(inner, theme.panel)
    _axes(sheet, rng, inner, theme, size)
    if kind == 0:
        _bars(sheet, rng, inner, theme)
    elif kind == 1:
        _points(sheet, rng, inner, theme)
    elif kind == 2:
        _cells(sheet, rng, inner)
    else:
        _curves(sheet, rng, inner, theme, size)


def _axes(sheet: Sheet, rng: np.random.Generator, box: Box, theme: Theme, size: float) -> None:
    left, top, width, height = box
    grid = rng.random() < 0.6
    for index in range(6):
        x, y = left + index * width // 5, top + height - index * height // 5
        if grid:
            sheet.box((x, top, 1, height), theme.edge)
            sheet.box((left, y, width, 1), theme.edge)
        sheet.text((x - size, top + height + 4), f"{index * 20}", size, theme.ink)
        sheet.text((left - size * 2.4, y - size * 0.7), f"{index / 5:.1f}", size, theme.ink)
    sheet.box((left, top, 1, height), theme.ink)
    sheet.box((left, top + height, width, 1), theme.ink)
    sheet.text((left + width * 0.4, top + height + size * 1.5), label(rng), size, theme.ink)


def _curves(sheet: Sheet, rng: np.random.Generator, box: Box, theme: Theme, size: float) -> None:
    left, top, width, height = box
    x = np.linspace(0, 1, 120)
    thickness = rng.uniform(1, 3)
    smooth = rng.random() < 0.6
    for index in range(int(rng.integers(1, 6))):
        if smooth:
            waves = [
                rng.normal(0, 1 / k) * np.sin(k * np.pi * x + rng.uniform(0, 6)) for k in (1, 2, 3)
            ]
            y = np.sum(waves, axis=0)
        else:
            y = np.cumsum(rng.normal(size=x.size))
        low, high = np.sort(rng.uniform(0.05, 0.95, 2))
        y = low + (high - low) * (y - y.min()) / max(float(np.ptp(y)), 1e-9)
        places = [(left + a * width, top + height - b * height) for a, b in zip(x, y, strict=True)]
        ink = theme.accents[index]
        sheet.line(places, ink, thickness)
        row = top + 8 + index * size * 1.3
        sheet.line([(left + 10, row + 6), (left + 30, row + 6)], ink, thickness)
        sheet.text((left + 36, row), word(rng), size, theme.ink)


def _bars(sheet: Sheet, rng: np.random.Generator, box: Box, theme: Theme) -> None:
    left, top, width, height = box
    count, series = int(rng.integers(3, 20)), int(rng.integers(1, 4))
    step = width / count
    for bar in range(count):
        for index in range(series):
            tall = round(rng.beta(2, 2) * height)
            start = round(left + bar * step + step * 0.15 + index * step * 0.7 / series)
            thick = max(1, round(step * 0.7 / series) - 1)
            sheet.box((start, top + height - tall, thick, tall), theme.accents[index])


def _points(sheet: Sheet, rng: np.random.Generator, box: Box, theme: Theme) -> None:
    left, top, width, height = box
    radius = rng.uniform(1.5, 4)
    for index in range(int(rng.integers(1, 4))):
        spread, centre = rng.normal(0, 0.12, (2, 2)), rng.uniform(0.3, 0.7, 2)
        places = rng.normal(size=(int(rng.integers(20, 150)), 2)) @ spread + centre
        for x, y in places.clip(0, 1):
            at = (left + x * width, top + y * height)
            sheet.ellipse(at, (radius, radius), theme.accents[index])


def _cells(sheet: Sheet, rng: np.random.Generator, box: Box) -> None:
    """Draw a map of values in colours between two hues."""
    left, top, width, height = box
    columns, rows = int(rng.integers(4, 24)), int(rng.integers(4, 16))
    first, turn = rng.random(), rng.uniform(0.1, 0.6)
    values = rng.random((rows, columns)) * 0.5 + 0.5 * rng.random((rows, 1))
    for row in range(rows):
        for column in range(columns):
            x, y = left + column * width // columns, top + row * height // rows
            right, below = (column + 1) * width // columns, (row + 1) * height // rows
            value = float(values[row, column])
            shade = colour(first + turn * value, 0.7, 0.25 + 0.7 * value)
            sheet.box((x, y, left + right - x, top + below - y), shade)


def _pie(sheet: Sheet, rng: np.random.Generator, box: Box, theme: Theme) -> None:
    left, top, width, height = box
    x, y, radius = left + width / 2, top + height / 2, min(width, height) / 2
    edges = np.cumsum(rng.uniform(0.3, 1, int(rng.integers(3, 7))))
    edges = np.concatenate([[0], edges / edges[-1]]) * 2 * np.pi
    for index, (start, end) in enumerate(itertools.pairwise(edges)):
        turn = np.linspace(start, end, 40)
        rim = [(x + radius * np.cos(a), y + radius * np.sin(a)) for a in turn]
        sheet.polygon([(x, y), *rim], theme.accents[index % 6])
