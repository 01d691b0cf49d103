"""Pages: running text, lines of code, tables and slides."""

from __future__ import annotations

import itertools

import numpy as np

from datasets.scenes.drawn.sheet import Box, Colour, Sheet, blend, font_of
from datasets.scenes.drawn.theme import Theme, label, number, word, words


def paragraph(
    sheet: Sheet, rng: np.random.Generator, box: Box, size: float, ink: Colour, length: int
) -> int:
    """Write words into a box, line by line; returns the row below the last line."""
    left, top, width, height = box
    font, step = font_of(size), round(size * 1.4)
    row, line = top, ""
    for index in range(length):
        following = words(rng, 1) if not index else word(rng)
        following += "." if index == length - 1 else "," if rng.random() < 0.06 else ""
        longer = f"{line} {following}".strip()
        if line and font.getlength(longer) > width:
            sheet.text((left, row), line, size, ink)
            row, line = row + step, following
            if row + step > top + height:
                return row
        else:
            line = longer
    if row + step <= top + height:
        sheet.text((left, row), line, size, ink)
    return row + step


def text_page(sheet: Sheet, rng: np.random.Generator, theme: Theme) -> None:
    """Fill a sheet with headings and paragraphs in one to three columns."""
    size = rng.uniform(8, 20)
    columns = int(rng.integers(1, 4)) if size < 13 else 1
    margin = round(rng.uniform(0.03, 0.1) * sheet.width)
    gap = margin // 2
    width = (sheet.width - 2 * margin - (columns - 1) * gap) // columns
    for column in range(columns):
        left, row = margin + column * (width + gap), margin
        while row < sheet.height - margin:
            room = (left, row, width, sheet.height - row - margin)
            if rng.random() < 0.3:
                row = paragraph(sheet, rng, room, size * 1.6, theme.ink, int(rng.integers(2, 6)))
            elif rng.random() < 0.15 and room[3] > 80:
                height = min(room[3], round(rng.uniform(0.3, 0.7) * min(width, 0.6 * sheet.height)))
                pair = rng.choice(6, 2, replace=False)
                ground, over = (theme.accents[k] for k in pair)
                sheet.picture((left, row), blend(rng, (height, width), ground, over))
                row += height + round(size)
            ink = theme.faint if rng.random() < 0.1 else theme.ink
            room = (left, row, width, sheet.height - row - margin)
            length = int(rng.integers(10, 90))
            row = paragraph(sheet, rng, room, size, ink, length) + round(size * 0.8)


def code_page(sheet: Sheet, rng: np.random.Generator, theme: Theme) -> None:
    """Fill a sheet with numbered, indented, coloured lines as an editor shows them."""
    code_lines(sheet, rng, (0, 0, sheet.width, sheet.height), theme)


def code_lines(sheet: Sheet, rng: np.random.Generator, box: Box, theme: Theme) -> None:
    """Write lines of code into a box."""
    left, top, width, height = box
    size = rng.uniform(9, 15)
    step, indent, gutter = round(size * 1.45), 0, round(size * 3.2)
    sheet.box((left, top, gutter, height), theme.panel)
    for index, row in enumerate(range(top + 4, top + height - step, step)):
        sheet.text((left + 4, row), str(index + 1), size, theme.faint)
        if rng.random() < 0.12:
            continue
        if rng.random() < 0.03:
            sheet.box((left + gutter, row, width - gutter, step), theme.panel)
        indent = int(np.clip(indent + rng.integers(-1, 2), 0, 4))
        place = left + gutter + 8 + indent * size * 2
        for _ in range(int(rng.integers(1, 9))):
            token = word(rng) if rng.random() < 0.7 else f"({number(rng)})"
            ink = theme.accents[rng.integers(6)] if rng.random() < 0.55 else theme.ink
            if place + font_of(size).getlength(token) > left + width:
                break
            place += sheet.text((place, row), token, size, ink) + size * 0.5


def table_page(sheet: Sheet, rng: np.random.Generator, theme: Theme) -> None:
    """Fill a sheet with a table."""
    table(sheet, rng, (0, 0, sheet.width, sheet.height), theme)


