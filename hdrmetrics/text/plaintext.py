"""Text for places that know ASCII only."""

from __future__ import annotations

import unicodedata

_ASCII = {
    "↑": "^", "↓": "v", "→": "->", "≥": ">=", "≤": "<=", "±": "+-", "−": "-", "–": "-", "—": "-",
    "─": "-", "×": "x", "·": ".", "…": "...", "²": "2", "µ": "u", "μ": "u", "∞": "inf",
    "√": "sqrt", "σ": "sigma", "ß": "ss", "‘": "'", "’": "'", "“": '"', "”": '"',
}  # fmt: skip


def ascii_only(text: str) -> str:
    """Return the nearest ASCII for a text, ``?`` where there is none.

    Examples
    --------
    >>> ascii_only("≥ 100 cd/m², café")
    '>= 100 cd/m2, cafe'
    """
    plain = "".join(_ASCII.get(character, character) for character in text)
    bare = (c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in bare)


def one_line(text: str) -> str:
    """Return a text with line breaks and control characters made visible as ``?``.

    File names may hold them; a terminal would obey.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "?" for c in text)
