"""The command ``score``: pictures by themselves, or against a reference."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from hdrmetrics.cli import arguments as shared
from hdrmetrics.defaults import WITH_REFERENCE, WITHOUT_REFERENCE
from hdrmetrics.errors import OptionError

if TYPE_CHECKING:
    from hdrmetrics.inputs import Source


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "score",
        help="score pictures",
        usage="hdrmetrics score [options] FILE [FILE ...]",
        description="Score pictures: each by itself, or with --reference against another.",
        allow_abbrev=False,
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="file, folder or 'pattern'")
    parser.add_argument(
        "-r", "--reference", nargs="+", metavar="FILE", help="one for all, or one of each name"
    )
    shared.add_metrics(parser, WITHOUT_REFERENCE, f", with a reference {', '.join(WITH_REFERENCE)}")
    shared.add_conditions(parser)
    shared.add_running(parser)
    shared.add_json(parser)
    shared.add_csv(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Score the files."""
    from hdrmetrics.catalogue import metric_info
    from hdrmetrics.cli.output import check_outputs, report
    from hdrmetrics.cli.progress import score_with_progress
    from hdrmetrics.pairing import find_files, listed, pair_files

    check_outputs(arguments)
    default = WITHOUT_REFERENCE if arguments.reference is None else WITH_REFERENCE
    names = shared.chosen_metrics(arguments.metric, default)
    infos = [metric_info(name) for name in names]
    lacking = [info.name for info in infos if info.reference]
    if lacking and arguments.reference is None:
        raise OptionError(f"{listed(lacking)} needs a reference: add --reference FILE")
    tests = find_files(arguments.files, recursive=arguments.recursive)
    files: list[tuple[Source, Source | None]] = [(one.path, None) for one in tests]
    if arguments.reference is not None:
        references = find_files(arguments.reference, recursive=arguments.recursive)
        files = [(one.path, other.path) for one, other in pair_files(tests, references)]
    settings = shared.settings(arguments, names)
    rows = score_with_progress(files, names, settings, quiet=arguments.quiet)
    return report(rows, infos, arguments)
