"""What became of the pictures that were to be made: as a table, as JSON, and as an exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hdrmetrics.cli import messages
from hdrmetrics.cli.output import emit, short_names
from hdrmetrics.cli.tables import Column, format_facts, format_table, terminal_width
from hdrmetrics.cli.tuned import tuned_operator, tuned_scores, tuned_settings
from hdrmetrics.text.documents import document
from hdrmetrics.text.textfile import json_text

if TYPE_CHECKING:
    from hdrmetrics.cli.making import Made

_FAILED = 2


def report_made(
    made: Sequence[Made],
    planned: int,
    arguments: argparse.Namespace,
    *,
    interrupted: bool,
    single: str,
    facts: Sequence[tuple[str, str]],
    what: str = "operator",
) -> int:
    """Say what was made wherever it is wanted, and return the exit code.

    Parameters
    ----------
    made
        Of :func:`hdrmetrics.cli.making.make_all`.
    planned
        How many there would have been.
    arguments
        With ``command``, ``json`` and ``quiet``.
    interrupted
        Whether Ctrl-C ended it early.
    single
        What to say of a picture that is the only one, instead of a table.
    facts
        Further lines under a table.
    what
        What makes the pictures, as the table calls it.

    Raises
    ------
    KeyboardInterrupt
        With what was written, after all has been told, if Ctrl-C ended it early.
    """
    if arguments.json is not None:
        rows = [one.to_dict() for one in made]
        found = document(arguments.command, planned=planned, interrupted=interrupted, rows=rows)
        emit(json_text(found), arguments.json)
    if arguments.json != "-" and not arguments.quiet:
        _print(made, planned, single, facts, what)
    sys.stdout.flush()  # before what goes to stderr
    _complain(made, quiet=arguments.quiet)
    written = sum(one.state == "written" for one in made)
    if interrupted:
        raise KeyboardInterrupt(
            f"interrupted: {written} of {planned} pictures were written; --skip-existing goes on "
            "from there"
        )
    return _FAILED if any(one.state == "failed" for one in made) else 0


def _print(
    made: Sequence[Made],
    planned: int,
    single: str,
    facts: Sequence[tuple[str, str]],
    what: str,
) -> None:
    width = terminal_width()
    written = [one for one in made if one.state == "written"]
    if planned == 1:
        if written:
            lines = [f"{written[0].target}: {single}"]
            print("\n".join([*lines, *(f"{name}: {text}" for name, text in facts)]))
        elif made and made[0].state == "skipped":
            print(f"{made[0].target}: there already")
        return
    if not made:
        return
    print(_table(made, width, what))
    count = f"{len(written)} of {planned}"
    skipped = sum(one.state == "skipped" for one in made)
    if skipped:
        count += f"; {skipped} there already"
    print(f"\n{format_facts([('written', count), *facts], width)}")


def _table(made: Sequence[Made], width: int | None, what: str) -> str:
    operators = {one.variant.operator for one in made}
    columns = [Column("picture", shrinks="start")]
    cells = [[name] for name in short_names([str(one.target) for one in made])]
    further = (
        (what, [one.variant.operator for one in made], len(operators) > 1),
        (what, [tuned_operator(one) for one in made], "best" in operators),
        ("settings", [tuned_settings(one) or one.variant.typed for one in made], True),
        *((name, cells, True) for name, cells in tuned_scores(made).items()),
        ("", ["" if one.state == "written" else one.state for one in made], True),
    )
    for header, texts, wanted in further:
        if wanted and any(texts):
            columns.append(Column(header, shrinks="end" if header == "settings" else ""))
            for row, text in zip(cells, texts, strict=True):
                row.append(text)
    return format_table(columns, cells, width=width)


def _complain(made: Sequence[Made], *, quiet: bool) -> None:
    """Print warnings that differ in more than numbers once, and each error once for its file."""
    if not quiet:
        found = ((str(one.source), text) for one in made for text in one.warnings)
        for line in messages.grouped(found):
            messages.warning(line)
    errors: dict[tuple[str, str], list[str]] = {}
    for one in made:
        if one.error is not None:
            errors.setdefault((str(one.source), one.error), []).append(one.variant.label)
    of_source: dict[str, int] = {}
    for one in made:
        of_source[str(one.source)] = of_source.get(str(one.source), 0) + 1
    for (source, text), labels in errors.items():
        where = source if len(labels) == of_source[source] else f"{source}: {', '.join(labels)}"
        # The reader's messages begin with the file.
        messages.error(
            text if text.startswith((f"{source}: ", f"{source} is ")) else f"{where}: {text}"
        )
