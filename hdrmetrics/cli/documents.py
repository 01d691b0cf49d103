"""Tables for papers and web pages: LaTeX with booktabs, and Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hdrmetrics import __version__
from hdrmetrics.cli.tables import Grid
from hdrmetrics.text.plaintext import one_line

_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$",
    "#": r"\#", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
    "[": "{[}", "]": "{]}",  # after \\ a bracket would be read as its argument
    "↑": r"$\uparrow$", "↓": r"$\downarrow$", "−": r"$-$", "–": "--", "²": r"\textsuperscript{2}",
    "µ": r"$\mu$", "×": r"$\times$", "≥": r"$\geq$", "≤": r"$\leq$", "…": r"\ldots{}",
}  # fmt: skip


def latex(text: str) -> str:
    r"""Return a text as LaTeX shows it, whatever a file is called.

    Examples
    --------
    >>> latex("50%_a&b.png ↑")
    '50\\%\\_a\\&b.png $\\uparrow$'
    """
    return "".join(_LATEX.get(character, character) for character in one_line(text))


def latex_table(grids: Sequence[Grid], facts: Sequence[tuple[str, str]]) -> str:
    """Return tables as LaTeX, one ``tabular`` each, with what they depend on as comments.

    Parameters
    ----------
    grids
        The tables. They need the package booktabs.
    facts
        Names and what there is to say about each.
    """
    lines = [f"% hdrmetrics {__version__}; needs \\usepackage{{booktabs}}"]
    lines += [f"% {one_line(name)}: {one_line(text)}" for name, text in facts]
    for grid in grids:
        lines.append(
            f"\\begin{{tabular}}{{{''.join('r' if c.right else 'l' for c in grid.columns)}}}"
        )
        lines += [r"\toprule", _latex_row([c.header for c in grid.columns]), r"\midrule"]
        lines += [_latex_row(row) for row in grid.rows]
        if grid.footer:
            lines += [r"\midrule", *(_latex_row(row) for row in grid.footer)]
        lines += [r"\bottomrule", r"\end{tabular}", ""]
    return "\n".join(lines)


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join(latex(cell) for cell in cells) + r" \\"


def markdown(text: str) -> str:
    r"""Return a text as Markdown shows it, whatever a file is called.

    Examples
    --------
    >>> markdown("a|b_c*.png")
    'a\\|b\\_c\\*.png'
    """
    plain = re.sub(r"([\\`*_\[\]|~])", r"\\\1", one_line(text))
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def markdown_table(grids: Sequence[Grid], facts: Sequence[tuple[str, str]]) -> str:
    """Return tables as Markdown, with what they depend on below.

    Parameters
    ----------
    grids, facts
        As for :func:`latex_table`.
    """
    lines: list[str] = []
    for grid in grids:
        lines.append(_markdown_row([column.header for column in grid.columns]))
        lines.append("|" + "|".join("--:" if c.right else "---" for c in grid.columns) + "|")
        lines += [_markdown_row(row) for row in (*grid.rows, *grid.footer)]
        lines.append("")
    lines += [f"- {markdown(name)}: {markdown(text)}" for name, text in facts]
    lines.append(f"- hdrmetrics {__version__}")
    return "\n".join(lines) + "\n"


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(markdown(cell) for cell in cells)} |"
