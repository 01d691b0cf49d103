"""Screens of programs: windows with menus, buttons, fields and lists on a desktop."""

from __future__ import annotations

import numpy as np

from datasets.scenes.drawn.pages import code_lines, paragraph, table
from datasets.scenes.drawn.plots import plot
from datasets.scenes.drawn.sheet import Box, Sheet, blend
from datasets.scenes.drawn.theme import Theme, draw_theme, label, number, word

_SIZE = 12  # of text


def desktop(sheet: Sheet, rng: np.random.Generator, theme: Theme) -> None:
    """Draw one to three windows on a desktop, with icons and a bar, or one window that fills it."""
    width, height = sheet.width, sheet.height
    if rng.random() < 0.35:
        window(sheet, rng, (0, 0, width, height), theme)
        return
    sheet.picture((0, 0), blend(rng, (height, width), theme.accents[0], theme.accents[1]))
    for row in range(16, height - 90, 74):
        if rng.random() < 0.7:
            sheet.rounded((20, row, 36, 36), theme.accents[rng.integers(6)], rng.uniform(2, 18))
            sheet.text((14, row + 40), word(rng), 10, (255, 255, 255))
    for _ in range(int(rng.integers(1, 4))):
        w, h = (round(rng.uniform(0.4, 0.85) * side) for side in (width, height))
        left, top = round(rng.uniform(0, width - w)), round(rng.uniform(0, height - h - 28))
        shade = tuple(value // 3 for value in theme.accents[0])
        sheet.box((left + 3, top + 3, w, h), (shade[0], shade[1], shade[2]))
        window(sheet, rng, (left, top, w, h), theme if rng.random() < 0.6 else draw_theme(rng))
    sheet.box((0, height - 28, width, 28), theme.panel)
    for column in range(6, width // 2, 96):
        sheet.box((column, height - 24, 90, 20), theme.paper, theme.edge)
        sheet.text((column + 6, height - 21), word(rng)[:10], _SIZE, theme.ink)


def window(sheet: Sheet, rng: np.random.Generator, box: Box, theme: Theme) -> None:
    """Draw a window: its bar, a menu, and what it holds."""
    left, top, width, height = box
    sheet.box(box, theme.paper, theme.edge)
    sheet.box((left, top, width, 24), theme.accents[2] if rng.random() < 0.5 else theme.panel)
    sheet.text((left + 8, top + 5), label(rng), _SIZE, theme.ink)
    for index in range(3):
        centre = (left + width - 14 - 18 * index, top + 12)
        sheet.ellipse(centre, (5, 5), theme.accents[3 + index])
    place = float(left + 8)
    sheet.box((left, top + 24, width, 22), theme.panel, theme.edge)
    while place < left + width - 80:
        place += sheet.text((place, top + 28), word(rng).capitalize(), _SIZE, theme.ink) + 14
    inner = (left + 1, top + 47, width - 2, height - 48)
    if rng.random() < 0.4 and width > 260:
        aside = round(rng.uniform(90, 0.35 * width))
        _list(sheet, rng, (inner[0], inner[1], aside, inner[3]), theme)
        inner = (inner[0] + aside, inner[1], inner[2] - aside, inner[3])
    _content(sheet, rng, inner, theme)


def _content(sheet: Sheet, rng: np.random.Generator, box: Box, theme: Theme) -> None:
    left, top, width, height = box
    if min(width, height) < 90:
        return
    kind = rng.integers(5)
    if kind == 0:
        code_lines(sheet, rng, box, theme)
    elif kind == 1:
        table(sheet, rng, box, theme)
    elif kind == 2:
        plot(sheet, rng, (left + 8, top + 8, width - 16, height - 16), theme)
    elif kind == 3:
        row = top + 10
        while row < top + height - 3 * _SIZE:
            room = (left + 12, row, width - 24, top + height - row)
            row = paragraph(sheet, rng, room, _SIZE, theme.ink, int(rng.integers(8, 40))) + 10
    else:
        _form(sheet, rng, box, theme)


def _list(sheet: Sheet, rng: np.random.Generator, box: Box, theme: Theme) -> None:
    left, top, width, height = box
    sheet.box(box, theme.panel, theme.edge)
    for row in range(top + 6, top + height - 20, 20):
        if rng.random() < 0.08:
            sheet.box((left + 1, row - 2, width - 2, 20), theme.accents[0])
        sheet.rounded((left + 8, row + 2, 10, 10), theme.accents[rng.integers(6)], 2)
        sheet.text((left + 24, row), word(rng)[: max(3, width // 9 - 3)], _SIZE, theme.ink)


def _form(sheet: Sheet, rng: np.random.Generator, box: Box, theme: Theme) -> None:
    """Draw rows of a form: fields, buttons, boxes to tick, sliders and bars of progress."""
    left, top, width, height = box
    accent = theme.accents[0]
    field = min(220, width - 130)
    for row in range(top + 12, top + height - 30, 32):
        sheet.text((left + 12, row + 4), word(rng)[:12], _SIZE, theme.ink)
        place, kind = left + 110, rng.integers(5)
        if field < 60:
            continue
        if kind == 0:
            sheet.box((place, row, field, 22), theme.paper, theme.edge)
            sheet.text((place + 6, row + 4), number(rng), _SIZE, theme.faint)
        elif kind == 1:
            for column in range(place, place + field - 70, 84):
                ground = accent if rng.random() < 0.4 else theme.panel
                sheet.rounded((column, row, 76, 22), ground, 4)
                sheet.text((column + 8, row + 4), word(rng)[:8], _SIZE, theme.ink)
        elif kind == 2:
            sheet.box((place, row + 4, 14, 14), theme.paper, theme.edge)
            if rng.random() < 0.5:
                tick = [(place + 3, row + 11), (place + 6, row + 15), (place + 12, row + 6)]
                sheet.line(tick, accent, 2)
        elif kind == 3:
            part = rng.random()
            sheet.rounded((place, row + 9, field, 4), theme.edge, 2)
            sheet.ellipse((place + part * field, row + 11), (7, 7), accent)
        else:
            sheet.box((place, row + 5, field, 12), theme.panel, theme.edge)
            sheet.box((place + 1, row + 6, round(rng.random() * (field - 2)), 10), accent)
