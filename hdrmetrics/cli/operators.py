"""What the commands that run operators share: their arguments, and the list of the operators."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hdrmetrics.cli import arguments as shared
from hdrmetrics.cli.overwriting import add_overwrite
from hdrmetrics.errors import OptionError

if TYPE_CHECKING:
    from hdrmetrics.catalogue.parameters import Parameter


def add_pictures(parser: argparse.ArgumentParser, written: str) -> None:
    """Add what is read and where it goes."""
    parser.add_argument("files", nargs="*", metavar="FILE", help="file, folder or 'pattern'")
    parser.add_argument(
        "-o", "--output", metavar="OUTPUT",
        help=f"{written} to write, or a folder (default: the last FILE is the output)",
    )  # fmt: skip


def add_operator(parser: argparse.ArgumentParser, default: str) -> None:
    """Add the operators and their settings."""
    parser.add_argument(
        "--operator", action="append", default=[], metavar="NAME",
        help=f"operator, one of --list, or all; may be given several times (default: {default})",
    )  # fmt: skip
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE[,VALUE...]",
        help="parameter of the operators that have it, as listed by --list, or OPERATOR.KEY=VALUE; "
        "several values make a picture each",
    )  # fmt: skip


def add_depth(parser: argparse.ArgumentParser) -> None:
    """Add the depth of EXR files."""
    parser.add_argument(
        "--depth", choices=("half", "float"),
        help="numbers in EXR files: half (default; up to 65504) or float",
    )  # fmt: skip


def check_depth(paths: Iterable[Path], depth: object) -> None:
    """Refuse a depth of EXR files, as ``--depth`` has it, where others are to be written."""
    other = [path for path in paths if path.suffix.lower() != ".exr"]
    if isinstance(depth, str) and other:
        raise OptionError(f"--depth {depth} is for EXR files, not for {str(other[0])!r}")


def add_making(
    parser: argparse.ArgumentParser,
    *,
    what: str = "operators",
    option: str = "--operator",
) -> None:
    """Add how the work is done and told.

    Parameters
    ----------
    parser
        Of the command.
    what, option
        What makes the pictures, and how it is chosen; for the help.
    """
    group = parser.add_argument_group("running")
    group.add_argument(
        "--recursive", action="store_true",
        help="look into the folders of a folder, too; the output keeps them",
    )  # fmt: skip
    there = group.add_mutually_exclusive_group()
    add_overwrite(there)
    there.add_argument(
        "--skip-existing", action="store_true",
        help="leave pictures that are there already as they are, and make the others",
    )  # fmt: skip
    group.add_argument(
        "--jobs", type=shared.count, metavar="N",
        help="files worked on at a time (default: as many as there are cores)",
    )  # fmt: skip
    group.add_argument(
        "--isolate", action="store_const", const=True,
        help="let another process read all formats: for files that are not trusted",
    )  # fmt: skip
    group.add_argument("--quiet", action="store_true", help="no progress, table and warnings")
    shared.add_json(parser)
    parser.add_argument(
        "--list", action="store_true",
        help=f"show the {what} (or those of {option}) with their parameters and stop",
    )  # fmt: skip


def show_list(
    arguments: argparse.Namespace,
    cards: Sequence[tuple[dict[str, Any], Sequence[Parameter]]],
    common: Sequence[Parameter] = (),
) -> int:
    """Print the operators with their parameters, or write them as JSON.

    Parameters
    ----------
    arguments
        With ``json`` and ``operator``.
    cards
        For each operator: JSON-ready facts with ``name``, ``title``, ``kind`` and ``citation``;
        and its parameters.
    common
        Parameters that all of them take.
    """
    from hdrmetrics.cli.output import emit
    from hdrmetrics.cli.tables import terminal_width
    from hdrmetrics.cli.targets import check_targets
    from hdrmetrics.text.documents import FORMAT
    from hdrmetrics.text.textfile import json_text

    if arguments.files or arguments.output is not None:
        raise OptionError("--list shows the operators and stops: give it no files")
    check_targets(arguments, [])
    if arguments.json is not None:
        records = [
            {"format": FORMAT, **facts, "parameters": [p.to_dict() for p in (*common, *parameters)]}
            for facts, parameters in cards
        ]
        emit(json_text(records), arguments.json)
    if arguments.json == "-":
        return 0
    width = terminal_width()
    print("\n\n".join(_card(facts, parameters, width) for facts, parameters in cards))
    if common:
        print(f"\nall of them:\n{_parameters(common, width)}")
    return 0


def _card(facts: dict[str, Any], parameters: Sequence[Parameter], width: int | None) -> str:
    import textwrap

    lines = [
        textwrap.fill(
            text, width or 10**6, initial_indent=indent, subsequent_indent="  ",
            break_long_words=False, break_on_hyphens=False,
        )
        for indent, text in (
            ("", f"{facts['name']}  {facts['title']} ({facts['kind']})"),
            ("  ", facts["citation"]),
        )
    ]  # fmt: skip
    return "\n".join([*lines, _parameters(parameters, width)] if parameters else lines)


def _parameters(parameters: Sequence[Parameter], width: int | None) -> str:
    from hdrmetrics.cli.tables import format_facts

    return format_facts(
        [(f"  {one.name}={_default(one)}", _explained(one)) for one in parameters], width
    )


def _default(parameter: Parameter) -> str:
    if parameter.default is None:
        return "auto"
    value = parameter.default
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _explained(parameter: Parameter) -> str:
    derived = f"; auto: {parameter.automatic}" if parameter.automatic else ""
    return f"{parameter.allowed}; {parameter.meaning}{derived}"
