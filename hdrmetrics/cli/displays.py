"""The command ``displays``: the display models by name."""

from __future__ import annotations

import argparse
from typing import Any

from hdrmetrics.cli import arguments as shared


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "displays",
        help="list the display models",
        description="List the display models, or those of a file.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--display-file", metavar="FILE.json", help="list the displays of this file instead"
    )
    shared.add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """List the displays."""
    from hdrmetrics.cli.output import emit
    from hdrmetrics.cli.tables import Column, format_table, terminal_width
    from hdrmetrics.photometry.display import list_displays, load_displays
    from hdrmetrics.text.documents import FORMAT
    from hdrmetrics.text.textfile import json_text

    found = list_displays()
    if arguments.display_file is not None:
        found = list(load_displays(arguments.display_file).values())
    if arguments.json is not None:
        records = [{"format": FORMAT} | one.to_dict() | _derived(one) for one in found]
        emit(json_text(records), arguments.json)
    if arguments.json == "-":
        return 0
    columns = [
        Column("display"),
        Column("signal"),
        Column("primaries"),
        Column("peak", right=True),
        Column("black", right=True),
        Column("ppd", right=True),
        Column("what it is", shrinks="end"),
    ]
    rows = [
        [
            display.name,
            display.eotf,
            display.primaries,
            f"{display.peak:g}",
            f"{display.black:.3g}",
            f"{display.ppd:.1f}",
            display.title,
        ]
        for display in found
    ]
    print(format_table(columns, rows, width=terminal_width()))
    print("\npeak and black (with the room's reflections) in cd/m²; ppd: pixels per degree")
    return 0


def _derived(display: Any) -> dict[str, float]:
    return {"black": display.black, "ppd": display.ppd}