def table(sheet: Sheet, rng: np.random.Generator, box: Box, theme: Theme) -> None:
    """Draw a table with a head, lines or bands, and a selected cell."""
    left, top, width, height = box
    size = rng.uniform(8, 14)
    step = round(size * rng.uniform(1.5, 2.2))
    edges = np.cumsum(rng.uniform(0.6, 1.6, int(rng.integers(3, 10))))
    edges = np.rint(np.concatenate([[0], edges]) / edges[-1] * width).astype(int)
    banded, ruled = rng.random() < 0.5, rng.random() < 0.7
    for line, row in enumerate(range(top, top + height - step + 1, step)):
        if line == 0:
            sheet.box((left, row, width, step), theme.accents[0])
        elif banded and line % 2:
            sheet.box((left, row, width, step), theme.panel)
        for cell, (start, end) in enumerate(itertools.pairwise(edges)):
            content = label(rng) if cell == 0 or line == 0 else number(rng)
            ink = theme.paper if line == 0 else theme.ink
            if line and rng.random() < 0.01:
                sheet.box((left + start, row, end - start, step), None, theme.accents[1])
            while content and font_of(size).getlength(content) > end - start - 8:
                content = content[:-1]
            sheet.text((left + start + 4, row + (step - size * 1.2) / 2), content, size, ink)
            if ruled:
                sheet.box((left + start, row, end - start + 1, step + 1), None, theme.edge)


def slide_page(sheet: Sheet, rng: np.random.Generator, theme: Theme) -> None:
    """Draw a slide: a title, and points or boxes joined by lines."""
    width, height = sheet.width, sheet.height
    if rng.random() < 0.4:
        deep = theme.accents[0] if theme.dark else theme.panel
        sheet.picture((0, 0), blend(rng, (height, width), theme.paper, deep))
    margin, big = round(0.07 * width), 0.075 * height
    if rng.random() < 0.5:
        sheet.box((0, 0, width, round(big * 2)), theme.accents[1])
    title = (margin, round(big * 0.4), width - 2 * margin, round(big * 1.5))
    paragraph(sheet, rng, title, big, theme.ink, int(rng.integers(1, 4)))
    if rng.random() < 0.5:
        _points(sheet, rng, theme, (margin, round(big * 2.6)))
    else:
        _diagram(sheet, rng, theme, (margin, round(big * 2.6)))


def _points(sheet: Sheet, rng: np.random.Generator, theme: Theme, start: tuple[int, int]) -> None:
    left, row = start
    size = rng.uniform(0.04, 0.06) * sheet.height
    for _ in range(int(rng.integers(2, 7))):
        if row > sheet.height - 2 * size:
            break
        sheet.ellipse((left + size / 2, row + size * 0.65), (size / 5, size / 5), theme.accents[2])
        room = (left + round(size * 1.4), row, sheet.width - 2 * left, sheet.height - row)
        row = paragraph(sheet, rng, room, size, theme.ink, int(rng.integers(2, 9)))
        row += round(size * 0.5)


def _diagram(sheet: Sheet, rng: np.random.Generator, theme: Theme, start: tuple[int, int]) -> None:
    left, top = start
    columns, rows = int(rng.integers(2, 5)), int(rng.integers(1, 4))
    width = (sheet.width - 2 * left) // columns
    height = (sheet.height - top - left // 2) // rows
    inner = (round(width * 0.7), round(height * 0.55))
    centres = [
        (left + width * c + inner[0] / 2, top + height * r + inner[1] / 2)
        for r in range(rows)
        for c in range(columns)
    ]
    for first, second in itertools.pairwise(centres):
        sheet.line([first, second], theme.faint, rng.uniform(1, 3))
    for index, (x, y) in enumerate(centres):
        box = (round(x - inner[0] / 2), round(y - inner[1] / 2), *inner)
        sheet.rounded(box, theme.accents[index % 6], float(rng.uniform(0, 16)))
        size = min(inner[1] * 0.35, inner[0] * 0.12)
        sheet.text((box[0] + size * 0.6, y - size * 0.6), word(rng), size, theme.paper)
