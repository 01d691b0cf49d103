"""Markdown tables."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence


def markdown_table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: Container[int] = (),
    padded: bool = False,
) -> str:
    """Return a table, without a line break at its end.

    Parameters
    ----------
    head, rows
        The cells, as Markdown.
    right
        Numbers of the columns that are set to the right, from 0.
    padded
        Whether columns are as wide in the text as they will be shown.

    Examples
    --------
    >>> print(markdown_table(["name", "ms"], [["blur", "7"]], right=[1]))
    | name | ms |
    |---|--:|
    | blur | 7 |
    """
    lines = [head, *rows]
    widths = [max(map(len, column)) if padded else 0 for column in zip(*lines, strict=True)]
    rules = [
        "-" * (max(width, 3) - (i in right)) + ":" * (i in right) for i, width in enumerate(widths)
    ]
    shown = [
        [
            c.rjust(w) if i in right else c.ljust(w)
            for i, (c, w) in enumerate(zip(line, widths, strict=True))
        ]
        for line in lines
    ]
    rule = f"| {' | '.join(rules)} |" if padded else f"|{'|'.join(rules)}|"
    first, *others = (f"| {' | '.join(line)} |" for line in shown)
    return "\n".join([first, rule, *others])
